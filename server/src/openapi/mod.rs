//! The OpenAPI document: made of the handlers that the router has, and of the types that they read and write.
//!
//! - [`refusals`]: which errors a handler can answer with
//! - [`params`]: what stands in paths and headers
//! - [`events`]: what an event stream consists of
//! - [`page`]: the document for people

pub mod events;
pub mod page;
pub mod params;
pub mod refusals;

use serde_json::Value;
use utoipa::{
    IntoResponses,
    openapi::{
        Components, Deprecated, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, OpenApiVersion, PathItem,
        ResponsesBuilder, SecurityRequirement,
        path::OperationBuilder,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
        tag::TagBuilder,
    },
};

use crate::routes::legacy;

/// What all of it is about.
const ABOUT: &str = "Use OpenAI's Codex over HTTP: each session is a conversation that one `codex app-server` process serves.

Every reply is JSON, except for event streams, images and exports. Errors are `{error, code, requestId}`: `code` is a stable word. \
A body says that it is JSON (`content-type: application/json`). Where the operator has set a secret, every request needs a \
bearer token, except for `/healthz` and `/readyz`; an event stream takes it as `?access_token=` as well.";

/// The parts of it, in the order in which they are told.
const TAGS: [(&str, &str); 10] = [
    ("Sessions", "Conversations, each with an address of its own: made, told of, ended."),
    ("Turns", "Messages to the agent, and what stops it."),
    ("Events", "What happens, as it happens: a stream that goes on where it was cut."),
    ("Requests", "What codex asks the user, the answers, and the rules that these make."),
    ("Queue", "Messages that wait for their turn."),
    ("Thread", "What a session talks in, and what can be done with it."),
    ("Threads", "All that was ever said: listed, read, exported, archived, deleted."),
    ("Projects", "Folders that bring codex settings along, and whether codex may use them."),
    ("Files", "Files of a session's directory, what was changed in them, and images."),
    ("Gateway", "The gateway itself."),
];
const TOKEN: &str = "token";

/// The document before any handler is in it.
fn beginning() -> OpenApi {
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("An HS256 token with `exp`; its `sub` owns what is made with it."));
    let mut components = Components::new();
    components.add_security_scheme(TOKEN, SecurityScheme::Http(token.build()));
    let mut schemas = Vec::new();
    refusals::schemas(&mut schemas);
    components.schemas.extend(schemas);
    let tag = |(name, about): (&str, &str)| TagBuilder::new().name(name).description(Some(about)).build();
    let info =
        InfoBuilder::new().title("Codex Gateway").version(env!("CARGO_PKG_VERSION")).description(Some(ABOUT));
    OpenApiBuilder::new()
        // The first that can describe event streams.
        .openapi(OpenApiVersion::Version32)
        .info(info)
        .tags(Some(TAGS.map(tag)))
        // None of them, or a token: the gateway may need none.
        .security(Some([SecurityRequirement::default(), SecurityRequirement::new(TOKEN, [] as [&str; 0])]))
        .components(Some(components))
        .build()
}

/// One document out of those of several routers, and of the paths that are no handlers' own.
pub fn document(parts: impl IntoIterator<Item = OpenApi>) -> Value {
    let mut whole = beginning();
    for part in parts {
        whole.merge(part);
    }
    for path in legacy::PATHS {
        // An operation that is there already, the stream of summaries, stays.
        let item = whole.paths.paths.entry(path.to_owned()).or_default();
        for method in [HttpMethod::Get, HttpMethod::Post] {
            item.merge_operations(PathItem::new(method, gone()));
        }
    }
    // Our own types can be written.
    let mut whole = serde_json::to_value(whole).unwrap_or_default();
    mend(&mut whole);
    whole
}

/// Says what the attributes of handlers and types have no words for.
fn mend(part: &mut Value) {
    match part {
        Value::Object(fields) => {
            fields.values_mut().for_each(mend);
            // What may be null is said to be one of two: itself, or null. Where it is any JSON, null is both.
            if let Some(choices) = fields.remove("oneOf") {
                let null = |choice: &Value| choice.get("type").is_some_and(|kind| kind == "null");
                let or_null = choices.as_array().is_some_and(|choices| choices.iter().any(null));
                fields.insert(if or_null { "anyOf" } else { "oneOf" }.to_owned(), choices);
            }
            // The schema of a stream is that of each of its events.
            if let Some(Value::Object(stream)) = fields.get_mut("text/event-stream")
                && let Some(event) = stream.remove("schema")
            {
                stream.insert("itemSchema".to_owned(), event);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mend),
        _ => {}
    }
}

fn gone() -> OperationBuilder {
    OperationBuilder::new()
        .tag("Gateway")
        .summary(Some("A path of an older gateway, which knew one session only."))
        .deprecated(Some(Deprecated::True))
        .responses(ResponsesBuilder::new().responses_from_iter(refusals::Legacy::responses()))
}
