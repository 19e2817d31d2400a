//! The requests of codex that a person can answer.

use codex_gateway_wire::{
    Json,
    request::{Decision, RequestKind},
};
use serde_json::{Value, json};

use super::{elicitation, permissions, tool_call, value};

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
    /// `execCommandApproval`: deprecated, answered in other words
    OldCommand,
    /// `applyPatchApproval`: deprecated, answered in other words
    OldFileChange,
}

impl Method {
    /// Reads codex's name of it.
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

    /// What it is for.
    pub(crate) fn kind(self) -> RequestKind {
        match self {
            Self::Command | Self::OldCommand => RequestKind::Command,
            Self::FileChange | Self::OldFileChange => RequestKind::FileChange,
            Self::Permissions => RequestKind::Permissions,
            Self::UserInput => RequestKind::UserInput,
            Self::Elicitation => RequestKind::Elicitation,
        }
    }

    /// The decisions to offer. Declining is always among them: codex takes it whether or not it lists it.
    pub(crate) fn decisions(self, params: &Json) -> Vec<Decision> {
        let words = |words: &[&str]| words.iter().copied().map(Decision::word_alone).collect::<Vec<_>>();
        if !is_legible(params) {
            return words(&[Decision::DECLINE]);
        }
        match self {
            Self::Command => {
                let mut offered = offered(params).unwrap_or_else(|| {
                    words(&[Decision::ACCEPT, Decision::ACCEPT_FOR_SESSION, Decision::CANCEL])
                });
                if offered.iter().all(|decision| decision.word() != Decision::DECLINE) {
                    let cancel = offered.iter().position(|decision| decision.word() == Decision::CANCEL);
                    offered.insert(cancel.unwrap_or(offered.len()), Decision::word_alone(Decision::DECLINE));
                }
                offered
            }
            Self::FileChange | Self::OldCommand | Self::OldFileChange => {
                words(&[Decision::ACCEPT, Decision::ACCEPT_FOR_SESSION, Decision::DECLINE, Decision::CANCEL])
            }
            Self::Permissions => words(&[Decision::ACCEPT, Decision::ACCEPT_FOR_SESSION, Decision::DECLINE]),
            Self::UserInput => words(&[Decision::DECLINE]),
            Self::Elicitation if elicitation::is_beyond_us(&value(params)) => {
                words(&[Decision::DECLINE, Decision::CANCEL])
            }
            // That a tool is always allowed, codex would keep for all owners.
            Self::Elicitation
                if tool_call::allows_session(&value(params)) && tool_call::is_approval(&value(params)) =>
            {
                words(&[Decision::ACCEPT, Decision::ACCEPT_FOR_SESSION, Decision::DECLINE, Decision::CANCEL])
            }
            Self::Elicitation => words(&[Decision::ACCEPT, Decision::DECLINE, Decision::CANCEL]),
        }
    }

    /// What codex is answered when nobody allows it.
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

    /// What codex is answered where everything is allowed; none if only a person knows.
    pub(crate) fn accepted(self, params: &Json) -> Option<Value> {
        match self {
            _ if !is_legible(params) => None,
            Self::Command | Self::FileChange => Some(json!({ "decision": Decision::ACCEPT })),
            Self::OldCommand | Self::OldFileChange => Some(json!({ "decision": "approved" })),
            Self::Permissions => {
                let asked = permissions::asked(&value(params));
                Some(json!({ "permissions": asked, "scope": "turn" }))
            }
            Self::Elicitation if elicitation::asks_for_nothing(&value(params)) => {
                Some(json!({ "action": "accept", "content": {}, "_meta": null }))
            }
            Self::UserInput | Self::Elicitation => None,
        }
    }
}

/// Whether it can be read what is asked for. What nests too deep cannot: nobody shall allow it unseen.
fn is_legible(params: &Json) -> bool {
    serde_json::from_str::<Value>(params.get()).is_ok()
}

/// The decisions that codex offers for a command, if it offers any.
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
        method.decisions(&super::super::raw(params)).iter().map(Decision::word).collect()
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
    fn what_cannot_be_read_can_only_be_declined() {
        let deep = format!(r#"{{"command":"ls","x":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        let params: Json = serde_json::from_str(&deep).unwrap();
        for method in [Method::Command, Method::FileChange, Method::Permissions, Method::Elicitation] {
            let offered = method.decisions(&params);
            assert_eq!(offered.iter().map(Decision::word).collect::<Vec<_>>(), ["decline"]);
            assert_eq!(method.accepted(&params), None, "{method:?}");
        }
    }

    #[test]
    fn what_only_a_person_knows_is_not_accepted_for_them() {
        let accepted = |method: Method, params: Value| method.accepted(&super::super::raw(&params));
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
    fn permissions_are_granted_as_asked_for_one_turn() {
        let params = json!({ "permissions": { "network": { "enabled": true }, "fileSystem": null } });
        let granted = Method::Permissions.accepted(&super::super::raw(&params)).unwrap();
        assert_eq!(granted, json!({ "permissions": { "network": { "enabled": true } }, "scope": "turn" }));
    }
}
