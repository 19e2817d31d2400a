//! `/api/sessions/{id}/items`: a conversation's older entries.

use std::num::NonZeroUsize;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use codex_gateway_engine::{ItemsQuery, OlderThan};
use codex_gateway_wire::{ItemId, ItemsPage};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    error::ApiError,
    extract::CallersSession,
    openapi::{params::SessionPath, refusals::ReadHistory},
    state::AppState,
};

/// How many entries a page has without a limit, and how many it may have with one.
const USUAL: usize = 100;
const MOST: usize = 200;

/// Which entries may be asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Those before this one; the newest without.
    before: Option<String>,
    /// Those before the page that gave this; instead of `before`.
    cursor: Option<String>,
    /// How many, at most 200.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<NonZeroUsize>,
}

impl Asked {
    fn query(self) -> Result<ItemsQuery, ApiError> {
        let limit = self.limit.map_or(USUAL, NonZeroUsize::get);
        if limit > MOST {
            return Err(ApiError::BadQuery(format!("limit: it takes a number from 1 to {MOST}")));
        }
        let said = |text: Option<String>| text.filter(|text| !text.is_empty());
        let older_than = match (said(self.before), said(self.cursor)) {
            (None, None) => OlderThan::Now,
            (Some(id), None) => OlderThan::Entry(ItemId::from(id)),
            (None, Some(cursor)) => OlderThan::Page(cursor),
            (Some(_), Some(_)) => {
                return Err(ApiError::BadQuery("before and cursor: one of them is enough".to_owned()));
            }
        };
        Ok(ItemsQuery { older_than, limit })
    }
}

/// Older entries of the conversation, page by page.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/items",
    operation_id = "listItems",
    tag = "Sessions",
    params(SessionPath, Asked),
    responses((status = 200, description = "A page.", body = ItemsPage), ReadHistory),
)]
pub async fn list(
    State(state): State<AppState>,
    CallersSession(session): CallersSession,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<ItemsPage>, ApiError> {
    let Query(asked) = asked.map_err(|rejection| ApiError::BadQuery(rejection.body_text()))?;
    Ok(Json(state.sessions.items(&session, asked.query()?).await?))
}
