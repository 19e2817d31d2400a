//! `GET /healthz` and `GET /readyz`. Neither needs a token.

use axum::{Json, extract::State, http::StatusCode};
use codex_gateway_wire::api::{Health, Readiness};

use crate::{openapi::error_groups::Public, state::AppState, unknown_fields::Warnings};

/// The gateway runs. Needs no token.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "getHealth",
    tag = "Gateway",
    responses((status = 200, description = "The gateway runs.", body = Health), Public),
)]
pub async fn healthz(State(state): State<AppState>, warnings: Warnings) -> Json<Health> {
    let uptime_seconds = state.started.elapsed().as_secs();
    Json(Health { ok: true, uptime_seconds, warnings: warnings.list() })
}

/// The gateway can create sessions: the codex executable runs. Needs no token.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "getReadiness",
    tag = "Gateway",
    responses((status = 200, description = "The gateway can create sessions.", body = Readiness), Public, (status = 503, description = "The gateway cannot create sessions; `error` says why.", body = Readiness)),
)]
pub async fn readyz(State(state): State<AppState>, warnings: Warnings) -> (StatusCode, Json<Readiness>) {
    let error = state.sessions.check_codex().await.err();
    let status = if error.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let (ok, active_sessions) = (error.is_none(), state.sessions.count());
    (status, Json(Readiness { ok, active_sessions, error, warnings: warnings.list() }))
}
