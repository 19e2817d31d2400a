//! The reader's conversations, kept up to date in the browser.
//!
//! The list is loaded again when the reader goes to a page, when a session is created or ends, when the status of the
//! shown conversation changes, and periodically while the page is visible. In between, the status of each session comes
//! from the summaries that all tabs of the browser share.

use std::{cmp::Reverse, time::Duration};

use codex_gateway_wire::{ThreadId, api::SessionSummary};
use leptos::{ev, prelude::*, task::spawn_local};

use super::{day::Day, read_marks::ReadMarks};
use crate::{
    browser,
    router::{Route, conversation_path, thread_path, use_route},
    server_fns::{ApiError, Listing, Row, list_conversations},
    signal::RwSignalExt as _,
    state::Tabs,
};

/// How often the list is loaded while the page is visible.
const REFRESH_INTERVAL: Duration = Duration::from_secs(20);
/// How long a search waits for the next letter.
const SEARCH_DELAY: Duration = Duration::from_millis(200);

/// The reader's conversations. A context of all pages.
#[derive(Clone, Copy)]
pub(crate) struct Conversations {
    rows: RwSignal<Vec<Row>>,
    /// The cursor of the next page. `None` after the last page.
    next_cursor: RwSignal<Option<String>>,
    /// What the reader searches for.
    query: RwSignal<String>,
    /// The query that `rows` is the result of.
    rows_query: RwSignal<String>,
    /// `true` once the list has been loaded.
    is_loaded: RwSignal<bool>,
    /// `true` if the last request failed.
    has_failed: RwSignal<bool>,
    pub(super) read_marks: ReadMarks,
    /// The page to load next.
    next_request: RwSignal<Option<PageRequest>>,
    /// `true` while a request is running.
    is_loading: RwSignal<bool>,
}

/// A page of the list to load.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PageRequest {
    /// `None` for the first page.
    cursor: Option<String>,
}

/// An entry of the list as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum ListEntry {
    /// The heading above the conversations of a day.
    Heading(Day),
    /// A conversation.
    Conversation(ThreadId),
}

impl Conversations {
    /// Provides the list, and keeps it up to date in the browser.
    pub(crate) fn provide(tabs: Tabs) -> Self {
        let conversations = Self {
            rows: RwSignal::new(Vec::new()),
            next_cursor: RwSignal::new(None),
            query: RwSignal::new(String::new()),
            rows_query: RwSignal::new(String::new()),
            is_loaded: RwSignal::new(false),
            has_failed: RwSignal::new(false),
            read_marks: ReadMarks::follow(),
            next_request: RwSignal::new(None),
            is_loading: RwSignal::new(false),
        };
        provide_context(conversations);
        conversations.refresh_on_navigation();
        conversations.refresh_periodically();
        conversations.follow_summaries(tabs);
        conversations.mark_shown_as_read();
        conversations
    }

    fn refresh_on_navigation(self) {
        let route = use_route();
        Effect::new(move |_| {
            route.track();
            untrack(|| self.refresh());
        });
    }

    fn refresh_periodically(self) {
        Effect::new(move |_| {
            let tick = move || {
                if !browser::is_hidden() {
                    self.refresh();
                }
            };
            if let Ok(interval) = set_interval_with_handle(tick, REFRESH_INTERVAL) {
                on_cleanup(move || interval.clear());
            }
        });
    }

    /// Applies the summaries of the sessions, and loads the list when a session is created or ends.
    fn follow_summaries(self, tabs: Tabs) {
        let mut known_ids = None;
        Effect::new(move |_| {
            let Some(summaries) = tabs.summaries() else { return };
            let mut ids: Vec<_> = summaries.iter().map(|summary| summary.id.clone()).collect();
            ids.sort_unstable();
            untrack(|| self.apply_summaries(&summaries));
            let before = known_ids.replace(ids);
            if before.is_some() && before != known_ids && !browser::is_hidden() {
                self.refresh();
            }
        });
    }

    /// Marks the shown conversation as read while the page is visible.
    fn mark_shown_as_read(self) {
        let route = use_route();
        let mark = move || {
            let rows = self.rows.get();
            let row = rows.iter().find(|row| is_shown_at(row, &route.get()));
            if let Some(row) = row.filter(|_| !browser::is_hidden()) {
                self.read_marks.mark(row);
            }
        };
        Effect::new(move |_| {
            mark();
            let listener = window_event_listener(ev::visibilitychange, move |_| untrack(mark));
            on_cleanup(move || listener.remove());
        });
    }

    /// Returns the conversations by day, each day under its heading; tracked.
    pub(super) fn entries(self) -> Vec<ListEntry> {
        let rows = self.rows.get();
        if rows.is_empty() {
            return Vec::new();
        }
        let now = browser::now_ms();
        let mut entries = Vec::new();
        for day in Day::ALL {
            let of_day =
                rows.iter().filter(|row| Day::of(row.at_ms, now, browser::minutes_behind_utc) == day);
            let mut of_day = of_day.map(|row| ListEntry::Conversation(row.thread.clone())).peekable();
            if of_day.peek().is_some() {
                entries.push(ListEntry::Heading(day));
                entries.extend(of_day);
            }
        }
        entries
    }

    /// Returns a conversation; tracked.
    pub(super) fn row(self, thread: &ThreadId) -> Option<Row> {
        self.rows.with(|rows| rows.iter().find(|row| row.thread == *thread).cloned())
    }

    /// Returns `true` if the list has been loaded and has no rows; tracked.
    pub(super) fn is_empty(self) -> bool {
        self.is_loaded.get() && self.rows.with(Vec::is_empty)
    }

    /// Returns `true` if the list could not be loaded the last time; tracked.
    pub(super) fn has_failed(self) -> bool {
        self.has_failed.get()
    }

    /// Returns `true` if there are conversations after the rows; tracked.
    pub(super) fn has_more(self) -> bool {
        self.next_cursor.with(Option::is_some)
    }

    /// Shows the conversations whose titles contain the query.
    pub(super) fn search(self, query: String) {
        self.query.set(query.clone());
        let search = move || {
            if self.query.try_with_untracked(|current| *current == query) != Some(true) {
                return;
            }
            // Another refresh may have loaded the list with this query already.
            if self.rows_query.get_untracked() != query {
                self.rows.set(Vec::new());
            }
            self.refresh();
        };
        set_timeout(search, SEARCH_DELAY);
    }

    /// Loads the first page again.
    pub(crate) fn refresh(self) {
        self.load(PageRequest { cursor: None });
    }

    /// Loads the page after the rows.
    pub(super) fn load_more(self) {
        self.load(PageRequest { cursor: self.next_cursor.get_untracked() });
    }

    /// Loads a page after the running request, in place of the page that would have been next.
    ///
    /// There is one request at a time: a browser has few connections, and a slow list must not hold up messages.
    fn load(self, request: PageRequest) {
        self.next_request.set(Some(request));
        if self.is_loading.get_untracked() {
            return;
        }
        self.is_loading.set(true);
        spawn_local(async move {
            while let Some(PageRequest { cursor }) = self.next_request.take_untracked() {
                let query = self.query.get_untracked();
                let is_first = cursor.is_none();
                let page = list_conversations(query.clone(), cursor).await;
                // If the query has changed, its own request follows.
                if self.query.try_with_untracked(|current| *current == query) == Some(true) {
                    self.show(query, is_first, page);
                }
            }
            self.is_loading.set(false);
        });
    }

    fn show(self, query: String, is_first: bool, page: Result<Listing, ApiError>) {
        self.has_failed.set_if_changed(page.is_err());
        let Ok(page) = page else { return };
        self.is_loaded.set_if_changed(true);
        let mut before = self.rows.get_untracked();
        if self.rows_query.get_untracked() != query {
            before.clear();
        } else if is_first {
            before = rows_after_first_page(before, &page);
        }
        self.rows_query.set_if_changed(query);
        // If rows after the first page stay, the cursor stays as well.
        if !is_first || before.is_empty() {
            self.next_cursor.set_if_changed(page.next);
        }
        self.rows.set_if_changed(merge(before, page.rows));
    }

    fn apply_summaries(self, summaries: &[SessionSummary]) {
        let mut rows = self.rows.get_untracked();
        for row in &mut rows {
            let is_own = |summary: &&SessionSummary| row.session.as_ref() == Some(&summary.id);
            if let Some(summary) = summaries.iter().find(is_own) {
                row.title.clone_from(&summary.title);
                (row.running, row.waiting, row.news_ms) = (summary.running, summary.waiting, summary.news_ms);
            }
        }
        self.rows.set_if_changed(rows);
    }

    /// Removes a conversation that was deleted.
    pub(super) fn remove(self, thread: &ThreadId) {
        self.rows.update(|rows| rows.retain(|row| row.thread != *thread));
    }
}

/// Returns `true` if the route shows the conversation.
pub(super) fn is_shown_at(row: &Row, route: &Route) -> bool {
    match route {
        Route::Conversation(id) => row.session.as_ref() == Some(id),
        Route::Thread(id) => row.thread == *id,
        Route::Home | Route::Unknown => false,
    }
}

/// Returns the path of a conversation.
pub(crate) fn row_path(row: &Row) -> String {
    row.session.as_ref().map_or_else(|| thread_path(&row.thread), conversation_path)
}

/// Returns the rows that are older than a new first page. A row that the page would contain, and does not, is gone.
fn rows_after_first_page(rows: Vec<Row>, first_page: &Listing) -> Vec<Row> {
    // The page contains all conversations with sessions, however old they are.
    let without_session = first_page.rows.iter().filter(|row| row.session.is_none());
    let oldest = without_session.map(|row| row.at_ms).min().filter(|_| first_page.next.is_some());
    rows.into_iter().filter(|row| oldest.is_some_and(|oldest| row.at_ms < oldest)).collect()
}

/// Returns the rows of a page and the rows before, the newest first. The page's row replaces an earlier row of the same
/// conversation.
fn merge(before: Vec<Row>, page: Vec<Row>) -> Vec<Row> {
    let mut rows = page;
    let others: Vec<Row> =
        before.into_iter().filter(|row| rows.iter().all(|new| new.thread != row.thread)).collect();
    rows.extend(others);
    rows.sort_by_key(|row| Reverse(row.at_ms));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(thread: &str, at_ms: i64) -> Row {
        Row { thread: thread.into(), at_ms, ..Row::default() }
    }

    fn threads(rows: &[Row]) -> Vec<&str> {
        rows.iter().map(|row| row.thread.as_str()).collect()
    }

    #[test]
    fn merged_pages_have_each_conversation_once_and_the_newest_first() {
        let before = vec![row("a", 5), row("b", 4), row("c", 3)];
        let page = vec![row("c", 9), row("a", 5)];
        assert_eq!(threads(&merge(before, page)), ["c", "a", "b"]);
    }

    #[test]
    fn row_missing_in_the_first_page_is_removed_and_older_rows_stay() {
        let before = vec![row("a", 9), row("gone", 7), row("b", 6), row("c", 3)];
        let with_session = Row { session: Some("s".into()), ..row("d", 1) };
        let page = |next: Option<&str>| Listing {
            rows: vec![with_session.clone(), row("a", 9), row("b", 6)],
            next: next.map(str::to_owned),
        };
        assert_eq!(threads(&rows_after_first_page(before.clone(), &page(Some("2")))), ["c"]);
        assert_eq!(threads(&rows_after_first_page(before, &page(None))), Vec::<&str>::new());
    }
}
