//! Reads a thread's turns page by page, from the newest to the oldest.

use codex_app_server_client::protocol::{HistoricalTurn, TurnsList, TurnsPage};
use codex_gateway_wire::ThreadId;

/// Number of turns in the first page. A turn can be long, and a reply is one line.
const FIRST_PAGE_SIZE: u32 = 8;
/// Maximum number of turns in a page. Each page is twice as long as the previous one, because codex
/// may read the whole thread for each page.
const MAX_PAGE_SIZE: u32 = 64;

/// The state of paging through a thread.
#[derive(Debug)]
pub(crate) struct TurnPager {
    thread: ThreadId,
    cursor: Option<String>,
    limit: u32,
    /// A reply was too long: pages have one turn from now on.
    one_by_one: bool,
    end: Option<PagerEnd>,
}

/// Why paging has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PagerEnd {
    /// The first turn of the thread was reached.
    Complete,
    /// Codex's cursors do not advance.
    Cycle,
}

impl TurnPager {
    /// Starts at codex's cursor, or at the newest turn without a cursor.
    pub(crate) fn new(thread: ThreadId, cursor: Option<String>) -> Self {
        Self { thread, cursor, limit: FIRST_PAGE_SIZE, one_by_one: false, end: None }
    }

    /// Returns the next request. `None` at the end.
    pub(crate) fn request(&self) -> Option<TurnsList> {
        let request = || TurnsList::newest(self.thread.clone(), self.cursor.clone(), self.limit);
        self.end.is_none().then(request)
    }

    /// Returns codex's cursor of the next page.
    pub(crate) fn page_cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Returns why paging has ended. `None` if it has not.
    pub(crate) fn end(&self) -> Option<PagerEnd> {
        self.end
    }

    /// Shrinks the pages after a reply that was too long. Returns `true` if the request is worth
    /// repeating.
    pub(crate) fn shrink_page(&mut self) -> bool {
        let can_shrink = self.limit > 1;
        (self.limit, self.one_by_one) = (1, true);
        can_shrink
    }

    /// Advances behind a page and returns its turns, newest first.
    pub(crate) fn advance(&mut self, page: TurnsPage) -> Vec<HistoricalTurn> {
        let TurnsPage { data, next_cursor } = page;
        self.end = match &next_cursor {
            None => Some(PagerEnd::Complete),
            next if data.is_empty() || *next == self.cursor => Some(PagerEnd::Cycle),
            Some(_) => None,
        };
        self.cursor = next_cursor;
        if !self.one_by_one {
            self.limit = (self.limit * 2).min(MAX_PAGE_SIZE);
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

    fn next_request(pager: &TurnPager) -> Option<(Option<String>, u32)> {
        pager.request().map(|request| (request.cursor, request.limit))
    }

    #[test]
    fn page_size_doubles_up_to_the_maximum() {
        let mut pager = TurnPager::new("t".into(), None);
        for (at, limit) in [(None, 8), (Some("a"), 16), (Some("b"), 32), (Some("c"), 64), (Some("d"), 64)] {
            assert_eq!(next_request(&pager), Some((at.map(str::to_owned), limit)));
            let next = at.map_or("a".to_owned(), |at| char::from(at.as_bytes()[0] + 1).to_string());
            pager.advance(page(1, Some(&next)));
        }
        pager.advance(page(1, None));
        assert_eq!((next_request(&pager), pager.end()), (None, Some(PagerEnd::Complete)));
    }

    #[test]
    fn too_long_reply_shrinks_pages_to_one_turn() {
        let mut pager = TurnPager::new("t".into(), Some("a".into()));
        assert!(pager.shrink_page());
        assert_eq!(next_request(&pager), Some((Some("a".into()), 1)));
        pager.advance(page(1, Some("b")));
        assert_eq!(next_request(&pager), Some((Some("b".into()), 1)));
        assert!(!pager.shrink_page(), "a single turn is too long");
    }

    #[test]
    fn paging_ends_when_the_cursor_does_not_advance() {
        for (turns, next) in [(0, "b"), (1, "a")] {
            let mut pager = TurnPager::new("t".into(), Some("a".into()));
            pager.advance(page(turns, Some(next)));
            assert_eq!((next_request(&pager), pager.end()), (None, Some(PagerEnd::Cycle)));
        }
    }
}
