//! Requests to the user: approvals and questions of codex, their answers and their ends.

mod summary;

use serde::{Deserialize, Serialize};

pub use self::summary::{
    FieldChoice, FieldInput, FormField, Permission, PermissionAccess, RequestSummary, ToolArgument, ToolCall,
};

use crate::{
    ids::RequestId, json::Json, lenient_deserialize, rule::Rule, string_enum::string_enum,
    timestamp::Timestamp,
};

/// `request`: a pending request to the user.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct UserRequest {
    /// The gateway's id of the request. It is never reused, unlike codex's own ids, which restart with each process.
    pub id: RequestId,
    /// What is requested.
    pub kind: RequestKind,
    /// Codex's method.
    pub method: String,
    /// Codex's parameters, unchanged.
    pub params: Json,
    /// The content of the parameters, in a format that is the same for all methods.
    pub summary: RequestSummary,
    /// The possible decisions, the least far-reaching first. They always include a way to decline.
    pub available_decisions: Vec<Decision>,
    /// When the request was received.
    pub created_at: Timestamp,
    /// When the request is declined if there is no answer. `null`: it has no deadline.
    pub deadline: Option<Timestamp>,
}
lenient_deserialize!(UserRequest { method, params, summary, available_decisions, created_at, deadline; id, kind });

string_enum! {
    /// What a request asks for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum RequestKind {
        /// Approval to run a command, or to let a command access the network. Answered by a decision.
        Command = "command",
        /// Approval to change files. Answered by a decision.
        FileChange = "fileChange",
        /// Permissions beyond the sandbox. Answered by a decision, or by the granted permissions.
        Permissions = "permissions",
        /// Questions of the agent. Answered by answers.
        UserInput = "userInput",
        /// A form or a link of an MCP server. Answered by an action, and the form's content. A request for approval of
        /// a tool call names the tool (`summary.tool`), and is answered by a decision.
        Elicitation = "elicitation",
        /// A value that this version does not know.
        Other = "other",
    }
    other = Other
}

/// A decision in codex's own JSON: a string, or an object with the kind of the decision as its only key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Decision(Json);

impl Decision {
    /// Allows the request once.
    pub const ACCEPT: &'static str = "accept";
    /// Allows such requests until the session ends.
    pub const ACCEPT_FOR_SESSION: &'static str = "acceptForSession";
    /// Allows every command of the owner that starts with the same words, in the session's directory. Creates a rule of
    /// the gateway; codex gets a plain `accept`.
    pub const ACCEPT_WITH_RULE: &'static str = "acceptWithExecpolicyAmendment";
    /// Allows access to a host in the owner's sessions in this directory. Creates a rule of the gateway, too.
    pub const NETWORK_RULE: &'static str = "applyNetworkPolicyAmendment";
    /// Declines the request. The turn continues.
    pub const DECLINE: &'static str = "decline";
    /// Declines the request. The turn is interrupted.
    pub const CANCEL: &'static str = "cancel";

    /// Makes a decision that is a plain string.
    pub fn from_kind(kind: &str) -> Self {
        // Serializing a string cannot fail.
        Self(serde_json::value::to_raw_value(kind).map(Json::from).unwrap_or_default())
    }

    /// The decision's JSON.
    pub fn json(&self) -> &Json {
        &self.0
    }

    /// Returns `true` if the decision creates a rule.
    pub fn makes_rule(&self) -> bool {
        matches!(self.kind().as_str(), Self::ACCEPT_WITH_RULE | Self::NETWORK_RULE)
    }

    /// The kind of the decision: the string, or the object's key. Empty if the JSON is neither.
    pub fn kind(&self) -> String {
        self.strings().into_iter().next().unwrap_or_default()
    }

    /// The prefix of the commands that [`Decision::ACCEPT_WITH_RULE`] allows. `None` for other decisions.
    pub fn command_rule(&self) -> Option<String> {
        let strings = self.strings();
        let (_, words) = strings.split_at_checked(2).filter(|(keys, _)| keys[0] == Self::ACCEPT_WITH_RULE)?;
        (!words.is_empty()).then(|| words.join(" "))
    }

    /// The host of [`Decision::NETWORK_RULE`], and whether it is allowed. `None` for other decisions.
    pub fn network_rule(&self) -> Option<(String, bool)> {
        let strings = self.strings();
        let after =
            |key: &str| strings.iter().position(|string| string == key).and_then(|at| strings.get(at + 1));
        let host = after("host").filter(|_| strings[0] == Self::NETWORK_RULE)?;
        Some((host.clone(), after("action").is_some_and(|action| action == "allow")))
    }

    /// All strings in the JSON, keys and values, in order. Decisions are nested little, so this replaces a deserializer
    /// for each level.
    fn strings(&self) -> Vec<String> {
        let mut rest = self.0.get();
        let mut strings = Vec::new();
        while let Some(start) = rest.find('"') {
            let string = &rest[start..];
            // The opening quote counts as escaped, so that it does not end the string.
            let mut escaped = true;
            let end = string.find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            let Some(end) = end.map(|end| end + 1) else { break };
            strings.extend(serde_json::from_str::<String>(&string[..end]));
            rest = &string[end..];
        }
        strings
    }
}

/// Compares the JSON texts.
impl PartialEq for Decision {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// `request-resolved`: the end of a request to the user. There is exactly one for each `request`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RequestResolved {
    /// The request.
    pub id: RequestId,
    /// The outcome.
    pub outcome: RequestOutcome,
    /// Who or what resolved the request.
    pub by: ResolvedBy,
    /// The answer that codex got, with secret answers redacted. `null` if the request was withdrawn.
    pub result: Option<Json>,
    /// When the request was resolved.
    pub at: Timestamp,
    /// The rule that the answer created, or the rule that allowed the request (then `by` is `rule`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Box<Rule>>,
}
lenient_deserialize!(RequestResolved { result, at, rule; id, outcome, by });

string_enum! {
    /// The outcome of a request to the user.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum RequestOutcome {
        /// The request was allowed.
        Accepted = "accepted",
        /// The request was declined, and the turn continues.
        Declined = "declined",
        /// The request was declined, and the turn was interrupted.
        Cancelled = "cancelled",
        /// The questions were answered.
        Answered = "answered",
        /// The request ended without an answer.
        Withdrawn = "withdrawn",
        /// A value that this version does not know.
        Other = "other",
    }
    other = Other
    schema_name = "Outcome"
}

string_enum! {
    /// Who or what resolved a request to the user.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ResolvedBy {
        /// A client of the API, such as the web page.
        User = "user",
        /// The session's approval mode.
        Policy = "policy",
        /// A rule of the owner.
        Rule = "rule",
        /// No client was connected that could answer.
        Absence = "absence",
        /// The deadline passed without an answer.
        Deadline = "deadline",
        /// Codex withdrew the request, or its turn ended.
        Codex = "codex",
        /// The codex process exited or was replaced.
        Process = "process",
        /// The session ended.
        Session = "session",
        /// A value that this version does not know.
        Other = "other",
    }
    other = Other
}

string_enum! {
    /// Who answers requests to the user. Ordered from the least to the most permissive mode.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
    pub enum ApprovalMode {
        /// The gateway declines every request.
        Decline = "decline",
        /// A connected client answers. The gateway declines while there is none.
        #[default]
        AskOrDecline = "ask-or-decline",
        /// A client answers at any time: requests wait even while none is connected.
        Ask = "ask",
        /// The gateway allows every request.
        Accept = "accept",
    }
}

/// `GET /api/sessions/{id}/requests`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestList {
    /// Always true.
    pub ok: bool,
    /// The pending requests, oldest first.
    pub requests: Vec<UserRequest>,
}

/// `POST /api/sessions/{id}/requests/{requestId}`: a decision, or the fields for the kind of the request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct AnswerRequest {
    /// One of the available decisions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// For `permissions`: the granted permissions. Default: all that were requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Json>,
    /// For `userInput`: the answers, by question id. Each is a string, a list of strings, or codex's
    /// `{answers: [string]}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<Json>,
    /// For `elicitation`: `accept`, `decline` or `cancel`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// For `elicitation` with the action `accept`: the form's content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Json>,
}

/// The reply to an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AnswerReply {
    /// Always true.
    pub ok: bool,
    /// The end of the request.
    pub resolved: RequestResolved,
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn decision(json: &str) -> Decision {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn decision_is_a_string_or_an_object_with_one_key() {
        assert_eq!(decision(r#""accept""#).kind(), Decision::ACCEPT);
        assert_eq!(Decision::from_kind("decline").json().get(), r#""decline""#);
        let rule =
            decision(r#"{ "acceptWithExecpolicyAmendment": { "execpolicy_amendment": ["cargo", "test"] } }"#);
        assert_eq!(rule.kind(), Decision::ACCEPT_WITH_RULE);
        assert_eq!(rule.command_rule().as_deref(), Some("cargo test"));
        assert_eq!(rule.network_rule(), None);
        let rule = decision(
            r#"{"applyNetworkPolicyAmendment":{"network_policy_amendment":{"host":"a.example","action":"deny"}}}"#,
        );
        assert_eq!(rule.kind(), Decision::NETWORK_RULE);
        assert_eq!(rule.network_rule(), Some(("a.example".to_owned(), false)));
        assert_eq!(rule.command_rule(), None);
        let quoted =
            decision(r#"{"acceptWithExecpolicyAmendment":{"execpolicy_amendment":["a \"b\" \\\\","é"]}}"#);
        assert_eq!(quoted.command_rule().as_deref(), Some(r#"a "b" \\ é"#));
        for odd in ["7", "null", "[]", "{}"] {
            assert_eq!(decision(odd).kind(), "", "{odd}");
        }
    }

    #[test]
    fn approval_modes_are_ordered_by_permissiveness() {
        assert!(ApprovalMode::ALL.is_sorted());
        for mode in ApprovalMode::ALL {
            assert_eq!(serde_json::to_string(mode).unwrap(), format!("\"{}\"", mode.as_str()));
        }
    }

    #[test]
    fn answer_with_unknown_field_is_rejected() {
        assert!(serde_json::from_str::<AnswerRequest>(r#"{"decison":"accept"}"#).is_err());
        assert!(serde_json::from_str::<AnswerRequest>(r#"{"decision":"accept"}"#).is_ok());
    }
}
