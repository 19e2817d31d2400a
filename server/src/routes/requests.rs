//! `/api/sessions/{id}/requests`: what waits for the user, and answering it.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use codex_gateway_engine::SessionError;
use codex_gateway_wire::{
    RequestId, SessionId,
    request::{AnswerReply, AnswerRequest, RequestList},
};

use crate::{
    auth::Caller,
    error::ApiError,
    extract::{CallersSession, JsonBody},
    state::AppState,
};

/// `GET /api/sessions/{id}/requests`
pub async fn list(CallersSession(session): CallersSession) -> Result<Json<RequestList>, ApiError> {
    Ok(Json(RequestList { ok: true, requests: session.requests().await? }))
}

/// `POST /api/sessions/{id}/requests/{requestId}`
pub async fn answer(
    State(state): State<AppState>,
    Caller(owner): Caller,
    path: Result<Path<(SessionId, RequestId)>, PathRejection>,
    JsonBody(answer): JsonBody<AnswerRequest>,
) -> Result<Json<AnswerReply>, ApiError> {
    let Path((session, request)) = path.map_err(|_| SessionError::NotFound)?;
    let session = state.sessions.get(&owner, &session)?;
    Ok(Json(session.answer(request, answer).await?))
}
