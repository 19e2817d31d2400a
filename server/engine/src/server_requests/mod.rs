//! Requests that codex sends to its client.
//!
//! A request that a person can answer ([`Method`]) waits in [`PendingRequests`] until it is answered ([`Resolution`]),
//! withdrawn or declined: exactly one of them (invariant 7). Every other request gets an [`AutoReply`] at once.

mod answer;
mod elicitation;
mod method;
mod ordered_object;
mod pending;
mod permissions;
mod presence;
mod summary;
mod tool_approval;
mod user_input;

use codex_app_server_client::RpcError;
use codex_gateway_wire::{Json, request::RequestSummary};
use serde_json::{Value, json, value::to_raw_value};

pub use self::{answer::BadAnswer, presence::PresenceGuard};
pub(crate) use self::{
    answer::{Resolution, chosen_decision},
    method::Method,
    pending::{NotPending, PendingRequest, PendingRequests},
    presence::{Presence, PresenceChanges},
};

/// The reply to a request that needs no person.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AutoReply {
    /// `true` if the gateway supports the method.
    pub handled: bool,
    /// The result or the error for codex.
    pub outcome: Result<Json, RpcError>,
}

/// Returns the reply to a request that needs no person.
pub(crate) fn auto_reply(method: &str) -> AutoReply {
    if method == "item/tool/call" {
        let result = json!({
            "contentItems": [{ "type": "inputText", "text": "This client offers no tools." }],
            "success": false,
        });
        return AutoReply { handled: true, outcome: Ok(to_json(&result)) };
    }
    let message = format!("{method} is not supported by this client");
    AutoReply { handled: false, outcome: Err(RpcError { code: RpcError::METHOD_NOT_FOUND, message }) }
}

/// Summarises the parameters of a request for the user.
pub(crate) fn summarize(params: &Json) -> RequestSummary {
    let (parsed, raw) = (parse_value(params), params.raw());
    let mut summary = summary::summarize(&parsed);
    summary.tool = tool_approval::summarize(&parsed, raw);
    if let Some(order) = ordered_object::form_order(raw) {
        summary.fields.sort_by_key(|field| order.iter().position(|name| *name == field.name));
    }
    summary
}

/// Serialises JSON that was built here, which cannot fail.
fn to_json(value: &Value) -> Json {
    to_raw_value(value).map(Json::from).unwrap_or_default()
}

/// Parses JSON of codex or of a client. `null` if it is nested too deeply to parse.
fn parse_value(json: &Json) -> Value {
    serde_json::from_str(json.get()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tool_call_gets_an_unsuccessful_reply() {
        let answer = auto_reply("item/tool/call");
        assert!(answer.handled && answer.outcome.unwrap().get().contains(r#""success":false"#));
    }

    #[test]
    fn summary_of_a_tool_approval_has_its_name_and_ordered_arguments() {
        let params = r#"{"serverName":"tracker","mode":"form","_meta":{"codex_approval_kind":"mcp_tool_call",
            "persist":["session","always"],"tool_name":"find_issues","tool_description":"Finds issues",
            "tool_params":{"query":"bug","limit":3,"also":{"a":[1]}}},
            "message":"Allow the tracker MCP server to run tool \"find_issues\"?","requestedSchema":{"type":"object","properties":{}}}"#;
        let tool = summarize(&serde_json::from_str(params).unwrap()).tool.unwrap();
        assert_eq!((tool.name.as_str(), tool.description.as_deref()), ("find_issues", Some("Finds issues")));
        let arguments: Vec<_> =
            tool.arguments.iter().map(|argument| (argument.name.as_str(), argument.value.as_str())).collect();
        assert_eq!(arguments, [("query", "bug"), ("limit", "3"), ("also", r#"{"a":[1]}"#)]);

        let older = r#"{"_meta":{"codex_approval_kind":"mcp_tool_call"},"message":"Run tool \"find\"?"}"#;
        assert_eq!(summarize(&serde_json::from_str(older).unwrap()).tool.unwrap().name, "find");
        let other = r#"{"_meta":{"codex_approval_kind":"tool_suggestion"},"message":"Run tool \"find\"?"}"#;
        assert_eq!(summarize(&serde_json::from_str(other).unwrap()).tool, None);
    }

    #[test]
    fn summary_of_a_form_has_its_fields_in_schema_order() {
        let params = r#"{"mode":"form","requestedSchema":{"properties":{"zip":{"type":"string"},"age":{"type":"integer"}}}}"#;
        let fields = summarize(&serde_json::from_str(params).unwrap()).fields;
        assert_eq!(fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>(), ["zip", "age"]);
    }

    #[test]
    fn unknown_method_gets_method_not_found() {
        for method in ["account/chatgptAuthTokens/refresh", "attestation/generate", "moon/land"] {
            let answer = auto_reply(method);
            assert!(!answer.handled);
            assert_eq!(answer.outcome.unwrap_err().code, -32601);
        }
    }
}
