//! The server function that highlights code.

use leptos::{server, server_fn::codec::Json};

#[cfg(feature = "ssr")]
use super::ServerContext;
use super::{ApiError, GatewayClient};

/// Returns the token runs of code blocks. Each source is a language, a line break, and the code.
///
/// The runs of a block are empty if it is not highlighted.
#[server(prefix = "/_fn", endpoint = "highlight", input = Json, output = Json, client = GatewayClient)]
pub async fn highlight_code(sources: Vec<String>) -> Result<Vec<String>, ApiError> {
    Ok(ServerContext::current()?.highlight(sources).await)
}
