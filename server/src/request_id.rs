//! Middleware: gives each request an id for its log lines, its response header, and error bodies.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use codex_gateway_wire::api::ErrorBody;
use tracing::Instrument;
use uuid::Uuid;

use crate::{auth::Caller, limits::Address};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Returns `true` for statuses that are logged as refusals: the caller may not do this, or not now.
fn is_logged_refusal(status: StatusCode) -> bool {
    [
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ]
    .contains(&status)
}

/// Assigns the id of a request. The query is not logged, because it may contain a token.
pub async fn request_id(request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().simple().to_string();
    let span = tracing::info_span!("request", id, method = %request.method(), path = request.uri().path());
    let address = Address::of(&request);
    let mut response = async {
        let response = next.run(request).await;
        let status = response.status();
        tracing::debug!(status = status.as_u16(), "answered");
        if let Some(body) = response.extensions().get::<ErrorBody>().filter(|_| is_logged_refusal(status)) {
            let owner = response.extensions().get::<Caller>().map(|Caller(owner)| owner.as_str());
            tracing::info!(status = status.as_u16(), code = body.code.as_str(), owner, %address, "request refused");
        }
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
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    response
}
