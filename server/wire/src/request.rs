//! What codex asks of the user: a request that waits, what it can be answered, and how it ended.

mod summary;

use serde::{Deserialize, Serialize};

pub use self::summary::{Access, Choice, Field, Input, Permission, Summary, ToolArgument, ToolCall};

use crate::{ids::RequestId, json::Json, read_fields, rule::Rule, timestamp::Timestamp, words::words};

/// A request to the user that waits for its end: the event `request`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct UserRequest {
    /// Ours: never reused, unlike codex's own ids, which restart with each process.
    pub id: RequestId,
    /// What is asked for.
    pub kind: RequestKind,
    /// Codex's method.
    pub method: String,
    /// Codex's parameters, as they came.
    pub params: Json,
    /// What they say, in a form that is the same for all methods.
    pub summary: Summary,
    /// The decisions that can be answered, the least far-reaching first; declining is always among them.
    pub available_decisions: Vec<Decision>,
    /// When it came.
    pub created_at: Timestamp,
    /// When it is declined if nobody answers. `None`: it waits for ever.
    pub deadline: Option<Timestamp>,
}
read_fields!(UserRequest { method, params, summary, available_decisions, created_at, deadline; id, kind });

words! {
    /// What a request is for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum RequestKind {
        /// To run a command, or to let one reach the network. Answered by a decision.
        Command = "command",
        /// To change files. Answered by a decision.
        FileChange = "fileChange",
        /// To be allowed more than the sandbox does. Answered by a decision, or by what is granted.
        Permissions = "permissions",
        /// Questions of the agent. Answered by answers.
        UserInput = "userInput",
        /// A form or a link of an MCP server. Answered by an action, and the form's content. One that asks whether a tool of the server
        /// may be called says which (`summary.tool`), and is answered by a decision.
        Elicitation = "elicitation",
        /// A word that this version does not know.
        Other = "other",
    }
    other = Other
}

/// A decision in codex's own JSON: a word, or an object whose one key is the word.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Decision(Json);

impl Decision {
    /// Once.
    pub const ACCEPT: &'static str = "accept";
    /// From here on, as long as the session lives.
    pub const ACCEPT_FOR_SESSION: &'static str = "acceptForSession";
    /// From here on, every command of the owner that begins with these words, in the session's directory. A rule of the
    /// gateway's: codex is told to accept this once.
    pub const ACCEPT_WITH_RULE: &'static str = "acceptWithExecpolicyAmendment";
    /// From here on, reach a host, in sessions of the owner in this directory. A rule of the gateway's, too.
    pub const NETWORK_RULE: &'static str = "applyNetworkPolicyAmendment";
    /// No; the turn goes on.
    pub const DECLINE: &'static str = "decline";
    /// No; the turn is interrupted.
    pub const CANCEL: &'static str = "cancel";

    /// A decision that is a word alone.
    pub fn word_alone(word: &str) -> Self {
        // A text can be written as JSON.
        Self(serde_json::value::to_raw_value(word).map(Json::from).unwrap_or_default())
    }

    /// Its JSON.
    pub fn json(&self) -> &Json {
        &self.0
    }

    /// Returns `true` if it makes a rule.
    pub fn makes_rule(&self) -> bool {
        matches!(self.word().as_str(), Self::ACCEPT_WITH_RULE | Self::NETWORK_RULE)
    }

    /// What it is called; nothing if it is neither a word nor an object.
    pub fn word(&self) -> String {
        self.texts().into_iter().next().unwrap_or_default()
    }

    /// What the rule of [`Decision::ACCEPT_WITH_RULE`] lets run: the beginning of a command.
    pub fn command_rule(&self) -> Option<String> {
        let texts = self.texts();
        let (_, words) = texts.split_at_checked(2).filter(|(keys, _)| keys[0] == Self::ACCEPT_WITH_RULE)?;
        (!words.is_empty()).then(|| words.join(" "))
    }

    /// The rule of [`Decision::NETWORK_RULE`]: a host, and whether it is allowed.
    pub fn network_rule(&self) -> Option<(String, bool)> {
        let texts = self.texts();
        let after = |key: &str| texts.iter().position(|text| text == key).and_then(|at| texts.get(at + 1));
        let host = after("host").filter(|_| texts[0] == Self::NETWORK_RULE)?;
        Some((host.clone(), after("action").is_some_and(|action| action == "allow")))
    }

    /// All its texts, keys and values, in the order in which they are written. (A decision nests little; this
    /// spares a reader for each level.)
    fn texts(&self) -> Vec<String> {
        let mut rest = self.0.get();
        let mut texts = Vec::new();
        while let Some(start) = rest.find('"') {
            let text = &rest[start..];
            // A quote that is escaped does not end the text.
            let mut escaped = true;
            let end = text.find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            let Some(end) = end.map(|end| end + 1) else { break };
            texts.extend(serde_json::from_str::<String>(&text[..end]));
            rest = &text[end..];
        }
        texts
    }
}

/// Two are equal when their texts are.
impl PartialEq for Decision {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// How a request ended: the event `request-resolved`. There is exactly one for each `request`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RequestResolved {
    /// Which request.
    pub id: RequestId,
    /// How it ended.
    pub outcome: Outcome,
    /// Who or what ended it.
    pub by: ResolvedBy,
    /// What codex was answered, secret answers struck out; none if it was withdrawn.
    pub result: Option<Json>,
    /// When.
    pub at: Timestamp,
    /// The rule that the answer has made, or that allowed it (`by` is `rule` then).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Box<Rule>>,
}
read_fields!(RequestResolved { result, at, rule; id, outcome, by });

words! {
    /// How a request ended.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Outcome {
        /// It was allowed.
        Accepted = "accepted",
        /// It was not; the turn goes on.
        Declined = "declined",
        /// It was not, and the turn was interrupted.
        Cancelled = "cancelled",
        /// The questions were answered.
        Answered = "answered",
        /// There is nothing to answer any more.
        Withdrawn = "withdrawn",
        /// A word that this version does not know.
        Other = "other",
    }
    other = Other
}

words! {
    /// Who or what ended a request.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ResolvedBy {
        /// A person, or a program in their name.
        User = "user",
        /// The session's setting.
        Policy = "policy",
        /// A rule of the owner's.
        Rule = "rule",
        /// Nobody who could answer was there.
        Absence = "absence",
        /// Nobody answered in time.
        Deadline = "deadline",
        /// Codex took it back, or its turn ended.
        Codex = "codex",
        /// The codex process ended, or was replaced.
        Process = "process",
        /// The session ended.
        Session = "session",
        /// A word that this version does not know.
        Other = "other",
    }
    other = Other
}

words! {
    /// Who answers what codex asks.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
    pub enum ApprovalMode {
        /// Nobody: everything is declined.
        Decline = "decline",
        /// Whoever is there to answer; declined while nobody is.
        #[default]
        AskOrDecline = "ask-or-decline",
        /// A person, whenever they come: a request waits for its answer.
        Ask = "ask",
        /// Nobody: everything is allowed.
        Accept = "accept",
    }
}

/// `GET /api/sessions/{id}/requests`: those that wait, the oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestList {
    /// Always true.
    pub ok: bool,
    /// Those that wait.
    pub requests: Vec<UserRequest>,
}

/// `POST /api/sessions/{id}/requests/{requestId}`: a decision, or what the kind of request takes beside one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct AnswerRequest {
    /// One of the available decisions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// Of permissions: the part that is granted; all that was asked for without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Json>,
    /// Of user input: the answers, by the questions' ids. Each a text, a list of texts, or codex's
    /// `{answers: [text]}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<Json>,
    /// Of an elicitation: `accept`, `decline` or `cancel`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Of an elicitation that is accepted: the form's content.
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
    /// How the request ended.
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
    fn a_decision_is_a_word_or_an_object_with_one() {
        assert_eq!(decision(r#""accept""#).word(), Decision::ACCEPT);
        assert_eq!(Decision::word_alone("decline").json().get(), r#""decline""#);
        let rule =
            decision(r#"{ "acceptWithExecpolicyAmendment": { "execpolicy_amendment": ["cargo", "test"] } }"#);
        assert_eq!(rule.word(), Decision::ACCEPT_WITH_RULE);
        assert_eq!(rule.command_rule().as_deref(), Some("cargo test"));
        assert_eq!(rule.network_rule(), None);
        let rule = decision(
            r#"{"applyNetworkPolicyAmendment":{"network_policy_amendment":{"host":"a.example","action":"deny"}}}"#,
        );
        assert_eq!(rule.word(), Decision::NETWORK_RULE);
        assert_eq!(rule.network_rule(), Some(("a.example".to_owned(), false)));
        assert_eq!(rule.command_rule(), None);
        let quoted =
            decision(r#"{"acceptWithExecpolicyAmendment":{"execpolicy_amendment":["a \"b\" \\\\","é"]}}"#);
        assert_eq!(quoted.command_rule().as_deref(), Some(r#"a "b" \\ é"#));
        for odd in ["7", "null", "[]", "{}"] {
            assert_eq!(decision(odd).word(), "", "{odd}");
        }
    }

    #[test]
    fn modes_are_ordered_by_how_much_they_allow() {
        assert!(ApprovalMode::ALL.is_sorted());
        for mode in ApprovalMode::ALL {
            assert_eq!(serde_json::to_string(mode).unwrap(), format!("\"{}\"", mode.as_str()));
        }
    }

    #[test]
    fn an_answer_with_something_unknown_in_it_is_refused() {
        assert!(serde_json::from_str::<AnswerRequest>(r#"{"decison":"accept"}"#).is_err());
        assert!(serde_json::from_str::<AnswerRequest>(r#"{"decision":"accept"}"#).is_ok());
    }
}
