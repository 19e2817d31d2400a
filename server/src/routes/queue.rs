//! `/api/sessions/{id}/queue`: queued messages.

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
    extract::{JsonBody, NoBody, OwnedSession},
    openapi::{
        error_groups::{EditQueue, ReadSession, SendQueued},
        params::{IdempotencyHeader, PreferHeader, QueuePath, SessionPath, StateQuery},
    },
    reply::ReplyOptions,
    state::AppState,
};

/// Path of a queued message.
type ItemPath = Result<Path<(SessionId, QueueItemId)>, PathRejection>;

fn item_id(item: ItemPath) -> Result<QueueItemId, SessionError> {
    // A path that cannot be parsed names no message.
    let Path((_, item)) = item.map_err(|_| SessionError::NoSuchQueueItem)?;
    Ok(item)
}

/// List the queued messages, next one first.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/queue",
    operation_id = "listQueue",
    tag = "Queue",
    params(SessionPath),
    responses((status = 200, description = "The messages.", body = QueueReply), ReadSession),
)]
pub async fn list(OwnedSession(session): OwnedSession) -> Result<Json<QueueReply>, ApiError> {
    Ok(Json(session.queue().await?))
}

/// Change the text or the position of a queued message.
#[utoipa::path(
    patch,
    path = "/api/sessions/{id}/queue/{item}",
    operation_id = "editQueued",
    tag = "Queue",
    params(QueuePath),
    request_body= EditQueueItem,
    responses((status = 200, description = "The queue after the change.", body = QueueReply), EditQueue),
)]
pub async fn edit(
    OwnedSession(session): OwnedSession,
    item: ItemPath,
    JsonBody(edit): JsonBody<EditQueueItem>,
) -> Result<Json<QueueReply>, ApiError> {
    Ok(Json(session.edit_queued(item_id(item)?, edit).await?))
}

/// Remove a message from the queue.
#[utoipa::path(
    delete,
    path = "/api/sessions/{id}/queue/{item}",
    operation_id = "removeQueued",
    tag = "Queue",
    params(QueuePath),
    responses((status = 200, description = "The queue after the change.", body = QueueReply), EditQueue),
)]
pub async fn remove(
    OwnedSession(session): OwnedSession,
    item: ItemPath,
) -> Result<Json<QueueReply>, ApiError> {
    Ok(Json(session.remove_queued(item_id(item)?).await?))
}

/// Send a queued message now: as a turn, or to the running one.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/queue/{item}/send",
    operation_id = "sendQueued",
    tag = "Queue",
    params(QueuePath, StateQuery, PreferHeader, IdempotencyHeader),
    responses((status = 200, description = "How the message was delivered.", body = TurnReply), SendQueued),
)]
pub async fn send(
    State(state): State<AppState>,
    OwnedSession(session): OwnedSession,
    item: ItemPath,
    options: ReplyOptions,
    NoBody { key }: NoBody,
) -> Result<Response, ApiError> {
    let (sender, id) = (session.clone(), item_id(item)?);
    if key.is_none() {
        return Ok(options.json(session.send_queued(id).await?));
    }
    let sending = async move { Ok(sender.send_queued(id).await?.delivery) };
    let sent = state.sessions.run_idempotent(session.owner(), key, sending).await?;
    Ok(options.json(TurnReply { session: session.state().await?, delivery: sent }))
}
