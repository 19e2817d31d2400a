//! Which conversations there are. The list is asked for anew when the reader goes somewhere, when a session is new or has
//! ended, when something happens in the conversation that they are in, and every so often while they look. How sessions
//! stand is told by the summaries that all tabs of the browser share.

use std::time::Duration;

use codex_gateway_wire::api::SessionSummary;
use leptos::{ev, prelude::*, task::spawn_local};

use super::{day::Day, row::is_current, unread::ReadMarks};
use crate::{
    browser,
    route::Navigator,
    server_fns::{self, ApiError, Listing, Row},
    signal::RwSignalExt as _,
    state::Tabs,
};

/// How often the list is asked for while somebody looks.
const REFRESH_INTERVAL: Duration = Duration::from_secs(20);
/// How long to wait for the next letter of what is searched for.
const TYPING: Duration = Duration::from_millis(200);

/// The reader's conversations; a context of all pages.
#[derive(Clone, Copy)]
pub(crate) struct Conversations {
    rows: RwSignal<Vec<Row>>,
    next: RwSignal<Option<String>>,
    search: RwSignal<String>,
    /// The words that the rows were searched for.
    shown: RwSignal<String>,
    /// Whether the list was ever there, and whether it could not be had the last time.
    loaded: RwSignal<bool>,
    failed: RwSignal<bool>,
    pub(super) seen: ReadMarks,
    /// What is asked for next.
    wanted: RwSignal<Option<Page>>,
    /// A reply is waited for.
    asking: RwSignal<bool>,
}

/// A page of the list: the first one without a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Page {
    cursor: Option<String>,
}

impl Conversations {
    /// Keeps the list up to date in the browser.
    pub(crate) fn follow(navigator: Navigator, tabs: Tabs) -> Self {
        let all = Self {
            rows: RwSignal::new(Vec::new()),
            next: RwSignal::new(None),
            search: RwSignal::new(String::new()),
            shown: RwSignal::new(String::new()),
            loaded: RwSignal::new(false),
            failed: RwSignal::new(false),
            seen: ReadMarks::follow(),
            wanted: RwSignal::new(None),
            asking: RwSignal::new(false),
        };
        Effect::new(move |_| {
            navigator.route();
            untrack(|| all.refresh());
        });
        Effect::new(move |_| {
            let tick = move || {
                if !browser::is_hidden() {
                    all.refresh();
                }
            };
            if let Ok(interval) = set_interval_with_handle(tick, REFRESH_INTERVAL) {
                on_cleanup(move || interval.clear());
            }
        });
        let mut known = None;
        Effect::new(move |_| {
            let Some(summaries) = tabs.summaries() else { return };
            let mut ids: Vec<_> = summaries.iter().map(|summary| summary.id.clone()).collect();
            ids.sort_unstable();
            untrack(|| all.update(&summaries));
            let before = known.replace(ids);
            if before.is_some() && before != known && !browser::is_hidden() {
                all.refresh();
            }
        });
        // Who looks at a conversation sees what is new in it.
        let look = move || {
            let rows = all.rows.get();
            let row = rows.iter().find(|row| is_current(&navigator.route(), row));
            if let Some(row) = row.filter(|_| !browser::is_hidden()) {
                all.seen.look(row);
            }
        };
        Effect::new(move |_| {
            look();
            let listener = window_event_listener(ev::visibilitychange, move |_| untrack(look));
            on_cleanup(move || listener.remove());
        });
        all
    }

    /// What stands in the list: each part's heading, and the conversations below it; tracked.
    pub(super) fn keys(self) -> Vec<String> {
        let rows = self.rows.get();
        if rows.is_empty() {
            return Vec::new();
        }
        let now = browser::now_ms();
        let mut keys = Vec::new();
        for (part, day) in Day::ALL.into_iter().enumerate() {
            let own = rows.iter().filter(|row| Day::of(row.at_ms, now, browser::minutes_behind_utc) == day);
            let own: Vec<String> = own.map(key).collect();
            if !own.is_empty() {
                keys.push(format!("#{part}"));
                keys.extend(own);
            }
        }
        keys
    }

    /// The conversation of that key; tracked.
    pub(super) fn row(self, id: &str) -> Option<Row> {
        self.rows.try_with(|rows| rows.iter().find(|row| key(row) == id).cloned()).flatten()
    }

    /// Whether there is none, for all that is known; tracked.
    pub(super) fn is_empty(self) -> bool {
        self.loaded.get() && self.rows.try_with(Vec::is_empty).unwrap_or(true)
    }

    /// Whether the list could not be had; tracked.
    pub(super) fn failed(self) -> bool {
        self.failed.get()
    }

    /// Whether there are more than are shown; tracked.
    pub(super) fn has_more(self) -> bool {
        self.next.try_with(Option::is_some).unwrap_or_default()
    }

    /// Shows those with this in their titles.
    pub(super) fn search(self, words: String) {
        self.search.set(words.clone());
        let still = move || self.search.try_with_untracked(|now| *now == words) == Some(true);
        set_timeout(
            move || {
                if still() {
                    // The list may have been asked for with these words already, for another reason.
                    if self.shown.get_untracked() != self.search.get_untracked() {
                        self.rows.set(Vec::new());
                    }
                    self.refresh();
                }
            },
            TYPING,
        );
    }

    /// Asks for the list anew.
    pub(crate) fn refresh(self) {
        self.ask(None);
    }

    /// Asks for the next page.
    pub(super) fn more(self) {
        self.ask(self.next.get_untracked());
    }

    /// Asks for a page, after the reply that is waited for. There is one request at a time: a list that takes long must not take
    /// the few connections that a browser has for all requests, messages among them.
    fn ask(self, cursor: Option<String>) {
        self.wanted.set(Some(Page { cursor }));
        if self.asking.get_untracked() {
            return;
        }
        self.asking.set(true);
        spawn_local(async move {
            while let Some(Page { cursor }) = self.wanted.take_untracked() {
                let search = self.search.get_untracked();
                let first = cursor.is_none();
                let page = server_fns::list_conversations(search.clone(), cursor).await;
                // What was searched for meanwhile is asked for next.
                if self.search.try_with_untracked(|now| *now == search) == Some(true) {
                    self.show(search, first, page);
                }
            }
            self.asking.set(false);
        });
    }

    fn show(self, search: String, first: bool, page: Result<Listing, ApiError>) {
        self.failed.set_if_changed(page.is_err());
        let Ok(page) = page else { return };
        self.loaded.set_if_changed(true);
        let mut before = self.rows.get_untracked();
        if self.shown.get_untracked() != search {
            before.clear();
        } else if first {
            before = beyond(before, &page);
        }
        self.shown.set_if_changed(search);
        // What was there beyond the first page stays, and goes on where it did.
        if !first || before.is_empty() {
            self.next.set_if_changed(page.next);
        }
        self.rows.set_if_changed(merged(before, page.rows));
    }

    /// Takes over how the sessions of the list stand.
    fn update(self, summaries: &[SessionSummary]) {
        let mut rows = self.rows.get_untracked();
        for row in &mut rows {
            let own = |summary: &&SessionSummary| row.session.as_ref() == Some(&summary.id);
            if let Some(summary) = summaries.iter().find(own) {
                row.title.clone_from(&summary.title);
                (row.running, row.waiting, row.news_ms) = (summary.running, summary.waiting, summary.news_ms);
            }
        }
        self.rows.set_if_changed(rows);
    }

    /// Takes a conversation out that was deleted.
    pub(super) fn forget(self, id: &str) {
        self.rows.update(|rows| rows.retain(|row| key(row) != id));
    }
}

/// Those of the rows that come after the first page, if there are any: what it could have and has not is gone.
fn beyond(rows: Vec<Row>, first: &Listing) -> Vec<Row> {
    let past = first.rows.iter().filter(|row| row.session.is_none());
    let oldest = past.map(|row| row.at_ms).min().filter(|_| first.next.is_some());
    rows.into_iter().filter(|row| oldest.is_some_and(|oldest| row.at_ms < oldest)).collect()
}

/// The rows of a page with those that were there, each once, the newest first.
fn merged(before: Vec<Row>, page: Vec<Row>) -> Vec<Row> {
    let mut rows = page;
    let others: Vec<Row> =
        before.into_iter().filter(|row| rows.iter().all(|new| new.thread != row.thread)).collect();
    rows.extend(others);
    rows.sort_by_key(|row| std::cmp::Reverse(row.at_ms));
    rows
}

/// What names a conversation in the list.
fn key(row: &Row) -> String {
    row.thread.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(thread: &str, at_ms: i64) -> Row {
        Row { thread: thread.into(), at_ms, ..Row::default() }
    }

    fn ids(rows: &[Row]) -> Vec<&str> {
        rows.iter().map(|row| row.thread.as_str()).collect()
    }

    #[test]
    fn pages_come_together_and_every_conversation_stands_once() {
        let before = vec![row("a", 5), row("b", 4), row("c", 3)];
        let again = vec![row("c", 9), row("a", 5)];
        assert_eq!(ids(&merged(before, again)), ["c", "a", "b"]);
    }

    #[test]
    fn what_the_first_page_could_have_and_has_not_is_gone() {
        let before = vec![row("a", 9), row("gone", 7), row("b", 6), row("c", 3)];
        let live = Row { session: Some("s".into()), ..row("d", 1) };
        let page = |next: Option<&str>| Listing {
            rows: vec![live.clone(), row("a", 9), row("b", 6)],
            next: next.map(str::to_owned),
        };
        assert_eq!(ids(&beyond(before.clone(), &page(Some("2")))), ["c"]);
        assert_eq!(ids(&beyond(before, &page(None))), Vec::<&str>::new());
    }
}
