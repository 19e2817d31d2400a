//! Read marks: for each conversation that the reader has opened, the time of the last news that they saw.
//!
//! The marks are kept in the browser's storage, which all its tabs share.

use leptos::{ev, prelude::*};

use crate::{browser, server_fns::Row, signal::RwSignalExt as _};

/// The key in the browser's storage. The value has a line `{thread} {time}` for each conversation, the last opened at
/// the end.
const STORAGE_KEY: &str = "seen";
/// How many marks are kept.
const MAX_MARKS: usize = 200;

/// The read marks, as they are stored.
#[derive(Clone, Copy)]
pub(super) struct ReadMarks(RwSignal<String>);

impl ReadMarks {
    /// Reads the marks in the browser, now and whenever another tab changes them.
    pub(super) fn follow() -> Self {
        let marks = Self(RwSignal::new(String::new()));
        Effect::new(move |_| {
            let read = move || marks.0.set_if_changed(browser::stored(STORAGE_KEY).unwrap_or_default());
            read();
            // The listener is never removed: the marks live as long as the document.
            let _ = window_event_listener(ev::storage, move |_| read());
        });
        marks
    }

    /// Returns `true` if there is news since the reader last saw the conversation; tracked. A conversation that they
    /// have never opened is not unread.
    pub(super) fn is_unread(self, row: &Row) -> bool {
        let last_seen = self.0.with(|marks| last_seen_ms(marks, row.thread.as_str()));
        last_seen.is_some_and(|at_ms| at_ms < row.news_ms)
    }

    /// Marks a conversation as read.
    pub(super) fn mark(self, row: &Row) {
        let (marks, thread) = (browser::stored(STORAGE_KEY).unwrap_or_default(), row.thread.as_str());
        if last_seen_ms(&marks, thread).is_none_or(|at_ms| at_ms < row.news_ms) {
            let marks = with_mark(&marks, thread, row.news_ms);
            browser::store(STORAGE_KEY, &marks);
            self.0.set_if_changed(marks);
        }
    }
}

/// Returns the mark of a thread. Lines that are not valid are skipped.
fn last_seen_ms(marks: &str, thread: &str) -> Option<i64> {
    let mut lines = marks.lines().filter_map(|line| line.split_once(' '));
    lines.find_map(|(other, at_ms)| (other == thread).then(|| at_ms.parse().ok())?)
}

/// Returns the marks with that of a thread at the end. The oldest marks beyond [`MAX_MARKS`] are dropped.
fn with_mark(marks: &str, thread: &str, at_ms: i64) -> String {
    let is_other = |line: &&str| line.split_once(' ').is_none_or(|(other, _)| other != thread);
    let mut lines: Vec<&str> = marks.lines().filter(is_other).collect();
    let line = format!("{thread} {at_ms}");
    lines.push(&line);
    let first_kept = lines.len().saturating_sub(MAX_MARKS);
    lines[first_kept..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_mark_replaces_the_old_one_and_moves_to_the_end() {
        assert_eq!(last_seen_ms("", "a"), None);
        let marks = with_mark(&with_mark(&with_mark("", "a", 1), "b", 2), "a", 3);
        assert_eq!(marks, "b 2\na 3");
        assert_eq!((last_seen_ms(&marks, "a"), last_seen_ms(&marks, "b")), (Some(3), Some(2)));
    }

    #[test]
    fn oldest_marks_beyond_the_limit_are_dropped() {
        let marks = (0..=MAX_MARKS).fold(String::new(), |marks, n| with_mark(&marks, &format!("t{n}"), 7));
        assert_eq!((last_seen_ms(&marks, "t0"), last_seen_ms(&marks, "t1")), (None, Some(7)));
        assert_eq!(marks.lines().count(), MAX_MARKS);
    }

    #[test]
    fn invalid_lines_are_skipped() {
        assert_eq!(last_seen_ms("a\na x\na 5", "a"), Some(5));
    }
}
