//! The page's address and the browser's history.
//!
//! An overlay (such as the sidebar on a phone) has a history entry of its own, so that "back" closes it. The entry's
//! state is `true`; other entries have no state.

use leptos::prelude::window;
use wasm_bindgen::JsValue;
use web_sys::History;

use crate::base_path::address;

/// Returns the path of the page's address, with the gateway's base path.
pub(crate) fn page_address() -> String {
    window().location().pathname().unwrap_or_default()
}

/// Reloads the page.
pub(crate) fn reload() {
    let _ = window().location().reload();
}

/// Adds a path of the gateway to the history, without loading it. Replaces the entry of an overlay.
pub(crate) fn push_path(path: &str) {
    if let Ok(history) = window().history() {
        let address = address(path);
        let _ = if is_overlay(&history) {
            history.replace_state_with_url(&JsValue::NULL, "", Some(&address))
        } else {
            history.push_state_with_url(&JsValue::NULL, "", Some(&address))
        };
    }
}

/// Replaces the current history entry by a path of the gateway, without loading it.
pub(crate) fn replace_path(path: &str) {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&address(path)));
    }
}

/// Adds a history entry for an overlay.
pub(crate) fn push_overlay() {
    if let Ok(history) = window().history() {
        let _ = history.push_state(&JsValue::TRUE, "");
    }
}

/// Goes back if the current history entry is an overlay's. Returns `true` if it was.
pub(crate) fn pop_overlay() -> bool {
    window().history().is_ok_and(|history| is_overlay(&history) && history.back().is_ok())
}

fn is_overlay(history: &History) -> bool {
    history.state().is_ok_and(|state| state.is_truthy())
}
