//! Pages of a conversation's older entries.

use codex_app_server_client::{BridgeError, protocol::is_thread_not_found};
use codex_gateway_wire::{ItemId, ItemsPage, ThreadId};
use serde::{Deserialize, Serialize};

use super::{Sessions, threads};
use crate::{
    error::SessionError,
    session::{
        Session,
        history_page::{HistoryQuery, Lookup, NextPage, PageBuilder},
        turn_pager::TurnPager,
    },
};

/// Which entries to return.
#[derive(Clone, Debug)]
pub struct ItemsQuery {
    /// The upper end of the page.
    pub older_than: OlderThan,
    /// Maximum number of entries.
    pub limit: usize,
}

/// What the entries of a page are older than.
#[derive(Clone, Debug)]
pub enum OlderThan {
    /// The end of the conversation.
    Now,
    /// This entry.
    Entry(ItemId),
    /// The page that returned this cursor.
    Page(String),
}

/// Where a page of older entries ends. Includes codex's cursor, so that newer pages are not read
/// again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemsCursor {
    thread: ThreadId,
    page: Option<String>,
    before: ItemId,
}

impl Sessions {
    /// Returns a page of a session's conversation. Entries that are not in the transcript are read
    /// from codex's history: through the session's process if it has one, else through the thread
    /// reader.
    ///
    /// # Errors
    /// [`SessionError::NoSuchEntry`], [`SessionError::BadCursor`], [`SessionError::ReadersBusy`],
    /// or an error of codex.
    pub async fn items(&self, session: &Session, query: ItemsQuery) -> Result<ItemsPage, SessionError> {
        let ItemsQuery { older_than, limit } = query;
        let cursor = match older_than {
            OlderThan::Now => return self.lookup_items(session, None, limit).await,
            OlderThan::Entry(id) => return self.lookup_items(session, Some(id), limit).await,
            OlderThan::Page(cursor) => cursor,
        };
        let ItemsCursor { thread, page, before } = self.inner.cursors.open(session.owner(), &cursor)?;
        let query = session.lookup_items_before(before).await?;
        if query.thread != thread {
            return Err(SessionError::BadCursor); // Of the session's previous thread.
        }
        self.read_history(session, query, page, limit).await
    }

    async fn lookup_items(
        &self,
        session: &Session,
        before: Option<ItemId>,
        limit: usize,
    ) -> Result<ItemsPage, SessionError> {
        match session.lookup_items(before, limit).await? {
            Lookup::Local(page) => Ok(page),
            Lookup::Remote(query) => self.read_history(session, query, None, limit).await,
        }
    }

    async fn read_history(
        &self,
        session: &Session,
        query: HistoryQuery,
        page: Option<String>,
        limit: usize,
    ) -> Result<ItemsPage, SessionError> {
        let thread = query.thread.clone();
        let mut pager = TurnPager::new(thread.clone(), page.clone());
        let mut builder = PageBuilder::new(query, limit);
        let mut is_blank = true;
        self.inner.indexing.wait_until_readable(&thread).await?;
        while !builder.is_full()
            && let Some(request) = pager.request()
        {
            match self.request_for_thread(session.owner(), &thread, &request).await {
                Ok(turns)
                    if turns.data.is_empty()
                        && is_blank
                        && self.index_if_needed(session.owner(), &thread).await? =>
                {
                    (pager, is_blank) = (TurnPager::new(thread.clone(), page.clone()), false);
                }
                Ok(page) => {
                    is_blank = false;
                    let name = pager.page_cursor().map(str::to_owned);
                    for turn in pager.advance(page) {
                        builder.push_turn(turn, name.as_deref());
                    }
                }
                Err(SessionError::Codex(BridgeError::ReplyTooLong)) if pager.shrink_page() => {}
                Err(error) => return Err(history_error(error)),
            }
        }
        let (page, next) = builder.finish()?;
        let cursor = next.map(|NextPage { page, before }| ItemsCursor { thread, page, before });
        let cursor = cursor.and_then(|cursor| self.inner.cursors.seal(session.owner(), &cursor));
        Ok(ItemsPage { cursor, ..page })
    }
}

/// Maps codex's refusal to return a thread's turns to an error.
fn history_error(error: SessionError) -> SessionError {
    match threads::cursor_error(error) {
        SessionError::Codex(BridgeError::Refused { error, .. }) if is_thread_not_found(&error) => {
            SessionError::NoSuchEntry
        }
        error => error,
    }
}
