//! The few things that the page asks of the browser. To be called in effects and event handlers only:
//! on the server there is no browser.

use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, Element, Headers, History, HtmlDocument, HtmlElement, HtmlFormElement, HtmlInputElement,
    KeyboardEvent, RequestInit, RequestRedirect, Response, ResponseType, ScrollIntoViewOptions,
    ScrollLogicalPosition, Storage, js_sys,
};

use crate::{
    base_path::{address, base},
    server_fns::ApiError,
};

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

/// How many minutes the reader's clock is behind UTC at a moment, which is in Unix milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "minutes of a day and milliseconds of this era fit"
)]
pub(crate) fn minutes_behind_utc(at_ms: i64) -> i64 {
    js_sys::Date::new(&(at_ms as f64).into()).get_timezone_offset() as i64
}

/// A fraction between 0 and 1, by chance.
pub(crate) fn random() -> f64 {
    js_sys::Math::random()
}

/// An id that nobody else has.
pub(crate) fn unique_id() -> String {
    let part = || js_sys::Math::random().to_bits();
    format!("{:x}-{:016x}{:016x}", now_ms(), part(), part())
}

/// A text in lower case. (The browser knows how: Rust would bring tables of all letters.)
pub(crate) fn lower_case(text: &str) -> String {
    js_sys::JsString::from(text).to_lower_case().into()
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
        let _ = link.set_attribute("href", &address(path));
    }
}

/// Whether the page is out of sight: then no animation frame comes.
pub(crate) fn hidden() -> bool {
    document().hidden()
}

/// The address of the page on its host.
pub(crate) fn page_address() -> String {
    window().location().pathname().unwrap_or_default()
}

/// Tells the page's worker something, if it has one.
pub(crate) fn post_to_worker(words: &[&str]) {
    let worker = window().navigator().service_worker().controller();
    if let (Some(worker), Ok(words)) = (worker, serde_json::to_string(words)) {
        let _ = worker.post_message(&words.into());
    }
}

/// Whether this browser has something at all.
pub(crate) fn has(name: &str) -> bool {
    js_sys::Reflect::has(&window(), &name.into()).unwrap_or_default()
}

/// Whether the machine has a network, as far as the browser knows.
pub(crate) fn online() -> bool {
    window().navigator().on_line()
}

/// Whether the main pointer is a finger: then a focused text field covers half the screen with a keyboard.
pub(crate) fn is_coarse_pointer() -> bool {
    window().match_media("(pointer: coarse)").ok().flatten().is_some_and(|query| query.matches())
}

/// Puts a path of ours into the history, without loading it. It takes the place of a layer.
pub(crate) fn push_path(path: &str) {
    if let Ok(history) = window().history() {
        let address = address(path);
        let _ = if is_layer(&history) {
            history.replace_state_with_url(&JsValue::NULL, "", Some(&address))
        } else {
            history.push_state_with_url(&JsValue::NULL, "", Some(&address))
        };
    }
}

/// Puts a path of ours in the place of the one that is shown, without loading it.
pub(crate) fn replace_path(path: &str) {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&address(path)));
    }
}

/// Puts something above the page that going back takes away, as one expects on a phone.
pub(crate) fn push_overlay() {
    if let Ok(history) = window().history() {
        let _ = history.push_state(&JsValue::TRUE, "");
    }
}

/// Goes back from a layer. Whether there was one.
pub(crate) fn pop_overlay() -> bool {
    window().history().is_ok_and(|history| is_layer(&history) && history.back().is_ok())
}

fn is_layer(history: &History) -> bool {
    history.state().is_ok_and(|state| state.is_truthy())
}

/// What is stored under a key in this browser.
pub(crate) fn stored(key: &str) -> Option<String> {
    read(storage(), key)
}

/// Stores a text under a key in this browser; an empty one is removed. Returns `false` if there is no storage, or no room in it:
/// then nothing is stored under the key any more.
pub(crate) fn store(key: &str, value: &str) -> bool {
    write(storage(), key, value)
}

/// What is stored under a key in this tab: it survives a reload, and no other tab has it.
pub(crate) fn stored_for_tab(key: &str) -> Option<String> {
    read(tab_storage(), key)
}

/// Stores a text under a key in this tab, as [`store`] does.
pub(crate) fn store_for_tab(key: &str, value: &str) -> bool {
    write(tab_storage(), key, value)
}

fn read(storage: Option<Storage>, key: &str) -> Option<String> {
    storage?.get_item(&own_name(key)).ok().flatten()
}

fn write(storage: Option<Storage>, key: &str, value: &str) -> bool {
    let Some(storage) = storage else { return false };
    let key = own_name(key);
    let stored = !value.is_empty() && storage.set_item(&key, value).is_ok();
    // What was stored before would come back in the place of what could not be stored.
    stored || (storage.remove_item(&key).is_ok() && value.is_empty())
}

/// A name that no other gateway on the same host uses: below other paths there may be some, which share its storage.
pub(crate) fn own_name(name: &str) -> String {
    if base().is_empty() { name.to_owned() } else { [base(), " ", name].concat() }
}

/// Removes what is stored under some keys, in this browser and in this tab.
pub(crate) fn forget(which: impl Fn(&str) -> bool) {
    for storage in [storage(), tab_storage()].into_iter().flatten() {
        let all = (0..storage.length().unwrap_or_default()).filter_map(|at| storage.key(at).ok().flatten());
        let own = own_name("");
        let is_meant = |key: &&String| key.strip_prefix(&own).is_some_and(&which);
        for key in all.collect::<Vec<_>>().iter().filter(is_meant) {
            let _ = storage.remove_item(key);
        }
    }
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

fn tab_storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

/// An element of the page.
pub(crate) fn find(selector: &str) -> Option<HtmlElement> {
    document().query_selector(selector).ok().flatten()?.dyn_into().ok()
}

/// Gives an element the focus, if it is there.
pub(crate) fn focus(selector: &str) {
    if let Some(element) = find(selector) {
        let _ = element.focus();
    }
}

/// Puts a text in place of what is selected in the field that has the focus, as typing does: undo knows it. (The command is
/// called outdated, and there is no other way that all browsers have.)
pub(crate) fn replace_selection(text: &str) {
    let Ok(document) = document().dyn_into::<HtmlDocument>() else { return };
    let command = if text.is_empty() { "delete" } else { "insertText" };
    let _ = document.exec_command_with_show_ui_and_value(command, false, text);
}

/// Selects what is written in a field.
pub(crate) fn select(selector: &str) {
    if let Some(field) = find(selector).and_then(|field| field.dyn_into::<HtmlInputElement>().ok()) {
        field.select();
    }
}

/// Gives the focus to the closest region around what an event happened to.
pub(crate) fn focus_around(event: &web_sys::Event) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let region = target.and_then(|target| target.closest("[tabindex]").ok()?);
    if let Some(region) = region.and_then(|region| region.dyn_into::<HtmlElement>().ok()) {
        let _ = region.focus();
    }
}

/// Gives the focus back to where one writes. (With a finger, that would bring the keyboard up.)
pub(crate) fn focus_composer() {
    if !is_coarse_pointer() {
        focus(".composer textarea");
    }
}

/// Gives the focus back to where one writes, if what had it is gone.
pub(crate) fn catch_focus() {
    if document().active_element().is_none_or(|element| element.tag_name() == "BODY") {
        focus_composer();
    }
}

/// Whether a key goes into a field.
pub(crate) fn targets_input(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| is_field(&target))
}

/// Whether a key belongs to a word that is being composed (Chinese, Japanese, …). (229 is Safari's way to say so of the
/// key that ends it.)
pub(crate) fn is_ime_composing(event: &KeyboardEvent) -> bool {
    event.is_composing() || event.key_code() == 229
}

/// Whether the focus is where one writes.
pub(crate) fn writing() -> bool {
    document().active_element().is_some_and(|element| is_field(&element))
}

pub(crate) fn is_field(element: &Element) -> bool {
    element.matches("input, textarea, select") == Ok(true)
}

/// Asks password managers to leave a field alone.
pub(crate) const UNMANAGED: [(&str, &str); 4] = [
    ("data-1p-ignore", ""),
    ("data-lpignore", "true"),
    ("data-bwignore", "true"),
    ("data-form-type", "other"),
];

/// Whether keys are called as on a Mac.
pub(crate) fn is_mac() -> bool {
    window()
        .navigator()
        .platform()
        .is_ok_and(|platform| platform.starts_with("Mac") || platform.starts_with("iP"))
}

/// Whether there is room for the sidebar beside the page; as in the styles.
pub(crate) fn has_sidebar_room() -> bool {
    window().match_media("(width >= 900px)").ok().flatten().is_some_and(|query| query.matches())
}

/// Sends the form of the page that goes to a path of ours.
pub(crate) fn submit(path: &str) {
    let form = find(&format!("form[action='{}']", address(path)));
    if let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) {
        let _ = form.request_submit();
    }
}

/// Scrolls as little as it takes to have an element in sight.
pub(crate) fn scroll_into_view(element: &Element) {
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

/// Saves what is at a path of ours on the reader's machine.
pub(crate) fn download(path: &str) {
    let link = document().create_element("a").ok().and_then(|link| link.dyn_into::<HtmlElement>().ok());
    if let Some(link) = link {
        let _ = link.set_attribute("href", &address(path));
        let _ = link.set_attribute("download", "");
        link.click();
    }
}

/// Asks the gateway at a path of its own. It redirects none of these requests and answers none of them with a page: what does
/// is a proxy that wants one to sign in to it first.
///
/// # Errors
/// `unreachable` if no reply came; `proxy_signed_out`.
pub(crate) async fn ask(path: &str, request: &RequestInit) -> Result<Response, ApiError> {
    // Followed into another origin, a redirect would look like a line that is broken.
    request.set_redirect(RequestRedirect::Manual);
    let reply = JsFuture::from(window().fetch_with_str_and_init(&address(path), request)).await;
    let reply: Response =
        reply.and_then(JsCast::dyn_into::<Response>).map_err(|_| ApiError::unreachable())?;
    let is_page = header(&reply, "Content-Type").is_some_and(|kind| kind.starts_with("text/html"));
    let asks_to_sign_in = reply.type_() == ResponseType::Opaqueredirect
        || is_page && (reply.ok() || matches!(reply.status(), 401 | 407 | 511));
    if asks_to_sign_in { Err(ApiError::proxy_signed_out()) } else { Ok(reply) }
}

/// A header of a reply.
fn header(reply: &Response, name: &str) -> Option<String> {
    reply.headers().get(name).ok().flatten()
}

/// The text of a reply that says yes.
///
/// # Errors
/// What a reply says that says no; `unreachable` if the reply breaks off.
pub(crate) async fn text(reply: &Response) -> Result<String, ApiError> {
    let text = async { JsFuture::from(reply.text()?).await }.await;
    let text = text.ok().and_then(|text| text.as_string()).ok_or_else(ApiError::unreachable)?;
    if reply.ok() { Ok(text) } else { Err(ApiError::of_reply(reply.status(), &text)) }
}

/// Posts something to a path of the gateway, and gives it up after so many milliseconds, if that is said. Returns what the
/// server says.
///
/// # Errors
/// Those of [`ask`] and [`text`].
pub(crate) async fn post(
    path: &str,
    body: &JsValue,
    content_type: Option<&str>,
    timeout_ms: Option<u32>,
) -> Result<String, ApiError> {
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_body(body);
    if let (Some(content_type), Ok(headers)) = (content_type, Headers::new()) {
        let _ = headers.set("Content-Type", content_type);
        request.set_headers(&headers);
    }
    if let Some(timeout_ms) = timeout_ms {
        request.set_signal(Some(&AbortSignal::timeout_with_u32(timeout_ms)));
    }
    text(&ask(path, &request).await?).await
}
