//! Entries older than those that a session keeps: found in codex's history, of which nothing but the turns and
//! their items is known.
//!
//! Codex may tell the items of a turn in another order than they came, and leaves some out, so a place in the
//! conversation is no place in its history. What counts is which entries one has already: a page holds the
//! newest ones that are not among them, of the turn where they begin and of the turns before.

use std::collections::HashSet;

use codex_gateway_wire::{
    Content, Entry, EventId, ItemId, ItemsPage, Phase, ThreadId, Transcript, TurnId, TurnRecord,
    codex::TurnStatus,
};

use super::{WINDOW_BYTES, history};
use crate::{bridge::protocol::PastTurn, error::SessionError};

/// What a session says when it is asked for older entries.
#[derive(Debug)]
pub(crate) enum Looked {
    /// It keeps them itself.
    Here(ItemsPage),
    /// They are codex's to tell.
    Beyond(Beyond),
}

/// What the entries that codex is to tell are older than.
#[derive(Debug)]
pub(crate) struct Beyond {
    pub thread: ThreadId,
    /// Codex's answer includes this event, and maybe later ones.
    at: EventId,
    /// The turn that is running.
    active: Option<TurnId>,
    /// What the session keeps.
    known: HashSet<ItemId>,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// The end of the history.
    End,
    /// Where the entries that the session keeps begin: in this turn, of which it keeps these items.
    Kept(TurnId, HashSet<ItemId>),
    /// Before this item of the history.
    Before(ItemId),
}

/// Looks for the entries before one, or for the newest.
///
/// # Errors
/// [`SessionError::NoSuchEntry`] if there cannot be such an entry.
pub(super) fn look(
    transcript: &Transcript,
    older: bool,
    at: EventId,
    before: Option<&ItemId>,
    limit: usize,
) -> Result<Looked, SessionError> {
    let entries: Vec<&Entry> = transcript.entries.iter().collect();
    let end = match before {
        Some(id) => entries.iter().position(|entry| entry.id == *id),
        None => Some(entries.len()),
    };
    let place = match (end, before) {
        (Some(0), _) if older => kept(&entries),
        (Some(end), _) => return Ok(Looked::Here(here(transcript, &entries[..end], older, at, limit))),
        (None, Some(id)) if older => Place::Before(id.clone()),
        (None, _) => return Err(SessionError::NoSuchEntry),
    };
    beyond(transcript, at, place).map(Looked::Beyond)
}

/// Looks for the entries before one that the session does not keep.
///
/// # Errors
/// See [`look`].
pub(super) fn look_before(
    transcript: &Transcript,
    at: EventId,
    before: ItemId,
) -> Result<Beyond, SessionError> {
    beyond(transcript, at, Place::Before(before))
}

fn beyond(transcript: &Transcript, at: EventId, place: Place) -> Result<Beyond, SessionError> {
    Ok(Beyond {
        thread: transcript.thread_id.clone().ok_or(SessionError::NoSuchEntry)?,
        at,
        active: transcript.active_turn().map(|turn| turn.id.clone()),
        known: transcript.entries.iter().map(|entry| entry.id.clone()).collect(),
        place,
    })
}

/// Where these entries begin, by what codex knows of them.
fn kept(entries: &[&Entry]) -> Place {
    let items = || entries.iter().filter(|entry| matches!(entry.content, Content::Item(_)));
    let Some(turn) = items().find_map(|entry| entry.turn_id.clone()) else { return Place::End };
    let own = items().filter(|entry| entry.turn_id.as_ref() == Some(&turn));
    let own = own.map(|entry| entry.id.clone()).collect();
    Place::Kept(turn, own)
}

fn here(transcript: &Transcript, before: &[&Entry], older: bool, at: EventId, limit: usize) -> ItemsPage {
    let from = before.len().saturating_sub(limit);
    let entries: Vec<Entry> = before[from..].iter().map(|entry| (*entry).clone()).collect();
    let is_theirs = |turn: &&TurnRecord| entries.iter().any(|entry| entry.turn_id.as_ref() == Some(&turn.id));
    ItemsPage {
        ok: true,
        at,
        thread_id: transcript.thread_id.clone(),
        turns: transcript.turns.iter().filter(is_theirs).cloned().collect(),
        older: from > 0 || older,
        entries,
        cursor: None,
    }
}

/// What is found in codex's history, the newest first.
#[derive(Debug)]
pub(crate) struct Finder {
    beyond: Beyond,
    limit: usize,
    /// The place was passed: everything that comes now is older.
    passed: bool,
    entries: Vec<Entry>,
    turns: Vec<TurnRecord>,
    bytes: usize,
    /// The page of codex's in which the oldest one was.
    page: Option<String>,
    /// There are more than the page has room for.
    more: bool,
}

/// Where the page before a page ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Next {
    /// The page of codex's in which that is.
    pub page: Option<String>,
    /// The entry that it is older than.
    pub before: ItemId,
}

impl Finder {
    /// Nothing yet, and at most so many entries.
    pub(crate) fn new(beyond: Beyond, limit: usize) -> Self {
        let passed = matches!(beyond.place, Place::End);
        let (entries, turns) = (Vec::new(), Vec::new());
        Self { beyond, limit, passed, entries, turns, bytes: 0, page: None, more: false }
    }

    /// Whether the page is full, and it is known that there is more.
    pub(crate) fn is_full(&self) -> bool {
        self.more
    }

    /// Takes what is older of the next turn, which is of that page of codex's.
    pub(crate) fn take(&mut self, past: PastTurn, page: Option<&str>) {
        let PastTurn { turn, items } = past;
        let is_running = self.beyond.active.as_ref() == Some(&turn.id);
        let sizes = items.iter().map(|item| item.get().len());
        let entries = items.iter().map(|item| history::entry(&turn.id, item));
        let mut entries: Vec<_> =
            entries.zip(sizes).filter_map(|(entry, size)| Some((entry?, size))).collect();
        if !self.passed {
            let Some(end) = self.place_in(&turn.id, is_running, &entries) else { return };
            entries.truncate(end);
            self.passed = true;
        }
        let before = self.entries.len();
        for (mut entry, size) in entries.into_iter().rev() {
            if !self.beyond.known.insert(entry.id.clone()) {
                continue;
            }
            let is_heavy = self.bytes + size > WINDOW_BYTES && !self.entries.is_empty();
            if is_heavy || self.entries.len() == self.limit {
                self.more = true;
                break;
            }
            self.bytes += size;
            entry.as_of = self.beyond.at.seq;
            if is_running && entry.phase == Phase::Cut {
                entry.phase = Phase::Running;
            }
            self.entries.push(entry);
        }
        if self.entries.len() > before {
            self.page = page.map(str::to_owned);
            let mut record = history::record(turn);
            if is_running {
                record.status = TurnStatus::InProgress;
            }
            self.turns.push(record);
        }
    }

    /// Where the older entries of a turn end, if the place is in it.
    fn place_in(&self, turn: &TurnId, is_running: bool, entries: &[(Entry, usize)]) -> Option<usize> {
        match &self.beyond.place {
            Place::End => Some(entries.len()),
            Place::Before(id) => entries.iter().position(|(entry, _)| entry.id == *id),
            Place::Kept(first, kept) => {
                let last = entries.iter().rposition(|(entry, _)| kept.contains(&entry.id));
                // What a running turn has after those that are kept is not older but newer: it is about to come.
                let end = if is_running { last.map_or(0, |last| last + 1) } else { entries.len() };
                (last.is_some() || turn == first).then_some(end)
            }
        }
    }

    /// The page, and where the one before it ends.
    ///
    /// # Errors
    /// [`SessionError::NoSuchEntry`] if the place was nowhere in the history.
    pub(crate) fn finish(self) -> Result<(ItemsPage, Option<Next>), SessionError> {
        let Self { beyond, passed, mut entries, mut turns, page, more, .. } = self;
        if !passed {
            return Err(SessionError::NoSuchEntry);
        }
        entries.reverse();
        turns.reverse();
        let next = entries.first().filter(|_| more).map(|oldest| Next { page, before: oldest.id.clone() });
        let thread_id = Some(beyond.thread);
        let page =
            ItemsPage { ok: true, at: beyond.at, thread_id, turns, entries, older: more, cursor: None };
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

    fn past(id: &str, status: &str, items: &str) -> PastTurn {
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

    /// A transcript of the turns `u3` and `u4`, the second of which may be running.
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

    fn here(transcript: &Transcript, older: bool, before: Option<&str>, limit: usize) -> ItemsPage {
        match look(transcript, older, at(), before.map(Into::into).as_ref(), limit) {
            Ok(Looked::Here(page)) => page,
            other => panic!("{other:?}"),
        }
    }

    fn beyond(transcript: &Transcript, before: Option<&str>) -> Beyond {
        match look(transcript, true, at(), before.map(Into::into).as_ref(), 9) {
            Ok(Looked::Beyond(beyond)) => beyond,
            other => panic!("{other:?}"),
        }
    }

    /// What is found of a history, which is told turn by turn, the newest first.
    fn find(beyond: Beyond, limit: usize, turns: &[(&str, &str, &str)]) -> Result<Finder, SessionError> {
        let mut finder = Finder::new(beyond, limit);
        for (n, (id, status, items)) in turns.iter().enumerate() {
            if !finder.is_full() {
                finder.take(past(id, status, items), Some(&format!("page {n}")));
            }
        }
        if finder.passed { Ok(finder) } else { Err(SessionError::NoSuchEntry) }
    }

    fn found(beyond: Beyond, turns: &[(&str, &str, &str)]) -> Vec<String> {
        let (page, _) = find(beyond, 9, turns).unwrap().finish().unwrap();
        ids(&page).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn what_the_session_keeps_it_tells_itself() {
        let kept = [("a", Some("u3")), ("warning:2", None), ("b", Some("u4")), ("c", Some("u4"))];
        let transcript = transcript(&kept, false);
        let newest = here(&transcript, false, None, 2);
        assert_eq!((ids(&newest), newest.older), (vec!["b", "c"], true));
        assert_eq!(newest.turns.iter().map(|turn| turn.id.as_str()).collect::<Vec<_>>(), ["u4"]);
        let before = here(&transcript, false, Some("b"), 9);
        assert_eq!((ids(&before), before.older), (vec!["a", "warning:2"], false));
        assert!(here(&transcript, true, Some("b"), 9).older, "codex has more");
        assert_eq!(ids(&here(&transcript, false, Some("a"), 9)), [""; 0]);
        let unknown = look(&transcript, false, at(), Some(&"x".into()), 9);
        assert!(matches!(unknown, Err(SessionError::NoSuchEntry)));
    }

    #[test]
    fn what_it_does_not_keep_is_found_before_what_it_does() {
        let kept = [("plan:u3", Some("u3")), ("c", Some("u3")), ("d", Some("u4"))];
        let transcript = transcript(&kept, false);
        let history = [
            ("u4", "completed", "d"),
            ("u3", "completed", "b c"),
            ("u2", "failed", ""),
            ("u1", "completed", "a"),
        ];
        let (page, next) = find(beyond(&transcript, Some("plan:u3")), 9, &history).unwrap().finish().unwrap();
        assert_eq!((ids(&page), page.older, next), (vec!["a", "b"], false, None));
        let turns: Vec<_> = page.turns.iter().map(|turn| turn.id.as_str()).collect();
        assert_eq!(turns, ["u1", "u3"], "those that have an entry");
        assert!(page.entries.iter().all(|entry| entry.as_of == 9 && entry.phase == Phase::Done));
    }

    #[test]
    fn a_page_goes_on_before_the_one_after_it() {
        let transcript = transcript(&[("e", Some("u3"))], false);
        let history = [("u3", "completed", "c d e"), ("u2", "completed", "a b")];
        let (page, next) = find(beyond(&transcript, Some("e")), 2, &history).unwrap().finish().unwrap();
        assert_eq!((ids(&page), page.older), (vec!["c", "d"], true));
        assert_eq!(next, Some(Next { page: Some("page 0".into()), before: "c".into() }));
        let before = || look_before(&transcript, at(), "c".into()).unwrap();
        assert_eq!(found(before(), &history), ["a", "b"]);
        assert_eq!(found(beyond(&transcript, Some("b")), &history), ["a"], "by its id alone");
        assert!(find(before(), 9, &history[1..]).is_err(), "it is not there any more");
    }

    #[test]
    fn the_order_in_which_codex_tells_a_turn_does_not_matter() {
        let transcript = transcript(&[("b", Some("u3")), ("d", Some("u4"))], false);
        let history = [("u4", "completed", "d"), ("u3", "completed", "b a"), ("u2", "completed", "z")];
        assert_eq!(found(beyond(&transcript, Some("b")), &history), ["z", "a"]);
        let before = look_before(&transcript, at(), "a".into()).unwrap();
        assert_eq!(found(before, &history), ["z"], "what the session keeps is left out");
    }

    #[test]
    fn what_a_running_turn_has_said_meanwhile_is_not_older() {
        let kept = [("b", Some("u4")), ("c", Some("u4"))];
        let history = [("u4", "interrupted", "a b c new"), ("u3", "completed", "z")];
        let (page, _) =
            find(beyond(&transcript(&kept, true), Some("b")), 9, &history).unwrap().finish().unwrap();
        assert_eq!(ids(&page), ["z", "a"]);
        assert_eq!(page.turns[1].status, TurnStatus::InProgress, "whoever tells it");
        let newer = [("u5", "completed", "newer"), history[0], history[1]];
        assert_eq!(found(beyond(&transcript(&kept, true), Some("b")), &newer), ["z", "a"]);
    }

    #[test]
    fn a_session_that_keeps_nothing_of_codexs_asks_for_the_newest() {
        for (kept, before) in [(&[][..], None), (&[("notice:7", None)], Some("notice:7"))] {
            let history = [("u2", "inProgress", "b"), ("u1", "completed", "a")];
            let (page, _) =
                find(beyond(&transcript(kept, false), before), 9, &history).unwrap().finish().unwrap();
            assert_eq!(ids(&page), ["a", "b"]);
            assert_eq!(page.turns[1].status, TurnStatus::Interrupted);
        }
    }
}
