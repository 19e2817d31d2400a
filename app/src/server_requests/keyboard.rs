//! Answering by keyboard: with the focus in the box, 1 to 9 choose, Esc declines, and the keys that scroll go through what
//! is asked. Enter presses what has the focus, as everywhere: it never accepts by itself.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlTextAreaElement, KeyboardEvent};

use super::read_gate::Reading;
use crate::{browser, node::ElementRef};

/// A key was pressed in the box.
pub(super) fn pressed(event: &KeyboardEvent, reading: Reading) {
    if scrolls(event, reading) {
        return event.prevent_default();
    }

    // Held down, it was meant for the box before this one.
    if event.repeat()
        || browser::is_ime_composing(event)
        || event.ctrl_key()
        || event.meta_key()
        || event.alt_key()
    {
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
    // The conversation must not take Esc as well, and stop the turn.
    event.prevent_default();
    let button = card.query_selector(&button).ok().flatten();
    if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        button.click();
    }
}

/// Scrolls what is asked. Where it has the focus itself, the browser does that.
fn scrolls(event: &KeyboardEvent, reading: Reading) -> bool {
    let taken = event.default_prevented()
        || event.ctrl_key()
        || event.meta_key()
        || event.alt_key()
        || browser::is_ime_composing(event)
        || browser::targets_input(event)
        || reading.contains(event.target());
    // The space bar presses the button that has the focus.
    let presses = event.key() == " " && event.target() != event.current_target();
    !taken && !presses && reading.scroll_by_key(&event.key())
}

/// Gives the box the focus once it is there, unless its reader is writing; gives it back to the composer after.
pub(super) fn focus_when_shown(card: ElementRef) {
    Effect::new(move |_| {
        let Some(card) = card.get() else { return };
        request_animation_frame(move || {
            let composer = composer();
            let drafts = composer.as_ref().is_some_and(|composer| !composer.value().trim().is_empty());
            let elsewhere = browser::writing() && document().active_element() != composer.map(Into::into);
            if !(drafts || elsewhere || browser::is_coarse_pointer()) {
                let _ = card.focus();
            }
        });
    });
    on_cleanup(|| {
        #[cfg(not(feature = "ssr"))]
        request_animation_frame(browser::catch_focus);
    });
}

fn composer() -> Option<HtmlTextAreaElement> {
    document().query_selector(".composer textarea").ok().flatten()?.dyn_into().ok()
}
