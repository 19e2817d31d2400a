//! `GET /metrics`: for those who watch the gateway.

use axum::{
    Router,
    extract::{Request, State},
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{
    auth::bearer_token, error::ApiError, limits::Address, metrics::CONTENT_TYPE, openapi::refusals::Watch,
    state::AppState,
};

/// The metrics, in the text format of OpenMetrics.
///
/// Needs the token of `CODEX_GATEWAY_METRICS_TOKEN`, and is not there without one. At the address of
/// `CODEX_GATEWAY_METRICS_BIND` no token is needed.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "getMetrics",
    tag = "Gateway",
    responses((status = 200, description = "All of them, as they are now.", body = String, content_type = "application/openmetrics-text"), Watch),
)]
pub async fn metrics(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    match state.metrics.admits(bearer_token(request.headers())) {
        Some(true) => Ok(tell(State(state)).await),
        Some(false) => {
            state.limits.bad_token(Address::of(&request))?;
            Err(ApiError::Unauthorized)
        }
        None => Err(ApiError::NotFound),
    }
}

/// What is served at the address that is for them alone: whoever reaches it may read them.
pub fn alone(state: AppState) -> Router {
    Router::new().route("/metrics", get(tell)).with_state(state)
}

async fn tell(State(state): State<AppState>) -> Response {
    let text = state.metrics.tell(&state.sessions, &state.limits, &state.connections).await;
    ([(header::CONTENT_TYPE, CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")], text).into_response()
}
