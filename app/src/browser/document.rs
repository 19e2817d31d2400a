//! The page's document.

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::{
    Element, HtmlDocument, HtmlElement, HtmlFormElement, ScrollIntoViewOptions, ScrollLogicalPosition,
};

use crate::base_path::address;

/// Returns the `<html>` element.
pub(crate) fn root_element() -> Option<Element> {
    document().document_element()
}

/// Returns an attribute of the `<html>` element. The server passes settings to the page in these.
pub(crate) fn root_attribute(name: &str) -> Option<String> {
    root_element()?.get_attribute(name)
}

/// Returns the first element that matches `selector`.
pub(crate) fn find(selector: &str) -> Option<HtmlElement> {
    document().query_selector(selector).ok().flatten()?.dyn_into().ok()
}

/// Returns `true` if the page is not visible. Browsers then run no animation frames and slow timers down.
pub(crate) fn is_hidden() -> bool {
    document().hidden()
}

/// Sets a cookie, given as the value of a `Set-Cookie` header.
pub(crate) fn set_cookie(cookie: &str) {
    if let Ok(document) = document().dyn_into::<HtmlDocument>() {
        let _ = document.set_cookie(cookie);
    }
}

/// Sets the page's icon to the image at a path of the gateway.
pub(crate) fn set_favicon(path: &str) {
    if let Some(link) = document().query_selector("link[rel=icon]").ok().flatten() {
        let _ = link.set_attribute("href", &address(path));
    }
}

/// Submits the form whose action is a path of the gateway.
pub(crate) fn submit_form(path: &str) {
    let form = find(&format!("form[action='{}']", address(path)));
    if let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) {
        let _ = form.request_submit();
    }
}

/// Downloads the file at a path of the gateway.
pub(crate) fn download(path: &str) {
    let link = document().create_element("a").ok().and_then(|link| link.dyn_into::<HtmlElement>().ok());
    if let Some(link) = link {
        let _ = link.set_attribute("href", &address(path));
        let _ = link.set_attribute("download", "");
        link.click();
    }
}

/// Scrolls by the shortest distance that makes an element visible.
pub(crate) fn scroll_into_view(element: &Element) {
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}
