//! `/api/sessions/{id}/thread`: a new one.

use axum::Json;
use codex_gateway_wire::api::{NewThread, SessionReply};

use crate::{
    error::ApiError,
    extract::{CallersSession, JsonBody},
};

/// `POST /api/sessions/{id}/thread/new`
pub async fn new(
    CallersSession(session): CallersSession,
    body: Option<JsonBody<NewThread>>,
) -> Result<Json<SessionReply>, ApiError> {
    let request = body.map(|JsonBody(body)| body).unwrap_or_default();
    Ok(Json(session.new_thread(request).await?))
}
