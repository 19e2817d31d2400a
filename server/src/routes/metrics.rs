//! `GET /metrics`: metrics for operators.

use axum::{
    Router,
    extract::{Request, State},
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{
    auth::bearer_token, error::ApiError, limits::Address, metrics::CONTENT_TYPE,
    openapi::error_groups::ReadMetrics, state::AppState,
};

/// The metrics, in the OpenMetrics text format.
///
/// Needs the token of `CODEX_GATEWAY_METRICS_TOKEN`, and is 404 without that setting. At
/// `CODEX_GATEWAY_METRICS_BIND` no token is needed.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "getMetrics",
    tag = "Gateway",
    responses((status = 200, description = "All metrics with their current values.", body = String, content_type = "application/openmetrics-text"), ReadMetrics),
)]
pub async fn metrics(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    match state.metrics.check_token(bearer_token(request.headers())) {
        Some(true) => Ok(render(State(state)).await),
        Some(false) => {
            state.limits.count_bad_token(Address::of(&request))?;
            Err(ApiError::Unauthorized)
        }
        None => Err(ApiError::NotFound),
    }
}

/// Returns the router for `CODEX_GATEWAY_METRICS_BIND`. It needs no token: access is controlled by the address.
pub fn standalone(state: AppState) -> Router {
    Router::new().route("/metrics", get(render)).with_state(state)
}

async fn render(State(state): State<AppState>) -> Response {
    let text = state.metrics.render(&state.sessions, &state.limits, &state.connections).await;
    ([(header::CONTENT_TYPE, CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")], text).into_response()
}
