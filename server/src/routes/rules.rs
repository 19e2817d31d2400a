//! `/api/rules`: approvals that the caller has granted permanently.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use codex_gateway_engine::SessionError;
use codex_gateway_wire::{
    RuleId,
    rule::{RuleDeleted, RuleList},
};

use crate::{
    auth::Caller,
    error::ApiError,
    openapi::{
        error_groups::{DeleteRule, ListRules},
        params::RulePath,
    },
    state::AppState,
};

/// List the caller's rules for automatic approval, oldest first.
#[utoipa::path(
    get,
    path = "/api/rules",
    operation_id = "listRules",
    tag = "Requests",
    responses((status = 200, description = "The rules.", body = RuleList), ListRules),
)]
pub async fn list(State(state): State<AppState>, Caller(owner): Caller) -> Result<Json<RuleList>, ApiError> {
    Ok(Json(RuleList { ok: true, rules: state.sessions.rules(&owner).await? }))
}

/// Revoke a rule. It allows nothing from now on; past approvals stay.
#[utoipa::path(
    delete,
    path = "/api/rules/{id}",
    operation_id = "deleteRule",
    tag = "Requests",
    params(RulePath),
    responses((status = 200, description = "The rule is deleted.", body = RuleDeleted), DeleteRule),
)]
pub async fn delete(
    State(state): State<AppState>,
    Caller(owner): Caller,
    id: Result<Path<RuleId>, PathRejection>,
) -> Result<Json<RuleDeleted>, ApiError> {
    let Path(rule_id) = id.map_err(|_| SessionError::NoSuchRule)?;
    state.sessions.revoke_rule(&owner, &rule_id).await?;
    Ok(Json(RuleDeleted { ok: true, rule_id }))
}
