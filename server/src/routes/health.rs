//! `GET /healthz` and `GET /readyz`: never need a token.

use axum::{Json, extract::State, http::StatusCode};
use codex_gateway_wire::api::{Health, Readiness};

use crate::{openapi::refusals::Open, state::AppState, unknown_fields::Warnings};

/// The gateway runs. Never needs a token.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "getHealth",
    tag = "Gateway",
    responses((status = 200, description = "It does.", body = Health), Open),
)]
pub async fn healthz(State(state): State<AppState>, warnings: Warnings) -> Json<Health> {
    let uptime_seconds = state.started.elapsed().as_secs();
    Json(Health { ok: true, uptime_seconds, warnings: warnings.list() })
}

/// The gateway can make sessions: the codex executable can be run. Never needs a token.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "getReadiness",
    tag = "Gateway",
    responses((status = 200, description = "It can.", body = Readiness), Open, (status = 503, description = "It cannot, and why.", body = Readiness)),
)]
pub async fn readyz(State(state): State<AppState>, warnings: Warnings) -> (StatusCode, Json<Readiness>) {
    let error = state.sessions.check_codex().await.err();
    let status = if error.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let (ok, active_sessions) = (error.is_none(), state.sessions.count());
    (status, Json(Readiness { ok, active_sessions, error, warnings: warnings.list() }))
}
