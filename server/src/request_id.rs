//! Middleware: every request has an id, in its log lines, its reply's header, and the body of an error.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use codex_gateway_wire::api::ErrorBody;
use tracing::Instrument;
use uuid::Uuid;

const NAME: HeaderName = HeaderName::from_static("x-request-id");

/// Gives a request its id. The query is not logged: it may hold a token.
pub async fn request_id(request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().simple().to_string();
    let span = tracing::info_span!("request", id, method = %request.method(), path = request.uri().path());
    let mut response = async {
        let response = next.run(request).await;
        tracing::debug!(status = response.status().as_u16(), "answered");
        response
    }
    .instrument(span)
    .await;
    if let Some(body) = response.extensions_mut().remove::<ErrorBody>() {
        let (mut parts, _) = response.into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        let body = axum::Json(ErrorBody { request_id: Some(id.clone()), ..body });
        response = (parts, body).into_response();
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(NAME, id);
    }
    response
}
