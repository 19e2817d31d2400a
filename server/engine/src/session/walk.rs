//! Through a thread's turns, from the newest to the oldest, page by page.

use codex_gateway_wire::ThreadId;

use crate::bridge::protocol::{PastTurn, TurnsList, TurnsPage};

/// How many turns are asked for at first. A turn can be long, and a reply is one line.
const PAGE: u32 = 8;
/// How many at most: each page is twice as long as the one before, because codex may read the whole thread for
/// each.
const LONGEST: u32 = 64;

/// Where a walk is.
#[derive(Debug)]
pub(crate) struct Walk {
    thread: ThreadId,
    cursor: Option<String>,
    limit: u32,
    /// Replies were too long: it goes on turn by turn.
    short: bool,
    end: Option<End>,
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With the first turn of the thread.
    Complete,
    /// Codex's pages led nowhere.
    Stuck,
}

impl Walk {
    /// From a page on that codex has named; from the newest without.
    pub(crate) fn new(thread: ThreadId, cursor: Option<String>) -> Self {
        Self { thread, cursor, limit: PAGE, short: false, end: None }
    }

    /// What to ask codex for; nothing at the end.
    pub(crate) fn request(&self) -> Option<TurnsList> {
        let request = || TurnsList::newest(self.thread.clone(), self.cursor.clone(), self.limit);
        self.end.is_none().then(request)
    }

    /// The page that is asked for, by codex's name for it.
    pub(crate) fn page(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// How it ended, once it has.
    pub(crate) fn end(&self) -> Option<End> {
        self.end
    }

    /// The reply was too long. Whether it makes sense to ask again.
    pub(crate) fn shorten(&mut self) -> bool {
        let shorter = self.limit > 1;
        (self.limit, self.short) = (1, true);
        shorter
    }

    /// Goes on behind a page; its turns, the newest first.
    pub(crate) fn take(&mut self, page: TurnsPage) -> Vec<PastTurn> {
        let TurnsPage { data, next_cursor } = page;
        self.end = match &next_cursor {
            None => Some(End::Complete),
            next if data.is_empty() || *next == self.cursor => Some(End::Stuck),
            Some(_) => None,
        };
        self.cursor = next_cursor;
        if !self.short {
            self.limit = (self.limit * 2).min(LONGEST);
        }
        data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(turns: usize, next: Option<&str>) -> TurnsPage {
        let turn = || serde_json::from_str(r#"{"id":"u","status":"completed","items":[]}"#).unwrap();
        TurnsPage { data: (0..turns).map(|_| turn()).collect(), next_cursor: next.map(str::to_owned) }
    }

    fn asked(walk: &Walk) -> Option<(Option<String>, u32)> {
        walk.request().map(|request| (request.cursor, request.limit))
    }

    #[test]
    fn pages_grow_until_there_is_no_further_one() {
        let mut walk = Walk::new("t".into(), None);
        for (at, limit) in [(None, 8), (Some("a"), 16), (Some("b"), 32), (Some("c"), 64), (Some("d"), 64)] {
            assert_eq!(asked(&walk), Some((at.map(str::to_owned), limit)));
            let next = at.map_or("a".to_owned(), |at| char::from(at.as_bytes()[0] + 1).to_string());
            walk.take(page(1, Some(&next)));
        }
        walk.take(page(1, None));
        assert_eq!((asked(&walk), walk.end()), (None, Some(End::Complete)));
    }

    #[test]
    fn a_reply_that_is_too_long_is_asked_for_turn_by_turn() {
        let mut walk = Walk::new("t".into(), Some("a".into()));
        assert!(walk.shorten());
        assert_eq!(asked(&walk), Some((Some("a".into()), 1)));
        walk.take(page(1, Some("b")));
        assert_eq!(asked(&walk), Some((Some("b".into()), 1)));
        assert!(!walk.shorten(), "one turn alone is too long");
    }

    #[test]
    fn a_walk_that_goes_in_circles_ends() {
        for (turns, next) in [(0, "b"), (1, "a")] {
            let mut walk = Walk::new("t".into(), Some("a".into()));
            walk.take(page(turns, Some(next)));
            assert_eq!((asked(&walk), walk.end()), (None, Some(End::Stuck)));
        }
    }
}
