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
    error::ApiError,
    extract::{CallersSession, Keyed},
    openapi::{
        params::{OnceHeader, RequestPath, SessionPath},
        refusals::{Answer, ReadSession},
    },
    state::AppState,
};

/// What waits for an answer, the oldest first.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/requests",
    operation_id = "listRequests",
    tag = "Requests",
    params(SessionPath),
    responses((status = 200, description = "The requests.", body = RequestList), ReadSession),
)]
pub async fn list(CallersSession(session): CallersSession) -> Result<Json<RequestList>, ApiError> {
    Ok(Json(RequestList { ok: true, requests: session.requests().await? }))
}

/// Answer a request. One whose answer does not fit still waits.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/requests/{request}",
    operation_id = "answerRequest",
    tag = "Requests",
    params(RequestPath, OnceHeader),
    request_body= AnswerRequest,
    responses((status = 200, description = "How it ended.", body = AnswerReply), Answer),
)]
pub async fn answer(
    State(state): State<AppState>,
    CallersSession(session): CallersSession,
    request: Result<Path<(SessionId, RequestId)>, PathRejection>,
    Keyed { key, body, permit: _permit }: Keyed<AnswerRequest>,
) -> Result<Json<AnswerReply>, ApiError> {
    let Path((_, request)) = request.map_err(|_| SessionError::NoSuchRequest)?;
    let answer = body.ok_or_else(ApiError::empty_body)?;
    let answerer = session.clone();
    let answering = async move { answerer.answer(request, answer).await };
    Ok(Json(state.sessions.do_once(session.owner(), key, answering).await?))
}
