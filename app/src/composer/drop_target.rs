//! Files and links that are dropped on the page. The composer attaches images and refuses anything else.
//!
//! Without a listener, the browser would leave the page and open what was dropped.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{DataTransfer, DragEvent};

use super::{ComposerState, attachments};
use crate::{browser, signal::RwSignalExt as _};

/// Keeps the browser from opening what is dropped on the page. Never removed: it works on pages without a composer too.
pub(crate) fn guard_window() {
    let _ = window_event_listener(ev::dragover, |event: DragEvent| {
        // A composer that takes the drop has set the effect.
        if would_leave_page(&event) && !event.default_prevented() {
            event.prevent_default();
            set_effect(&event, "none");
        }
    });
    let _ = window_event_listener(ev::drop, |event: DragEvent| {
        if would_leave_page(&event) {
            event.prevent_default();
        }
    });
}

/// Lets the composer take what is dropped anywhere on the page, until the current reactive owner is cleaned up.
pub(super) fn take_drops(composer: ComposerState) {
    let is_dragged_over = composer.is_dragged_over;
    let over = window_event_listener(ev::dragover, move |event: DragEvent| {
        if would_leave_page(&event) {
            event.prevent_default();
            set_effect(&event, "copy");
            is_dragged_over.set_if_changed(true);
        }
    });
    let leave = window_event_listener(ev::dragleave, move |event: DragEvent| {
        // There is a related target if the pointer only moved to another element of the page.
        if event.related_target().is_none() {
            is_dragged_over.set_if_changed(false);
        }
    });
    let drop = window_event_listener(ev::drop, move |event: DragEvent| {
        is_dragged_over.set_if_changed(false);
        if would_leave_page(&event) {
            event.prevent_default();
            attachments::attach_dropped(composer, event.data_transfer());
        }
    });
    on_cleanup(move || {
        over.remove();
        leave.remove();
        drop.remove();
    });
}

/// Returns `true` if the browser would leave the page and open what is dragged. A link over a field is written into it.
fn would_leave_page(event: &DragEvent) -> bool {
    let carries = |kind: &str| event.data_transfer().is_some_and(|data| has_type(&data, kind));
    let on_field = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        .is_some_and(|target| browser::is_input(&target));
    carries("Files") || (carries("text/uri-list") && !on_field)
}

fn has_type(data: &DataTransfer, kind: &str) -> bool {
    data.types().iter().any(|one| one.as_string().as_deref() == Some(kind))
}

/// Sets the effect that the pointer shows.
fn set_effect(event: &DragEvent, effect: &str) {
    if let Some(data) = event.data_transfer() {
        data.set_drop_effect(effect);
    }
}
