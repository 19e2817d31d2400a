//! Form fields and keyboard events.

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDocument, HtmlInputElement, KeyboardEvent};

use super::document::find;

/// Returns `true` if an element is a form field.
pub(crate) fn is_input(element: &Element) -> bool {
    element.matches("input, textarea, select") == Ok(true)
}

/// Returns `true` if a key press goes to a form field.
pub(crate) fn targets_input(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| is_input(&target))
}

/// Returns `true` if a form field has the focus.
pub(crate) fn is_input_focused() -> bool {
    document().active_element().is_some_and(|element| is_input(&element))
}

/// Returns `true` if a key press is part of an input method's composition (Chinese, Japanese, …).
///
/// Safari marks the key that ends a composition by the key code 229 only.
pub(crate) fn is_ime_composing(event: &KeyboardEvent) -> bool {
    event.is_composing() || event.key_code() == 229
}

/// Selects the text of an input field.
pub(crate) fn select_contents(selector: &str) {
    if let Some(field) = find(selector).and_then(|field| field.dyn_into::<HtmlInputElement>().ok()) {
        field.select();
    }
}

/// Replaces the selection of the focused field, as typing does, so that "undo" reverts it.
///
/// `execCommand` is deprecated, but no other API that all browsers have keeps the undo history.
pub(crate) fn replace_selection(text: &str) {
    let Ok(document) = document().dyn_into::<HtmlDocument>() else { return };
    let command = if text.is_empty() { "delete" } else { "insertText" };
    let _ = document.exec_command_with_show_ui_and_value(command, false, text);
}
