//! `/api/sessions/{id}/images/{item}`: a picture that the agent has looked at or made.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::header,
    response::IntoResponse,
};
use codex_gateway_engine::SessionError;
use codex_gateway_wire::ItemId;
use serde::Deserialize;

use crate::{
    error::ApiError,
    extract::CallersSession,
    openapi::{Binary, params::PicturePath, refusals::ReadPicture},
    state::AppState,
};

/// The entry that it is of.
#[derive(Deserialize)]
pub struct Of {
    item: ItemId,
}

/// A picture that the agent has looked at or made.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/images/{item}",
    operation_id = "getPicture",
    tag = "Files",
    params(PicturePath),
    responses((status = 200, description = "The picture.", content((Binary = "image/png"), (Binary = "image/jpeg"), (Binary = "image/gif"), (Binary = "image/webp"))), ReadPicture),
)]
pub async fn read(
    State(state): State<AppState>,
    CallersSession(session): CallersSession,
    of: Result<Path<Of>, PathRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let Path(Of { item }) = of.map_err(|_| SessionError::NoSuchEntry)?;
    let image = state.sessions.image(&session, &item).await?;
    Ok(([(header::CONTENT_TYPE, image.media_type)], image.bytes))
}
