//! `/api/sessions/{id}/requests`: pending requests to the user, and their answers.

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
    error::ApiError,
    extract::{IdempotentJson, OwnedSession},
    openapi::{
        error_groups::{Answer, ReadSession},
        params::{IdempotencyHeader, RequestPath, SessionPath},
    },
    state::AppState,
};

/// List the pending requests, oldest first.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/requests",
    operation_id = "listRequests",
    tag = "Requests",
    params(SessionPath),
    responses((status = 200, description = "The requests.", body = RequestList), ReadSession),
)]
pub async fn list(OwnedSession(session): OwnedSession) -> Result<Json<RequestList>, ApiError> {
    Ok(Json(RequestList { ok: true, requests: session.requests().await? }))
}

/// Answer a request. After an invalid answer the request stays pending.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/requests/{request}",
    operation_id = "answerRequest",
    tag = "Requests",
    params(RequestPath, IdempotencyHeader),
    request_body= AnswerRequest,
    responses((status = 200, description = "How the request was resolved.", body = AnswerReply), Answer),
)]
pub async fn answer(
    State(state): State<AppState>,
    OwnedSession(session): OwnedSession,
    request: Result<Path<(SessionId, RequestId)>, PathRejection>,
    IdempotentJson { key, body, permit: _permit }: IdempotentJson<AnswerRequest>,
) -> Result<Json<AnswerReply>, ApiError> {
    let Path((_, request)) = request.map_err(|_| SessionError::NoSuchRequest)?;
    let answer = body.ok_or_else(ApiError::empty_body)?;
    let answerer = session.clone();
    let answering = async move { answerer.answer(request, answer).await };
    Ok(Json(state.sessions.run_idempotent(session.owner(), key, answering).await?))
}
