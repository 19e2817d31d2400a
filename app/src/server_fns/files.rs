//! The server function that finds files by their paths.

use codex_gateway_wire::{SessionId, api::FoundFile};
use leptos::{server, server_fn::codec::Json};

#[cfg(feature = "ssr")]
use super::context::{ServerContext, to_api_error};
use super::{ApiError, GatewayClient};

/// Files of one result.
#[cfg(feature = "ssr")]
const MAX_FILES: usize = 20;
/// Characters of a query. The rest is ignored.
#[cfg(feature = "ssr")]
const MAX_QUERY_CHARS: usize = 100;

/// Finds files by letters of their paths, best match first: in a session's directory, else in `cwd`.
///
/// # Errors
/// `not_found` if the reader has no such session; `bad_cwd` if the directory does not exist; `outside_workspaces`.
#[server(prefix = "/_fn", endpoint = "files", input = Json, output = Json, client = GatewayClient)]
pub async fn find_files(
    id: Option<SessionId>,
    cwd: Option<String>,
    query: String,
) -> Result<Vec<FoundFile>, ApiError> {
    let context = ServerContext::current()?;
    let query: String = query.chars().take(MAX_QUERY_CHARS).collect();
    let found = match id {
        Some(id) => {
            let session = context.session(&id).await.map_err(to_api_error)?;
            context.sessions.files(&session, &query, MAX_FILES).await
        }
        None => context.sessions.files_in(cwd.as_deref(), &query, MAX_FILES).await,
    };
    Ok(found.map_err(to_api_error)?.files)
}
