//! `/api/sessions/{id}/diff`: what a conversation has changed in files.

use axum::{Json, extract::State};
use codex_gateway_wire::api::DiffReply;

use crate::{error::ApiError, extract::CallersSession, state::AppState};

/// `GET /api/sessions/{id}/diff`
pub async fn read(
    State(state): State<AppState>,
    CallersSession(session): CallersSession,
) -> Result<Json<DiffReply>, ApiError> {
    Ok(Json(state.sessions.changes(&session).await?))
}
