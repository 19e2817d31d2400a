//! Pages of entries that are older than the transcript. They are read from codex's history, which
//! consists of turns and items only.
//!
//! Codex may return the items of a turn in another order than it emitted them, and may omit some. A
//! position in the transcript is therefore not a position in codex's history. A page is defined by
//! the entries that the client already has: it contains the newest entries that are not among them,
//! from the turn where they begin and from earlier turns.

use std::collections::HashSet;

use codex_app_server_client::protocol::HistoricalTurn;
use codex_gateway_wire::{
    Content, Entry, EventId, ItemId, ItemsPage, Phase, ThreadId, Transcript, TurnId, TurnRecord,
    codex::TurnStatus,
};

use super::{WINDOW_BYTES, history};
use crate::error::SessionError;

/// The result of looking up older entries.
#[derive(Debug)]
pub(crate) enum Lookup {
    /// The page from the session's transcript.
    Local(ItemsPage),
    /// The query for codex's history.
    Remote(HistoryQuery),
}

/// A query for entries of codex's history.
#[derive(Debug)]
pub(crate) struct HistoryQuery {
    pub thread: ThreadId,
    /// The newest event at the time of the query. Codex's reply may include later events.
    at: EventId,
    /// The running turn.
    active: Option<TurnId>,
    /// The entries that the client already has.
    seen: HashSet<ItemId>,
    anchor: Anchor,
}

#[derive(Debug)]
enum Anchor {
    /// The end of the history.
    End,
    /// The start of the session's transcript: the turn, and the items of it that the transcript
    /// contains.
    Window(TurnId, HashSet<ItemId>),
    /// Before this item of the history.
    Before(ItemId),
}

/// Looks up the entries before an entry, or the newest entries if `before` is `None`.
///
/// # Errors
/// [`SessionError::NoSuchEntry`] if the entry cannot exist.
pub(super) fn lookup(
    transcript: &Transcript,
    has_older: bool,
    at: EventId,
    before: Option<&ItemId>,
    limit: usize,
) -> Result<Lookup, SessionError> {
    let entries: Vec<&Entry> = transcript.entries.iter().collect();
    let end = match before {
        Some(id) => entries.iter().position(|entry| entry.id == *id),
        None => Some(entries.len()),
    };
    let anchor = match (end, before) {
        (Some(0), _) if has_older => window_anchor(&entries),
        (Some(end), _) => {
            return Ok(Lookup::Local(local_page(transcript, &entries[..end], has_older, at, limit)));
        }
        (None, Some(id)) if has_older => Anchor::Before(id.clone()),
        (None, _) => return Err(SessionError::NoSuchEntry),
    };
    history_query(transcript, at, anchor).map(Lookup::Remote)
}

/// Returns the query for the entries before an entry that is not in the transcript.
///
/// # Errors
/// See [`lookup`].
pub(super) fn lookup_before(
    transcript: &Transcript,
    at: EventId,
    before: ItemId,
) -> Result<HistoryQuery, SessionError> {
    history_query(transcript, at, Anchor::Before(before))
}

fn history_query(transcript: &Transcript, at: EventId, anchor: Anchor) -> Result<HistoryQuery, SessionError> {
    Ok(HistoryQuery {
        thread: transcript.thread_id.clone().ok_or(SessionError::NoSuchEntry)?,
        at,
        active: transcript.active_turn().map(|turn| turn.id.clone()),
        seen: transcript.entries.iter().map(|entry| entry.id.clone()).collect(),
        anchor,
    })
}

/// Returns the anchor for the start of these entries.
fn window_anchor(entries: &[&Entry]) -> Anchor {
    let items = || entries.iter().filter(|entry| matches!(entry.content, Content::Item(_)));
    let Some(turn) = items().find_map(|entry| entry.turn_id.clone()) else { return Anchor::End };
    let in_turn = items().filter(|entry| entry.turn_id.as_ref() == Some(&turn));
    let in_turn = in_turn.map(|entry| entry.id.clone()).collect();
    Anchor::Window(turn, in_turn)
}

fn local_page(
    transcript: &Transcript,
    before: &[&Entry],
    has_older: bool,
    at: EventId,
    limit: usize,
) -> ItemsPage {
    let from = before.len().saturating_sub(limit);
    let entries: Vec<Entry> = before[from..].iter().map(|entry| (*entry).clone()).collect();
    let has_entry = |turn: &&TurnRecord| entries.iter().any(|entry| entry.turn_id.as_ref() == Some(&turn.id));
    ItemsPage {
        ok: true,
        at,
        thread_id: transcript.thread_id.clone(),
        turns: transcript.turns.iter().filter(has_entry).cloned().collect(),
        older: from > 0 || has_older,
        entries,
        cursor: None,
    }
}

/// Builds a page from codex's history, newest turn first.
#[derive(Debug)]
pub(crate) struct PageBuilder {
    query: HistoryQuery,
    limit: usize,
    /// The turn that was added last, which is the next newer one.
    newer: Option<TurnId>,
    /// The anchor was reached. All further entries are older.
    reached: bool,
    entries: Vec<Entry>,
    turns: Vec<TurnRecord>,
    bytes: usize,
    /// Codex's cursor of the page that contains the oldest entry.
    page: Option<String>,
    /// There are more entries than fit in the page.
    has_more: bool,
}

/// Where the next older page ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NextPage {
    /// Codex's cursor of the page that contains `before`.
    pub page: Option<String>,
    /// The entry that the next page is older than.
    pub before: ItemId,
}

impl PageBuilder {
    /// Creates an empty page of at most `limit` entries.
    pub(crate) fn new(query: HistoryQuery, limit: usize) -> Self {
        let reached = matches!(query.anchor, Anchor::End);
        let (entries, turns) = (Vec::new(), Vec::new());
        Self { query, limit, newer: None, reached, entries, turns, bytes: 0, page: None, has_more: false }
    }

    /// Returns `true` if the page is full and more entries exist.
    pub(crate) fn is_full(&self) -> bool {
        self.has_more
    }

    /// Adds the older entries of the next turn. `page` is codex's cursor of the turn's page.
    pub(crate) fn push_turn(&mut self, historical: HistoricalTurn, page: Option<&str>) {
        let HistoricalTurn { turn, items } = historical;
        let newer = self.newer.replace(turn.id.clone());
        let root = newer.filter(|newer| history::is_part_of(&turn, newer));
        let id = root.as_ref().unwrap_or(&turn.id);
        let is_running = self.query.active.as_ref() == Some(id);
        let sizes = items.iter().map(|item| item.get().len());
        let entries = items.iter().map(|item| history::item_entry(id, item));
        let mut entries: Vec<_> =
            entries.zip(sizes).filter_map(|(entry, size)| Some((entry?, size))).collect();
        if !self.reached {
            let Some(end) = self.end_in(id, is_running, &entries) else { return };
            entries.truncate(end);
            self.reached = true;
        }
        let before = self.entries.len();
        for (mut entry, size) in entries.into_iter().rev() {
            if !self.query.seen.insert(entry.id.clone()) {
                continue;
            }
            let is_too_large = self.bytes + size > WINDOW_BYTES && !self.entries.is_empty();
            if is_too_large || self.entries.len() == self.limit {
                self.has_more = true;
                break;
            }
            self.bytes += size;
            entry.as_of = self.query.at.seq;
            if is_running && entry.phase == Phase::Interrupted {
                entry.phase = Phase::Running;
            }
            self.entries.push(entry);
        }
        if self.entries.len() > before {
            self.page = page.map(str::to_owned);
            if root.is_some() {
                return;
            }
            let mut record = history::turn_record(turn);
            if is_running {
                record.status = TurnStatus::InProgress;
            }
            self.turns.push(record);
        }
    }

    /// Returns the end of the older entries of a turn, if the anchor is in it.
    fn end_in(&self, turn: &TurnId, is_running: bool, entries: &[(Entry, usize)]) -> Option<usize> {
        match &self.query.anchor {
            Anchor::End => Some(entries.len()),
            Anchor::Before(id) => entries.iter().position(|(entry, _)| entry.id == *id),
            Anchor::Window(first, items) => {
                let last = entries.iter().rposition(|(entry, _)| items.contains(&entry.id));
                // Items of a running turn after the transcript's are newer, not older: their events
                // are about to arrive.
                let end = if is_running { last.map_or(0, |last| last + 1) } else { entries.len() };
                (last.is_some() || turn == first).then_some(end)
            }
        }
    }

    /// Returns the page, and where the next older page ends.
    ///
    /// # Errors
    /// [`SessionError::NoSuchEntry`] if the anchor is not in the history.
    pub(crate) fn finish(self) -> Result<(ItemsPage, Option<NextPage>), SessionError> {
        let Self { query, reached, mut entries, mut turns, page, has_more, .. } = self;
        if !reached {
            return Err(SessionError::NoSuchEntry);
        }
        entries.reverse();
        turns.reverse();
        let next =
            entries.first().filter(|_| has_more).map(|oldest| NextPage { page, before: oldest.id.clone() });
        let thread_id = Some(query.thread);
        let page =
            ItemsPage { ok: true, at: query.at, thread_id, turns, entries, older: has_more, cursor: None };
        Ok((page, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> EventId {
        EventId { epoch: "e".into(), seq: 9 }
    }

    fn item(id: &str) -> String {
        format!(r#"{{"type":"agentMessage","id":"{id}","text":""}}"#)
    }

    fn historical_turn(id: &str, status: &str, items: &str) -> HistoricalTurn {
        let items: Vec<String> = items.split_whitespace().map(item).collect();
        let json = format!(r#"{{"id":"{id}","status":"{status}","items":[{}]}}"#, items.join(","));
        serde_json::from_str(&json).unwrap()
    }

    fn entry(id: &str, turn: Option<&str>) -> Entry {
        let item = serde_json::from_str(&format!(r#"{{"item":{}}}"#, item(id))).unwrap();
        let notice = || serde_json::from_str(r#"{"notice":{"message":"","failure":false}}"#).unwrap();
        Entry {
            id: id.into(),
            as_of: 1,
            turn_id: turn.map(Into::into),
            phase: Phase::Done,
            started_at_ms: None,
            completed_at_ms: None,
            content: if id.contains(':') { notice() } else { item },
        }
    }

    /// A transcript of the turns `u3` and `u4`. `u4` may be running.
    fn transcript(entries: &[(&str, Option<&str>)], running: bool) -> Transcript {
        let status = if running { TurnStatus::InProgress } else { TurnStatus::Completed };
        let turn = |id: &str, status| TurnRecord { id: id.into(), status, ..TurnRecord::default() };
        Transcript {
            thread_id: Some("t".into()),
            turns: vec![turn("u3", TurnStatus::Completed), turn("u4", status)],
            entries: entries.iter().map(|(id, turn)| entry(id, *turn)).collect(),
            ..Transcript::default()
        }
    }

    fn ids(page: &ItemsPage) -> Vec<&str> {
        page.entries.iter().map(|entry| entry.id.as_str()).collect()
    }

    fn local(transcript: &Transcript, has_older: bool, before: Option<&str>, limit: usize) -> ItemsPage {
        match lookup(transcript, has_older, at(), before.map(Into::into).as_ref(), limit) {
            Ok(Lookup::Local(page)) => page,
            other => panic!("{other:?}"),
        }
    }

    fn query(transcript: &Transcript, before: Option<&str>) -> HistoryQuery {
        match lookup(transcript, true, at(), before.map(Into::into).as_ref(), 9) {
            Ok(Lookup::Remote(query)) => query,
            other => panic!("{other:?}"),
        }
    }

    /// Builds a page from the turns of a history, newest first.
    fn find(
        query: HistoryQuery,
        limit: usize,
        turns: &[(&str, &str, &str)],
    ) -> Result<PageBuilder, SessionError> {
        let mut builder = PageBuilder::new(query, limit);
        for (n, (id, status, items)) in turns.iter().enumerate() {
            if !builder.is_full() {
                builder.push_turn(historical_turn(id, status, items), Some(&format!("page {n}")));
            }
        }
        if builder.reached { Ok(builder) } else { Err(SessionError::NoSuchEntry) }
    }

    fn found(query: HistoryQuery, turns: &[(&str, &str, &str)]) -> Vec<String> {
        let (page, _) = find(query, 9, turns).unwrap().finish().unwrap();
        ids(&page).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn entries_of_the_transcript_are_returned_locally() {
        let in_transcript = [("a", Some("u3")), ("warning:2", None), ("b", Some("u4")), ("c", Some("u4"))];
        let transcript = transcript(&in_transcript, false);
        let newest = local(&transcript, false, None, 2);
        assert_eq!((ids(&newest), newest.older), (vec!["b", "c"], true));
        assert_eq!(newest.turns.iter().map(|turn| turn.id.as_str()).collect::<Vec<_>>(), ["u4"]);
        let before = local(&transcript, false, Some("b"), 9);
        assert_eq!((ids(&before), before.older), (vec!["a", "warning:2"], false));
        assert!(local(&transcript, true, Some("b"), 9).older, "codex has older entries");
        assert_eq!(ids(&local(&transcript, false, Some("a"), 9)), [""; 0]);
        let unknown = lookup(&transcript, false, at(), Some(&"x".into()), 9);
        assert!(matches!(unknown, Err(SessionError::NoSuchEntry)));
    }

    #[test]
    fn older_entries_are_found_in_the_history() {
        let in_transcript = [("plan:u3", Some("u3")), ("c", Some("u3")), ("d", Some("u4"))];
        let transcript = transcript(&in_transcript, false);
        let history = [
            ("u4", "completed", "d"),
            ("u3", "completed", "b c"),
            ("u2", "failed", ""),
            ("u1", "completed", "a"),
        ];
        let (page, next) = find(query(&transcript, Some("plan:u3")), 9, &history).unwrap().finish().unwrap();
        assert_eq!((ids(&page), page.older, next), (vec!["a", "b"], false, None));
        let turns: Vec<_> = page.turns.iter().map(|turn| turn.id.as_str()).collect();
        assert_eq!(turns, ["u1", "u3"], "turns without an entry are left out");
        assert!(page.entries.iter().all(|entry| entry.as_of == 9 && entry.phase == Phase::Done));
    }

    #[test]
    fn next_page_ends_before_the_previous_one() {
        let transcript = transcript(&[("e", Some("u3"))], false);
        let history = [("u3", "completed", "c d e"), ("u2", "completed", "a b")];
        let (page, next) = find(query(&transcript, Some("e")), 2, &history).unwrap().finish().unwrap();
        assert_eq!((ids(&page), page.older), (vec!["c", "d"], true));
        assert_eq!(next, Some(NextPage { page: Some("page 0".into()), before: "c".into() }));
        let before = || lookup_before(&transcript, at(), "c".into()).unwrap();
        assert_eq!(found(before(), &history), ["a", "b"]);
        assert_eq!(found(query(&transcript, Some("b")), &history), ["a"], "the anchor is found by its id");
        assert!(find(before(), 9, &history[1..]).is_err(), "the anchor is not in the history");
    }

    #[test]
    fn items_of_a_turn_can_be_in_any_order() {
        let transcript = transcript(&[("b", Some("u3")), ("d", Some("u4"))], false);
        let history = [("u4", "completed", "d"), ("u3", "completed", "b a"), ("u2", "completed", "z")];
        assert_eq!(found(query(&transcript, Some("b")), &history), ["z", "a"]);
        let before = lookup_before(&transcript, at(), "a".into()).unwrap();
        assert_eq!(found(before, &history), ["z"], "entries of the transcript are left out");
    }

    #[test]
    fn new_items_of_a_running_turn_are_not_older() {
        let in_transcript = [("b", Some("u4")), ("c", Some("u4"))];
        let history = [("u4", "interrupted", "a b c new"), ("u3", "completed", "z")];
        let (page, _) =
            find(query(&transcript(&in_transcript, true), Some("b")), 9, &history).unwrap().finish().unwrap();
        assert_eq!(ids(&page), ["z", "a"]);
        assert_eq!(
            page.turns[1].status,
            TurnStatus::InProgress,
            "the session knows that the turn is running"
        );
        let newer = [("u5", "completed", "newer"), history[0], history[1]];
        assert_eq!(found(query(&transcript(&in_transcript, true), Some("b")), &newer), ["z", "a"]);
    }

    #[test]
    fn transcript_without_items_gets_the_newest_entries() {
        for (in_transcript, before) in [(&[][..], None), (&[("notice:7", None)], Some("notice:7"))] {
            let history = [("u2", "inProgress", "b"), ("u1", "completed", "a")];
            let (page, _) = find(query(&transcript(in_transcript, false), before), 9, &history)
                .unwrap()
                .finish()
                .unwrap();
            assert_eq!(ids(&page), ["a", "b"]);
            assert_eq!(page.turns[1].status, TurnStatus::Interrupted);
        }
    }
}
