//! `/api/sessions/{id}/requests`: what waits for the user, and answering it.

use axum::{
    Json,
    extract::{Path, rejection::PathRejection},
};
use codex_gateway_engine::SessionError;
use codex_gateway_wire::{
    RequestId, SessionId,
    request::{AnswerReply, AnswerRequest, RequestList},
};

use crate::{
    error::ApiError,
    extract::{CallersSession, JsonBody},
};

/// `GET /api/sessions/{id}/requests`
pub async fn list(CallersSession(session): CallersSession) -> Result<Json<RequestList>, ApiError> {
    Ok(Json(RequestList { ok: true, requests: session.requests().await? }))
}

/// `POST /api/sessions/{id}/requests/{requestId}`
pub async fn answer(
    CallersSession(session): CallersSession,
    request: Result<Path<(SessionId, RequestId)>, PathRejection>,
    JsonBody(answer): JsonBody<AnswerRequest>,
) -> Result<Json<AnswerReply>, ApiError> {
    let Path((_, request)) = request.map_err(|_| SessionError::NoSuchRequest)?;
    Ok(Json(session.answer(request, answer).await?))
}
