//! The list of a reader's conversations: those of loaded sessions, and those on disk.

#[cfg(feature = "ssr")]
use std::collections::{HashMap, HashSet};

#[cfg(feature = "ssr")]
use codex_gateway_engine::{SessionError, ThreadQuery};
#[cfg(feature = "ssr")]
use codex_gateway_wire::api::{SessionSummary, SortKey};
use codex_gateway_wire::{SessionId, ThreadId, lenient_deserialize};
use serde::Serialize;

/// A page of a reader's conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// Newest first; those of loaded sessions before those on disk.
    pub rows: Vec<Row>,
    /// The cursor of the next page.
    pub next: Option<String>,
}
lenient_deserialize!(Listing { rows, next });

/// A conversation in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The session that has the conversation open.
    pub session: Option<SessionId>,
    /// The conversation's thread.
    pub thread: ThreadId,
    /// The title.
    pub title: Option<String>,
    /// Time of the last activity, in Unix milliseconds.
    pub at_ms: i64,
    /// Whether a turn is running.
    pub running: bool,
    /// Whether a request is waiting for the user.
    pub waiting: bool,
    /// Time when a turn last ended or a request was last opened, in Unix milliseconds.
    pub news_ms: i64,
}
lenient_deserialize!(Row { session, thread, title, at_ms, running, waiting, news_ms });

/// Threads of a page.
#[cfg(feature = "ssr")]
const THREADS_PAGE_SIZE: u32 = 40;

#[cfg(feature = "ssr")]
impl super::ServerContext {
    /// Returns a page of the conversations whose titles contain `search`. The first page has all loaded sessions.
    pub(super) async fn listing(
        &self,
        search: &str,
        cursor: Option<String>,
    ) -> Result<Listing, SessionError> {
        let query = ThreadQuery {
            limit: THREADS_PAGE_SIZE,
            sort_key: Some(SortKey::UpdatedAt),
            archived: false,
            cwd: None,
            search_term: Some(search.to_owned()).filter(|search| !search.is_empty()),
            cursor: cursor.clone(),
        };
        let page = self.sessions.list_threads(&self.owner, query).await?;
        let live = self.sessions.loaded_sessions(&self.owner);
        let in_memory: HashSet<&ThreadId> =
            live.iter().filter_map(|session| session.thread_id.as_ref()).collect();
        let past = page.threads.iter().filter_map(|thread| stored_row(thread.get()));
        let mut past: Vec<Row> = past.filter(|row| !in_memory.contains(&row.thread)).collect();
        let threads = past.iter().map(|row| row.thread.clone()).collect();
        let stored = self.sessions.dormant_sessions_in(&self.owner, threads).await;
        let mut stored: HashMap<ThreadId, SessionSummary> =
            stored.into_iter().filter_map(|session| Some((session.thread_id.clone()?, session))).collect();
        for row in &mut past {
            if let Some(session) = stored.remove(&row.thread) {
                (row.session, row.news_ms) = (Some(session.id), session.news_ms);
            }
        }
        let mut rows = if cursor.is_none() { matching_rows(live, search) } else { Vec::new() };
        rows.extend(past);
        Ok(Listing { rows, next: page.next_cursor })
    }
}

/// Returns the rows of the sessions whose titles contain `search`, ignoring case.
#[cfg(feature = "ssr")]
fn matching_rows(sessions: Vec<SessionSummary>, search: &str) -> Vec<Row> {
    let search = search.to_lowercase();
    let found = |title: &Option<String>| {
        search.is_empty() || title.as_ref().is_some_and(|title| title.to_lowercase().contains(&search))
    };
    let row = |session: SessionSummary| {
        Some(Row {
            session: Some(session.id),
            thread: session.thread_id?,
            title: session.title,
            at_ms: session.last_access_ms,
            running: session.running,
            waiting: session.waiting,
            news_ms: session.news_ms,
        })
    };
    sessions.into_iter().filter(|session| found(&session.title)).filter_map(row).collect()
}

/// Reads a thread as codex describes it. `None` if it is incomplete.
#[cfg(feature = "ssr")]
fn stored_row(thread: &str) -> Option<Row> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Thread {
        id: ThreadId,
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        preview: String,
        /// In Unix seconds.
        updated_at: i64,
    }
    let thread: Thread = serde_json::from_str(thread).ok()?;
    let name = thread.name.filter(|name| !name.is_empty());
    Some(Row {
        session: None,
        thread: thread.id,
        title: name.or_else(|| codex_gateway_wire::transcript::title_from_prompt(&thread.preview)),
        at_ms: thread.updated_at.saturating_mul(1000),
        running: false,
        waiting: false,
        news_ms: thread.updated_at.saturating_mul(1000),
    })
}
