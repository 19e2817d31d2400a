//! Tests with small protocols, and with the real one of codex 0.145.0.

use std::fs;

use serde_json::json;

use super::diff::{Difference, Kind, diff};
use super::model::{Object, Protocol, Type, field_name};
use super::report::report;
use super::schema::Schema;
use super::used::UsedNames;

/// Returns a schema as codex prints it: two requests, a notification, and the given definitions.
fn schema(definitions: &serde_json::Value) -> String {
    let method = |name: &str, params: &str| {
        json!({ "properties": {
            "method": { "enum": [name], "type": "string" },
            "params": { "$ref": format!("#/definitions/v2/{params}") },
        } })
    };
    json!({ "definitions": {
        "ClientRequest": { "oneOf": [
            method("thread/start", "ThreadStartParams"), method("moon/land", "MoonLandParams"),
        ] },
        "ServerRequest": { "oneOf": [] },
        "ServerNotification": { "oneOf": [method("item/started", "ItemStartedNotification")] },
        "v2": definitions,
    } })
    .to_string()
}

const SOURCE: &str = r#"
    "thread/start" "item/started" struct { thread: Thread, cwd: String, id: String, item: Item, text: String,
    command: String, status: Status, type: String } enum { Plan, Command, Done = "done" }
"#;

fn definitions() -> serde_json::Value {
    json!({
        "ThreadStartParams": { "type": "object", "properties": {
            "cwd": { "type": ["string", "null"] }, "unused": { "type": "string" },
        } },
        "ThreadStartResponse": { "type": "object", "required": ["thread"], "properties": {
            "thread": { "$ref": "#/definitions/v2/Thread" },
        } },
        "Thread": { "type": "object", "required": ["id"], "properties": {
            "id": { "$ref": "#/definitions/v2/ThreadId" },
        } },
        "ThreadId": { "type": "string" },
        "ItemStartedNotification": { "type": "object", "required": ["item"], "properties": {
            "item": { "$ref": "#/definitions/v2/Item" },
        } },
        "Item": { "oneOf": [
            { "type": "object", "required": ["type", "text"], "properties": {
                "type": { "enum": ["plan"], "type": "string" }, "text": { "type": "string" },
            } },
            { "type": "object", "required": ["type"], "properties": {
                "type": { "enum": ["command"], "type": "string" },
                "status": { "anyOf": [{ "$ref": "#/definitions/v2/Status" }, { "type": "null" }] },
            } },
        ] },
        "Status": { "type": "string", "enum": ["done", "odd"] },
    })
}

fn protocol(definitions: &serde_json::Value) -> Protocol {
    Schema::read(&schema(definitions)).unwrap().reduce("1.0.0", &UsedNames::of_source(SOURCE)).unwrap()
}

/// Returns the differences after `change` has modified the definitions.
fn differences(change: impl FnOnce(&mut serde_json::Value)) -> Vec<(Kind, String)> {
    let mut changed = definitions();
    change(&mut changed);
    let all = diff(&protocol(&definitions()), &protocol(&changed));
    all.into_iter().map(|Difference { kind, path, .. }| (kind, path)).collect()
}

fn one(kind: Kind, path: &str) -> Vec<(Kind, String)> {
    vec![(kind, path.to_owned())]
}

#[test]
fn reduce_keeps_only_used_methods_and_fields() {
    let protocol = protocol(&definitions());
    assert_eq!(protocol.requests["thread/start"], ["ThreadStartParams", "ThreadStartResponse"]);
    assert!(protocol.other_methods.contains("moon/land") && !protocol.types.contains_key("MoonLandParams"));
    let text = protocol.to_text().unwrap();
    assert!(
        text.contains(r#""ThreadStartParams": {"object":{"cwd?":"string | null","…":["unused?"]}}"#),
        "{text}"
    );
    assert_eq!(
        serde_json::from_str::<Protocol>(&text).unwrap(),
        protocol,
        "the text parses to the same protocol"
    );
}

#[test]
fn diff_of_equal_protocols_with_renamed_types_is_empty() {
    assert_eq!(differences(|_| {}), []);
    let renamed = differences(|types| {
        types["Conversation"] = types["Thread"].take();
        types["ThreadStartResponse"]["properties"]["thread"]["$ref"] = "#/definitions/v2/Conversation".into();
    });
    assert_eq!(renamed, []);
}

#[test]
fn diff_reports_removed_and_changed_names() {
    let removed =
        differences(|types| drop(types["Thread"]["properties"].as_object_mut().unwrap().remove("id")));
    assert_eq!(removed, one(Kind::Removed, "Thread.id"));
    let removed = differences(|types| drop(types["Item"]["oneOf"].as_array_mut().unwrap().remove(0)));
    assert_eq!(removed, one(Kind::Removed, "Item.plan"));
    let removed = differences(|types| types["Status"]["enum"] = json!(["odd"]));
    assert_eq!(removed, one(Kind::Removed, "Status.done"));
    let unused = differences(|types| types["Status"]["enum"] = json!(["done"]));
    assert_eq!(unused, [], "unused variants may be removed");
    let changed = differences(|types| types["ThreadId"]["type"] = "integer".into());
    assert_eq!(changed, one(Kind::Changed, "Thread.id"));
    let list = differences(|types| {
        let item = types["ItemStartedNotification"]["properties"]["item"].take();
        types["ItemStartedNotification"]["properties"]["item"] = json!({ "type": "array", "items": item });
    });
    assert_eq!(list, one(Kind::Changed, "ItemStartedNotification.item"));
}

#[test]
fn diff_reports_newly_required_sent_fields_and_newly_optional_received_fields() {
    let required = differences(|types| types["ThreadStartParams"]["required"] = json!(["cwd"]));
    assert_eq!(required, one(Kind::Changed, "ThreadStartParams.cwd"));
    let required = differences(|types| {
        types["ThreadStartParams"]["properties"]["purpose"] = json!({ "type": "string" });
        types["ThreadStartParams"]["required"] = json!(["purpose"]);
    });
    assert_eq!(required, one(Kind::Changed, "ThreadStartParams.purpose"));
    let missing = differences(|types| types["Thread"]["required"] = json!([]));
    assert_eq!(missing, one(Kind::Relaxed, "Thread.id"));
    let null = differences(|types| types["ThreadId"]["type"] = json!(["string", "null"]));
    assert_eq!(null, one(Kind::Relaxed, "Thread.id"));
}

#[test]
fn diff_reports_added_fields_and_variants() {
    let added = differences(|types| types["Thread"]["properties"]["colour"] = json!({ "type": "string" }));
    assert_eq!(added, one(Kind::Added, "Thread.colour"));
    let added = differences(|types| types["Status"]["enum"] = json!(["done", "odd", "hovering"]));
    assert_eq!(added, one(Kind::Added, "Status.hovering"));
}

/// `codex-0.145.0.json` was written by `cargo xtask protocol --write`.
#[test]
fn diff_with_codex_0_145_0_reports_what_it_lacks() {
    let old: Protocol = serde_json::from_str(include_str!("codex-0.145.0.json")).unwrap();
    let pinned = super::pinned_protocol().unwrap();
    let all = diff(&pinned, &old);
    let removed = |path: &str| all.iter().any(|one| one.kind == Kind::Removed && one.path == path);
    assert!(removed("thread/revert") && removed("ThreadItem.functionCallOutput"), "{all:?}");
    assert!(!removed("thread/fork") && !removed("ThreadForkParams.lastTurnId"), "{all:?}");
    let text = report(&pinned, &old, &all);
    assert!(text.lines().count() < 40 && text.contains("REMOVED, and the gateway uses it"), "{text}");
    let back = diff(&old, &pinned);
    assert!(back.iter().any(|one| one.kind == Kind::Added && one.path == "thread/revert"), "{back:?}");
}

/// Fails if the sources use more of the protocol than `xtask/protocol.json` has.
#[test]
fn pinned_protocol_contains_all_names_that_the_sources_use() {
    let (pinned, used) = (super::pinned_protocol().unwrap(), UsedNames::read().unwrap());
    for method in used.requests() {
        assert!(pinned.requests.contains_key(method), "{method}: cargo xtask protocol --write");
    }
    let unknown = pinned.types.iter().flat_map(|(name, of)| {
        let objects: Vec<&Object> = match of {
            Type::Object(object) => vec![object],
            Type::OneOf { used, .. } => used.values().collect(),
            Type::Plain(_) => vec![],
        };
        let variants = if let Type::OneOf { others, .. } = of { others.iter().collect() } else { vec![] };
        let fields = objects.into_iter().flat_map(|object| &object.others).chain(variants);
        fields.filter(|field| used.name(field_name(field))).map(move |field| format!("{name}.{field}"))
    });
    let unknown: Vec<String> = unknown.collect();
    assert_eq!(unknown, [] as [String; 0], "the sources use these names: cargo xtask protocol --write");
    for method in &pinned.other_methods {
        assert!(!used.method(method), "{method}: cargo xtask protocol --write");
    }
    assert!(pinned.requests.len() >= 20, "the sources were read");
    let package = fs::read_to_string(crate::project::root().join("package.json")).unwrap();
    assert!(
        package.contains(&format!("\"@openai/codex\": \"{}\"", pinned.codex)),
        "xtask/protocol.json is of the pinned version"
    );
}
