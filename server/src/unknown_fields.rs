//! Detection of unknown fields in requests. Most are misspelled, and would be ignored silently.
//!
//! The known fields of an operation are read from its OpenAPI description: its parameters, and the schema of
//! its body. Unknown fields are refused. Operations that older clients use accept them, and list them in the
//! `warnings` of their replies.

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

/// Operations that accept unknown fields with a warning: those of the documented API, which older clients use.
pub const WARN_ONLY_OPERATIONS: [&str; 12] = [
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

/// Known fields of an operation.
#[derive(Debug)]
struct Fields {
    query: Vec<String>,
    /// `None` if the operation has no body.
    body: Option<Shape>,
    warns_only: bool,
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
        let warns_only =
            operation["operationId"].as_str().is_some_and(|id| WARN_ONLY_OPERATIONS.contains(&id));
        Self { query, body, warns_only }
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

/// Check of a request's fields. An extension of each request of the API.
#[derive(Clone, Debug)]
pub struct FieldCheck {
    fields: Arc<Fields>,
    warnings: Warnings,
}

impl FieldCheck {
    /// Checks the fields of a JSON body.
    ///
    /// # Errors
    /// [`ApiError::BadBody`] for unknown fields, unless the operation only warns.
    pub fn check_body(&self, bytes: &[u8]) -> Result<(), ApiError> {
        self.report(&self.fields.unknown_members(bytes), ApiError::BadBody)
    }

    fn report(&self, unknown: &UnknownNames, refusal: fn(String) -> ApiError) -> Result<(), ApiError> {
        let messages = unknown.list();
        if messages.is_empty() {
            Ok(())
        } else if self.fields.warns_only {
            self.warnings.0.lock().unwrap_or_else(PoisonError::into_inner).extend(messages);
            Ok(())
        } else {
            Err(refusal(messages.join("; ")))
        }
    }
}

/// Warnings of a reply. Body fields are checked when the body is read, so list them after that.
#[derive(Clone, Debug, Default)]
pub struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    /// Returns the warnings so far.
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

/// Known fields of a path, by method.
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

/// Middleware of one path: checks the query. The body is checked when it is read ([`FieldCheck::check_body`]), after
/// the authorisation of the caller.
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
        check.report(&fields.unknown_parameters(query), ApiError::BadQuery)?;
        request.extensions_mut().insert(check);
    }
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use crate::router;

    use super::*;

    /// Returns the known fields of an operation.
    fn fields(id: &str) -> Fields {
        let document = router::document();
        let items = document["paths"].as_object().unwrap().values();
        let mut operations = items.flat_map(|item| item.as_object().unwrap().values());
        let operation = operations.find(|operation| operation["operationId"] == id).unwrap();
        Fields::of(operation, &document["components"]["schemas"])
    }

    fn messages(id: &str, body: &str) -> Vec<String> {
        fields(id).unknown_members(body.as_bytes()).list()
    }

    #[test]
    fn misspelled_field_is_reported_with_nearest_name() {
        let body = r#"{"approval":"decline","sandbox_mode":"read-only","cwd":null,"working directory":"x"}"#;
        assert_eq!(
            messages("createSession", body),
            [
                r#"the field "approval" is not known; did you mean "approvals"?"#,
                r#"the field "sandbox_mode" is not known; did you mean "sandbox"?"#,
                r#"the field "working directory" is not known; known are approvalPolicy, approvals, cwd, effort, model, resumeThreadId, sandbox, title, trustProject"#,
            ]
        );
        assert_eq!(
            messages("startTurn", r#"{"prompt":"x","when_busy":"queue"}"#),
            [r#"the field "when_busy" is not known; did you mean "whenBusy"?"#]
        );
    }

    #[test]
    fn nested_fields_are_checked_and_free_form_json_is_not() {
        let body = r#"{"input":[{"type":"text","text":"a"},{"type":"mention","file":"b"},{"type":"new","x":1}],
                       "outputSchema":{"anything":{"at":"all"}}}"#;
        assert_eq!(
            messages("startTurn", body),
            [r#"the field "input[1].file" is not known; known are path, type"#]
        );
        assert_eq!(
            messages("reviewThread", r#"{"target":{"type":"commit","sha":"a","tittle":"b"}}"#),
            [r#"the field "target.tittle" is not known; did you mean "title"?"#]
        );
        assert_eq!(messages("answerRequest", r#"{"decision":{"accept":1},"answers":{"a":"b"}}"#), [""; 0]);
    }

    #[test]
    fn operation_without_body_reports_any_field() {
        assert_eq!(
            messages("interruptTurn", r#"{"turnId":"x"}"#),
            [r#"the field "turnId" is not known; nothing is taken here"#]
        );
        assert_eq!(messages("interruptTurn", "{}"), [""; 0]);
    }

    #[test]
    fn query_parameters_are_checked_against_document() {
        let unknown = |id, query| -> Vec<String> { fields(id).unknown_parameters(query).list() };
        assert_eq!(
            unknown("listThreads", "limit=1&sort_key=x&cwd=%2F"),
            [r#"the parameter "sort_key" is not known; did you mean "sortKey"?"#]
        );
        assert_eq!(unknown("streamEvents", "access_token=t&since=a&state=none"), [""; 0]);
    }

    #[test]
    fn every_warn_only_operation_has_warnings_in_reply() {
        let document = router::document();
        for id in WARN_ONLY_OPERATIONS {
            let fields = fields(id);
            assert!(fields.warns_only);
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
