//! Answering by keyboard.
//!
//! While the focus is in the card, 1 to 9 choose, Esc declines, and the usual keys scroll the details. Enter presses the
//! button with the focus, as everywhere: by itself it never accepts.

use leptos::html;
use view::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlTextAreaElement, KeyboardEvent};

use super::read_gate::ReadGate;
use crate::browser;

/// The key that presses a button of the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shortcut {
    Escape,
    Digit(usize),
}

impl Shortcut {
    /// Returns the digit of a choice, counted from 1. `None` for the tenth and later ones.
    pub(super) fn of_choice(number: usize) -> Option<Self> {
        (number <= 9).then_some(Self::Digit(number))
    }

    /// Returns the value of the attribute `data-choice`, by which [`handle_key`] finds the button.
    pub(super) fn choice_attribute(self) -> Option<usize> {
        match self {
            Self::Escape => None,
            Self::Digit(digit) => Some(digit),
        }
    }

    /// Returns the value of the attribute `data-decline`, by which [`handle_key`] finds the button.
    pub(super) fn decline_attribute(self) -> Option<&'static str> {
        (self == Self::Escape).then_some("")
    }
}

/// The key of a shortcut, on its button.
#[component]
pub(super) fn Keycap(shortcut: Shortcut) -> impl IntoView {
    let label = match shortcut {
        Shortcut::Escape => "Esc".to_owned(),
        Shortcut::Digit(digit) => digit.to_string(),
    };
    view! { <kbd aria-hidden="true">{label}</kbd> }
}

/// Handles a key press in the card.
pub(super) fn handle_key(event: &KeyboardEvent, gate: ReadGate) {
    if scroll_by_key(event, gate) {
        return event.prevent_default();
    }
    // A key that is held down was meant for the previous card.
    if event.repeat() || browser::is_ime_composing(event) || has_modifier(event) {
        return;
    }
    let Some(card) = event.current_target().and_then(|card| card.dyn_into::<Element>().ok()) else { return };
    let key = event.key();
    let button = match key.as_str() {
        "Escape" => "[data-decline]".to_owned(),
        "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" if !browser::targets_input(event) => {
            format!("[data-choice='{key}']")
        }
        _ => return,
    };
    // Otherwise, Esc would stop the turn as well.
    event.prevent_default();
    let button = card.query_selector(&button).ok().flatten();
    if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        button.click();
    }
}

/// Scrolls the details by a key. Returns `false` if the key has another meaning, or if the browser scrolls them because
/// they have the focus.
fn scroll_by_key(event: &KeyboardEvent, gate: ReadGate) -> bool {
    let is_taken = event.default_prevented()
        || has_modifier(event)
        || browser::is_ime_composing(event)
        || browser::targets_input(event)
        || gate.contains(event.target());
    // The space bar presses the button that has the focus.
    let presses_button = event.key() == " " && event.target() != event.current_target();
    !is_taken && !presses_button && gate.scroll_by_key(&event.key())
}

fn has_modifier(event: &KeyboardEvent) -> bool {
    event.ctrl_key() || event.meta_key() || event.alt_key()
}

/// Moves the focus to the card when it is shown, unless the user is writing. When the card is removed, the focus goes
/// back to the composer.
pub(super) fn focus_when_shown(card: NodeRef<html::Section>) {
    Effect::new(move |_| {
        let Some(card) = card.get() else { return };
        request_animation_frame(move || {
            let composer = composer();
            let has_draft = composer.as_ref().is_some_and(|composer| !composer.value().trim().is_empty());
            let writes_elsewhere =
                browser::is_input_focused() && document().active_element() != composer.map(Into::into);
            if !(has_draft || writes_elsewhere || browser::is_coarse_pointer()) {
                let _ = card.focus();
            }
        });
    });
    on_cleanup(|| {
        #[cfg(not(feature = "ssr"))]
        request_animation_frame(browser::restore_lost_focus);
    });
}

fn composer() -> Option<HtmlTextAreaElement> {
    document().query_selector(".composer textarea").ok().flatten()?.dyn_into().ok()
}
