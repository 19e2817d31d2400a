//! Server functions on project folders and their codex settings.

use codex_gateway_wire::api::{Project, ProjectTrust};
use leptos::{server, server_fn::codec::Json};

#[cfg(feature = "ssr")]
use super::context::{ServerContext, to_api_error};
use super::{ApiError, GatewayClient};

/// Returns a folder and its codex settings. Without `cwd`, the folder is that of new sessions.
///
/// # Errors
/// `bad_cwd` if there is no such directory; `outside_workspaces`.
#[server(prefix = "/_fn", endpoint = "project", input = Json, output = Json, client = GatewayClient)]
pub async fn read_project(cwd: Option<String>) -> Result<Project, ApiError> {
    let context = ServerContext::current()?;
    context.sessions.project(&context.owner, cwd.as_deref()).await.map_err(to_api_error)
}

/// Records whether the reader trusts a folder. Returns the folder with the decision applied.
///
/// # Errors
/// `over_ceiling` if the operator allows no trust; those of [`read_project`].
#[server(prefix = "/_fn", endpoint = "trust", input = Json, output = Json, client = GatewayClient)]
pub async fn trust_project(path: String, trust: ProjectTrust) -> Result<Project, ApiError> {
    let context = ServerContext::current()?;
    context.sessions.decide_project(&context.owner, Some(&path), trust).await.map_err(to_api_error)
}
