//! `/api/sessions/{id}/turn`: start and interrupt.

use axum::Json;
use codex_gateway_wire::api::{SessionReply, StartTurn, TurnReply};

use crate::{
    error::ApiError,
    extract::{CallersSession, JsonBody},
};

/// `POST /api/sessions/{id}/turn`
pub async fn start(
    CallersSession(session): CallersSession,
    JsonBody(turn): JsonBody<StartTurn>,
) -> Result<Json<TurnReply>, ApiError> {
    Ok(Json(session.start_turn(turn).await?))
}

/// `POST /api/sessions/{id}/turn/interrupt`
pub async fn interrupt(CallersSession(session): CallersSession) -> Result<Json<SessionReply>, ApiError> {
    Ok(Json(session.interrupt().await?))
}
