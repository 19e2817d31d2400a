//! `GET /api/sessions/{id}/files`: finding files in the session's directory.

use std::num::NonZeroUsize;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use codex_gateway_engine::Found;
use codex_gateway_wire::api::FileList;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    error::ApiError,
    extract::CallersSession,
    openapi::{params::SessionPath, refusals::FindFiles},
    state::AppState,
};

/// How many files are told without a limit, and how many may be with one.
const USUAL: usize = 50;
const MOST: usize = 200;
/// The longest query, in bytes.
const LONGEST: usize = 256;

/// What is looked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Some letters of a path, in their order; words with spaces between in any. What is near without.
    #[param(max_length = 256)]
    query: String,
    /// How many, at most 200.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<NonZeroUsize>,
}

/// Find files in the session's directory by a few letters of their paths.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/files",
    operation_id = "findFiles",
    tag = "Files",
    params(SessionPath, Asked),
    responses((status = 200, description = "What was found, the best first.", body = FileList), FindFiles),
)]
pub async fn list(
    State(state): State<AppState>,
    CallersSession(session): CallersSession,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<FileList>, ApiError> {
    let Query(Asked { query, limit }) =
        asked.map_err(|rejection| ApiError::BadQuery(rejection.body_text()))?;
    let limit = limit.map_or(USUAL, NonZeroUsize::get);
    if limit > MOST {
        return Err(ApiError::BadQuery(format!("limit: it takes a number from 1 to {MOST}")));
    }
    if query.len() > LONGEST {
        return Err(ApiError::BadQuery(format!("query: it is longer than {LONGEST} bytes")));
    }
    let Found { files, complete } = state.sessions.files(&session, &query, limit).await?;
    Ok(Json(FileList { ok: true, files, complete }))
}
