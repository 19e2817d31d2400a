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
    PartialSchema, ToSchema,
    openapi::{
        Components, InfoBuilder, KnownFormat, ObjectBuilder, OpenApi, OpenApiBuilder, OpenApiVersion, RefOr,
        Schema, SchemaFormat, SecurityRequirement, Server, Type,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
        tag::TagBuilder,
    },
};

/// What all of it is about.
const ABOUT: &str = "Use OpenAI's Codex over HTTP: each session is a conversation that one `codex app-server` process serves.

Every reply is JSON, except for event streams, images and exports. Errors are `{error, code, requestId}`: `code` is a stable word. \
A body says that it is JSON (`content-type: application/json`). Where the operator has set a secret, every request needs a \
bearer token, except for `/healthz` and `/readyz`; an event stream takes it as `?access_token=` as well.

This is version 1 of the API: fields, events, codes and paths may be added to it. A field or parameter that an operation does not \
know is refused, with the nearest name; the operations that older clients use list it in `warnings` instead. \
`RateLimit-Policy` and `RateLimit` say how much may be asked for, and how much is left. Pages of other sites are refused: there is no CORS.";

/// Where the API is: at the address of the document.
const SERVER: &str = "/";

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
const EVENT_STREAM: &str = "text/event-stream";
const VERSION_3_1: &str = "3.1.1";

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
        .servers(Some([Server::builder().url(SERVER).description(Some("This gateway.")).build()]))
        .tags(Some(TAGS.map(tag)))
        // None of them, or a token: the gateway may need none.
        .security(Some([SecurityRequirement::default(), SecurityRequirement::new(TOKEN, [] as [&str; 0])]))
        .components(Some(components))
        .build()
}

/// One document out of those of several routers.
pub fn document(parts: impl IntoIterator<Item = OpenApi>) -> Value {
    let mut whole = beginning();
    for part in parts {
        whole.merge(part);
    }
    // Our own types can be written.
    let mut whole = serde_json::to_value(whole).unwrap_or_default();
    mend(&mut whole);
    whole
}

/// The same document in OpenAPI 3.1, which more generators read. It says of a stream what it says of other replies: that
/// it has a schema, which is that of each event.
pub fn in_version_3_1(mut document: Value) -> Value {
    document["openapi"] = VERSION_3_1.into();
    streams_by_schema(&mut document);
    document
}

fn streams_by_schema(part: &mut Value) {
    match part {
        Value::Object(fields) => {
            fields.values_mut().for_each(streams_by_schema);
            if let Some(Value::Object(stream)) = fields.get_mut(EVENT_STREAM)
                && let Some(event) = stream.remove("itemSchema")
            {
                stream.insert("schema".to_owned(), event);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(streams_by_schema),
        _ => {}
    }
}

/// Says what the attributes of handlers and types have no words for.
fn mend(part: &mut Value) {
    match part {
        Value::Object(fields) => {
            fields.values_mut().for_each(mend);
            // A member with a default may be left out. Some generators take a default for a member that is always there.
            for member in fields.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
                if let Value::Object(schema) = member.1 {
                    schema.remove("default");
                }
            }
            // What may be null is said to be one of two: itself, or null. Where it is any JSON, null is both.
            if let Some(choices) = fields.remove("oneOf") {
                let null = |choice: &Value| choice.get("type").is_some_and(|kind| kind == "null");
                let or_null = choices.as_array().is_some_and(|choices| choices.iter().any(null));
                fields.insert(if or_null { "anyOf" } else { "oneOf" }.to_owned(), choices);
            }
            // The schema of a stream is that of each of its events.
            if let Some(Value::Object(stream)) = fields.get_mut(EVENT_STREAM)
                && let Some(event) = stream.remove("schema")
            {
                stream.insert("itemSchema".to_owned(), event);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mend),
        _ => {}
    }
}

/// A body of bytes.
pub struct Binary;

impl PartialSchema for Binary {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("Bytes."))
            .into()
    }
}

impl ToSchema for Binary {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::router;

    /// All responses of a document.
    fn responses(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
        let items = document["paths"].as_object().unwrap().values();
        let operations = items.flat_map(|item| item.as_object().unwrap().values());
        operations.flat_map(|operation| operation["responses"].as_object().unwrap())
    }

    #[test]
    fn every_error_is_of_one_type() {
        let document = router::document();
        let mut errors = 0;
        for (_, response) in responses(&document).filter(|(status, _)| !status.starts_with('2')) {
            let Some(codes) = response.get("x-error-codes") else { continue };
            assert!(codes.as_array().is_some_and(|codes| !codes.is_empty()));
            let schema = &response["content"]["application/json"]["schema"];
            assert_eq!(schema, &json!({ "$ref": "#/components/schemas/ErrorBody" }));
            errors += 1;
        }
        assert!(errors > 200, "{errors}");
    }

    #[test]
    fn both_versions_describe_streams_in_their_own_way() {
        let [new, old] = [router::document(), router::document_3_1()];
        assert_eq!((&new["openapi"], &old["openapi"]), (&json!("3.2.0"), &json!("3.1.1")));
        assert_eq!(new["servers"][0]["url"], "/");
        let stream = |document: &Value| {
            document["paths"]["/api/events"]["get"]["responses"]["200"]["content"][EVENT_STREAM].clone()
        };
        let event = json!({ "$ref": "#/components/schemas/SummaryEvent" });
        assert_eq!(stream(&new), json!({ "itemSchema": event }));
        assert_eq!(stream(&old), json!({ "schema": event }));
    }

    #[test]
    fn paths_of_the_older_gateway_are_left_out_and_bytes_are_binary() {
        let document = router::document();
        for path in ["/api/state", "/api/turn", "/api/thread/new"] {
            assert!(document["paths"].get(path).is_none(), "{path}");
        }
        assert!(document["paths"]["/api/events"].get("post").is_none());
        assert_eq!(document["components"]["schemas"]["Binary"]["format"], "binary");
        let upload = &document["paths"]["/api/uploads"]["post"]["requestBody"]["content"];
        let bytes = json!({ "$ref": "#/components/schemas/Binary" });
        for media_type in ["image/png", "application/octet-stream"] {
            assert_eq!(upload[media_type]["schema"], bytes, "{media_type}");
        }
    }
}
