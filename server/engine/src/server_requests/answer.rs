//! Converts the answers of clients to replies for codex.

use codex_gateway_wire::{
    Json, Rule,
    request::{AnswerRequest, Decision, RequestOutcome, UserRequest},
};
use serde_json::{Value, json};

use super::{Method, elicitation, parse_value, permissions, to_json, tool_approval, user_input};

/// Why an answer is refused. The request stays pending.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAnswer {
    /// The answer has no decision, and no other field that this kind of request takes.
    #[error("say a decision, one of: {0}")]
    NoDecision(String),
    /// The answer has more than one of `decision`, `answers` and `action`.
    #[error("say one of decision, answers and action, not several")]
    Ambiguous,
    /// The decision is not offered for this request.
    #[error("{given} is not offered here; say one of: {offered}")]
    NotOffered {
        /// The decision of the answer, as JSON, shortened.
        given: String,
        /// The offered decisions, as JSON.
        offered: String,
    },
    /// The answer would grant more than codex requested.
    #[error("the permissions are more than was asked for")]
    ExceedsRequest,
    /// `answers` is not an object of texts.
    #[error("answers should be an object: each question's id with a text, or a list of texts")]
    InvalidAnswers,
    /// The request has no question with this id.
    #[error("there is no question {0:?}")]
    NoSuchQuestion(String),
    /// A question has no answer.
    #[error("the question {0:?} has no answer")]
    Unanswered(String),
    /// The question does not offer the choice.
    #[error("the question {0:?} does not offer that choice")]
    NoSuchChoice(String),
    /// `content` is not an object.
    #[error("content should be an object: what the form is filled in with")]
    InvalidContent,
    /// A required field of the form is missing.
    #[error("the field {0:?} is missing")]
    FieldMissing(String),
    /// The form has no field with this name.
    #[error("there is no field {0:?}")]
    NoSuchField(String),
    /// The value does not fit the type or the choices of the field.
    #[error("the field {0:?} does not take that")]
    InvalidField(String),
    /// The decision would make a rule that the gateway cannot keep for this request.
    #[error("this cannot be allowed from now on here; allow it once")]
    NoRule,
    /// The parameters have a form that this version does not understand. The request can be declined.
    #[error("this request was not understood; it can only be declined")]
    NotUnderstood,
}

/// How a request was resolved, and the result for codex.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Resolution {
    pub outcome: RequestOutcome,
    pub result: Json,
    /// The result with secret answers redacted. `None` if there are no secrets.
    pub redacted: Option<Json>,
    /// The rule that the answer made, or the rule that allows the request.
    pub rule: Option<Rule>,
}

impl Resolution {
    /// Declines a request.
    pub(crate) fn declined(method: Method) -> Self {
        Self {
            outcome: RequestOutcome::Declined,
            result: to_json(&method.declined()),
            redacted: None,
            rule: None,
        }
    }

    /// Accepts a request in a session that accepts everything. `None` if only a person can answer.
    pub(crate) fn accepted(method: Method, params: &Json) -> Option<Self> {
        let result = method.accepted(params)?;
        Some(Self { outcome: RequestOutcome::Accepted, result: to_json(&result), redacted: None, rule: None })
    }

    /// Checks the answer of a client and converts it.
    pub(crate) fn from_answer(
        method: Method,
        request: &UserRequest,
        answer: AnswerRequest,
    ) -> Result<Self, BadAnswer> {
        // The gateway does not guess which field counts: one may allow what another declines.
        let given = [answer.decision.is_some(), answer.answers.is_some(), answer.action.is_some()];
        if given.into_iter().filter(|given| *given).count() > 1 {
            return Err(BadAnswer::Ambiguous);
        }
        if method == Method::UserInput
            && let Some(answers) = &answer.answers
        {
            let (result, redacted) =
                user_input::answers(&parse_value(&request.params), &parse_value(answers))?;
            let redacted = (result != redacted).then(|| to_json(&redacted));
            return Ok(Self {
                outcome: RequestOutcome::Answered,
                result: to_json(&result),
                redacted,
                rule: None,
            });
        }
        let decision = chosen_decision(request, &answer)?;
        let outcome = outcome(&decision);
        let result = match method {
            // Codex would store the rule for all owners. The gateway stores it instead, and codex accepts this
            // request only.
            Method::Command if decision.makes_rule() && outcome == RequestOutcome::Accepted => {
                json!({ "decision": Decision::ACCEPT })
            }
            Method::Command if decision.makes_rule() => method.declined(),
            Method::Command | Method::FileChange => json!({ "decision": decision.json() }),
            Method::OldCommand | Method::OldFileChange => match decision.kind().as_str() {
                Decision::ACCEPT => json!({ "decision": "approved" }),
                Decision::ACCEPT_FOR_SESSION => json!({ "decision": "approved_for_session" }),
                Decision::CANCEL => json!({ "decision": "abort" }),
                _ => method.declined(),
            },
            Method::Permissions if outcome == RequestOutcome::Accepted => {
                let scope = if decision.kind() == Decision::ACCEPT { "turn" } else { "session" };
                json!({ "permissions": granted(request, answer.permissions.as_ref())?, "scope": scope })
            }
            Method::Elicitation if outcome == RequestOutcome::Accepted && request.summary.tool.is_some() => {
                tool_approval::accepted(decision.kind() == Decision::ACCEPT_FOR_SESSION)
            }
            Method::Elicitation if outcome == RequestOutcome::Accepted => {
                let content = answer.content.as_ref().map(parse_value).unwrap_or_default();
                let content = elicitation::content(&parse_value(&request.params), content)?;
                json!({ "action": "accept", "content": content, "_meta": null })
            }
            Method::Elicitation => json!({ "action": decision.json(), "content": null, "_meta": null }),
            Method::Permissions | Method::UserInput => method.declined(),
        };
        Ok(Self { outcome, result: to_json(&result), redacted: None, rule: None })
    }
}

/// Returns the decision of an answer. The `action` of an elicitation counts as a decision.
///
/// # Errors
/// [`BadAnswer::NoDecision`], [`BadAnswer::NotOffered`]
pub(crate) fn chosen_decision(request: &UserRequest, answer: &AnswerRequest) -> Result<Decision, BadAnswer> {
    let offered = &request.available_decisions;
    let list = || offered.iter().map(|decision| decision.json().get()).collect::<Vec<_>>().join(", ");
    let action = answer.action.as_deref().map(Decision::from_kind);
    let Some(given) = answer.decision.clone().or(action) else { return Err(BadAnswer::NoDecision(list())) };
    // Compared as values, so that whitespace and the order of fields do not matter.
    let same = |decision: &&Decision| parse_value(decision.json()) == parse_value(given.json());
    offered.iter().find(same).cloned().ok_or_else(|| {
        let text = given.json().get();
        let given = text[..text.floor_char_boundary(100)].to_owned();
        BadAnswer::NotOffered { given, offered: list() }
    })
}

fn outcome(decision: &Decision) -> RequestOutcome {
    match decision.kind().as_str() {
        Decision::DECLINE => RequestOutcome::Declined,
        Decision::CANCEL => RequestOutcome::Cancelled,
        Decision::NETWORK_RULE if decision.network_rule().is_none_or(|(_, allow)| !allow) => {
            RequestOutcome::Declined
        }
        _ => RequestOutcome::Accepted,
    }
}

/// The granted permissions: the subset that the client names, or all requested ones.
fn granted(request: &UserRequest, part: Option<&Json>) -> Result<Value, BadAnswer> {
    let requested = permissions::requested(&parse_value(&request.params));
    match part.map(parse_value) {
        None => Ok(requested),
        Some(part) if part.is_object() && permissions::is_subset_of(&part, &requested) => {
            Ok(permissions::requested(&json!({ "permissions": part })))
        }
        Some(_) => Err(BadAnswer::ExceedsRequest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(method: Method, params: Value, answer: Value) -> Result<(RequestOutcome, Value), BadAnswer> {
        let params = to_json(&params);
        let request = UserRequest {
            id: "r".into(),
            kind: method.kind(),
            method: String::new(),
            summary: crate::server_requests::summarize(&params),
            available_decisions: method.decisions(&params),
            params,
            created_at: codex_gateway_wire::Timestamp::default(),
            deadline: None,
        };
        let answer = serde_json::from_value(answer).unwrap();
        Resolution::from_answer(method, &request, answer)
            .map(|answered| (answered.outcome, parse_value(&answered.result)))
    }

    #[test]
    fn decision_is_sent_to_codex_as_offered_except_for_rules() {
        let rule = json!({ "acceptWithExecpolicyAmendment": { "execpolicy_amendment": ["cargo", "test"] } });
        let deny = json!({ "applyNetworkPolicyAmendment": { "network_policy_amendment": { "host": "a.example", "action": "deny" } } });
        let params = json!({ "availableDecisions": ["accept", rule, deny, "cancel"] });
        for (decision, outcome) in [
            (json!("accept"), RequestOutcome::Accepted),
            (json!("decline"), RequestOutcome::Declined),
            (json!("cancel"), RequestOutcome::Cancelled),
        ] {
            let given = json!({ "decision": decision });
            assert_eq!(answer(Method::Command, params.clone(), given.clone()), Ok((outcome, given)));
        }
        for (decision, outcome, reply) in
            [(rule, RequestOutcome::Accepted, "accept"), (deny, RequestOutcome::Declined, "decline")]
        {
            let reply = json!({ "decision": reply });
            let answered = answer(Method::Command, params.clone(), json!({ "decision": decision }));
            assert_eq!(answered, Ok((outcome, reply)), "codex does not store the rule");
        }
    }

    #[test]
    fn decision_that_is_not_offered_is_refused() {
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
    fn answer_with_more_than_one_decision_is_refused() {
        for (method, given) in [
            (Method::Elicitation, json!({ "decision": "accept", "action": "decline" })),
            (Method::UserInput, json!({ "decision": "decline", "answers": {} })),
            (Method::Command, json!({ "decision": "decline", "action": "accept" })),
        ] {
            assert_eq!(answer(method, json!({ "questions": [] }), given), Err(BadAnswer::Ambiguous));
        }
    }

    #[test]
    fn permissions_are_granted_in_part_or_in_full_for_a_turn_or_the_session() {
        let params = json!({ "permissions": { "network": { "enabled": true }, "fileSystem": { "write": ["/a", "/b"] } } });
        let all = params["permissions"].clone();
        let resolve = |given: Value| answer(Method::Permissions, params.clone(), given);
        assert_eq!(
            resolve(json!({ "decision": "accept" })),
            Ok((RequestOutcome::Accepted, json!({ "permissions": all, "scope": "turn" })))
        );
        let part = json!({ "fileSystem": { "write": ["/b"] } });
        assert_eq!(
            resolve(json!({ "decision": "acceptForSession", "permissions": part })),
            Ok((RequestOutcome::Accepted, json!({ "permissions": part, "scope": "session" })))
        );
        let more = json!({ "decision": "accept", "permissions": { "fileSystem": { "write": ["/"] } } });
        assert_eq!(resolve(more), Err(BadAnswer::ExceedsRequest));
        assert_eq!(
            resolve(json!({ "decision": "decline" })),
            Ok((RequestOutcome::Declined, json!({ "permissions": {}, "scope": "turn" })))
        );
    }

    #[test]
    fn tool_call_is_allowed_once_or_for_the_session() {
        let params = |persist: Value| {
            json!({ "mode": "form", "_meta": { "codex_approval_kind": "mcp_tool_call", "tool_name": "find", "persist": persist },
                "requestedSchema": { "type": "object", "properties": {} } })
        };
        let resolve = |persist: Value, decision: &str| {
            answer(Method::Elicitation, params(persist), json!({ "decision": decision }))
        };
        let accepted = |meta: Value| json!({ "action": "accept", "content": {}, "_meta": meta });
        let both = json!(["session", "always"]);
        assert_eq!(resolve(both.clone(), "accept"), Ok((RequestOutcome::Accepted, accepted(Value::Null))));
        let for_session = Ok((RequestOutcome::Accepted, accepted(json!({ "persist": "session" }))));
        assert_eq!(resolve(both.clone(), "acceptForSession"), for_session);
        assert_eq!(resolve(json!("session"), "acceptForSession"), for_session);
        let declined = json!({ "action": "decline", "content": null, "_meta": null });
        assert_eq!(resolve(both, "decline"), Ok((RequestOutcome::Declined, declined)));
        assert!(matches!(resolve(json!("always"), "acceptForSession"), Err(BadAnswer::NotOffered { .. })));
    }

    #[test]
    fn form_is_answered_with_an_action() {
        let form =
            json!({ "mode": "form", "requestedSchema": { "properties": { "n": { "type": "integer" } } } });
        let resolve = |given: Value| answer(Method::Elicitation, form.clone(), given);
        assert_eq!(
            resolve(json!({ "action": "accept", "content": { "n": 7 } })),
            Ok((
                RequestOutcome::Accepted,
                json!({ "action": "accept", "content": { "n": 7 }, "_meta": null })
            ))
        );
        assert_eq!(
            resolve(json!({ "action": "cancel" })),
            Ok((RequestOutcome::Cancelled, json!({ "action": "cancel", "content": null, "_meta": null })))
        );
        assert_eq!(
            resolve(json!({ "action": "accept", "content": { "n": "7" } })),
            Err(BadAnswer::InvalidField("n".into()))
        );
        let verification = json!({ "mode": "openai/userVerification" });
        assert!(answer(Method::Elicitation, verification, json!({ "action": "accept" })).is_err());
    }

    #[test]
    fn deprecated_requests_are_answered_in_their_own_format() {
        let resolve = |decision: &str| {
            answer(Method::OldCommand, json!({}), json!({ "decision": decision })).unwrap().1
        };
        assert_eq!(resolve("accept"), json!({ "decision": "approved" }));
        assert_eq!(resolve("acceptForSession"), json!({ "decision": "approved_for_session" }));
        assert_eq!(resolve("cancel"), json!({ "decision": "abort" }));
        assert!(resolve("decline")["decision"]["denied"]["rejection"].is_string());
    }

    #[test]
    fn questions_can_be_declined() {
        let declined =
            answer(Method::UserInput, json!({ "questions": [] }), json!({ "decision": "decline" }));
        assert_eq!(declined, Ok((RequestOutcome::Declined, json!({ "answers": {} }))));
    }
}
