//! `GET /api/sessions/{id}/files`: finding files in the session's directory.

use std::num::NonZeroUsize;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use codex_gateway_engine::Found;
use codex_gateway_wire::api::FileList;
use serde::Deserialize;

use crate::{error::ApiError, extract::CallersSession, state::AppState};

/// How many files are told without a limit, and how many may be with one.
const USUAL: usize = 50;
const MOST: usize = 200;
/// The longest query, in bytes.
const LONGEST: usize = 256;

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// Some letters of a path, in their order; words with spaces between in any. What is near without.
    query: String,
    /// How many, at most 200.
    limit: Option<NonZeroUsize>,
}

/// `GET /api/sessions/{id}/files`
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
