//! `GET /api/sessions/{id}/files`: file search in the session's directory.

use std::num::NonZeroUsize;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use codex_gateway_engine::FileSearchResult;
use codex_gateway_wire::api::FileList;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    error::ApiError,
    extract::OwnedSession,
    openapi::{error_groups::FindFiles, params::SessionPath},
    state::AppState,
};

/// Default number of results, and the maximum of `limit`.
const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 200;
/// Maximum length of a query, in bytes.
const MAX_QUERY_BYTES: usize = 256;

/// Query of the search.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct FilesQuery {
    /// Letters of a path, in order; words separated by spaces match in any order. Without a query, nearby files
    /// are listed.
    #[param(max_length = 256)]
    query: String,
    /// Maximum number of results (at most 200).
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<NonZeroUsize>,
}

/// Find files in the session's directory by letters of their paths.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/files",
    operation_id = "findFiles",
    tag = "Files",
    params(SessionPath, FilesQuery),
    responses((status = 200, description = "The results, best first.", body = FileList), FindFiles),
)]
pub async fn list(
    State(state): State<AppState>,
    OwnedSession(session): OwnedSession,
    params: Result<Query<FilesQuery>, QueryRejection>,
) -> Result<Json<FileList>, ApiError> {
    let Query(FilesQuery { query, limit }) =
        params.map_err(|rejection| ApiError::BadQuery(rejection.body_text()))?;
    let limit = limit.map_or(DEFAULT_LIMIT, NonZeroUsize::get);
    if limit > MAX_LIMIT {
        return Err(ApiError::BadQuery(format!("limit: it takes a number from 1 to {MAX_LIMIT}")));
    }
    if query.len() > MAX_QUERY_BYTES {
        return Err(ApiError::BadQuery(format!("query: it is longer than {MAX_QUERY_BYTES} bytes")));
    }
    let FileSearchResult { files, complete } = state.sessions.files(&session, &query, limit).await?;
    Ok(Json(FileList { ok: true, files, complete }))
}
