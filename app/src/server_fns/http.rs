//! HTTP requests to the gateway.

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, Headers, Request, RequestInit, RequestRedirect, Response, ResponseType,
    js_sys::{Function, Promise, Reflect},
};

use super::ApiError;
use crate::base_path::address;

/// Sends a GET request to a path of the gateway.
///
/// # Errors
/// `unreachable` if no response came; `proxy_signed_out`; those of an unsuccessful response.
pub(crate) async fn get(path: &str, accept: &str, signal: &AbortSignal) -> Result<Response, ApiError> {
    let init = RequestInit::new();
    init.set_signal(Some(signal));
    let response = send(path, &init, &[("Accept", accept)]).await?;
    if response.ok() { Ok(response) } else { Err(error_of(&response).await) }
}

/// Sends a POST request to a path of the gateway and returns the response's text. Gives up after `timeout_ms`.
///
/// # Errors
/// `unreachable` if no complete response came; `proxy_signed_out`; those of an unsuccessful response.
pub(crate) async fn post(
    path: &str,
    body: &JsValue,
    content_type: Option<&str>,
    timeout_ms: Option<u32>,
) -> Result<String, ApiError> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(body);
    let timeout = timeout_ms.map(AbortSignal::timeout_with_u32);
    init.set_signal(timeout.as_ref());
    let content_type = content_type.map(|content_type| ("Content-Type", content_type));
    let response = send(path, &init, content_type.as_slice()).await?;
    if response.ok() { body_text(&response).await } else { Err(error_of(&response).await) }
}

/// Sends a request and detects the sign-in of a proxy in front of the gateway.
///
/// The gateway itself redirects none of these requests and responds to none of them with a page.
async fn send(path: &str, init: &RequestInit, headers: &[(&str, &str)]) -> Result<Response, ApiError> {
    // If the browser followed a redirect to another origin, the error would be that of a broken connection.
    init.set_redirect(RequestRedirect::Manual);
    let response = fetch(path, init, headers).await.map_err(|_| ApiError::unreachable())?;
    let content_type = response.headers().get("Content-Type").ok().flatten();
    let is_page = content_type.is_some_and(|content_type| content_type.starts_with("text/html"));
    let is_sign_in = response.type_() == ResponseType::Opaqueredirect
        || is_page && (response.ok() || matches!(response.status(), 401 | 407 | 511));
    if is_sign_in { Err(ApiError::proxy_signed_out()) } else { Ok(response) }
}

/// Calls the browser's `fetch`.
///
/// An extension or a script of a proxy may have replaced `fetch`. Its replacement may throw, reject with any value, or
/// return something else than a response: all of these are errors here.
async fn fetch(path: &str, init: &RequestInit, headers: &[(&str, &str)]) -> Result<Response, JsValue> {
    let list = Headers::new()?;
    for (name, value) in headers {
        list.append(name, value)?;
    }
    init.set_headers(&list);
    let request = Request::new_with_str_and_init(&address(path), init)?;
    let window = leptos::prelude::window();
    // The binding of `web_sys` lets exceptions through.
    let fetch: Function = Reflect::get(&window, &"fetch".into())?.dyn_into()?;
    let response = fetch.call1(&window, &request)?;
    JsFuture::from(Promise::resolve(&response)).await?.dyn_into()
}

/// Returns the error of an unsuccessful response.
async fn error_of(response: &Response) -> ApiError {
    match body_text(response).await {
        Ok(text) => ApiError::of_reply(response.status(), &text),
        Err(error) => error,
    }
}

async fn body_text(response: &Response) -> Result<String, ApiError> {
    let text = async { JsFuture::from(response.text()?).await };
    let text: Result<JsValue, JsValue> = text.await;
    text.ok().and_then(|text| text.as_string()).ok_or_else(ApiError::unreachable)
}
