//! What codex asks of its client.
//!
//! What a person can answer becomes a request to the user ([`Method`]), which waits in [`Pending`] until it is
//! answered ([`Answered`]), withdrawn or declined: exactly one of them (invariant 7). Everything else is
//! answered at once, here.

mod answer;
mod elicitation;
mod method;
mod ordered;
mod pending;
mod permissions;
mod presence;
mod summary;
mod tool_call;
mod user_input;

use codex_gateway_wire::{Json, request::Summary};
use serde_json::{Value, json, value::to_raw_value};

pub use self::{answer::BadAnswer, presence::Attendance};
pub(crate) use self::{
    answer::{Answered, decision},
    method::Method,
    pending::{Open, Pending},
    presence::{Changes, Presence},
};
use crate::bridge::RpcError;

/// An answer to a request that nobody is asked about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fixed {
    /// Whether the request is one that we know.
    pub handled: bool,
    /// The result, or the error.
    pub outcome: Result<Json, RpcError>,
}

/// The answer to a request that nobody is asked about.
pub(crate) fn fixed(method: &str) -> Fixed {
    if method == "item/tool/call" {
        let result = json!({
            "contentItems": [{ "type": "inputText", "text": "This client offers no tools." }],
            "success": false,
        });
        return Fixed { handled: true, outcome: Ok(raw(&result)) };
    }
    let message = format!("{method} is not supported by this client");
    Fixed { handled: false, outcome: Err(RpcError { code: RpcError::METHOD_NOT_FOUND, message }) }
}

/// What the parameters of a request say.
pub(crate) fn summary(params: &Json) -> Summary {
    let (read, raw) = (value(params), params.raw());
    let mut summary = summary::summary(&read);
    summary.tool = tool_call::summary(&read, raw);
    if let Some(order) = ordered::form_order(raw) {
        summary.fields.sort_by_key(|field| order.iter().position(|name| *name == field.name));
    }
    summary
}

/// JSON that was built here; it can be written.
fn raw(value: &Value) -> Json {
    to_raw_value(value).map(Json::from).unwrap_or_default()
}

/// JSON that came from elsewhere; `null` if it nests deeper than can be read.
fn value(json: &Json) -> Value {
    serde_json::from_str(json.get()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_is_not_there_is_not_called() {
        let answer = fixed("item/tool/call");
        assert!(answer.handled && answer.outcome.unwrap().get().contains(r#""success":false"#));
    }

    #[test]
    fn tool_call_that_codex_asks_about_is_named_with_its_arguments_in_order() {
        let params = r#"{"serverName":"tracker","mode":"form","_meta":{"codex_approval_kind":"mcp_tool_call",
            "persist":["session","always"],"tool_name":"find_issues","tool_description":"Finds issues",
            "tool_params":{"query":"bug","limit":3,"also":{"a":[1]}}},
            "message":"Allow the tracker MCP server to run tool \"find_issues\"?","requestedSchema":{"type":"object","properties":{}}}"#;
        let tool = summary(&serde_json::from_str(params).unwrap()).tool.unwrap();
        assert_eq!((tool.name.as_str(), tool.description.as_deref()), ("find_issues", Some("Finds issues")));
        let arguments: Vec<_> =
            tool.arguments.iter().map(|one| (one.name.as_str(), one.value.as_str())).collect();
        assert_eq!(arguments, [("query", "bug"), ("limit", "3"), ("also", r#"{"a":[1]}"#)]);

        let older = r#"{"_meta":{"codex_approval_kind":"mcp_tool_call"},"message":"Run tool \"find\"?"}"#;
        assert_eq!(summary(&serde_json::from_str(older).unwrap()).tool.unwrap().name, "find");
        let other = r#"{"_meta":{"codex_approval_kind":"tool_suggestion"},"message":"Run tool \"find\"?"}"#;
        assert_eq!(summary(&serde_json::from_str(other).unwrap()).tool, None);
    }

    #[test]
    fn form_has_its_fields_in_the_order_of_its_schema() {
        let params = r#"{"mode":"form","requestedSchema":{"properties":{"zip":{"type":"string"},"age":{"type":"integer"}}}}"#;
        let fields = summary(&serde_json::from_str(params).unwrap()).fields;
        assert_eq!(fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>(), ["zip", "age"]);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for method in ["account/chatgptAuthTokens/refresh", "attestation/generate", "moon/land"] {
            let answer = fixed(method);
            assert!(!answer.handled);
            assert_eq!(answer.outcome.unwrap_err().code, -32601);
        }
    }
}
