//! Answers to what codex asks of its client. For now nobody is asked: everything that would need a person
//! is declined at once, and shown as it was asked and answered.

use codex_gateway_wire::Json;
use serde_json::{json, value::to_raw_value};

use crate::bridge::RpcError;

/// An answer to a request of codex.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Whether the request is one that we know.
    pub handled: bool,
    /// The result, or the error.
    pub outcome: Result<Json, RpcError>,
}

/// The answer to a request of codex. Nothing is ever approved here.
pub fn answer(method: &str) -> Answer {
    let rejection = "The gateway declines requests for approval in this version.";
    let result = match method {
        "item/commandExecution/requestApproval" | "item/fileChange/requestApproval" => {
            json!({ "decision": "decline" })
        }
        "item/permissions/requestApproval" => json!({ "permissions": {}, "scope": "turn" }),
        "item/tool/requestUserInput" => json!({ "answers": {} }),
        "mcpServer/elicitation/request" => json!({ "action": "cancel", "content": null, "_meta": null }),
        "item/tool/call" => json!({
            "contentItems": [{ "type": "inputText", "text": "This client offers no tools." }],
            "success": false,
        }),
        "applyPatchApproval" | "execCommandApproval" => {
            json!({ "decision": { "denied": { "rejection": rejection } } })
        }
        _ => {
            let message = format!("{method} is not supported by this client");
            return Answer {
                handled: false,
                outcome: Err(RpcError { code: RpcError::METHOD_NOT_FOUND, message }),
            };
        }
    };
    // JSON that was built here can be written.
    let result = to_raw_value(&result).map(Json::from).unwrap_or_default();
    Answer { handled: true, outcome: Ok(result) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_asks_for_approval_is_declined() {
        for method in ["item/commandExecution/requestApproval", "item/fileChange/requestApproval"] {
            assert_eq!(answer(method).outcome.unwrap().get(), r#"{"decision":"decline"}"#);
        }
        for method in ["applyPatchApproval", "execCommandApproval"] {
            assert!(answer(method).outcome.unwrap().get().starts_with(r#"{"decision":{"denied":"#));
        }
        assert_eq!(
            answer("item/permissions/requestApproval").outcome.unwrap().get(),
            r#"{"permissions":{},"scope":"turn"}"#
        );
    }

    #[test]
    fn questions_get_an_empty_answer_and_forms_are_cancelled() {
        assert_eq!(answer("item/tool/requestUserInput").outcome.unwrap().get(), r#"{"answers":{}}"#);
        assert!(
            answer("mcpServer/elicitation/request").outcome.unwrap().get().contains(r#""action":"cancel""#)
        );
        assert!(answer("item/tool/call").outcome.unwrap().get().contains(r#""success":false"#));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for method in ["account/chatgptAuthTokens/refresh", "attestation/generate", "moon/land"] {
            let answer = answer(method);
            assert!(!answer.handled);
            assert_eq!(answer.outcome.unwrap_err().code, -32601);
        }
    }
}
