//! Keyboard focus.

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement};

use super::{document::find, media::is_coarse_pointer};

/// Focuses the first element that matches `selector`, if there is one.
pub(crate) fn focus(selector: &str) {
    if let Some(element) = find(selector) {
        let _ = element.focus();
    }
}

/// Focuses the closest focusable region around an event's target.
pub(crate) fn focus_enclosing_region(event: &Event) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let region = target.and_then(|target| target.closest("[tabindex]").ok()?);
    if let Some(region) = region.and_then(|region| region.dyn_into::<HtmlElement>().ok()) {
        let _ = region.focus();
    }
}

/// Returns `true` if the focus is in an element that matches `selector`.
pub(crate) fn is_focus_in(selector: &str) -> bool {
    let focused = document().active_element();
    focused.is_some_and(|focused| matches!(focused.closest(selector), Ok(Some(_))))
}

/// Focuses the composer. Does nothing on touch screens, where focus would open the on-screen keyboard.
pub(crate) fn focus_composer() {
    if !is_coarse_pointer() {
        focus(".composer textarea");
    }
}

/// Focuses the composer if no element has the focus, because the one that had it was removed.
pub(crate) fn restore_lost_focus() {
    if document().active_element().is_none_or(|element| element.tag_name() == "BODY") {
        focus_composer();
    }
}
