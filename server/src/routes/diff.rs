//! `/api/sessions/{id}/diff`: what a conversation has changed in files.

use axum::{Json, extract::State};
use codex_gateway_wire::api::DiffReply;

use crate::{
    error::ApiError,
    extract::CallersSession,
    openapi::{params::SessionPath, refusals::ReadHistory},
    state::AppState,
};

/// What the newest turn and the whole conversation have changed in files. What commands wrote is not in it.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/diff",
    operation_id = "getDiff",
    tag = "Files",
    params(SessionPath),
    responses((status = 200, description = "The changes.", body = DiffReply), ReadHistory),
)]
pub async fn read(
    State(state): State<AppState>,
    CallersSession(session): CallersSession,
) -> Result<Json<DiffReply>, ApiError> {
    Ok(Json(state.sessions.changes(&session).await?))
}
