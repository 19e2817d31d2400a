//! The decisions, as buttons: 1 to 9 choose one, Esc declines.

use codex_gateway_wire::request::{AnswerRequest, Decision};
use leptos::prelude::*;

use super::{
    card::{Card, bounded},
    decline_with_message::tell_view,
};
use crate::{
    i18n::Texts,
    node::{El, ElementExt as _, el, many},
    text::hidden::exact_name,
};

/// The longest label of a button, in characters. What a longer one says is shown in full with what is asked.
const MAX_LABEL: usize = 100;

pub(super) fn choices_view(card: &Card) -> El {
    let mut number = 0;
    let buttons = card.request.available_decisions.iter().map(|decision| {
        let declines = decision.kind() == Decision::DECLINE;
        number += usize::from(!declines);
        let (answer, sent) = (card.answer.clone(), decision.clone());
        let act = move || answer(AnswerRequest { decision: Some(sent.clone()), ..Default::default() });
        let label = label(decision, card.chat.t);
        let label = el("span").child(exact_name(&bounded(&label, MAX_LABEL), card.chat.t));
        let button = choice(card, number == 1 && !declines, allows(decision), act).child(label);
        if declines { with_key(button.attr("data-decline", ""), "Esc") } else { numbered(button, number) }
    });
    let buttons = many(buttons.collect::<Vec<_>>());
    el("div").class("choices").child(buttons).child(tell_view(card, number + 1))
}

/// The labels that do not fit into their buttons.
pub(super) fn long_labels(card: &Card) -> Vec<String> {
    let labels = card.request.available_decisions.iter().map(|decision| label(decision, card.chat.t));
    labels.filter(|label| label.chars().nth(MAX_LABEL).is_some()).collect()
}

/// Returns `true` if a decision allows something. One that is not known may.
fn allows(decision: &Decision) -> bool {
    let refuses = || decision.network_rule().is_some_and(|(_, allowed)| !allowed);
    !matches!(decision.kind().as_str(), Decision::DECLINE | Decision::CANCEL) && !refuses()
}

/// A button that answers; not before the request was read, nor while an answer is on its way. One that allows something
/// does so only once all that is asked has been in view.
pub(super) fn choice(card: &Card, first: bool, allows: bool, act: impl FnMut() + Send + 'static) -> El {
    let closed = card.closed;
    let button = el("button")
        .attr("type", "button")
        .class(if first { "button" } else { "button quiet" })
        .live_attr("disabled", move || closed.get());
    if allows { locked(button, card, act) } else { button.on_click(act) }
}

/// Lets a button act only once all that is asked has been in view.
pub(super) fn locked(button: El, card: &Card, mut act: impl FnMut() + Send + 'static) -> El {
    let reading = card.reading;
    button
        .live_attr("aria-disabled", move || (!reading.is_seen()).then_some("true"))
        .live_attr("aria-describedby", move || (!reading.is_seen()).then_some("question-locked"))
        .on_click(move || reading.try_to(&mut act))
}

/// Lets a digit press the button.
pub(super) fn numbered(button: El, number: usize) -> El {
    if number > 9 {
        return button;
    }
    let digit = number.to_string();
    with_key(button.attr("data-choice", digit.clone()), digit)
}

pub(super) fn with_key(button: El, key: impl Into<String>) -> El {
    button.child(el("kbd").attr("aria-hidden", "true").child(key.into()))
}

/// A decision in words; one of the future in its own.
fn label(decision: &Decision, t: &Texts) -> String {
    let word = decision.kind();
    match word.as_str() {
        Decision::ACCEPT => t.allow_once().to_owned(),
        Decision::ACCEPT_FOR_SESSION => t.allow_for_session().to_owned(),
        Decision::DECLINE => t.decline().to_owned(),
        Decision::CANCEL => t.decline_and_stop().to_owned(),
        Decision::ACCEPT_WITH_RULE => {
            decision.command_rule().map_or(word, |words| (t.allow_commands)(&rule_words(&words)))
        }
        Decision::NETWORK_RULE => match decision.network_rule() {
            Some((host, true)) => (t.allow_host)(&host),
            _ => word,
        },
        _ => word,
    }
}

/// The words that a command may begin with. A single one stands for itself alone.
fn rule_words(words: &str) -> String {
    let more = if words.contains(' ') { " …" } else { "" };
    format!("{words}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_decision_but_a_refusal_allows_something() {
        let allows = |json: &str| allows(&serde_json::from_str(json).unwrap());
        let rule = |action: &str| {
            format!(
                r#"{{"applyNetworkPolicyAmendment":{{"network_policy_amendment":{{"host":"a.example","action":"{action}"}}}}}}"#
            )
        };
        for refusal in [r#""decline""#, r#""cancel""#, &rule("deny")] {
            assert!(!allows(refusal), "{refusal}");
        }
        for other in [r#""accept""#, r#""acceptForSession""#, r#""ofTheFuture""#, &rule("allow"), "7"] {
            assert!(allows(other), "{other}");
        }
    }
}
