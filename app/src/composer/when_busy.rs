//! The choice between queueing a message that is sent while a turn runs, and steering the turn with it.

use codex_gateway_wire::api::WhenBusy;
use view::prelude::*;
use web_sys::Event;

use super::ComposerState;
use crate::browser;

/// The storage key of the choice.
const KEY: &str = "when-busy";

/// Returns the choice that is stored in this browser.
pub(super) fn stored() -> WhenBusy {
    browser::stored(KEY).and_then(|word| WhenBusy::parse(&word)).unwrap_or(WhenBusy::Queue)
}

/// Returns the other choice.
pub(super) fn other(choice: WhenBusy) -> WhenBusy {
    if choice == WhenBusy::Steer { WhenBusy::Queue } else { WhenBusy::Steer }
}

/// Chooses between queueing and steering. Shown while a turn runs.
#[component]
pub(super) fn WhenBusyPicker(composer: ComposerState) -> impl IntoView {
    let (t, when_busy) = (composer.t, composer.when_busy);
    let options = move || {
        let chosen = when_busy.get();
        let choices = [(WhenBusy::Queue, t.queue_message()), (WhenBusy::Steer, t.steer_turn())].into_iter();
        let option = |(choice, name): (WhenBusy, &'static str)| {
            let is_chosen = choice == chosen;
            view! { <option value=choice.as_str() selected=is_chosen>{name}</option> }
        };
        choices.map(option).collect::<Vec<_>>()
    };
    let choose = move |event: Event| {
        let word = event_target_value(&event);
        browser::store(KEY, &word);
        when_busy.set(WhenBusy::parse(&word).unwrap_or(WhenBusy::Queue));
    };
    view! {
        <select
            class="busy"
            aria-label=t.when_busy()
            title=t.when_busy_hint()
            autocomplete="off"
            on:change=choose
        >
            {options}
        </select>
    }
}
