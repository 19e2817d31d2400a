//! The methods of codex's requests that a person can answer, with their decisions and default replies.

use codex_gateway_wire::{
    Json,
    request::{Decision, RequestKind},
};
use serde_json::{Value, json};

use super::{elicitation, parse_value, permissions, tool_approval};

/// A request of codex that a person can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// `item/commandExecution/requestApproval`
    Command,
    /// `item/fileChange/requestApproval`
    FileChange,
    /// `item/permissions/requestApproval`
    Permissions,
    /// `item/tool/requestUserInput`
    UserInput,
    /// `mcpServer/elicitation/request`
    Elicitation,
    /// `execCommandApproval`: deprecated, with its own reply format
    OldCommand,
    /// `applyPatchApproval`: deprecated, with its own reply format
    OldFileChange,
}

impl Method {
    /// Parses codex's name of a method. `None` if a person cannot answer it.
    pub(crate) fn parse(method: &str) -> Option<Self> {
        Some(match method {
            "item/commandExecution/requestApproval" => Self::Command,
            "item/fileChange/requestApproval" => Self::FileChange,
            "item/permissions/requestApproval" => Self::Permissions,
            "item/tool/requestUserInput" => Self::UserInput,
            "mcpServer/elicitation/request" => Self::Elicitation,
            "execCommandApproval" => Self::OldCommand,
            "applyPatchApproval" => Self::OldFileChange,
            _ => return None,
        })
    }

    /// The kind of the request for clients.
    pub(crate) fn kind(self) -> RequestKind {
        match self {
            Self::Command | Self::OldCommand => RequestKind::Command,
            Self::FileChange | Self::OldFileChange => RequestKind::FileChange,
            Self::Permissions => RequestKind::Permissions,
            Self::UserInput => RequestKind::UserInput,
            Self::Elicitation => RequestKind::Elicitation,
        }
    }

    /// The decisions to offer. They always include declining, which codex accepts even if it does not list it.
    pub(crate) fn decisions(self, params: &Json) -> Vec<Decision> {
        let words = |words: &[&str]| words.iter().copied().map(Decision::from_kind).collect::<Vec<_>>();
        if !is_readable(params) {
            return words(&[Decision::DECLINE]);
        }
        match self {
            Self::Command => {
                let mut offered = offered(params).unwrap_or_else(|| {
                    words(&[Decision::ACCEPT, Decision::ACCEPT_FOR_SESSION, Decision::CANCEL])
                });
                if offered.iter().all(|decision| decision.kind() != Decision::DECLINE) {
                    let cancel = offered.iter().position(|decision| decision.kind() == Decision::CANCEL);
                    offered.insert(cancel.unwrap_or(offered.len()), Decision::from_kind(Decision::DECLINE));
                }
                offered
            }
            Self::FileChange | Self::OldCommand | Self::OldFileChange => {
                words(&[Decision::ACCEPT, Decision::ACCEPT_FOR_SESSION, Decision::DECLINE, Decision::CANCEL])
            }
            Self::Permissions => words(&[Decision::ACCEPT, Decision::ACCEPT_FOR_SESSION, Decision::DECLINE]),
            Self::UserInput => words(&[Decision::DECLINE]),
            Self::Elicitation if elicitation::is_unsupported(&parse_value(params)) => {
                words(&[Decision::DECLINE, Decision::CANCEL])
            }
            // "Always allow" is not offered: codex would store it for all owners.
            Self::Elicitation
                if tool_approval::allows_session(&parse_value(params))
                    && tool_approval::is_approval(&parse_value(params)) =>
            {
                words(&[Decision::ACCEPT, Decision::ACCEPT_FOR_SESSION, Decision::DECLINE, Decision::CANCEL])
            }
            Self::Elicitation => words(&[Decision::ACCEPT, Decision::DECLINE, Decision::CANCEL]),
        }
    }

    /// The reply to codex if the request is declined.
    pub(crate) fn declined(self) -> Value {
        match self {
            Self::Command | Self::FileChange => json!({ "decision": Decision::DECLINE }),
            Self::Permissions => json!({ "permissions": {}, "scope": "turn" }),
            Self::UserInput => json!({ "answers": {} }),
            Self::Elicitation => json!({ "action": "decline", "content": null, "_meta": null }),
            Self::OldCommand | Self::OldFileChange => {
                json!({ "decision": { "denied": { "rejection": "The user declined." } } })
            }
        }
    }

    /// The reply to codex if the session accepts every request. `None` if only a person can answer.
    pub(crate) fn accepted(self, params: &Json) -> Option<Value> {
        match self {
            _ if !is_readable(params) => None,
            Self::Command | Self::FileChange => Some(json!({ "decision": Decision::ACCEPT })),
            Self::OldCommand | Self::OldFileChange => Some(json!({ "decision": "approved" })),
            Self::Permissions => {
                let requested = permissions::requested(&parse_value(params));
                Some(json!({ "permissions": requested, "scope": "turn" }))
            }
            Self::Elicitation if elicitation::is_empty_form(&parse_value(params)) => {
                Some(json!({ "action": "accept", "content": {}, "_meta": null }))
            }
            Self::UserInput | Self::Elicitation => None,
        }
    }
}

/// Returns `true` if the parameters can be parsed. Parameters that are nested too deeply cannot, so the user could
/// not see what they would allow.
fn is_readable(params: &Json) -> bool {
    serde_json::from_str::<Value>(params.get()).is_ok()
}

/// The decisions that codex offers for a command. `None` if it offers none.
fn offered(params: &Json) -> Option<Vec<Decision>> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Offer {
        #[serde(default)]
        available_decisions: Option<Vec<Decision>>,
    }
    let offer: Offer = serde_json::from_str(params.get()).ok()?;
    offer.available_decisions.filter(|decisions| !decisions.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(method: Method, params: &Value) -> Vec<String> {
        method.decisions(&super::super::to_json(params)).iter().map(Decision::kind).collect()
    }

    #[test]
    fn declining_is_always_offered() {
        for (params, expected) in [
            (json!({}), &["accept", "acceptForSession", "decline", "cancel"][..]),
            (json!({ "availableDecisions": ["accept", "cancel"] }), &["accept", "decline", "cancel"]),
            (json!({ "availableDecisions": ["accept"] }), &["accept", "decline"]),
            (json!({ "availableDecisions": ["decline", "accept"] }), &["decline", "accept"]),
            (
                json!({ "availableDecisions": [{ "acceptWithExecpolicyAmendment": { "execpolicy_amendment": ["ls"] } }] }),
                &["acceptWithExecpolicyAmendment", "decline"],
            ),
            (json!({ "availableDecisions": 7 }), &["accept", "acceptForSession", "decline", "cancel"]),
        ] {
            assert_eq!(words(Method::Command, &params), expected, "{params}");
        }
        for method in [
            Method::FileChange,
            Method::Permissions,
            Method::UserInput,
            Method::Elicitation,
            Method::OldCommand,
            Method::OldFileChange,
        ] {
            assert!(words(method, &json!({})).contains(&"decline".to_owned()), "{method:?}");
        }
    }

    #[test]
    fn unreadable_parameters_can_only_be_declined() {
        let deep = format!(r#"{{"command":"ls","x":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        let params: Json = serde_json::from_str(&deep).unwrap();
        for method in [Method::Command, Method::FileChange, Method::Permissions, Method::Elicitation] {
            let offered = method.decisions(&params);
            assert_eq!(offered.iter().map(Decision::kind).collect::<Vec<_>>(), ["decline"]);
            assert_eq!(method.accepted(&params), None, "{method:?}");
        }
    }

    #[test]
    fn requests_that_only_a_person_can_answer_are_not_accepted_automatically() {
        let accepted = |method: Method, params: Value| method.accepted(&super::super::to_json(&params));
        assert_eq!(accepted(Method::UserInput, json!({ "questions": [] })), None);
        let form =
            json!({ "mode": "form", "requestedSchema": { "properties": { "name": { "type": "string" } } } });
        assert_eq!(accepted(Method::Elicitation, form), None);
        assert!(
            accepted(Method::Elicitation, json!({ "mode": "form", "requestedSchema": { "properties": {} } }))
                .is_some()
        );
        assert_eq!(accepted(Method::Elicitation, json!({ "mode": "url", "url": "https://x.example" })), None);
    }

    #[test]
    fn accepted_permissions_are_the_requested_ones_for_one_turn() {
        let params = json!({ "permissions": { "network": { "enabled": true }, "fileSystem": null } });
        let granted = Method::Permissions.accepted(&super::super::to_json(&params)).unwrap();
        assert_eq!(granted, json!({ "permissions": { "network": { "enabled": true } }, "scope": "turn" }));
    }
}
