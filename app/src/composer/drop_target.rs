//! What is dropped anywhere on the page: images go into the message, anything else is refused in words. The browser must not open it,
//! and leave the page for it.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{DataTransfer, DragEvent};

use super::{ACTIVE, images};
use crate::browser;
use crate::signal::RwSignalExt as _;

/// Watches the window, for as long as the page lives.
pub(crate) fn guard_window() {
    let _ = window_event_listener(ev::dragover, |event: DragEvent| {
        if !is_ours(&event) {
            return;
        }
        event.prevent_default();
        let composer = ACTIVE.get().filter(|composer| composer.is_on_page());
        if let Some(data) = event.data_transfer() {
            data.set_drop_effect(if composer.is_some() { "copy" } else { "none" });
        }
        if let Some(composer) = composer {
            composer.signals().dragged_over.set_if_changed(true);
        }
    });
    let _ = window_event_listener(ev::dragleave, |event: DragEvent| {
        // From one element of the page to another there is one to go to.
        if event.related_target().is_none() {
            end_drag();
        }
    });
    let _ = window_event_listener(ev::drop, |event: DragEvent| {
        end_drag();
        if !is_ours(&event) {
            return;
        }
        event.prevent_default();
        if let Some(composer) = ACTIVE.get().filter(|composer| composer.is_on_page()) {
            images::take_dropped(composer, event.data_transfer());
        }
    });
}

fn end_drag() {
    if let Some(composer) = ACTIVE.get() {
        composer.signals().dragged_over.set_if_changed(false);
    }
}

/// Returns `true` if the browser would leave the page for what is dragged. A text that is dropped on a field goes into it.
fn is_ours(event: &DragEvent) -> bool {
    let carries = |kind: &str| event.data_transfer().is_some_and(|data| has_type(&data, kind));
    let on_field = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        .is_some_and(|target| browser::is_field(&target));
    carries("Files") || (carries("text/uri-list") && !on_field)
}

fn has_type(data: &DataTransfer, kind: &str) -> bool {
    data.types().iter().any(|one| one.as_string().as_deref() == Some(kind))
}
