//! HTTP requests to the gateway.

use gloo_net::http::{Request, RequestBuilder, Response};
use wasm_bindgen::JsValue;
use web_sys::{AbortSignal, RequestRedirect, ResponseType};

use crate::{base_path::address, server_fns::ApiError};

/// Sends a GET request to a path of the gateway.
///
/// # Errors
/// `unreachable` if no response came; `proxy_signed_out`; those of an unsuccessful response.
pub(crate) async fn get(path: &str, accept: &str, signal: &AbortSignal) -> Result<Response, ApiError> {
    let request = Request::get(&address(path)).header("Accept", accept).abort_signal(Some(signal));
    let response = send(request, None).await?;
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
    let timeout = timeout_ms.map(AbortSignal::timeout_with_u32);
    let mut request = Request::post(&address(path)).abort_signal(timeout.as_ref());
    if let Some(content_type) = content_type {
        request = request.header("Content-Type", content_type);
    }
    let response = send(request, Some(body)).await?;
    if response.ok() { body_text(&response).await } else { Err(error_of(&response).await) }
}

/// Sends a request and detects the sign-in of a proxy in front of the gateway.
///
/// The gateway itself redirects none of these requests and responds to none of them with a page.
async fn send(request: RequestBuilder, body: Option<&JsValue>) -> Result<Response, ApiError> {
    // If the browser followed a redirect to another origin, the error would be that of a broken connection.
    let request = request.redirect(RequestRedirect::Manual);
    let request = match body {
        Some(body) => request.body(body),
        None => request.build(),
    };
    let response = match request {
        Ok(request) => request.send().await,
        Err(error) => Err(error),
    };
    let response = response.map_err(|_| ApiError::unreachable())?;
    let content_type = response.headers().get("Content-Type");
    let is_page = content_type.is_some_and(|content_type| content_type.starts_with("text/html"));
    let is_sign_in = response.type_() == ResponseType::Opaqueredirect
        || is_page && (response.ok() || matches!(response.status(), 401 | 407 | 511));
    if is_sign_in { Err(ApiError::proxy_signed_out()) } else { Ok(response) }
}

/// Returns the error of an unsuccessful response.
async fn error_of(response: &Response) -> ApiError {
    match body_text(response).await {
        Ok(text) => ApiError::of_reply(response.status(), &text),
        Err(error) => error,
    }
}

async fn body_text(response: &Response) -> Result<String, ApiError> {
    response.text().await.map_err(|_| ApiError::unreachable())
}
