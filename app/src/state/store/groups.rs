//! Groups of entries: those of a turn form a group, and each entry without a turn is one of its own.

use std::collections::HashMap;

use codex_gateway_wire::{Entry, ItemId, TurnId};

/// Identifies a group of entries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum GroupKey {
    /// The entries of a turn.
    Turn(TurnId),
    /// An entry without a turn.
    Alone(ItemId),
}

impl GroupKey {
    /// The group that an entry belongs to.
    pub(crate) fn of(entry: &Entry) -> Self {
        match &entry.turn_id {
            Some(turn) => Self::Turn(turn.clone()),
            None => Self::Alone(entry.id.clone()),
        }
    }

    /// The turn. `None` for an entry without one.
    pub(crate) fn turn(&self) -> Option<&TurnId> {
        match self {
            Self::Turn(turn) => Some(turn),
            Self::Alone(_) => None,
        }
    }
}

/// The groups in the order of their first entries, each with its entries in order.
#[derive(Debug, Default)]
pub(super) struct Groups {
    keys: Vec<GroupKey>,
    entries: HashMap<GroupKey, Vec<ItemId>>,
}

impl Groups {
    pub(super) fn of<'a>(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let mut groups = Self::default();
        for entry in entries {
            groups.push(entry);
        }
        groups
    }

    /// Adds an entry. Returns its group, and `true` if the group is new.
    pub(super) fn push(&mut self, entry: &Entry) -> (GroupKey, bool) {
        let key = GroupKey::of(entry);
        let is_known = self.entries.contains_key(&key);
        if !is_known {
            self.keys.push(key.clone());
        }
        self.entries.entry(key.clone()).or_default().push(entry.id.clone());
        (key, !is_known)
    }

    /// Returns the keys of the groups, in order.
    pub(super) fn keys(&self) -> &[GroupKey] {
        &self.keys
    }

    /// Returns all entries in the order of the page: group by group.
    pub(super) fn ids(&self) -> impl Iterator<Item = &ItemId> {
        self.keys.iter().flat_map(|key| self.entries(key))
    }

    /// Returns the entries of a group, in order.
    pub(super) fn entries(&self, key: &GroupKey) -> &[ItemId] {
        self.entries.get(key).map(Vec::as_slice).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::{Content, Phase, transcript::Notice};

    use super::*;

    fn entry(id: &str, turn: Option<&str>) -> Entry {
        let notice = Notice { message: String::new(), detail: None, failure: false };
        Entry {
            id: id.into(),
            as_of: 1,
            turn_id: turn.map(Into::into),
            phase: Phase::Done,
            started_at_ms: None,
            completed_at_ms: None,
            content: Content::Notice(notice),
        }
    }

    #[test]
    fn late_entry_of_a_turn_joins_its_group() {
        let entries =
            [entry("a", Some("t1")), entry("n", None), entry("b", Some("t2")), entry("c", Some("t1"))];
        let groups = Groups::of(entries.iter());
        let turn = |id: &str| GroupKey::Turn(id.into());
        assert_eq!(groups.keys(), [turn("t1"), GroupKey::Alone("n".into()), turn("t2")]);
        assert_eq!(groups.entries(&turn("t1")), ["a".into(), "c".into()]);
        assert_eq!(groups.entries(&turn("t9")), []);
    }
}
