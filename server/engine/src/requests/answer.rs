//! What a client answers, as codex takes it.

use codex_gateway_wire::{
    Json, Rule,
    request::{AnswerRequest, Decision, Outcome, UserRequest},
};
use serde_json::{Value, json};

use super::{Method, elicitation, permissions, raw, tool_call, user_input, value};

/// Why an answer cannot be taken. The request still waits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAnswer {
    /// It has no decision, and nothing that this kind of request takes instead.
    #[error("say a decision, one of: {0}")]
    NoDecision(String),
    /// It says more than one thing.
    #[error("say one of decision, answers and action, not several")]
    Several,
    /// The decision is not one of those that are offered.
    #[error("{given} is not offered here; say one of: {offered}")]
    NotOffered {
        /// What was said.
        given: String,
        /// What can be said.
        offered: String,
    },
    /// More would be granted than was asked for.
    #[error("the permissions are more than was asked for")]
    TooMuch,
    /// `answers` is no object of texts.
    #[error("answers should be an object: each question's id with a text, or a list of texts")]
    Answers,
    /// There is no such question.
    #[error("there is no question {0:?}")]
    NoSuchQuestion(String),
    /// A question has no answer.
    #[error("the question {0:?} has no answer")]
    Unanswered(String),
    /// The question does not offer that.
    #[error("the question {0:?} does not offer that choice")]
    NoSuchChoice(String),
    /// `content` is no object.
    #[error("content should be an object: what the form is filled in with")]
    Content,
    /// The form needs a field.
    #[error("the field {0:?} is missing")]
    FieldMissing(String),
    /// The form has no such field.
    #[error("there is no field {0:?}")]
    NoSuchField(String),
    /// The field takes something else.
    #[error("the field {0:?} does not take that")]
    Field(String),
    /// The decision would make a rule that the gateway cannot keep here.
    #[error("this cannot be allowed from now on here; allow it once")]
    NoRule,
    /// Codex asked in a way that this version does not understand. It can be declined.
    #[error("this request was not understood; it can only be declined")]
    NotUnderstood,
}

/// The end of a request, and what codex is told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answered {
    pub outcome: Outcome,
    pub result: Json,
    /// The result with secret answers struck out, if there are any.
    pub shown: Option<Json>,
    /// The rule that this has made, or that allows it.
    pub rule: Option<Rule>,
}

impl Answered {
    /// Nobody allows it.
    pub(crate) fn declined(method: Method) -> Self {
        Self { outcome: Outcome::Declined, result: raw(&method.declined()), shown: None, rule: None }
    }

    /// Everything is allowed here; none if only a person knows.
    pub(crate) fn accepted(method: Method, params: &Json) -> Option<Self> {
        let result = method.accepted(params)?;
        Some(Self { outcome: Outcome::Accepted, result: raw(&result), shown: None, rule: None })
    }

    /// Reads what a client answers.
    pub(crate) fn read(
        method: Method,
        request: &UserRequest,
        answer: AnswerRequest,
    ) -> Result<Self, BadAnswer> {
        // Which of them counts is not for us to guess: one may allow what the other declines.
        let said = [answer.decision.is_some(), answer.answers.is_some(), answer.action.is_some()];
        if said.into_iter().filter(|said| *said).count() > 1 {
            return Err(BadAnswer::Several);
        }
        if method == Method::UserInput
            && let Some(answers) = &answer.answers
        {
            let (told, shown) = user_input::answers(&value(&request.params), &value(answers))?;
            let shown = (told != shown).then(|| raw(&shown));
            return Ok(Self { outcome: Outcome::Answered, result: raw(&told), shown, rule: None });
        }
        let decision = decision(request, &answer)?;
        let outcome = outcome(&decision);
        let result = match method {
            // Codex would keep the rule for all owners. The gateway keeps it, and codex is told of this once.
            Method::Command if decision.makes_rule() && outcome == Outcome::Accepted => {
                json!({ "decision": Decision::ACCEPT })
            }
            Method::Command if decision.makes_rule() => method.declined(),
            Method::Command | Method::FileChange => json!({ "decision": decision.json() }),
            Method::OldCommand | Method::OldFileChange => match decision.word().as_str() {
                Decision::ACCEPT => json!({ "decision": "approved" }),
                Decision::ACCEPT_FOR_SESSION => json!({ "decision": "approved_for_session" }),
                Decision::CANCEL => json!({ "decision": "abort" }),
                _ => method.declined(),
            },
            Method::Permissions if outcome == Outcome::Accepted => {
                let scope = if decision.word() == Decision::ACCEPT { "turn" } else { "session" };
                json!({ "permissions": granted(request, answer.permissions.as_ref())?, "scope": scope })
            }
            Method::Elicitation if outcome == Outcome::Accepted && request.summary.tool.is_some() => {
                tool_call::accepted(decision.word() == Decision::ACCEPT_FOR_SESSION)
            }
            Method::Elicitation if outcome == Outcome::Accepted => {
                let content = answer.content.as_ref().map(value).unwrap_or_default();
                let content = elicitation::content(&value(&request.params), content)?;
                json!({ "action": "accept", "content": content, "_meta": null })
            }
            Method::Elicitation => json!({ "action": decision.json(), "content": null, "_meta": null }),
            Method::Permissions | Method::UserInput => method.declined(),
        };
        Ok(Self { outcome, result: raw(&result), shown: None, rule: None })
    }
}

/// The decision of an answer, if it is offered. An elicitation's `action` is one too.
pub(crate) fn decision(request: &UserRequest, answer: &AnswerRequest) -> Result<Decision, BadAnswer> {
    let offered = &request.available_decisions;
    let list = || offered.iter().map(|decision| decision.json().get()).collect::<Vec<_>>().join(", ");
    let action = answer.action.as_deref().map(Decision::word_alone);
    let Some(given) = answer.decision.clone().or(action) else { return Err(BadAnswer::NoDecision(list())) };
    // Compared as values: spaces and the order of fields do not count.
    let same = |decision: &&Decision| value(decision.json()) == value(given.json());
    offered.iter().find(same).cloned().ok_or_else(|| {
        let text = given.json().get();
        let given = text[..text.floor_char_boundary(100)].to_owned();
        BadAnswer::NotOffered { given, offered: list() }
    })
}

fn outcome(decision: &Decision) -> Outcome {
    match decision.word().as_str() {
        Decision::DECLINE => Outcome::Declined,
        Decision::CANCEL => Outcome::Cancelled,
        Decision::NETWORK_RULE if decision.network_rule().is_none_or(|(_, allow)| !allow) => {
            Outcome::Declined
        }
        _ => Outcome::Accepted,
    }
}

/// What is granted: the part that the client names, or all that was asked for.
fn granted(request: &UserRequest, part: Option<&Json>) -> Result<Value, BadAnswer> {
    let asked = permissions::asked(&value(&request.params));
    match part.map(value) {
        None => Ok(asked),
        Some(part) if part.is_object() && permissions::is_part_of(&part, &asked) => {
            Ok(permissions::asked(&json!({ "permissions": part })))
        }
        Some(_) => Err(BadAnswer::TooMuch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(method: Method, params: Value, answer: Value) -> Result<(Outcome, Value), BadAnswer> {
        let params = raw(&params);
        let request = UserRequest {
            id: "r".into(),
            kind: method.kind(),
            method: String::new(),
            summary: crate::requests::summary(&params),
            available_decisions: method.decisions(&params),
            params,
            created_at: codex_gateway_wire::Timestamp::default(),
            deadline: None,
        };
        let answer = serde_json::from_value(answer).unwrap();
        Answered::read(method, &request, answer).map(|answered| (answered.outcome, value(&answered.result)))
    }

    #[test]
    fn a_decision_goes_to_codex_as_it_offered_it() {
        let rule = json!({ "acceptWithExecpolicyAmendment": { "execpolicy_amendment": ["cargo", "test"] } });
        let deny = json!({ "applyNetworkPolicyAmendment": { "network_policy_amendment": { "host": "a.example", "action": "deny" } } });
        let params = json!({ "availableDecisions": ["accept", rule, deny, "cancel"] });
        for (decision, outcome) in [
            (json!("accept"), Outcome::Accepted),
            (json!("decline"), Outcome::Declined),
            (json!("cancel"), Outcome::Cancelled),
        ] {
            let given = json!({ "decision": decision });
            assert_eq!(answer(Method::Command, params.clone(), given.clone()), Ok((outcome, given)));
        }
        for (decision, outcome, told) in
            [(rule, Outcome::Accepted, "accept"), (deny, Outcome::Declined, "decline")]
        {
            let told = json!({ "decision": told });
            let answered = answer(Method::Command, params.clone(), json!({ "decision": decision }));
            assert_eq!(answered, Ok((outcome, told)), "codex is told of no rule");
        }
    }

    #[test]
    fn what_is_not_offered_is_refused() {
        let params = json!({ "availableDecisions": ["accept"] });
        let other_rule = json!({ "acceptWithExecpolicyAmendment": { "execpolicy_amendment": ["rm"] } });
        for decision in
            [json!("acceptForSession"), json!("approved"), other_rule, json!(7), json!("x".repeat(1000))]
        {
            let refused =
                answer(Method::Command, params.clone(), json!({ "decision": decision })).unwrap_err();
            assert!(
                matches!(refused, BadAnswer::NotOffered { .. }) && refused.to_string().len() < 200,
                "{refused}"
            );
        }
        let refused = answer(Method::Command, params, json!({})).unwrap_err();
        assert_eq!(refused, BadAnswer::NoDecision(r#""accept", "decline""#.into()));
    }

    #[test]
    fn an_answer_says_one_thing() {
        for (method, given) in [
            (Method::Elicitation, json!({ "decision": "accept", "action": "decline" })),
            (Method::UserInput, json!({ "decision": "decline", "answers": {} })),
            (Method::Command, json!({ "decision": "decline", "action": "accept" })),
        ] {
            assert_eq!(answer(method, json!({ "questions": [] }), given), Err(BadAnswer::Several));
        }
    }

    #[test]
    fn permissions_are_granted_in_part_or_whole_for_a_turn_or_the_session() {
        let params = json!({ "permissions": { "network": { "enabled": true }, "fileSystem": { "write": ["/a", "/b"] } } });
        let all = params["permissions"].clone();
        let ask = |given: Value| answer(Method::Permissions, params.clone(), given);
        assert_eq!(
            ask(json!({ "decision": "accept" })),
            Ok((Outcome::Accepted, json!({ "permissions": all, "scope": "turn" })))
        );
        let part = json!({ "fileSystem": { "write": ["/b"] } });
        assert_eq!(
            ask(json!({ "decision": "acceptForSession", "permissions": part })),
            Ok((Outcome::Accepted, json!({ "permissions": part, "scope": "session" })))
        );
        let more = json!({ "decision": "accept", "permissions": { "fileSystem": { "write": ["/"] } } });
        assert_eq!(ask(more), Err(BadAnswer::TooMuch));
        assert_eq!(
            ask(json!({ "decision": "decline" })),
            Ok((Outcome::Declined, json!({ "permissions": {}, "scope": "turn" })))
        );
    }

    #[test]
    fn tool_call_is_allowed_once_or_for_the_session() {
        let asked = |persist: Value| {
            json!({ "mode": "form", "_meta": { "codex_approval_kind": "mcp_tool_call", "tool_name": "find", "persist": persist },
                "requestedSchema": { "type": "object", "properties": {} } })
        };
        let ask = |persist: Value, decision: &str| {
            answer(Method::Elicitation, asked(persist), json!({ "decision": decision }))
        };
        let told = |meta: Value| json!({ "action": "accept", "content": {}, "_meta": meta });
        let both = json!(["session", "always"]);
        assert_eq!(ask(both.clone(), "accept"), Ok((Outcome::Accepted, told(Value::Null))));
        let lasting = Ok((Outcome::Accepted, told(json!({ "persist": "session" }))));
        assert_eq!(ask(both.clone(), "acceptForSession"), lasting);
        assert_eq!(ask(json!("session"), "acceptForSession"), lasting);
        let declined = json!({ "action": "decline", "content": null, "_meta": null });
        assert_eq!(ask(both, "decline"), Ok((Outcome::Declined, declined)));
        assert!(matches!(ask(json!("always"), "acceptForSession"), Err(BadAnswer::NotOffered { .. })));
    }

    #[test]
    fn a_form_is_answered_by_an_action() {
        let form =
            json!({ "mode": "form", "requestedSchema": { "properties": { "n": { "type": "integer" } } } });
        let ask = |given: Value| answer(Method::Elicitation, form.clone(), given);
        assert_eq!(
            ask(json!({ "action": "accept", "content": { "n": 7 } })),
            Ok((Outcome::Accepted, json!({ "action": "accept", "content": { "n": 7 }, "_meta": null })))
        );
        assert_eq!(
            ask(json!({ "action": "cancel" })),
            Ok((Outcome::Cancelled, json!({ "action": "cancel", "content": null, "_meta": null })))
        );
        assert_eq!(
            ask(json!({ "action": "accept", "content": { "n": "7" } })),
            Err(BadAnswer::Field("n".into()))
        );
        let verification = json!({ "mode": "openai/userVerification" });
        assert!(answer(Method::Elicitation, verification, json!({ "action": "accept" })).is_err());
    }

    #[test]
    fn old_requests_are_answered_in_their_own_words() {
        let ask = |decision: &str| {
            answer(Method::OldCommand, json!({}), json!({ "decision": decision })).unwrap().1
        };
        assert_eq!(ask("accept"), json!({ "decision": "approved" }));
        assert_eq!(ask("acceptForSession"), json!({ "decision": "approved_for_session" }));
        assert_eq!(ask("cancel"), json!({ "decision": "abort" }));
        assert!(ask("decline")["decision"]["denied"]["rejection"].is_string());
    }

    #[test]
    fn questions_can_be_declined() {
        let declined =
            answer(Method::UserInput, json!({ "questions": [] }), json!({ "decision": "decline" }));
        assert_eq!(declined, Ok((Outcome::Declined, json!({ "answers": {} }))));
    }
}
