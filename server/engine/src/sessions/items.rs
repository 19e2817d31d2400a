//! A conversation's older entries, page by page.

use codex_gateway_wire::{ItemId, ItemsPage, ThreadId};
use serde::{Deserialize, Serialize};

use super::{Sessions, threads};
use crate::{
    bridge::{BridgeError, protocol::is_no_thread},
    error::SessionError,
    session::{
        Session,
        older::{Beyond, Finder, Looked, Next},
        walk::Walk,
    },
};

/// Which entries to tell.
#[derive(Clone, Debug)]
pub struct ItemsQuery {
    /// What they are older than.
    pub older_than: OlderThan,
    /// How many at most.
    pub limit: usize,
}

/// What the entries of a page are older than.
#[derive(Clone, Debug)]
pub enum OlderThan {
    /// What has not been said yet.
    Now,
    /// This entry.
    Entry(ItemId),
    /// The page that gave this cursor.
    Page(String),
}

/// Where a page of codex's history ends. It names the page of codex's, so that nothing newer is read again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    thread: ThreadId,
    page: Option<String>,
    before: ItemId,
}

impl Sessions {
    /// A page of a session's conversation, as it was before some entry. What the session does not keep is read from
    /// codex's history, through its own process if it has one; none is started for it but the library's.
    ///
    /// # Errors
    /// [`SessionError::NoSuchEntry`], [`SessionError::BadCursor`], [`SessionError::TooManyReads`], or what codex
    /// says.
    pub async fn items(&self, session: &Session, query: ItemsQuery) -> Result<ItemsPage, SessionError> {
        let ItemsQuery { older_than, limit } = query;
        let cursor = match older_than {
            OlderThan::Now => return self.look(session, None, limit).await,
            OlderThan::Entry(id) => return self.look(session, Some(id), limit).await,
            OlderThan::Page(cursor) => cursor,
        };
        let Place { thread, page, before } = self.inner.cursors.open(session.owner(), &cursor)?;
        let beyond = session.look_before(before).await?;
        if beyond.thread != thread {
            return Err(SessionError::BadCursor); // It is of a thread that the session was in before.
        }
        self.find(session, beyond, page, limit).await
    }

    async fn look(
        &self,
        session: &Session,
        before: Option<ItemId>,
        limit: usize,
    ) -> Result<ItemsPage, SessionError> {
        match session.look(before, limit).await? {
            Looked::Here(page) => Ok(page),
            Looked::Beyond(beyond) => self.find(session, beyond, None, limit).await,
        }
    }

    async fn find(
        &self,
        session: &Session,
        beyond: Beyond,
        page: Option<String>,
        limit: usize,
    ) -> Result<ItemsPage, SessionError> {
        let thread = beyond.thread.clone();
        let mut walk = Walk::new(thread.clone(), page.clone());
        let mut finder = Finder::new(beyond, limit);
        let mut is_blank = true;
        self.inner.indexing.readable(&thread).await?;
        while !finder.is_full()
            && let Some(request) = walk.request()
        {
            match self.ask_in(session.owner(), &thread, &request).await {
                Ok(told)
                    if told.data.is_empty() && is_blank && self.index(session.owner(), &thread).await? =>
                {
                    (walk, is_blank) = (Walk::new(thread.clone(), page.clone()), false);
                }
                Ok(page) => {
                    is_blank = false;
                    let name = walk.page().map(str::to_owned);
                    for past in walk.take(page) {
                        finder.take(past, name.as_deref());
                    }
                }
                Err(SessionError::Codex(BridgeError::ReplyTooLong)) if walk.shorten() => {}
                Err(error) => return Err(meaning(error)),
            }
        }
        let (page, next) = finder.finish()?;
        let place = next.map(|Next { page, before }| Place { thread, page, before });
        let cursor = place.and_then(|place| self.inner.cursors.seal(session.owner(), &place));
        Ok(ItemsPage { cursor, ..page })
    }
}

/// What codex's refusal to tell a thread's turns means.
fn meaning(error: SessionError) -> SessionError {
    match threads::bad_cursor(error) {
        SessionError::Codex(BridgeError::Refused { error, .. }) if is_no_thread(&error) => {
            SessionError::NoSuchEntry
        }
        error => error,
    }
}
