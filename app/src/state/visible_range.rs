//! Which part of the conversation the page shows. All of it may be more than a browser can lay out at ease.

use codex_gateway_wire::ItemId;
use leptos::prelude::*;

use super::{
    groups::GroupKey,
    store::{StoreState, TranscriptStore},
};

/// From one entry to another, both included. Where one is not named, or is gone, there is no bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct VisibleRange {
    pub(crate) first: Option<ItemId>,
    pub(crate) last: Option<ItemId>,
}

impl StoreState {
    /// The groups that have an entry in the span.
    pub(super) fn shown_groups(&self) -> &[GroupKey] {
        let order = self.groups.order();
        let place = |id: &Option<ItemId>| {
            let key = GroupKey::of(self.transcript.entries.get(id.as_ref()?)?);
            order.iter().position(|other| *other == key)
        };
        let from = place(&self.span.first).unwrap_or(0);
        let to = place(&self.span.last).map_or(order.len(), |last| last + 1);
        order.get(from..to).unwrap_or_default()
    }

    /// Those entries of such a group that are in the span.
    pub(super) fn shown_entries(&self, key: &GroupKey) -> &[ItemId] {
        let ids = self.groups.entries(key);
        let place = |bound: &Option<ItemId>| ids.iter().position(|id| Some(id) == bound.as_ref());
        let from = place(&self.span.first).unwrap_or(0);
        let to = place(&self.span.last).map_or(ids.len(), |last| last + 1);
        ids.get(from..to).unwrap_or_default()
    }

    /// The entry so many places after another, or before it; none at the edge and beyond.
    fn neighbour(&self, id: &ItemId, by: isize) -> Option<ItemId> {
        let ids: Vec<&ItemId> = self.groups.ids().collect();
        let place = ids.iter().position(|other| *other == id)?.checked_add_signed(by)?;
        let edge = if by < 0 { 0 } else { ids.len() - 1 };
        ids.get(place).filter(|_| place != edge).map(|id| (*id).clone())
    }

    /// What the page shows begins where it did, though older entries come.
    pub(super) fn keep_first(&mut self) {
        if self.span.first.is_none() {
            self.span.first = self.groups.ids().next().cloned();
        }
    }

    fn set_span(&mut self, span: VisibleRange) {
        let bounds = [&self.span.first, &self.span.last, &span.first, &span.last];
        let entries = bounds.into_iter().flatten().filter_map(|id| self.transcript.entries.get(id));
        self.dirty.groups.extend(entries.map(GroupKey::of));
        self.dirty.order = true;
        self.span = span;
    }

    fn around(&self, id: &ItemId, each_way: isize) -> VisibleRange {
        VisibleRange { first: self.neighbour(id, -each_way), last: self.neighbour(id, each_way) }
    }

    fn newest(&self, count: usize) -> VisibleRange {
        let ids: Vec<&ItemId> = self.groups.ids().collect();
        let first = ids.len().checked_sub(count).filter(|first| *first > 0);
        VisibleRange { first: first.map(|first| ids[first].clone()), last: None }
    }

    fn is_above(&self) -> bool {
        self.span.first.as_ref().is_some_and(|first| self.groups.ids().next() != Some(first))
    }

    fn is_below(&self) -> bool {
        self.span.last.is_some()
    }
}

impl TranscriptStore {
    /// What the page shows.
    pub(crate) fn span(self) -> VisibleRange {
        self.read_state(|core| core.span.clone())
    }

    /// Whether there are entries before those that the page shows; tracked.
    pub(crate) fn above(self) -> bool {
        self.track_order();
        self.read_state(StoreState::is_above)
    }

    /// Whether there are entries after those that the page shows; tracked.
    pub(crate) fn below(self) -> bool {
        self.track_order();
        self.read_state(StoreState::is_below)
    }

    /// The entry so many places after another, or before it; none at the edge and beyond.
    pub(crate) fn neighbour(self, id: &ItemId, by: isize) -> Option<ItemId> {
        self.read_state(|core| core.neighbour(id, by))
    }

    /// Shows another part.
    pub(crate) fn show(self, span: VisibleRange) {
        self.0.try_update_untracked(|core| core.set_span(span));
        self.flush();
    }

    /// Shows an entry, and so many before and after it. Whether it is there.
    pub(crate) fn show_around(self, id: &ItemId, each_way: isize) -> bool {
        let there = self.with_untracked(|transcript| transcript.entries.get(id).is_some());
        if there {
            self.show(self.read_state(|core| core.around(id, each_way)));
        }
        there
    }

    /// Shows so many of the newest.
    pub(crate) fn show_newest(self, count: usize) {
        self.show(self.read_state(|core| core.newest(count)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::store::tests::{core, event, started};

    /// Two turns, `u` of the entries `a` to `d`, and `v` of `e` to `h`.
    fn two_turns() -> StoreState {
        let mut core = core();
        for (seq, id) in ["a", "b", "c", "d"].into_iter().enumerate() {
            core.fold(&started(seq as u64 + 1, id));
        }
        for (seq, id) in ["e", "f", "g", "h"].into_iter().enumerate() {
            let item =
                format!(r#"{{"threadId":"t","turnId":"v","item":{{"type":"agentMessage","id":"{id}"}}}}"#);
            core.fold(&event(seq as u64 + 5, "item/started", &item));
        }
        core.take_dirty();
        core
    }

    fn turn(id: &str) -> GroupKey {
        GroupKey::Turn(id.into())
    }

    fn span(first: Option<&str>, last: Option<&str>) -> VisibleRange {
        VisibleRange { first: first.map(Into::into), last: last.map(Into::into) }
    }

    fn shown(core: &StoreState) -> String {
        let groups = core.shown_groups().iter();
        groups.flat_map(|key| core.shown_entries(key)).map(ItemId::as_str).collect()
    }

    #[test]
    fn a_span_cuts_through_turns() {
        let mut core = two_turns();
        assert_eq!(shown(&core), "abcdefgh");
        core.set_span(span(Some("c"), Some("f")));
        assert_eq!(shown(&core), "cdef");
        assert!(
            core.dirty.order
                && core.dirty.groups.contains(&turn("u"))
                && core.dirty.groups.contains(&turn("v"))
        );
        assert!(core.is_above() && core.is_below());
        core.set_span(span(Some("b"), Some("c")));
        assert_eq!((shown(&core).as_str(), core.shown_groups()), ("bc", &[turn("u")][..]));
        core.set_span(span(Some("a"), Some("gone")));
        assert_eq!(shown(&core), "abcdefgh", "what is gone is no bound");
        assert!(!core.is_above());
    }

    #[test]
    fn what_comes_is_shown_only_where_the_end_is() {
        let mut core = two_turns();
        core.set_span(span(Some("g"), None));
        core.fold(&started(10, "i"));
        assert_eq!(shown(&core), "gh", "an entry that came late stands in its turn");
        let item = r#"{"threadId":"t","turnId":"w","item":{"type":"agentMessage","id":"j"}}"#;
        core.fold(&event(11, "item/started", item));
        assert_eq!(shown(&core), "ghj");
        core.set_span(span(Some("e"), Some("h")));
        assert_eq!(shown(&core), "efgh");
    }

    #[test]
    fn places_are_counted_over_turns_and_the_edges_are_no_bounds() {
        let core = two_turns();
        let neighbour =
            |id: &str, by| core.neighbour(&id.into(), by).map(|id| id.to_string()).unwrap_or_default();
        assert_eq!([neighbour("c", 3), neighbour("f", -3)], ["f", "c"]);
        assert_eq!(
            [neighbour("c", -2), neighbour("c", -9), neighbour("f", 2), neighbour("f", 9), neighbour("x", 1)],
            [""; 5]
        );
        assert_eq!(core.around(&"d".into(), 2), span(Some("b"), Some("f")));
        assert_eq!(core.newest(3), span(Some("f"), None));
        assert_eq!((core.newest(8), core.newest(9)), (VisibleRange::default(), VisibleRange::default()));
    }

    #[test]
    fn another_thread_is_shown_from_its_beginning() {
        let mut core = two_turns();
        core.set_span(span(Some("c"), Some("f")));
        let opened = r#"{"threadId":"t2","model":"m","cwd":"/"}"#;
        let body =
            codex_gateway_wire::EventBody::parse(codex_gateway_wire::EventName::Thread, opened).unwrap();
        core.fold(&codex_gateway_wire::Event { seq: 12, body });
        assert_eq!(core.span, VisibleRange::default());
    }
}
