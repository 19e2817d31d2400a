//! `/api/sessions/{id}/queue`: the messages that wait for their turn.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};
use codex_gateway_engine::SessionError;
use codex_gateway_wire::{
    QueueItemId, SessionId,
    api::{EditQueueItem, QueueReply, TurnReply},
};

use crate::{
    error::ApiError,
    extract::{CallersSession, JsonBody, NoBody},
    openapi::{
        params::{OnceHeader, PreferHeader, QueuePath, SessionPath, StateQuery},
        refusals::{Queue, ReadSession, SendQueued},
    },
    reply::ReplyOptions,
    state::AppState,
};

/// The message that a path names.
type Item = Result<Path<(SessionId, QueueItemId)>, PathRejection>;

fn id(item: Item) -> Result<QueueItemId, SessionError> {
    // Whatever cannot be an id is the id of nothing.
    let Path((_, item)) = item.map_err(|_| SessionError::NoSuchQueueItem)?;
    Ok(item)
}

/// The messages that wait for their turn, the next one first.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/queue",
    operation_id = "listQueue",
    tag = "Queue",
    params(SessionPath),
    responses((status = 200, description = "The messages.", body = QueueReply), ReadSession),
)]
pub async fn list(CallersSession(session): CallersSession) -> Result<Json<QueueReply>, ApiError> {
    Ok(Json(session.queue().await?))
}

/// Change what a message says that waits, or what it waits before.
#[utoipa::path(
    patch,
    path = "/api/sessions/{id}/queue/{item}",
    operation_id = "editQueued",
    tag = "Queue",
    params(QueuePath),
    request_body= EditQueueItem,
    responses((status = 200, description = "The messages that wait then.", body = QueueReply), Queue),
)]
pub async fn edit(
    CallersSession(session): CallersSession,
    item: Item,
    JsonBody(edit): JsonBody<EditQueueItem>,
) -> Result<Json<QueueReply>, ApiError> {
    Ok(Json(session.edit_queued(id(item)?, edit).await?))
}

/// Take a message out of the queue.
#[utoipa::path(
    delete,
    path = "/api/sessions/{id}/queue/{item}",
    operation_id = "removeQueued",
    tag = "Queue",
    params(QueuePath),
    responses((status = 200, description = "The messages that wait then.", body = QueueReply), Queue),
)]
pub async fn remove(
    CallersSession(session): CallersSession,
    item: Item,
) -> Result<Json<QueueReply>, ApiError> {
    Ok(Json(session.remove_queued(id(item)?).await?))
}

/// Send a message that waits now: as a turn, or to the agent that is at work.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/queue/{item}/send",
    operation_id = "sendQueued",
    tag = "Queue",
    params(QueuePath, StateQuery, PreferHeader, OnceHeader),
    responses((status = 200, description = "What became of it.", body = TurnReply), SendQueued),
)]
pub async fn send(
    State(state): State<AppState>,
    CallersSession(session): CallersSession,
    item: Item,
    options: ReplyOptions,
    NoBody { key }: NoBody,
) -> Result<Response, ApiError> {
    let (sender, id) = (session.clone(), id(item)?);
    if key.is_none() {
        return Ok(options.json(session.send_queued(id).await?));
    }
    let sending = async move { Ok(sender.send_queued(id).await?.sent) };
    let sent = state.sessions.do_once(session.owner(), key, sending).await?;
    Ok(options.json(TurnReply { session: session.state().await?, sent }))
}
