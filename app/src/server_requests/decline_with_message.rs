//! "Decline and tell Codex…": declining with a message that says what to do instead.
//!
//! The message is sent first, so that Codex has it when the turn continues.

use codex_gateway_wire::{StartTurn, api::WhenBusy, request::Decision};
use leptos::html;
use view::prelude::*;
use web_sys::{KeyboardEvent, SubmitEvent};

use super::{
    card_context::CardContext,
    keyboard::{Keycap, Shortcut},
};
use crate::{browser, signal::RwSignalExt as _, state::Unsent};

/// A button that opens a field for the message.
#[component]
pub(super) fn DeclineWithMessage(
    card: CardContext,
    /// The number of the choice.
    number: usize,
) -> impl IntoView {
    let (t, locked) = (card.chat.t, card.locked);
    let is_open = RwSignal::new(false);
    let shortcut = Shortcut::of_choice(number);
    view! {
        {move || {
            if is_open.get() {
                return view! { <MessageForm card=card.clone() is_open/> };
            }
            view! {
                <button
                    type="button"
                    class="button quiet"
                    data-tell=""
                    data-choice=shortcut.and_then(Shortcut::choice_attribute)
                    disabled=locked
                    on:click=move |_| is_open.set(true)
                >
                    <span>{t.decline_with_message()}</span>
                    {shortcut.map(|shortcut| view! { <Keycap shortcut/> })}
                </button>
            }
        }}
    }
}

#[component]
fn MessageForm(card: CardContext, is_open: RwSignal<bool>) -> impl IntoView {
    let (t, locked) = (card.chat.t, card.locked);
    let text = RwSignal::new(String::new());
    let delivery = RwSignal::new(Delivery::NotSent);
    let field = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            request_animation_frame(move || drop(field.focus()));
        }
    });
    let close = move || {
        is_open.set(false);
        request_animation_frame(|| browser::focus(".question [data-tell]"));
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let text = text.get_untracked();
        if !text.trim().is_empty() {
            send_and_decline(&card, text, delivery);
        }
    };
    let handle_key = move |event: KeyboardEvent| {
        // In the card, Esc declines.
        if event.key() == "Escape" && !browser::is_ime_composing(&event) {
            event.prevent_default();
            event.stop_propagation();
            close();
        }
    };
    let is_empty = move || text.with(|text| text.trim().is_empty());
    view! {
        <form class="decline-message" on:submit=submit>
            <input
                node_ref=field
                type="text"
                aria-label=t.decline_message_label()
                placeholder=t.decline_message_label()
                autocomplete="off"
                dir="auto"
                data-1p-ignore=""
                data-lpignore="true"
                data-bwignore="true"
                data-form-type="other"
                on:input=move |event| text.set(event_target_value(&event))
                on:keydown=handle_key
            />
            <button type="submit" class="button" disabled=move || locked.get() || is_empty()>
                {t.decline_and_send()}
            </button>
            <button type="button" class="link" on:click=move |_| close()>
                {t.cancel()}
            </button>
        </form>
    }
}

/// How far the delivery of the message is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Delivery {
    #[default]
    NotSent,
    /// The message was sent under this id and may have arrived. The same text is sent again under the same id, so that
    /// it arrives once.
    Sent { text: String, id: String },
    /// The message has arrived. Only the answer to the request is missing.
    Arrived,
}

/// Sends the message to the running turn, and declines the request once the message has arrived. If only the answer
/// failed before, sends only that again.
fn send_and_decline(card: &CardContext, text: String, delivery: RwSignal<Delivery>) {
    let locked = card.locked;
    if locked.get_untracked_or_default() {
        return;
    }
    let decline = {
        let card = card.clone();
        move || card.decide(Decision::from_kind(Decision::DECLINE))
    };
    let id = match delivery.get_untracked_or_default() {
        Delivery::Arrived => return decline(),
        Delivery::Sent { text: sent, id } if sent == text => id,
        Delivery::Sent { .. } | Delivery::NotSent => browser::unique_id(),
    };
    delivery.set(Delivery::Sent { text: text.clone(), id: id.clone() });
    let turn = StartTurn { prompt: text, when_busy: WhenBusy::Steer, ..StartTurn::default() };
    locked.set(true);
    card.chat.tell(Unsent::with_id(turn, id), move |has_arrived| {
        locked.set(false);
        if has_arrived {
            delivery.set(Delivery::Arrived);
            decline();
        }
    });
}
