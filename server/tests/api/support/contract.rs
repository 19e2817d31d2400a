//! Validates every reply and stream event that a test receives against the OpenAPI document.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex},
};

use codex_gateway::router;
use jsonschema::Validator;
use serde_json::{Value, json};

use super::Reply;

static DOCUMENT: LazyLock<Value> = LazyLock::new(router::document);
/// Compiled schemas, by operation and status or by event name. Filled on first use.
static VALIDATORS: LazyLock<Mutex<HashMap<String, &'static Validator>>> = LazyLock::new(Mutex::default);

/// Panics if the OpenAPI document does not describe this reply.
#[track_caller]
pub(super) fn check(method: &str, target: &str, reply: &Reply) {
    let status = reply.status.as_u16();
    // Hyper itself refuses malformed HTTP and oversized heads, before the gateway sees a request.
    if matches!(status, 400 | 431) && reply.header("x-request-id").is_none() {
        return;
    }
    let path = target.split('?').next().unwrap_or_default();
    let Some((template, item)) = find_path_item(path) else { return };
    let Some(operation) = item.get(method.to_ascii_lowercase()) else {
        assert!(
            matches!(status, 400..=405 | 410 | 429),
            "{method} {template} is not described, but was answered with {status}"
        );
        return;
    };
    let what = format!("{method} {template} {status}");
    let described = &operation["responses"][status.to_string()];
    assert!(described.is_object(), "{what} is not described: {}", reply.text());
    let media_type = reply.header("content-type").and_then(|all| all.split(';').next()).unwrap_or_default();
    let content = &described["content"][media_type];
    assert!(content.is_object(), "{what} is not described as {media_type:?}");
    if media_type == "application/json" {
        let body = reply.json();
        validate(&what, &content["schema"], &body);
        if let Some(codes) = described["x-error-codes"].as_array() {
            assert!(codes.contains(&body["code"]), "{what} is not described with this code: {body}");
        }
    }
}

/// Panics if the OpenAPI document does not describe this stream event.
#[track_caller]
pub(super) fn check_event(name: &str, data: &str) {
    let schemas = &DOCUMENT["components"]["schemas"];
    let streams = ["ServerSentEvent", "SummaryEvent"];
    let mut events = streams.iter().flat_map(|stream| schemas[stream]["oneOf"].as_array().unwrap());
    let event = events.find(|event| event["properties"]["event"]["enum"][0] == name);
    let event = event.unwrap_or_else(|| panic!("the event {name} is not described"));
    let data = serde_json::from_str(data).unwrap_or_else(|error| panic!("{name}: {error}: {data}"));
    validate(name, &event["properties"]["data"]["contentSchema"], &data);
}

/// Returns the path template that matches `path`, and its path item.
fn find_path_item(path: &str) -> Option<(&String, &Value)> {
    let matches = |template: &str| {
        let mut parts = path.split('/');
        template.split('/').all(|part| {
            parts.next().is_some_and(|given| part == given || (part.starts_with('{') && !given.is_empty()))
        }) && parts.next().is_none()
    };
    let mut found: Vec<_> =
        DOCUMENT["paths"].as_object().unwrap().iter().filter(|(template, _)| matches(template)).collect();
    // The template with the fewest parameters wins: `/api/threads/{id}/export` before `/api/{…}/{…}/…`.
    found.sort_by_key(|(template, _)| template.matches('{').count());
    found.into_iter().next()
}

#[track_caller]
fn validate(what: &str, schema: &Value, value: &Value) {
    let validator = *VALIDATORS.lock().unwrap().entry(what.to_owned()).or_insert_with(|| {
        let whole = json!({ "allOf": [schema], "components": DOCUMENT["components"] });
        Box::leak(Box::new(jsonschema::draft202012::new(&whole).unwrap()))
    });
    let errors: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what} does not match its schema: {errors:#?}\n{value:#}");
}

/// Builds the document now, so that its cost does not count against a deadline of a running test.
pub(super) fn prepare() {
    LazyLock::force(&DOCUMENT);
}
