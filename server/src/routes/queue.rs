//! `/api/sessions/{id}/queue`: the messages that wait for their turn.

use axum::{
    Json,
    extract::{Path, rejection::PathRejection},
};
use codex_gateway_engine::SessionError;
use codex_gateway_wire::{
    QueueItemId, SessionId,
    api::{EditQueueItem, QueueReply, TurnReply},
};

use crate::{
    error::ApiError,
    extract::{CallersSession, JsonBody},
};

/// The message that a path names.
type Item = Result<Path<(SessionId, QueueItemId)>, PathRejection>;

fn id(item: Item) -> Result<QueueItemId, SessionError> {
    // Whatever cannot be an id is the id of nothing.
    let Path((_, item)) = item.map_err(|_| SessionError::NoSuchQueueItem)?;
    Ok(item)
}

/// `GET /api/sessions/{id}/queue`
pub async fn list(CallersSession(session): CallersSession) -> Result<Json<QueueReply>, ApiError> {
    Ok(Json(session.queue().await?))
}

/// `PATCH /api/sessions/{id}/queue/{itemId}`: another text, another place.
pub async fn edit(
    CallersSession(session): CallersSession,
    item: Item,
    JsonBody(edit): JsonBody<EditQueueItem>,
) -> Result<Json<QueueReply>, ApiError> {
    Ok(Json(session.edit_queued(id(item)?, edit).await?))
}

/// `DELETE /api/sessions/{id}/queue/{itemId}`
pub async fn remove(
    CallersSession(session): CallersSession,
    item: Item,
) -> Result<Json<QueueReply>, ApiError> {
    Ok(Json(session.remove_queued(id(item)?).await?))
}

/// `POST /api/sessions/{id}/queue/{itemId}/send`: now, as a turn or to the agent that is at work.
pub async fn send(CallersSession(session): CallersSession, item: Item) -> Result<Json<TurnReply>, ApiError> {
    Ok(Json(session.send_queued(id(item)?).await?))
}
