//! The OpenAPI document, built from the router's handlers and their types.
//!
//! - [`error_groups`]: error responses
//! - [`params`]: parameters of paths and headers
//! - [`events`]: event streams
//! - [`page`]: the document as HTML

pub mod error_groups;
pub mod events;
pub mod page;
pub mod params;

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

/// Description of the API.
const DESCRIPTION: &str = "Use OpenAI's Codex over HTTP: each session is a conversation that one `codex app-server` process serves.

Every reply is JSON, except for event streams, images and exports. Errors are `{error, code, requestId}`: `code` is stable. \
A body must be declared as JSON (`content-type: application/json`). If the operator has set a secret, every request needs a \
bearer token, except for `/healthz` and `/readyz`; an event stream accepts it as `?access_token=` as well.

This is version 1 of the API: fields, events, codes and paths may be added to it. Unknown fields and parameters are refused, \
and the error suggests the nearest name; operations that older clients use list them in `warnings` instead. \
`RateLimit-Policy` and `RateLimit` report the limits and the remaining quotas. Pages of other sites are refused: there is no CORS.";

/// URL of the API, relative to the document.
const SERVER: &str = "/";

/// Tags of the operations, in the order of the document.
const TAGS: [(&str, &str); 10] = [
    ("Sessions", "Conversations: create, list, read, delete."),
    ("Turns", "Messages to the agent, and how to interrupt it."),
    ("Events", "Live event streams, which can be resumed after a disconnect."),
    ("Requests", "Approvals and questions from codex, their answers, and the caller's rules."),
    ("Queue", "Messages that wait for the running turn to end."),
    ("Thread", "The thread of a session: fork, revert, compact, review, name, replace."),
    ("Threads", "All threads on disk: list, read, export, archive, delete."),
    ("Projects", "Folders with codex settings of their own, and whether codex may use them."),
    ("Files", "Files of a session's directory, their changes, and images."),
    ("Gateway", "The gateway itself."),
];
const TOKEN_SCHEME: &str = "token";
const EVENT_STREAM: &str = "text/event-stream";
const VERSION_3_1: &str = "3.1.1";

/// Returns the document without operations.
fn base_document() -> OpenApi {
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("An HS256 token with `exp`. Its `sub` is the owner of what is created with it."));
    let mut components = Components::new();
    components.add_security_scheme(TOKEN_SCHEME, SecurityScheme::Http(token.build()));
    let mut schemas = Vec::new();
    error_groups::schemas(&mut schemas);
    components.schemas.extend(schemas);
    let tag = |(name, about): (&str, &str)| TagBuilder::new().name(name).description(Some(about)).build();
    let info = InfoBuilder::new()
        .title("Codex Gateway")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION));
    OpenApiBuilder::new()
        // The first version that can describe event streams.
        .openapi(OpenApiVersion::Version32)
        .info(info)
        .servers(Some([Server::builder().url(SERVER).description(Some("This gateway.")).build()]))
        .tags(Some(TAGS.map(tag)))
        // Either no token or a token: a gateway without a secret needs none.
        .security(Some([
            SecurityRequirement::default(),
            SecurityRequirement::new(TOKEN_SCHEME, [] as [&str; 0]),
        ]))
        .components(Some(components))
        .build()
}

/// Merges the documents of several routers.
pub fn document(parts: impl IntoIterator<Item = OpenApi>) -> Value {
    let mut whole = base_document();
    for part in parts {
        whole.merge(part);
    }
    // Serialising these types cannot fail.
    let mut whole = serde_json::to_value(whole).unwrap_or_default();
    normalize(&mut whole);
    whole
}

/// Converts the document to OpenAPI 3.1, which more generators support. There a stream has an ordinary
/// `schema`, which is that of each event.
pub fn in_version_3_1(mut document: Value) -> Value {
    document["openapi"] = VERSION_3_1.into();
    item_schema_to_schema(&mut document);
    document
}

fn item_schema_to_schema(part: &mut Value) {
    match part {
        Value::Object(fields) => {
            fields.values_mut().for_each(item_schema_to_schema);
            if let Some(Value::Object(stream)) = fields.get_mut(EVENT_STREAM)
                && let Some(event) = stream.remove("itemSchema")
            {
                stream.insert("schema".to_owned(), event);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(item_schema_to_schema),
        _ => {}
    }
}

/// Fixes what the attributes of handlers and types cannot express.
fn normalize(part: &mut Value) {
    match part {
        Value::Object(fields) => {
            fields.values_mut().for_each(normalize);
            // A field with a default may be omitted. Some generators treat fields with a default as always
            // present.
            for member in fields.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
                if let Value::Object(schema) = member.1 {
                    schema.remove("default");
                }
            }
            // utoipa describes nullable values by `oneOf`. If the other schema also accepts null, only `anyOf`
            // is correct.
            if let Some(choices) = fields.remove("oneOf") {
                let null = |choice: &Value| choice.get("type").is_some_and(|kind| kind == "null");
                let or_null = choices.as_array().is_some_and(|choices| choices.iter().any(null));
                fields.insert(if or_null { "anyOf" } else { "oneOf" }.to_owned(), choices);
            }
            // The schema of a stream is that of each event.
            if let Some(Value::Object(stream)) = fields.get_mut(EVENT_STREAM)
                && let Some(event) = stream.remove("schema")
            {
                stream.insert("itemSchema".to_owned(), event);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(normalize),
        _ => {}
    }
}

/// A binary body.
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

    /// Returns all responses of a document.
    fn responses(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
        let items = document["paths"].as_object().unwrap().values();
        let operations = items.flat_map(|item| item.as_object().unwrap().values());
        operations.flat_map(|operation| operation["responses"].as_object().unwrap())
    }

    #[test]
    fn every_error_response_uses_error_body() {
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
    fn stream_schema_differs_by_openapi_version() {
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
    fn legacy_paths_are_omitted_and_bytes_are_binary() {
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
