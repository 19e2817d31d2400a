//! The part of the conversation that the page shows. A long conversation is too much for a browser to lay out.

use codex_gateway_wire::ItemId;
use leptos::prelude::*;

use super::{GroupKey, StoreState, TranscriptStore};

/// A range of entries, both ends included. A bound that is `None`, or not in the transcript, does not limit it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct VisibleRange {
    pub(crate) first: Option<ItemId>,
    pub(crate) last: Option<ItemId>,
}

impl StoreState {
    /// Returns the groups with an entry in the visible range.
    pub(super) fn visible_groups(&self) -> &[GroupKey] {
        let keys = self.groups.keys();
        let position = |id: &Option<ItemId>| {
            let key = GroupKey::of(self.transcript.entries.get(id.as_ref()?)?);
            keys.iter().position(|other| *other == key)
        };
        let from = position(&self.visible_range.first).unwrap_or(0);
        let to = position(&self.visible_range.last).map_or(keys.len(), |last| last + 1);
        keys.get(from..to).unwrap_or_default()
    }

    /// Returns the entries of a group in the visible range. The group must have at least one.
    pub(super) fn visible_entries(&self, key: &GroupKey) -> &[ItemId] {
        let ids = self.groups.entries(key);
        let position = |bound: &Option<ItemId>| ids.iter().position(|id| Some(id) == bound.as_ref());
        let from = position(&self.visible_range.first).unwrap_or(0);
        let to = position(&self.visible_range.last).map_or(ids.len(), |last| last + 1);
        ids.get(from..to).unwrap_or_default()
    }

    /// Returns the entry `by` places after another one, or before it if negative. `None` at the edge and beyond.
    fn neighbour(&self, id: &ItemId, by: isize) -> Option<ItemId> {
        let ids: Vec<&ItemId> = self.groups.ids().collect();
        let position = ids.iter().position(|other| *other == id)?.checked_add_signed(by)?;
        let edge = if by < 0 { 0 } else { ids.len() - 1 };
        ids.get(position).filter(|_| position != edge).map(|id| (*id).clone())
    }

    /// Fixes the start of the visible range before older entries are added.
    pub(super) fn fix_start(&mut self) {
        if self.visible_range.first.is_none() {
            self.visible_range.first = self.groups.ids().next().cloned();
        }
    }

    fn set_visible_range(&mut self, range: VisibleRange) {
        let bounds = [&self.visible_range.first, &self.visible_range.last, &range.first, &range.last];
        let entries = bounds.into_iter().flatten().filter_map(|id| self.transcript.entries.get(id));
        self.dirty.groups.extend(entries.map(GroupKey::of));
        self.dirty.group_list = true;
        self.visible_range = range;
    }

    fn around(&self, id: &ItemId, each_way: isize) -> VisibleRange {
        VisibleRange { first: self.neighbour(id, -each_way), last: self.neighbour(id, each_way) }
    }

    fn newest(&self, count: usize) -> VisibleRange {
        let ids: Vec<&ItemId> = self.groups.ids().collect();
        let first = ids.len().checked_sub(count).filter(|first| *first > 0);
        VisibleRange { first: first.map(|first| ids[first].clone()), last: None }
    }

    fn has_entries_above(&self) -> bool {
        self.visible_range.first.as_ref().is_some_and(|first| self.groups.ids().next() != Some(first))
    }

    fn has_entries_below(&self) -> bool {
        self.visible_range.last.is_some()
    }
}

impl TranscriptStore {
    /// Returns the visible range, without tracking it.
    pub(crate) fn visible_range(self) -> VisibleRange {
        self.read_state(|state| state.visible_range.clone())
    }

    /// Returns `true` if there are entries before the visible range. Tracked.
    pub(crate) fn has_entries_above(self) -> bool {
        self.track_group_list();
        self.read_state(StoreState::has_entries_above)
    }

    /// Returns `true` if there are entries after the visible range. Tracked.
    pub(crate) fn has_entries_below(self) -> bool {
        self.track_group_list();
        self.read_state(StoreState::has_entries_below)
    }

    /// Returns the entry `by` places after another one, or before it if negative. `None` at the edge and beyond.
    pub(crate) fn neighbour(self, id: &ItemId, by: isize) -> Option<ItemId> {
        self.read_state(|state| state.neighbour(id, by))
    }

    /// Changes the visible range.
    pub(crate) fn show(self, range: VisibleRange) {
        self.0.try_update_untracked(|state| state.set_visible_range(range));
        self.flush();
    }

    /// Shows an entry, with `each_way` entries before and after it. Returns `false` if the transcript does not have it.
    pub(crate) fn show_around(self, id: &ItemId, each_way: isize) -> bool {
        let exists = self.with_untracked(|transcript| transcript.entries.get(id).is_some());
        if exists {
            self.show(self.read_state(|state| state.around(id, each_way)));
        }
        exists
    }

    /// Shows the newest `count` entries.
    pub(crate) fn show_newest(self, count: usize) {
        self.show(self.read_state(|state| state.newest(count)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::store::tests::{empty_state, event, item_started};

    /// Two turns: `u` with the entries `a` to `d`, and `v` with `e` to `h`.
    fn two_turns() -> StoreState {
        let mut state = empty_state();
        for (seq, id) in ["a", "b", "c", "d"].into_iter().enumerate() {
            state.apply(&item_started(seq as u64 + 1, id));
        }
        for (seq, id) in ["e", "f", "g", "h"].into_iter().enumerate() {
            let item =
                format!(r#"{{"threadId":"t","turnId":"v","item":{{"type":"agentMessage","id":"{id}"}}}}"#);
            state.apply(&event(seq as u64 + 5, "item/started", &item));
        }
        state.take_dirty();
        state
    }

    fn turn(id: &str) -> GroupKey {
        GroupKey::Turn(id.into())
    }

    fn range(first: Option<&str>, last: Option<&str>) -> VisibleRange {
        VisibleRange { first: first.map(Into::into), last: last.map(Into::into) }
    }

    fn visible(state: &StoreState) -> String {
        let groups = state.visible_groups().iter();
        groups.flat_map(|key| state.visible_entries(key)).map(ItemId::as_str).collect()
    }

    #[test]
    fn range_cuts_through_turns() {
        let mut state = two_turns();
        assert_eq!(visible(&state), "abcdefgh");
        state.set_visible_range(range(Some("c"), Some("f")));
        assert_eq!(visible(&state), "cdef");
        assert!(
            state.dirty.group_list
                && state.dirty.groups.contains(&turn("u"))
                && state.dirty.groups.contains(&turn("v"))
        );
        assert!(state.has_entries_above() && state.has_entries_below());
        state.set_visible_range(range(Some("b"), Some("c")));
        assert_eq!((visible(&state).as_str(), state.visible_groups()), ("bc", &[turn("u")][..]));
        state.set_visible_range(range(Some("a"), Some("gone")));
        assert_eq!(visible(&state), "abcdefgh", "an unknown entry is no bound");
        assert!(!state.has_entries_above());
    }

    #[test]
    fn new_entry_is_visible_only_without_an_end_bound() {
        let mut state = two_turns();
        state.set_visible_range(range(Some("g"), None));
        state.apply(&item_started(10, "i"));
        assert_eq!(visible(&state), "gh", "a late entry joins its turn");
        let item = r#"{"threadId":"t","turnId":"w","item":{"type":"agentMessage","id":"j"}}"#;
        state.apply(&event(11, "item/started", item));
        assert_eq!(visible(&state), "ghj");
        state.set_visible_range(range(Some("e"), Some("h")));
        assert_eq!(visible(&state), "efgh");
    }

    #[test]
    fn neighbours_are_counted_across_turns_and_edges_are_no_bounds() {
        let state = two_turns();
        let neighbour =
            |id: &str, by| state.neighbour(&id.into(), by).map(|id| id.to_string()).unwrap_or_default();
        assert_eq!([neighbour("c", 3), neighbour("f", -3)], ["f", "c"]);
        assert_eq!(
            [neighbour("c", -2), neighbour("c", -9), neighbour("f", 2), neighbour("f", 9), neighbour("x", 1)],
            [""; 5]
        );
        assert_eq!(state.around(&"d".into(), 2), range(Some("b"), Some("f")));
        assert_eq!(state.newest(3), range(Some("f"), None));
        assert_eq!((state.newest(8), state.newest(9)), (VisibleRange::default(), VisibleRange::default()));
    }

    #[test]
    fn another_thread_resets_the_range() {
        let mut state = two_turns();
        state.set_visible_range(range(Some("c"), Some("f")));
        let opened = r#"{"threadId":"t2","model":"m","cwd":"/"}"#;
        let body =
            codex_gateway_wire::EventBody::parse(codex_gateway_wire::EventName::Thread, opened).unwrap();
        state.apply(&codex_gateway_wire::Event { seq: 12, body });
        assert_eq!(state.visible_range, VisibleRange::default());
    }
}
