//! `GET /healthz` and `GET /readyz`: never need a token.

use axum::{Json, extract::State, http::StatusCode};
use codex_gateway_wire::api::{Health, Readiness};

use crate::state::AppState;

/// The gateway runs.
pub async fn healthz(State(state): State<AppState>) -> Json<Health> {
    Json(Health { ok: true, uptime_seconds: state.started.elapsed().as_secs() })
}

/// The gateway can make sessions: the codex executable can be run.
pub async fn readyz(State(state): State<AppState>) -> (StatusCode, Json<Readiness>) {
    let error = state.sessions.check_codex().await.err();
    let status = if error.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ok: error.is_none(), active_sessions: state.sessions.count(), error }))
}
