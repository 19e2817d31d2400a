//! Fields that a request has and its operation does not know: most are misspelled, and would be left out without a word.
//!
//! What an operation knows is read from its part of the OpenAPI document: its parameters, and the schema of its body.
//! Unknown fields are refused. The documented operations, which older clients use, take them and list them in the `warnings`
//! of their replies.

mod nearest;
mod shape;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{Method, request::Parts},
    middleware::Next,
    response::Response,
};
use serde_json::{Value, value::RawValue};

use self::shape::{Shape, UnknownNames};
use crate::error::ApiError;

/// The operations of the documented API.
pub const DOCUMENTED: [&str; 12] = [
    "getHealth",
    "getReadiness",
    "createSession",
    "getState",
    "deleteSession",
    "streamEvents",
    "startTurn",
    "interruptTurn",
    "newThread",
    "resumeThread",
    "listThreads",
    "getThread",
];

/// The fields that an operation knows.
#[derive(Debug)]
struct Fields {
    query: Vec<String>,
    /// `None` if it takes no body.
    body: Option<Shape>,
    documented: bool,
}

impl Fields {
    fn of(operation: &Value, schemas: &Value) -> Self {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let query = parameters
            .filter(|parameter| parameter["in"] == "query")
            .filter_map(|parameter| parameter["name"].as_str().map(str::to_owned))
            .collect();
        let body = operation.get("requestBody").map(|body| match body["content"].get("application/json") {
            Some(content) => Shape::of(&content["schema"], schemas),
            None => Shape::Any,
        });
        let documented = operation["operationId"].as_str().is_some_and(|id| DOCUMENTED.contains(&id));
        Self { query, body, documented }
    }

    fn unknown_parameters(&self, query: &str) -> UnknownNames {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
        let names = pairs.into_iter().map(|(name, _)| name);
        let known = || self.query.iter().map(String::as_str);
        let mut unknown = UnknownNames::default();
        for name in names.filter(|name| known().all(|known| known != name)) {
            unknown.add("parameter", "", &name, known());
        }
        unknown
    }

    fn unknown_members(&self, body: &[u8]) -> UnknownNames {
        let mut unknown = UnknownNames::default();
        if let Ok(json) = serde_json::from_slice::<&RawValue>(body) {
            let nothing = Shape::nothing();
            self.body.as_ref().unwrap_or(&nothing).find_unknown(json, "", &mut unknown);
        }
        unknown
    }
}

/// What the fields of a request are checked against. It is an extension of each request of the API.
#[derive(Clone, Debug)]
pub struct FieldCheck {
    fields: Arc<Fields>,
    warnings: Warnings,
}

impl FieldCheck {
    /// Looks at the members of a JSON body.
    ///
    /// # Errors
    /// [`ApiError::BadBody`] if one is unknown, and the operation is not a documented one.
    pub fn body(&self, bytes: &[u8]) -> Result<(), ApiError> {
        self.settle(&self.fields.unknown_members(bytes), ApiError::BadBody)
    }

    fn settle(&self, unknown: &UnknownNames, refusal: fn(String) -> ApiError) -> Result<(), ApiError> {
        let told = unknown.list();
        if told.is_empty() {
            Ok(())
        } else if self.fields.documented {
            self.warnings.0.lock().unwrap_or_else(PoisonError::into_inner).extend(told);
            Ok(())
        } else {
            Err(refusal(told.join("; ")))
        }
    }
}

/// What a reply warns of. Read it after the body, whose fields are looked at when it is read.
#[derive(Clone, Debug, Default)]
pub struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    /// The warnings so far.
    pub fn list(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<S: Sync> FromRequestParts<S> for Warnings {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<FieldCheck>().map(|check| check.warnings.clone()).unwrap_or_default())
    }
}

/// What the methods of one path know.
#[derive(Clone, Debug)]
pub struct PathFields(Arc<HashMap<Method, Arc<Fields>>>);

impl PathFields {
    /// Reads them from the OpenAPI document of the path.
    pub fn new(document: &Value) -> Self {
        let items = document["paths"].as_object().into_iter().flat_map(|paths| paths.values());
        let operations = items.filter_map(Value::as_object).flatten();
        let methods = operations.filter_map(|(method, operation)| {
            let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).ok()?;
            let fields = Fields::of(operation, &document["components"]["schemas"]);
            Some((method, Arc::new(fields)))
        });
        Self(Arc::new(methods.collect()))
    }
}

/// Middleware of one path: looks at the query of a request. The body is looked at when it is read ([`FieldCheck::body`]), once
/// it is known that what the path names is the caller's.
///
/// # Errors
/// [`ApiError::BadQuery`]
pub async fn check_fields(
    State(PathFields(methods)): State<PathFields>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    if let Some(fields) = methods.get(method) {
        let check = FieldCheck { fields: Arc::clone(fields), warnings: Warnings::default() };
        let query = request.uri().query().unwrap_or_default();
        check.settle(&fields.unknown_parameters(query), ApiError::BadQuery)?;
        request.extensions_mut().insert(check);
    }
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use crate::router;

    use super::*;

    /// The fields of an operation of the document.
    fn fields(id: &str) -> Fields {
        let document = router::document();
        let items = document["paths"].as_object().unwrap().values();
        let mut operations = items.flat_map(|item| item.as_object().unwrap().values());
        let operation = operations.find(|operation| operation["operationId"] == id).unwrap();
        Fields::of(operation, &document["components"]["schemas"])
    }

    fn told(id: &str, body: &str) -> Vec<String> {
        fields(id).unknown_members(body.as_bytes()).list()
    }

    #[test]
    fn misspelled_fields_are_told_with_the_nearest_name() {
        let body = r#"{"approval":"decline","sandbox_mode":"read-only","cwd":null,"working directory":"x"}"#;
        assert_eq!(
            told("createSession", body),
            [
                r#"the field "approval" is not known; did you mean "approvals"?"#,
                r#"the field "sandbox_mode" is not known; did you mean "sandbox"?"#,
                r#"the field "working directory" is not known; known are approvalPolicy, approvals, cwd, effort, model, resumeThreadId, sandbox, title, trustProject"#,
            ]
        );
        assert_eq!(
            told("startTurn", r#"{"prompt":"x","when_busy":"queue"}"#),
            [r#"the field "when_busy" is not known; did you mean "whenBusy"?"#]
        );
    }

    #[test]
    fn fields_of_parts_are_looked_at_too_and_json_that_passes_through_is_not() {
        let body = r#"{"input":[{"type":"text","text":"a"},{"type":"mention","file":"b"},{"type":"new","x":1}],
                       "outputSchema":{"anything":{"at":"all"}}}"#;
        assert_eq!(
            told("startTurn", body),
            [r#"the field "input[1].file" is not known; known are path, type"#]
        );
        assert_eq!(
            told("reviewThread", r#"{"target":{"type":"commit","sha":"a","tittle":"b"}}"#),
            [r#"the field "target.tittle" is not known; did you mean "title"?"#]
        );
        assert_eq!(told("answerRequest", r#"{"decision":{"accept":1},"answers":{"a":"b"}}"#), [""; 0]);
    }

    #[test]
    fn operation_without_a_body_knows_no_fields() {
        assert_eq!(
            told("interruptTurn", r#"{"turnId":"x"}"#),
            [r#"the field "turnId" is not known; nothing is taken here"#]
        );
        assert_eq!(told("interruptTurn", "{}"), [""; 0]);
    }

    #[test]
    fn parameters_are_those_of_the_document() {
        let unknown = |id, query| -> Vec<String> { fields(id).unknown_parameters(query).list() };
        assert_eq!(
            unknown("listThreads", "limit=1&sort_key=x&cwd=%2F"),
            [r#"the parameter "sort_key" is not known; did you mean "sortKey"?"#]
        );
        assert_eq!(unknown("streamEvents", "access_token=t&since=a&state=none"), [""; 0]);
    }

    #[test]
    fn every_documented_operation_can_warn() {
        let document = router::document();
        for id in DOCUMENTED {
            let fields = fields(id);
            assert!(fields.documented);
            let items = document["paths"].as_object().unwrap().values();
            let mut operations = items.flat_map(|item| item.as_object().unwrap().values());
            let operation = operations.find(|operation| operation["operationId"] == id).unwrap();
            let schemas = &document["components"]["schemas"];
            let content = operation["responses"]["200"]["content"].as_object().unwrap();
            let warns = content.iter().any(|(media, content)| match media.as_str() {
                "text/event-stream" => schemas["Hello"].to_string().contains("\"warnings\""),
                _ => Shape::of(&content["schema"], schemas).knows("warnings"),
            });
            assert!(warns, "{id}");
        }
    }
}
