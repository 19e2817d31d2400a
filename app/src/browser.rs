//! The few things that the page asks of the browser. To be called in effects and event handlers only:
//! on the server there is no browser.

use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlDocument, Storage, js_sys};

/// The `<html>` element.
pub(crate) fn root() -> Option<Element> {
    document().document_element()
}

/// An attribute of the `<html>` element, by which the server tells the page about itself.
pub(crate) fn root_attribute(name: &str) -> Option<String> {
    root()?.get_attribute(name)
}

/// The present moment, in Unix milliseconds.
#[expect(clippy::cast_possible_truncation, reason = "milliseconds of this era fit")]
pub(crate) fn now_ms() -> i64 {
    js_sys::Date::now() as i64
}

/// How many minutes the reader's clock is behind UTC now.
#[expect(clippy::cast_possible_truncation, reason = "minutes of a day fit")]
pub(crate) fn minutes_behind_utc() -> i64 {
    js_sys::Date::new_0().get_timezone_offset() as i64
}

/// A fraction between 0 and 1, by chance.
pub(crate) fn chance() -> f64 {
    js_sys::Math::random()
}

/// An id that nobody else has.
pub(crate) fn unique_id() -> String {
    let part = || js_sys::Math::random().to_bits();
    format!("{:x}-{:016x}{:016x}", now_ms(), part(), part())
}

/// Loads the page anew.
pub(crate) fn reload() {
    let _ = window().location().reload();
}

/// Sets a cookie of the page.
pub(crate) fn set_cookie(cookie: &str) {
    if let Ok(document) = document().dyn_into::<HtmlDocument>() {
        let _ = document.set_cookie(cookie);
    }
}

/// Sets the page's icon.
pub(crate) fn set_icon(path: &str) {
    if let Some(link) = document().query_selector("link[rel=icon]").ok().flatten() {
        let _ = link.set_attribute("href", path);
    }
}

/// Whether the page is out of sight: then no animation frame comes.
pub(crate) fn hidden() -> bool {
    document().hidden()
}

/// Whether the machine has a network, as far as the browser knows.
pub(crate) fn online() -> bool {
    window().navigator().on_line()
}

/// Whether the main pointer is a finger: then a focused text field covers half the screen with a keyboard.
pub(crate) fn touch() -> bool {
    window().match_media("(pointer: coarse)").ok().flatten().is_some_and(|query| query.matches())
}

/// Puts an address into the history, without loading it.
pub(crate) fn push_address(path: &str) {
    if let Ok(history) = window().history() {
        let _ = history.push_state_with_url(&JsValue::NULL, "", Some(path));
    }
}

/// What is stored under a key in this browser.
pub(crate) fn stored(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

/// Stores a text under a key in this browser; an empty one is removed. Without storage nothing happens.
pub(crate) fn store(key: &str, value: &str) {
    if let Some(storage) = storage() {
        let _ = if value.is_empty() { storage.remove_item(key) } else { storage.set_item(key, value) };
    }
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}
