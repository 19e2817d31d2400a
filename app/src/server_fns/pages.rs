//! Server functions that return the data of a page.

use codex_gateway_wire::{SessionId, ThreadId};
use leptos::{server, server_fn::codec::Json};

#[cfg(feature = "ssr")]
use super::context::{ServerContext, to_api_error};
use super::{ApiError, Conversation, GatewayClient, Home, PageData};
use crate::router::Route;

/// Returns the data of the home page.
#[server(prefix = "/_fn", endpoint = "home", input = Json, output = Json, client = GatewayClient)]
pub async fn read_home() -> Result<Home, ApiError> {
    Ok(ServerContext::current()?.home().await)
}

/// Returns the conversation of a session.
///
/// # Errors
/// `not_found` if the reader has no such session.
#[server(prefix = "/_fn", endpoint = "snapshot", input = Json, output = Json, client = GatewayClient)]
pub async fn read_conversation(id: SessionId) -> Result<Conversation, ApiError> {
    ServerContext::current()?.conversation(&id).await.map_err(to_api_error)
}

/// Returns the conversation of a thread: of the session that has it open, else from disk.
///
/// # Errors
/// `not_found` if the reader has no such thread; errors of codex.
#[server(prefix = "/_fn", endpoint = "thread", input = Json, output = Json, client = GatewayClient)]
pub async fn read_thread(id: ThreadId) -> Result<Conversation, ApiError> {
    ServerContext::current()?.thread(&id).await.map_err(to_api_error)
}

/// Fetches the data of a page.
pub(crate) async fn fetch_page(route: Route) -> PageData {
    let data = match route {
        Route::Home => read_home().await.map(PageData::home),
        Route::Conversation(id) => read_conversation(id).await.map(PageData::conversation),
        Route::Thread(id) => read_thread(id).await.map(PageData::conversation),
        Route::Unknown => Err(ApiError::not_found()),
    };
    data.unwrap_or_else(PageData::failed)
}
