//! Copying, in the browser only.

/// Copies `text`; false if the browser refused. Call it from a user's action: browsers demand that.
#[cfg(feature = "hydrate")]
pub async fn copy_text(text: &str) -> bool {
    let Some(window) = web_sys::window() else { return false };
    let clipboard = window.navigator().clipboard();
    if AsRef::<wasm_bindgen::JsValue>::as_ref(&clipboard).is_undefined() {
        // Over plain HTTP from another machine, a page has no clipboard.
        return copy_selected(text).unwrap_or(false);
    }
    wasm_bindgen_futures::JsFuture::from(clipboard.write_text(text)).await.is_ok()
}

#[cfg(feature = "hydrate")]
fn copy_selected(text: &str) -> Option<bool> {
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

/// The server copies nothing.
#[cfg(not(feature = "hydrate"))]
pub async fn copy_text(_text: &str) -> bool {
    false
}
