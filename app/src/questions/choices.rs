//! The decisions, as buttons: 1 to 9 choose one, Esc declines.

use codex_gateway_wire::request::{AnswerRequest, Decision};

use super::card::Card;
use crate::{
    i18n::Texts,
    node::{El, el, many},
    text::hidden::in_order,
};

pub(super) fn choices_view(card: &Card) -> El {
    let mut number = 0;
    let buttons = card.request.available_decisions.iter().map(|decision| {
        let word = decision.word();
        let declines = word == Decision::DECLINE;
        number += usize::from(!declines);
        let (answer, sent) = (card.answer.clone(), decision.clone());
        let act = move || answer(AnswerRequest { decision: Some(sent.clone()), ..Default::default() });
        let button =
            choice(card, number == 1 && !declines, act).child(el("span").child(label(decision, card.chat.t)));
        if declines { with_key(button.attr("data-decline", ""), "Esc") } else { numbered(button, number) }
    });
    el("div").class("choices").child(many(buttons.collect::<Vec<_>>()))
}

/// A button that answers; not before the request was read, nor while an answer is on its way.
pub(super) fn choice(card: &Card, first: bool, act: impl FnMut() + Send + 'static) -> El {
    let closed = card.closed;
    el("button")
        .attr("type", "button")
        .class(if first { "button" } else { "button quiet" })
        .live_attr("disabled", move || closed.get())
        .on_click(act)
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
    let word = decision.word();
    match word.as_str() {
        Decision::ACCEPT => t.allow_once().to_owned(),
        Decision::ACCEPT_FOR_SESSION => t.allow_for_session().to_owned(),
        Decision::DECLINE => t.decline().to_owned(),
        Decision::CANCEL => t.decline_and_stop().to_owned(),
        Decision::ACCEPT_WITH_RULE => {
            decision.command_rule().map_or(word, |words| (t.allow_commands)(&rule_words(&words)))
        }
        Decision::NETWORK_RULE => match decision.network_rule() {
            Some((host, true)) => (t.allow_host)(&in_order(&host)),
            _ => word,
        },
        _ => word,
    }
}

/// The words that a command may begin with. A single one stands for itself alone.
fn rule_words(words: &str) -> String {
    let more = if words.contains(' ') { " …" } else { "" };
    in_order(words) + more
}
