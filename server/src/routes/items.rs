//! `GET /api/sessions/{id}/items`: older entries of a conversation.

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
    extract::OwnedSession,
    openapi::{error_groups::ReadHistory, params::SessionPath},
    state::AppState,
};

/// Default page size, and the maximum of `limit`.
const PAGE_SIZE: usize = 100;
const MAX_PAGE_SIZE: usize = 200;

/// Query of a page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ListItemsQuery {
    /// Entries before this one. The newest entries by default.
    before: Option<String>,
    /// Entries before an earlier page: its cursor. Replaces `before`.
    cursor: Option<String>,
    /// Maximum number of entries (at most 200).
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<NonZeroUsize>,
}

impl ListItemsQuery {
    fn into_query(self) -> Result<ItemsQuery, ApiError> {
        let limit = self.limit.map_or(PAGE_SIZE, NonZeroUsize::get);
        if limit > MAX_PAGE_SIZE {
            return Err(ApiError::BadQuery(format!("limit: it takes a number from 1 to {MAX_PAGE_SIZE}")));
        }
        let non_empty = |text: Option<String>| text.filter(|text| !text.is_empty());
        let older_than = match (non_empty(self.before), non_empty(self.cursor)) {
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

/// List older entries of the conversation, page by page.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/items",
    operation_id = "listItems",
    tag = "Sessions",
    params(SessionPath, ListItemsQuery),
    responses((status = 200, description = "A page.", body = ItemsPage), ReadHistory),
)]
pub async fn list(
    State(state): State<AppState>,
    OwnedSession(session): OwnedSession,
    query: Result<Query<ListItemsQuery>, QueryRejection>,
) -> Result<Json<ItemsPage>, ApiError> {
    let Query(query) = query.map_err(|rejection| ApiError::BadQuery(rejection.body_text()))?;
    Ok(Json(state.sessions.items(&session, query.into_query()?).await?))
}
