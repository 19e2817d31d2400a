//! The browser and the system that it runs on.

use leptos::prelude::window;
use web_sys::js_sys::{JsString, Reflect};

/// Returns `true` if the browser has a global of this name.
pub(crate) fn has_global(name: &str) -> bool {
    Reflect::has(&window(), &name.into()).unwrap_or_default()
}

/// Returns `true` on Apple systems, whose keyboards have other modifier keys.
pub(crate) fn is_mac() -> bool {
    window()
        .navigator()
        .platform()
        .is_ok_and(|platform| platform.starts_with("Mac") || platform.starts_with("iP"))
}

/// Returns `false` if the browser knows that the machine has no network.
pub(crate) fn is_online() -> bool {
    window().navigator().on_line()
}

/// Sends a list of strings as JSON to the page's service worker, if it has one.
pub(crate) fn post_to_worker(words: &[&str]) {
    let worker = window().navigator().service_worker().controller();
    if let (Some(worker), Ok(words)) = (worker, serde_json::to_string(words)) {
        let _ = worker.post_message(&words.into());
    }
}

/// Returns a text in lower case. The browser has the Unicode tables; Rust's would enlarge the module.
pub(crate) fn to_lowercase(text: &str) -> String {
    if cfg!(target_arch = "wasm32") {
        JsString::from(text).to_lower_case().into()
    } else {
        text.to_lowercase()
    }
}
