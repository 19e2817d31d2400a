//! Copies texts to the clipboard, in the browser only.

use std::time::Duration;

/// How long a button confirms a copy.
pub(super) const COPIED_DURATION: Duration = Duration::from_secs(2);

/// Copies `text`. Returns `false` if the browser refuses.
///
/// Browsers allow it only in response to a user's action.
#[cfg(feature = "hydrate")]
pub async fn copy_text(text: &str) -> bool {
    let Some(window) = web_sys::window() else { return false };
    let clipboard = window.navigator().clipboard();
    if AsRef::<wasm_bindgen::JsValue>::as_ref(&clipboard).is_undefined() {
        // A page that was loaded over plain HTTP from another machine has no clipboard.
        return copy_by_selection(text).unwrap_or(false);
    }
    wasm_bindgen_futures::JsFuture::from(clipboard.write_text(text)).await.is_ok()
}

/// Copies `text` as the selection of a text area, with the older interface.
#[cfg(feature = "hydrate")]
fn copy_by_selection(text: &str) -> Option<bool> {
    use wasm_bindgen::JsCast as _;

    let document: web_sys::HtmlDocument = web_sys::window()?.document()?.dyn_into().ok()?;
    let area: web_sys::HtmlTextAreaElement = document.create_element("textarea").ok()?.dyn_into().ok()?;
    area.set_value(text);
    document.body()?.append_child(&area).ok()?;
    area.select();
    let copied = document.exec_command("copy").ok();
    area.remove();
    copied
}

/// There is no clipboard on the server.
#[cfg(not(feature = "hydrate"))]
pub async fn copy_text(_text: &str) -> bool {
    false
}
