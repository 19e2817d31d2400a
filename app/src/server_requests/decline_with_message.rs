//! Declining with a message: what Codex should do instead. Codex reads both together: it is told before it goes on.

use codex_gateway_wire::{
    StartTurn,
    api::WhenBusy,
    request::{AnswerRequest, Decision},
};
use leptos::prelude::*;
use web_sys::{Event, KeyboardEvent};

use super::{
    approval_choices::{choice, numbered},
    card::Card,
};
use crate::{
    browser,
    node::{El, ElementExt as _, ElementRef, Node, el, link_button, live},
    signal::RwSignalExt as _,
    state::Unsent,
};

/// A button that opens a field, and the field once it is open.
pub(super) fn tell_view(card: &Card, number: usize) -> Node {
    let t = card.chat.t;
    let open = RwSignal::new(false);
    let card = card.clone();
    live(move || {
        if open.get() {
            return Node::from(form_view(&card, open));
        }
        let button = choice(&card, false, false, move || open.set(true)).attr("data-tell", "");
        Node::from(numbered(button.child(el("span").child(t.decline_and_tell())), number))
    })
}

fn form_view(card: &Card, open: RwSignal<bool>) -> El {
    let t = card.chat.t;
    let (text, field) = (RwSignal::new(String::new()), ElementRef::new());
    let progress = RwSignal::new(Progress::NotTold);
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            request_animation_frame(move || drop(field.focus()));
        }
    });
    let close = move || {
        open.set(false);
        request_animation_frame(|| browser::focus(".question [data-tell]"));
    };
    let submit = {
        let card = card.clone();
        move |event: Event| {
            event.prevent_default();
            let words = text.get_untracked_or_default();
            if !words.trim().is_empty() {
                decline_with(&card, words, progress);
            }
        }
    };
    let pressed = move |event: KeyboardEvent| {
        // The card takes Esc for a refusal.
        if event.key() == "Escape" && !browser::is_ime_composing(&event) {
            event.prevent_default();
            event.stop_propagation();
            close();
        }
    };
    let closed = card.closed;
    let is_empty = move || text.try_with(|text| text.trim().is_empty()).unwrap_or(true);
    let input = el("input")
        .node_ref(field)
        .attr("type", "text")
        .attr("aria-label", t.tell_instead())
        .attr("placeholder", t.tell_instead())
        .attr("autocomplete", "off")
        .attr("dir", "auto")
        .unmanaged()
        .on("input", move |event: Event| text.set(event_target_value(&event)))
        .on("keydown", pressed);
    let send = el("button")
        .attr("type", "submit")
        .class("button")
        .live_attr("disabled", move || closed.get() || is_empty())
        .child(t.decline_and_send());
    el("form")
        .class("tell")
        .on("submit", submit)
        .child(input)
        .child(send)
        .child(link_button(t.cancel(), close))
}

/// How far a message has come before it is declined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Progress {
    #[default]
    NotTold,
    /// It was sent under this id and may have arrived: the same words are sent again under the same id.
    Sent { words: String, id: String },
    /// It has arrived. Only the answer is missing.
    Told,
}

/// Tells the turn that waits what to do, and then declines. What has arrived is not said again if the answer has to be tried again.
fn decline_with(card: &Card, words: String, progress: RwSignal<Progress>) {
    if card.closed.get_untracked_or_default() {
        return;
    }
    let answer = card.answer.clone();
    let decline = move || {
        let decision = Some(Decision::from_kind(Decision::DECLINE));
        answer(AnswerRequest { decision, ..AnswerRequest::default() });
    };
    let id = match progress.get_untracked_or_default() {
        Progress::Told => return decline(),
        Progress::Sent { words: sent, id } if sent == words => id,
        Progress::Sent { .. } | Progress::NotTold => browser::unique_id(),
    };
    progress.set(Progress::Sent { words: words.clone(), id: id.clone() });
    let turn = StartTurn { prompt: words, when_busy: WhenBusy::Steer, ..StartTurn::default() };
    card.closed.set(true);
    let closed = card.closed;
    card.chat.tell(Unsent::with_id(turn, id), move |arrived| {
        closed.set(false);
        if arrived {
            progress.set(Progress::Told);
            decline();
        }
    });
}
