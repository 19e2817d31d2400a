//! The actions of a turn that has ended: copy the answer, edit the message and send it again, fork the conversation.

use codex_gateway_wire::{TurnId, api::ThreadAction};
use view::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};

use super::turn::Turn;
use crate::{copy_button::CopyButton, state::Chat};

/// The actions of a turn; nothing while the turn runs.
#[component]
pub(super) fn TurnActions(chat: Chat, turn: Turn) -> impl IntoView {
    let toolbar = move || {
        let has_ended = !turn.facts.read().running() && turn.id().is_some();
        has_ended.then(|| view! { <Toolbar chat turn/> })
    };
    view! { {toolbar} }
}

/// The buttons. They are one tab stop, however many turns there are: the arrow keys move between them.
#[component]
fn Toolbar(chat: Chat, turn: Turn) -> impl IntoView {
    let t = chat.t;
    let answer = move || {
        let id = turn.id();
        chat.transcript.with_untracked(|transcript| Some(transcript.answer(&id?)?.text.clone()))
    };
    let has_answer = answer().is_some();
    let has_message = untrack(|| !turn.facts.read().has_own_instructions());
    let edit = move |_| turn.id().into_iter().for_each(|id| chat.edit().begin_turn(chat, id));
    let fork = move |_| turn.id().into_iter().for_each(|id| fork_after(chat, &id));
    // One edit at a time: opening another one would discard the text of the first.
    let is_edit_disabled = move || chat.edit().is_open() || chat.ended();
    view! {
        <div class="turn-actions" role="toolbar" aria-label=t.turn_actions() on:keydown=move_focus>
            {has_answer.then(|| view! { <CopyButton label=t.copy_answer() text=answer t/> })}
            {has_message.then(|| view! {
                <button
                    type="button"
                    class="link"
                    tabindex=has_answer.then_some("-1")
                    disabled=is_edit_disabled
                    on:click=edit
                >
                    {t.edit_message()}
                </button>
            })}
            <button
                type="button"
                class="link"
                tabindex=(has_answer || has_message).then_some("-1")
                on:click=fork
            >
                {t.fork_here()}
            </button>
        </div>
    }
}

/// Moves the focus to the next or the previous button on an arrow key.
fn move_focus(event: KeyboardEvent) {
    let focused = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let next = match event.key().as_str() {
        "ArrowRight" => focused.and_then(|focused| focused.next_element_sibling()),
        "ArrowLeft" => focused.and_then(|focused| focused.previous_element_sibling()),
        _ => return,
    };
    if let Some(next) = next.and_then(|next| next.dyn_into::<HtmlElement>().ok()) {
        event.prevent_default();
        let _ = next.focus();
    }
}

/// Forks the conversation after a turn and opens the fork.
fn fork_after(chat: Chat, turn: &TurnId) {
    chat.act(ThreadAction::Fork, Some(turn.to_string()));
}
