//! Loading older entries than those of the snapshot, page by page.

use codex_gateway_wire::{Content, ItemId, ItemsPage, Transcript};
use leptos::prelude::*;

use super::{GroupKey, StoreState, TranscriptStore};

/// Where the next page of older entries is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OlderCursor {
    /// The page ends before this entry.
    pub(crate) before: Option<ItemId>,
    /// The cursor that the page before returned.
    pub(crate) cursor: Option<String>,
    /// The store's generation: a page of another one does not fit.
    generation: u32,
}

impl OlderCursor {
    /// The page before all entries of a transcript.
    ///
    /// It starts from an entry of codex: codex does not know the gateway's own, and a session forgets them.
    pub(super) fn before(transcript: &Transcript) -> Self {
        let entries = &transcript.entries;
        let of_codex = entries.iter().find(|entry| matches!(entry.content, Content::Item(_)));
        let first = of_codex.or_else(|| entries.iter().next());
        Self { before: first.map(|entry| entry.id.clone()), ..Self::default() }
    }
}

impl StoreState {
    fn prepend(&mut self, cursor: &OlderCursor, page: ItemsPage) {
        if cursor.generation != self.generation || page.thread_id != self.transcript.thread_id {
            return;
        }
        // An empty page would be followed by itself without end.
        let oldest = page.entries.first().filter(|_| page.older).map(|entry| entry.id.clone());
        self.older =
            oldest.map(|id| OlderCursor { before: Some(id), cursor: page.cursor, ..OlderCursor::default() });
        self.fix_start();
        self.dirty.groups.extend(page.entries.iter().map(GroupKey::of));
        let renewed = self.transcript.prepend(page.turns, page.entries);
        self.dirty.entries.extend(renewed);
        self.regroup();
    }
}

impl TranscriptStore {
    /// Where to load older entries. `None` if there are none.
    pub(crate) fn older(self) -> Option<OlderCursor> {
        self.read_state(|state| {
            let older = state.older.clone();
            older.map(|cursor| OlderCursor { generation: state.generation, ..cursor })
        })
    }

    /// Adds a page before all entries. The visible range stays as it is.
    ///
    /// Ignores a page that was requested before the transcript was replaced.
    pub(crate) fn prepend(self, cursor: &OlderCursor, page: ItemsPage) {
        self.0.try_update_untracked(|state| state.prepend(cursor, page));
        self.flush();
    }
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::{Entry, EventBody, EventId, EventName, Phase, codex::TurnStatus};

    use super::*;
    use crate::state::store::tests::{empty_state, event, item_started};

    fn entry(id: &str, turn: &str) -> Entry {
        let content = format!(r#"{{"item":{{"type":"agentMessage","id":"{id}","text":""}}}}"#);
        Entry {
            id: id.into(),
            as_of: 5,
            turn_id: Some(turn.into()),
            phase: Phase::Running,
            started_at_ms: None,
            completed_at_ms: None,
            content: serde_json::from_str(&content).unwrap(),
        }
    }

    fn page(ids: &[(&str, &str)], cursor: Option<&str>) -> ItemsPage {
        ItemsPage {
            ok: true,
            at: EventId { epoch: "e".into(), seq: 5 },
            thread_id: None,
            turns: serde_json::from_str(r#"[{"id":"v","status":"completed"}]"#).unwrap(),
            entries: ids.iter().map(|(id, turn)| entry(id, turn)).collect(),
            older: cursor.is_some(),
            cursor: cursor.map(str::to_owned),
        }
    }

    /// A conversation with the entry `b` in the turn `u`, and older entries to load.
    fn state_with_older() -> StoreState {
        let mut state = empty_state();
        state.apply(&event(1, "turn/started", r#"{"threadId":"t","turn":{"id":"u"}}"#));
        state.apply(&item_started(2, "b"));
        state.older = Some(OlderCursor::before(&state.transcript));
        state.take_dirty();
        state
    }

    fn turn(id: &str) -> GroupKey {
        GroupKey::Turn(id.into())
    }

    #[test]
    fn page_is_added_first_and_leads_to_the_next_one() {
        let mut state = state_with_older();
        let cursor = state.older.clone().unwrap();
        assert_eq!(cursor.before, Some("b".into()));
        state.prepend(&cursor, page(&[("x", "v"), ("a", "u")], Some("c1")));
        assert_eq!(state.groups.keys(), [turn("v"), turn("u")]);
        assert_eq!(state.groups.entries(&turn("u")), ["a".into(), "b".into()]);
        assert_eq!(state.visible_groups(), [turn("u")]);
        assert_eq!(state.visible_entries(&turn("u")), ["b".into()], "the visible range stays");
        assert!(
            state.dirty.group_list
                && state.dirty.groups.contains(&turn("u"))
                && state.dirty.entries.is_empty()
        );
        assert_eq!(state.transcript.turn(&"v".into()).unwrap().status, TurnStatus::Completed);
        let next = state.older.clone().unwrap();
        assert_eq!((next.before.clone(), next.cursor.as_deref()), (Some("x".into()), Some("c1")));

        state.prepend(&next, page(&[("w", "v")], None));
        assert_eq!(state.groups.entries(&turn("v")), ["w".into(), "x".into()]);
        assert_eq!(state.older, None, "that was the first");
    }

    #[test]
    fn entry_that_also_arrives_as_an_event_is_there_once() {
        let mut state = state_with_older();
        let cursor = state.older.clone().unwrap();
        state.apply(&item_started(3, "a"));
        state.prepend(&cursor, page(&[("x", "v"), ("a", "u")], None));
        assert_eq!(state.groups.entries(&turn("u")), ["b".into(), "a".into()]);
        let as_of = state.transcript.entries.get(&"a".into()).unwrap().as_of;
        assert_eq!(as_of, 5, "the page knew it as of a later event");
        assert!(state.dirty.entries.contains(&"a".into()));
    }

    #[test]
    fn page_of_a_replaced_transcript_is_ignored() {
        let mut state = state_with_older();
        let cursor = state.older.clone().unwrap();
        let body = EventBody::parse(EventName::Thread, r#"{"threadId":"t2","model":"m","cwd":"/"}"#).unwrap();
        state.apply(&codex_gateway_wire::Event { seq: 3, body });
        assert_eq!(state.older, None);
        state.prepend(&cursor, ItemsPage { thread_id: Some("t2".into()), ..page(&[("a", "u")], Some("c")) });
        assert!(state.transcript.entries.is_empty() && state.older.is_none(), "of another beginning");
        state.generation = 0;
        state.prepend(&cursor, page(&[("a", "u")], Some("c")));
        assert!(state.transcript.entries.is_empty(), "of another thread");
    }

    #[test]
    fn empty_page_is_the_last() {
        let mut state = state_with_older();
        let cursor = state.older.clone().unwrap();
        state.prepend(&cursor, page(&[], Some("c")));
        assert_eq!(state.older, None);
    }

    #[test]
    fn cursor_starts_from_an_entry_that_codex_knows() {
        let mut state = empty_state();
        let body = EventBody::parse(EventName::Warning, r#"{"type":"malformedLine","message":"x"}"#).unwrap();
        state.apply(&codex_gateway_wire::Event { seq: 1, body });
        assert_eq!(OlderCursor::before(&state.transcript).before, Some("notice:1".into()));
        state.apply(&item_started(2, "a"));
        assert_eq!(OlderCursor::before(&state.transcript).before, Some("a".into()));
    }
}
