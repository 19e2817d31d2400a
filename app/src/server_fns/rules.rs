//! Server functions on the reader's approval rules.

use codex_gateway_wire::{Rule, RuleId};
use leptos::{server, server_fn::codec::Json};

#[cfg(feature = "ssr")]
use super::context::{ServerContext, to_api_error};
use super::{ApiError, GatewayClient};

/// Returns the reader's rules, oldest first.
///
/// # Errors
/// Errors of the store.
#[server(prefix = "/_fn", endpoint = "rules", input = Json, output = Json, client = GatewayClient)]
pub async fn list_rules() -> Result<Vec<Rule>, ApiError> {
    let context = ServerContext::current()?;
    context.sessions.rules(&context.owner).await.map_err(to_api_error)
}

/// Revokes a rule.
///
/// # Errors
/// `not_found` if the reader has no such rule; errors of the store.
#[server(prefix = "/_fn", endpoint = "revoke", input = Json, output = Json, client = GatewayClient)]
pub async fn revoke_rule(id: RuleId) -> Result<(), ApiError> {
    let context = ServerContext::current()?;
    context.sessions.revoke_rule(&context.owner, &id).await.map_err(to_api_error)
}
