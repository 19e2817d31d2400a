//! HTTP requests to the gateway.

use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestInit, RequestRedirect, Response, ResponseType};

use crate::{base_path::address, server_fns::ApiError};

/// Sends a request to a path of the gateway and detects the sign-in of a proxy in front of it.
///
/// The gateway itself redirects none of these requests and responds to none of them with a page.
///
/// # Errors
/// `unreachable` if no response came; `proxy_signed_out`.
pub(crate) async fn ask(path: &str, request: &RequestInit) -> Result<Response, ApiError> {
    // If the browser followed a redirect to another origin, the error would be that of a broken connection.
    request.set_redirect(RequestRedirect::Manual);
    let reply = JsFuture::from(window().fetch_with_str_and_init(&address(path), request)).await;
    let reply: Response =
        reply.and_then(JsCast::dyn_into::<Response>).map_err(|_| ApiError::unreachable())?;
    let is_page = header(&reply, "Content-Type").is_some_and(|kind| kind.starts_with("text/html"));
    let asks_to_sign_in = reply.type_() == ResponseType::Opaqueredirect
        || is_page && (reply.ok() || matches!(reply.status(), 401 | 407 | 511));
    if asks_to_sign_in { Err(ApiError::proxy_signed_out()) } else { Ok(reply) }
}

fn header(reply: &Response, name: &str) -> Option<String> {
    reply.headers().get(name).ok().flatten()
}

/// Returns the text of a successful response.
///
/// # Errors
/// Those of an unsuccessful response; `unreachable` if the response breaks off.
pub(crate) async fn text(reply: &Response) -> Result<String, ApiError> {
    let text = async { JsFuture::from(reply.text()?).await }.await;
    let text = text.ok().and_then(|text| text.as_string()).ok_or_else(ApiError::unreachable)?;
    if reply.ok() { Ok(text) } else { Err(ApiError::of_reply(reply.status(), &text)) }
}

/// Sends a POST request to a path of the gateway and returns the response's text. Gives up after `timeout_ms`.
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
