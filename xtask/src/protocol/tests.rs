//! Two small protocols, and a real old one.

use std::fs;

use serde_json::json;

use super::diff::{Difference, Kind, diff};
use super::model::{Object, Protocol, Type, bare};
use super::report::report;
use super::schema::Schema;
use super::used::Used;

/// A schema as codex prints it: one request, one notification, and these definitions.
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

fn known() -> serde_json::Value {
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
    Schema::read(&schema(definitions)).unwrap().reduce("1.0.0", &Used::of(SOURCE)).unwrap()
}

/// What is different once the definitions of `known` were changed.
fn differences(change: impl FnOnce(&mut serde_json::Value)) -> Vec<(Kind, String)> {
    let mut changed = known();
    change(&mut changed);
    let all = diff(&protocol(&known()), &protocol(&changed));
    all.into_iter().map(|Difference { kind, what, .. }| (kind, what)).collect()
}

fn one(kind: Kind, what: &str) -> Vec<(Kind, String)> {
    vec![(kind, what.to_owned())]
}

#[test]
fn only_what_is_used_is_known_of_it() {
    let protocol = protocol(&known());
    assert_eq!(protocol.requests["thread/start"], ["ThreadStartParams", "ThreadStartResponse"]);
    assert!(protocol.other_methods.contains("moon/land") && !protocol.types.contains_key("MoonLandParams"));
    let text = protocol.text().unwrap();
    assert!(
        text.contains(r#""ThreadStartParams": {"object":{"cwd?":"string | null","…":["unused?"]}}"#),
        "{text}"
    );
    assert_eq!(serde_json::from_str::<Protocol>(&text).unwrap(), protocol, "it is read as it was written");
}

#[test]
fn nothing_is_different_of_the_same_and_names_of_types_do_not_matter() {
    assert_eq!(differences(|_| {}), []);
    let renamed = differences(|types| {
        types["Conversation"] = types["Thread"].take();
        types["ThreadStartResponse"]["properties"]["thread"]["$ref"] = "#/definitions/v2/Conversation".into();
    });
    assert_eq!(renamed, []);
}

#[test]
fn what_is_gone_or_changed_is_told() {
    let gone = differences(|types| drop(types["Thread"]["properties"].as_object_mut().unwrap().remove("id")));
    assert_eq!(gone, one(Kind::Gone, "Thread.id"));
    let gone = differences(|types| drop(types["Item"]["oneOf"].as_array_mut().unwrap().remove(0)));
    assert_eq!(gone, one(Kind::Gone, "Item.plan"));
    let gone = differences(|types| types["Status"]["enum"] = json!(["odd"]));
    assert_eq!(gone, one(Kind::Gone, "Status.done"));
    let unused = differences(|types| types["Status"]["enum"] = json!(["done"]));
    assert_eq!(unused, [], "what we do not name may go");
    let changed = differences(|types| types["ThreadId"]["type"] = "integer".into());
    assert_eq!(changed, one(Kind::Changed, "Thread.id"));
    let list = differences(|types| {
        let item = types["ItemStartedNotification"]["properties"]["item"].take();
        types["ItemStartedNotification"]["properties"]["item"] = json!({ "type": "array", "items": item });
    });
    assert_eq!(list, one(Kind::Changed, "ItemStartedNotification.item"));
}

#[test]
fn what_is_sent_must_not_be_needed_and_what_is_read_must_be_there() {
    let needed = differences(|types| types["ThreadStartParams"]["required"] = json!(["cwd"]));
    assert_eq!(needed, one(Kind::Changed, "ThreadStartParams.cwd"));
    let needed = differences(|types| {
        types["ThreadStartParams"]["properties"]["purpose"] = json!({ "type": "string" });
        types["ThreadStartParams"]["required"] = json!(["purpose"]);
    });
    assert_eq!(needed, one(Kind::Changed, "ThreadStartParams.purpose"));
    let missing = differences(|types| types["Thread"]["required"] = json!([]));
    assert_eq!(missing, one(Kind::Looser, "Thread.id"));
    let null = differences(|types| types["ThreadId"]["type"] = json!(["string", "null"]));
    assert_eq!(null, one(Kind::Looser, "Thread.id"));
}

#[test]
fn what_is_new_is_told() {
    let new = differences(|types| types["Thread"]["properties"]["colour"] = json!({ "type": "string" }));
    assert_eq!(new, one(Kind::New, "Thread.colour"));
    let new = differences(|types| types["Status"]["enum"] = json!(["done", "odd", "hovering"]));
    assert_eq!(new, one(Kind::New, "Status.hovering"));
}

/// The protocol of 0.145.0, as `cargo xtask protocol --write` has written it.
#[test]
fn a_real_old_version_is_told_to_lack_what_it_lacks() {
    let old: Protocol = serde_json::from_str(include_str!("old.json")).unwrap();
    let known = super::known().unwrap();
    let all = diff(&known, &old);
    let gone = |what: &str| all.iter().any(|one| one.kind == Kind::Gone && one.what == what);
    assert!(gone("thread/revert") && gone("ThreadItem.functionCallOutput"), "{all:?}");
    assert!(!gone("thread/fork") && !gone("ThreadForkParams.lastTurnId"), "{all:?}");
    let text = report(&known, &old, &all);
    assert!(text.lines().count() < 40 && text.contains("GONE, and we use it"), "{text}");
    let back = diff(&old, &known);
    assert!(back.iter().any(|one| one.kind == Kind::New && one.what == "thread/revert"), "{back:?}");
}

/// The file is as new as the sources: whoever uses more of the protocol writes it anew.
#[test]
fn what_the_sources_use_is_known() {
    let (known, used) = (super::known().unwrap(), Used::read().unwrap());
    for method in used.requests() {
        assert!(known.requests.contains_key(method), "{method}: cargo xtask protocol --write");
    }
    let unknown = known.types.iter().flat_map(|(name, of)| {
        let objects: Vec<&Object> = match of {
            Type::Object(object) => vec![object],
            Type::OneOf { used, .. } => used.values().collect(),
            Type::Plain(_) => vec![],
        };
        let words = if let Type::OneOf { others, .. } = of { others.iter().collect() } else { vec![] };
        let fields = objects.into_iter().flat_map(|object| &object.others).chain(words);
        fields.filter(|field| used.word(bare(field))).map(move |field| format!("{name}.{field}"))
    });
    let unknown: Vec<String> = unknown.collect();
    assert_eq!(unknown, [] as [String; 0], "the sources name them now: cargo xtask protocol --write");
    for method in &known.other_methods {
        assert!(!used.method(method), "{method}: cargo xtask protocol --write");
    }
    assert!(known.requests.len() >= 20, "the sources were read");
    let package = fs::read_to_string(crate::project::root().join("package.json")).unwrap();
    assert!(package.contains(&format!("\"@openai/codex\": \"{}\"", known.codex)), "of the pinned version");
}
