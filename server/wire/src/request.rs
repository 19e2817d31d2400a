//! What codex asks of the user: a request that waits, what it can be answered, and how it ended.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ItemId, RequestId, ThreadId, TurnId},
    json::Json,
    read_fields,
};

/// A request to the user that waits for its end: the event `request`.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
    /// The decisions that can be answered, the least far-reaching first; declining is always among them.
    pub available_decisions: Vec<Decision>,
    /// When it came, in Unix milliseconds.
    pub created_at: i64,
    /// When it is declined if nobody answers, in Unix milliseconds; none: it waits for ever.
    pub deadline: Option<i64>,
}
read_fields!(UserRequest { method, params, available_decisions, created_at, deadline; id, kind });

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RequestKind {
    /// To run a command, or to let one reach the network. Answered by a decision.
    Command,
    /// To change files. Answered by a decision.
    FileChange,
    /// To be allowed more than the sandbox does. Answered by a decision, or by what is granted.
    Permissions,
    /// Questions of the agent. Answered by answers.
    UserInput,
    /// A form or a link of an MCP server. Answered by an action, and the form's content.
    Elicitation,
    /// A word that this version does not know.
    #[serde(other)]
    Other,
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
    /// From here on, every command that begins like this one.
    pub const ACCEPT_WITH_RULE: &'static str = "acceptWithExecpolicyAmendment";
    /// From here on, allow a host, or refuse it.
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

    /// What it is called; nothing if it is neither a word nor an object.
    pub fn word(&self) -> String {
        let text = self.0.get();
        let word = text.trim_start_matches(|c: char| c == '{' || c.is_whitespace());
        let word = word.strip_prefix('"').unwrap_or_default();
        word.split('"').next().unwrap_or_default().to_owned()
    }

    /// What the rule of [`Decision::ACCEPT_WITH_RULE`] lets run: the beginning of a command.
    pub fn command_rule(&self) -> Option<Vec<String>> {
        struct Rule {
            accept_with_execpolicy_amendment: Inner,
        }
        #[derive(Default)]
        struct Inner {
            execpolicy_amendment: Vec<String>,
        }
        read_fields!(Inner { execpolicy_amendment });
        read_fields!(Rule { accept_with_execpolicy_amendment });
        let rule: Rule = serde_json::from_str(self.0.get()).ok()?;
        Some(rule.accept_with_execpolicy_amendment.execpolicy_amendment).filter(|rule| !rule.is_empty())
    }

    /// The rule of [`Decision::NETWORK_RULE`]: a host, and whether it is allowed.
    pub fn network_rule(&self) -> Option<(String, bool)> {
        struct Rule {
            apply_network_policy_amendment: Inner,
        }
        #[derive(Default)]
        struct Inner {
            network_policy_amendment: Amendment,
        }
        #[derive(Default)]
        struct Amendment {
            host: String,
            action: String,
        }
        read_fields!(Amendment { host, action });
        read_fields!(Inner { network_policy_amendment });
        read_fields!(Rule { apply_network_policy_amendment });
        let rule: Rule = serde_json::from_str(self.0.get()).ok()?;
        let Amendment { host, action } = rule.apply_network_policy_amendment.network_policy_amendment;
        (!host.is_empty()).then_some((host, action == "allow"))
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
    /// When, in Unix milliseconds.
    pub at: i64,
}
read_fields!(RequestResolved { result, at; id, outcome, by });

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It was allowed.
    Accepted,
    /// It was not; the turn goes on.
    Declined,
    /// It was not, and the turn was interrupted.
    Cancelled,
    /// The questions were answered.
    Answered,
    /// There is nothing to answer any more.
    Withdrawn,
    /// A word that this version does not know.
    #[serde(other)]
    Other,
}

/// Who or what ended a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ResolvedBy {
    /// A person, or a program in their name.
    User,
    /// The session's setting.
    Policy,
    /// Nobody who could answer was there.
    Absence,
    /// Nobody answered in time.
    Deadline,
    /// Codex took it back, or its turn ended.
    Codex,
    /// The codex process ended, or was replaced.
    Process,
    /// The session ended.
    Session,
    /// A word that this version does not know.
    #[serde(other)]
    Other,
}

/// Who answers what codex asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalMode {
    /// Nobody: everything is declined.
    Decline,
    /// Whoever is there to answer; declined while nobody is.
    #[default]
    AskOrDecline,
    /// A person, whenever they come: a request waits for its answer.
    Ask,
    /// Nobody: everything is allowed.
    Accept,
}

impl ApprovalMode {
    /// All of them, the strictest first.
    pub const ALL: [Self; 4] = [Self::Decline, Self::AskOrDecline, Self::Ask, Self::Accept];

    /// The word on the wire and in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decline => "decline",
            Self::AskOrDecline => "ask-or-decline",
            Self::Ask => "ask",
            Self::Accept => "accept",
        }
    }
}

/// What the parameters of most requests say of themselves, whatever their kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestSubject {
    /// The thread that asks.
    pub thread_id: Option<ThreadId>,
    /// The turn that waits.
    pub turn_id: Option<TurnId>,
    /// The item that it is about.
    pub item_id: Option<ItemId>,
}
read_fields!(RequestSubject { thread_id, turn_id, item_id });

impl UserRequest {
    /// What it says of itself.
    pub fn subject(&self) -> RequestSubject {
        serde_json::from_str(self.params.get()).unwrap_or_default()
    }
}

/// `GET /api/sessions/{id}/requests`: those that wait, the oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestList {
    /// Always true.
    pub ok: bool,
    /// Those that wait.
    pub requests: Vec<UserRequest>,
}

/// `POST /api/sessions/{id}/requests/{requestId}`: a decision, or what the kind of request takes beside one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
        assert_eq!(rule.command_rule(), Some(vec!["cargo".to_owned(), "test".to_owned()]));
        assert_eq!(rule.network_rule(), None);
        let rule = decision(
            r#"{"applyNetworkPolicyAmendment":{"network_policy_amendment":{"host":"a.example","action":"deny"}}}"#,
        );
        assert_eq!(rule.word(), Decision::NETWORK_RULE);
        assert_eq!(rule.network_rule(), Some(("a.example".to_owned(), false)));
        for odd in ["7", "null", "[]", "{}"] {
            assert_eq!(decision(odd).word(), "", "{odd}");
        }
    }

    #[test]
    fn modes_are_ordered_by_how_much_they_allow() {
        assert!(ApprovalMode::ALL.is_sorted());
        for mode in ApprovalMode::ALL {
            assert_eq!(serde_json::to_string(&mode).unwrap(), format!("\"{}\"", mode.as_str()));
        }
    }

    #[test]
    fn an_answer_with_something_unknown_in_it_is_refused() {
        assert!(serde_json::from_str::<AnswerRequest>(r#"{"decison":"accept"}"#).is_err());
        assert!(serde_json::from_str::<AnswerRequest>(r#"{"decision":"accept"}"#).is_ok());
    }
}
