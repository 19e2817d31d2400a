//! Entries older than those that the page began with, loaded page by page.

use codex_gateway_wire::{Content, ItemId, ItemsPage, Transcript};
use leptos::prelude::*;

use super::{
    groups::GroupKey,
    store::{StoreState, TranscriptStore},
};

/// Where older entries are to be had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OlderCursor {
    /// Before this entry.
    pub(crate) before: Option<ItemId>,
    /// Where the last page said, if it did.
    pub(crate) cursor: Option<String>,
    /// Which of the conversation's beginnings it is of: a page of another one would not fit.
    beginning: u32,
}

impl OlderCursor {
    /// Before all of them. (What the gateway itself has added codex does not know, and the session forgets.)
    pub(super) fn before(transcript: &Transcript) -> Self {
        let entries = &transcript.entries;
        let of_codex = entries.iter().find(|entry| matches!(entry.content, Content::Item(_)));
        let first = of_codex.or_else(|| entries.iter().next());
        Self { before: first.map(|entry| entry.id.clone()), ..Self::default() }
    }
}

impl StoreState {
    fn prepend(&mut self, place: &OlderCursor, page: ItemsPage) {
        if place.beginning != self.generation || page.thread_id != self.transcript.thread_id {
            return;
        }
        // A page without entries would lead to itself for ever.
        let oldest = page.entries.first().filter(|_| page.older).map(|entry| entry.id.clone());
        self.older =
            oldest.map(|id| OlderCursor { before: Some(id), cursor: page.cursor, ..OlderCursor::default() });
        self.keep_first();
        self.dirty.groups.extend(page.entries.iter().map(GroupKey::of));
        let renewed = self.transcript.prepend(page.turns, page.entries);
        self.dirty.entries.extend(renewed);
        self.regroup();
    }
}

impl TranscriptStore {
    /// Where older entries are to be had; nowhere if there are none.
    pub(crate) fn older(self) -> Option<OlderCursor> {
        self.read_state(|core| {
            let older = core.older.clone();
            older.map(|place| OlderCursor { beginning: core.generation, ..place })
        })
    }

    /// Puts a page before all that is there; it is not shown yet. One that was asked for before the conversation began
    /// anew is left out.
    pub(crate) fn prepend(self, place: &OlderCursor, page: ItemsPage) {
        self.0.try_update_untracked(|core| core.prepend(place, page));
        self.flush();
    }
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::{Entry, EventBody, EventId, EventName, Phase, codex::TurnStatus};

    use super::*;
    use crate::state::store::tests::{core, event, started};

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

    /// A conversation with `b` in the turn `u`, and more before it.
    fn long() -> StoreState {
        let mut core = core();
        core.fold(&event(1, "turn/started", r#"{"threadId":"t","turn":{"id":"u"}}"#));
        core.fold(&started(2, "b"));
        core.older = Some(OlderCursor::before(&core.transcript));
        core.take_dirty();
        core
    }

    fn turn(id: &str) -> GroupKey {
        GroupKey::Turn(id.into())
    }

    #[test]
    fn a_page_stands_first_and_says_where_the_next_one_is() {
        let mut core = long();
        let place = core.older.clone().unwrap();
        assert_eq!(place.before, Some("b".into()));
        core.prepend(&place, page(&[("x", "v"), ("a", "u")], Some("c1")));
        assert_eq!(core.groups.order(), [turn("v"), turn("u")]);
        assert_eq!(core.groups.entries(&turn("u")), ["a".into(), "b".into()]);
        assert_eq!(core.shown_groups(), [turn("u")]);
        assert_eq!(core.shown_entries(&turn("u")), ["b".into()], "what is shown stays");
        assert!(core.dirty.order && core.dirty.groups.contains(&turn("u")) && core.dirty.entries.is_empty());
        assert_eq!(core.transcript.turn(&"v".into()).unwrap().status, TurnStatus::Completed);
        let next = core.older.clone().unwrap();
        assert_eq!((next.before.clone(), next.cursor.as_deref()), (Some("x".into()), Some("c1")));

        core.prepend(&next, page(&[("w", "v")], None));
        assert_eq!(core.groups.entries(&turn("v")), ["w".into(), "x".into()]);
        assert_eq!(core.older, None, "that was the first");
    }

    #[test]
    fn what_was_announced_again_meanwhile_is_there_once() {
        let mut core = long();
        let place = core.older.clone().unwrap();
        core.fold(&started(3, "a"));
        core.prepend(&place, page(&[("x", "v"), ("a", "u")], None));
        assert_eq!(core.groups.entries(&turn("u")), ["b".into(), "a".into()]);
        let as_of = core.transcript.entries.get(&"a".into()).unwrap().as_of;
        assert_eq!(as_of, 5, "the page knew it as of a later event");
        assert!(core.dirty.entries.contains(&"a".into()));
    }

    #[test]
    fn a_page_of_what_was_before_is_left_out() {
        let mut core = long();
        let place = core.older.clone().unwrap();
        let body = EventBody::parse(EventName::Thread, r#"{"threadId":"t2","model":"m","cwd":"/"}"#).unwrap();
        core.fold(&codex_gateway_wire::Event { seq: 3, body });
        assert_eq!(core.older, None);
        core.prepend(&place, ItemsPage { thread_id: Some("t2".into()), ..page(&[("a", "u")], Some("c")) });
        assert!(core.transcript.entries.is_empty() && core.older.is_none(), "of another beginning");
        core.generation = 0;
        core.prepend(&place, page(&[("a", "u")], Some("c")));
        assert!(core.transcript.entries.is_empty(), "of another thread");
    }

    #[test]
    fn a_page_that_leads_nowhere_is_the_last() {
        let mut core = long();
        let place = core.older.clone().unwrap();
        core.prepend(&place, page(&[], Some("c")));
        assert_eq!(core.older, None);
    }

    #[test]
    fn what_codex_does_not_know_is_no_place_to_go_on_from() {
        let mut core = core();
        let body = EventBody::parse(EventName::Warning, r#"{"type":"malformedLine","message":"x"}"#).unwrap();
        core.fold(&codex_gateway_wire::Event { seq: 1, body });
        assert_eq!(OlderCursor::before(&core.transcript).before, Some("notice:1".into()));
        core.fold(&started(2, "a"));
        assert_eq!(OlderCursor::before(&core.transcript).before, Some("a".into()));
    }
}
