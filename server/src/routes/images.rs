//! `GET /api/sessions/{id}/images/{item}`: a picture that the agent viewed or created.

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
    extract::OwnedSession,
    openapi::{Binary, error_groups::ReadPicture, params::PicturePath},
    state::AppState,
};

/// Path of a picture.
#[derive(Deserialize)]
pub struct ImagePath {
    item: ItemId,
}

/// A picture that the agent viewed or created.
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
    OwnedSession(session): OwnedSession,
    path: Result<Path<ImagePath>, PathRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let Path(ImagePath { item }) = path.map_err(|_| SessionError::NoSuchEntry)?;
    let image = state.sessions.image(&session, &item).await?;
    Ok(([(header::CONTENT_TYPE, image.media_type)], image.bytes))
}
