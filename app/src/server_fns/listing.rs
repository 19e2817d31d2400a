//! The conversations of a reader: those that are live, and those that are on disk.

#[cfg(feature = "ssr")]
use std::collections::{HashMap, HashSet};

#[cfg(feature = "ssr")]
use codex_gateway_engine::{SessionError, ThreadQuery};
#[cfg(feature = "ssr")]
use codex_gateway_wire::api::SessionSummary;
#[cfg(feature = "ssr")]
use codex_gateway_wire::api::SortKey;
use codex_gateway_wire::{SessionId, ThreadId, lenient_deserialize};
use serde::Serialize;

/// A page of a reader's conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// The newest first; those that are live before those that are on disk.
    pub rows: Vec<Row>,
    /// Where the next page begins.
    pub next: Option<String>,
}
lenient_deserialize!(Listing { rows, next });

/// A conversation in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The session that is in it, if one is.
    pub session: Option<SessionId>,
    /// Its thread.
    pub thread: ThreadId,
    /// What it is about.
    pub title: Option<String>,
    /// When something last happened in it, in Unix milliseconds.
    pub at_ms: i64,
    /// Whether a turn is running.
    pub running: bool,
    /// Whether something waits for the user.
    pub waiting: bool,
    /// When a turn last ended in it, or something was last asked, in Unix milliseconds.
    pub news_ms: i64,
}
lenient_deserialize!(Row { session, thread, title, at_ms, running, waiting, news_ms });

/// How many threads a page has.
#[cfg(feature = "ssr")]
const PAGE: u32 = 40;

#[cfg(feature = "ssr")]
impl super::ServerContext {
    /// A page of conversations with this in their titles.
    pub(super) async fn listing(
        &self,
        search: &str,
        cursor: Option<String>,
    ) -> Result<Listing, SessionError> {
        let query = ThreadQuery {
            limit: PAGE,
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
        let past = page.threads.iter().filter_map(|thread| past_row(thread.get()));
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
        let mut rows = if cursor.is_none() { rows_of(live, search) } else { Vec::new() };
        rows.extend(past);
        Ok(Listing { rows, next: page.next_cursor })
    }
}

/// The sessions with this in their titles.
#[cfg(feature = "ssr")]
fn rows_of(sessions: Vec<SessionSummary>, search: &str) -> Vec<Row> {
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

/// A thread as codex describes it.
#[cfg(feature = "ssr")]
fn past_row(thread: &str) -> Option<Row> {
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
