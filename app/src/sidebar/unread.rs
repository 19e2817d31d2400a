//! What the reader has not seen yet: for each conversation they have looked at, the news that they saw last. It is
//! kept in this browser, for all its tabs.

use leptos::{ev, prelude::*};

use crate::{browser, server_fns::Row, signal::RwSignalExt as _};

/// Under which it is stored: a line for each conversation, the one that was looked at last at the end.
const STORED: &str = "seen";
/// How many conversations are kept in mind.
const MOST: usize = 200;

/// What the reader has seen.
#[derive(Clone, Copy)]
pub(super) struct ReadMarks(RwSignal<String>);

impl ReadMarks {
    /// Reads it in the browser, again whenever another tab changes it.
    pub(super) fn follow() -> Self {
        let seen = Self(RwSignal::new(String::new()));
        Effect::new(move |_| {
            let read = move || seen.0.set_if_changed(browser::stored(STORED).unwrap_or_default());
            read();
            // For as long as the page lives.
            let _ = window_event_listener(ev::storage, move |_| read());
        });
        seen
    }

    /// Whether something happened in a conversation since the reader looked at it; tracked.
    pub(super) fn is_unread(self, row: &Row) -> bool {
        let thread = row.thread.as_str();
        self.0.try_with(|seen| last_seen(seen, thread).is_some_and(|at| at < row.news_ms)) == Some(true)
    }

    /// The reader looks at a conversation.
    pub(super) fn look(self, row: &Row) {
        let (now, thread) = (browser::stored(STORED).unwrap_or_default(), row.thread.as_str());
        if last_seen(&now, thread).is_none_or(|at| at < row.news_ms) {
            let now = looked(&now, thread, row.news_ms);
            browser::store(STORED, &now);
            self.0.set_if_changed(now);
        }
    }
}

fn last_seen(seen: &str, thread: &str) -> Option<i64> {
    let mut lines = seen.lines().filter_map(|line| line.split_once(' '));
    lines.find_map(|(other, at)| (other == thread).then(|| at.parse().ok())?)
}

fn looked(seen: &str, thread: &str, at: i64) -> String {
    let others = seen.lines().filter(|line| line.split_once(' ').is_none_or(|(other, _)| other != thread));
    let mut lines: Vec<&str> = others.collect();
    let line = format!("{thread} {at}");
    lines.push(&line);
    let from = lines.len().saturating_sub(MOST);
    lines[from..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_at_is_kept_in_mind_up_to_so_many() {
        assert_eq!(last_seen("", "a"), None);
        let seen = looked(&looked(&looked("", "a", 1), "b", 2), "a", 3);
        assert_eq!(
            (seen.as_str(), last_seen(&seen, "a"), last_seen(&seen, "b")),
            ("b 2\na 3", Some(3), Some(2))
        );
        let many = (0..=MOST).fold(String::new(), |seen, n| looked(&seen, &format!("t{n}"), 7));
        assert_eq!(
            (last_seen(&many, "t0"), last_seen(&many, "t1"), many.lines().count()),
            (None, Some(7), MOST)
        );
        assert_eq!(
            last_seen("a\na x\na 5", "a"),
            Some(5),
            "what somebody else has written there is passed over"
        );
    }
}
