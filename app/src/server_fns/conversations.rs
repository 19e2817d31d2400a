//! Server functions on conversations as a whole: the list, the history, search, and actions.

use codex_gateway_wire::{ItemId, ItemsPage, Matches, SearchCursor, SessionId, ThreadId, api::ThreadAction};
use leptos::{server, server_fn::codec::Json};

#[cfg(feature = "ssr")]
use codex_gateway_engine::{ItemsQuery, OlderThan};

#[cfg(feature = "ssr")]
use super::context::{ServerContext, require_text, to_api_error};
use super::{ApiError, GatewayClient, Listing};

/// Entries of a page of the history.
#[cfg(feature = "ssr")]
const ITEMS_PAGE_SIZE: usize = 100;

/// Returns a page of the reader's conversations whose titles contain `search`.
///
/// # Errors
/// `bad_query` if the cursor is invalid; errors of codex.
#[server(prefix = "/_fn", endpoint = "conversations", input = Json, output = Json, client = GatewayClient)]
pub async fn list_conversations(search: String, cursor: Option<String>) -> Result<Listing, ApiError> {
    ServerContext::current()?.listing(search.trim(), cursor).await.map_err(to_api_error)
}

/// Returns a page of entries older than the page of `cursor`, else older than the entry `before`.
///
/// # Errors
/// `not_found` if the reader has no such session, or it has no such entry; `bad_query` if the cursor is invalid; errors
/// of the engine.
#[server(prefix = "/_fn", endpoint = "items", input = Json, output = Json, client = GatewayClient)]
pub async fn read_items(
    id: SessionId,
    before: Option<ItemId>,
    cursor: Option<String>,
) -> Result<ItemsPage, ApiError> {
    let context = ServerContext::current()?;
    let session = context.session(&id).await.map_err(to_api_error)?;
    let older_than = match (cursor, before) {
        (Some(cursor), _) => OlderThan::Page(cursor),
        (None, Some(id)) => OlderThan::Entry(id),
        (None, None) => OlderThan::Now,
    };
    let query = ItemsQuery { older_than, limit: ITEMS_PAGE_SIZE };
    context.sessions.items(&session, query).await.map_err(to_api_error)
}

/// Searches a part of a thread for a text. The result says where the next part begins.
///
/// # Errors
/// `not_found` if the reader has no such thread; errors of codex.
#[server(prefix = "/_fn", endpoint = "search", input = Json, output = Json, client = GatewayClient)]
pub async fn search_thread(
    thread: ThreadId,
    words: String,
    from: Option<SearchCursor>,
) -> Result<Matches, ApiError> {
    let context = ServerContext::current()?;
    context.sessions.search(&context.owner, &thread, &words, from).await.map_err(to_api_error)
}

/// Sets a conversation's name.
///
/// # Errors
/// `empty_prompt` if the name is blank; `not_found`; errors of codex.
#[server(prefix = "/_fn", endpoint = "rename", input = Json, output = Json, client = GatewayClient)]
pub async fn rename_conversation(thread: ThreadId, name: String) -> Result<(), ApiError> {
    let context = ServerContext::current()?;
    let name = require_text(name)?.trim().to_owned();
    context.sessions.name_thread(&context.owner, thread.as_str(), name).await.map_err(to_api_error)
}

/// Deletes a conversation permanently.
///
/// # Errors
/// `not_found`; errors of codex.
#[server(prefix = "/_fn", endpoint = "remove", input = Json, output = Json, client = GatewayClient)]
pub async fn delete_conversation(thread: ThreadId) -> Result<(), ApiError> {
    let context = ServerContext::current()?;
    context.sessions.delete_thread(&context.owner, thread.as_str()).await.map(drop).map_err(to_api_error)
}

/// Applies an action to a conversation, whether or not a session has it open.
///
/// `about` is an action's argument. For a fork, it is the last turn to keep (default: all turns). For a review, it is the
/// instructions (default: review the uncommitted changes).
///
/// Returns the session that has the conversation open afterwards; `None` for an archived conversation.
///
/// # Errors
/// `not_found` if the reader has no such conversation or turn; `empty_thread`; `turn_active`; errors of the engine.
#[server(prefix = "/_fn", endpoint = "act", input = Json, output = Json, client = GatewayClient)]
pub async fn act_on_conversation(
    thread: ThreadId,
    action: ThreadAction,
    about: Option<String>,
) -> Result<Option<SessionId>, ApiError> {
    ServerContext::current()?.act(&thread, action, about).await.map_err(to_api_error)
}
