//! The choice between queueing a message that is sent while a turn runs, and steering the turn with it.

use codex_gateway_wire::api::WhenBusy;
use view::prelude::*;

use super::{
    ComposerState,
    picker::{Picker, option},
};
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
        let choice_option = |(choice, name): (WhenBusy, &'static str)| {
            option(choice.as_str().to_owned(), choice == chosen, name.to_owned())
        };
        choices.map(choice_option).collect()
    };
    let pick = move |word: &str| {
        browser::store(KEY, word);
        when_busy.set(WhenBusy::parse(word).unwrap_or(WhenBusy::Queue));
    };
    view! { <Picker label=t.when_busy() title=t.when_busy_hint() options pick/> }
}
