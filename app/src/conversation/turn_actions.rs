//! What can be done with a turn that has ended: its answer copied, its message edited and sent again, the conversation
//! gone on with from there in another one.

use codex_gateway_wire::{TurnId, api::ThreadAction};
use leptos::prelude::Read;
use leptos::prelude::*;
use view::view;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};

use super::{
    Chat,
    turn::{Turn, turn_of},
};
use crate::{
    cards::CopyButton,
    node::{El, ElementExt as _, Node, el, link_button, live, many},
    state::GroupKey,
};

pub(super) fn turn_actions(chat: Chat, key: RwSignal<GroupKey>, turn: Turn) -> Node {
    let t = chat.t;
    let act = move |label: &'static str, act: fn(Chat, TurnId)| -> El {
        link_button(label, move || turn_of(key).into_iter().for_each(|turn| act(chat, turn)))
    };
    live(move || {
        let ended = !turn.facts.read().running() && turn_of(key).is_some();
        ended.then(|| {
            let answer = move || {
                let turn = turn_of(key);
                chat.live.with_untracked(|transcript| Some(transcript.answer(&turn?)?.text.clone()))
            };
            let has_answer = answer().is_some();
            let all: [Node; 3] = [
                has_answer.then(|| view! { <CopyButton label=t.copy_answer() text=answer t/> }).into(),
                act(t.edit_message(), |chat, turn| chat.edit().begin_turn(chat, turn))
                    // One edit at a time: what is written in another one would be lost.
                    .live_attr("disabled", move || chat.edit().is_open() || chat.ended())
                    .attr("tabindex", has_answer.then_some("-1"))
                    .into(),
                act(t.fork_here(), fork).attr("tabindex", "-1").into(),
            ];
            // One stop for the Tab key, however many turns there are; the arrows go from one to the next.
            el("div")
                .class("turn-actions")
                .attr("role", "toolbar")
                .attr("aria-label", t.about_turn())
                .on("keydown", go_along)
                .child(many(all))
        })
    })
}

fn go_along(event: KeyboardEvent) {
    let on = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let next = match event.key().as_str() {
        "ArrowRight" => on.and_then(|on| on.next_element_sibling()),
        "ArrowLeft" => on.and_then(|on| on.previous_element_sibling()),
        _ => return,
    };
    if let Some(next) = next.and_then(|next| next.dyn_into::<HtmlElement>().ok()) {
        event.prevent_default();
        let _ = next.focus();
    }
}

/// Goes on from the end of the turn in another conversation.
fn fork(chat: Chat, turn: TurnId) {
    chat.act(ThreadAction::Fork, Some(turn.to_string()));
}
