//! Which entries stand together: those of a turn, and those of no turn one by one.

use std::{collections::HashMap, fmt};

use codex_gateway_wire::{Entry, ItemId, TurnId};

/// What stands together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum GroupKey {
    /// The entries of a turn.
    Turn(TurnId),
    /// An entry of no turn.
    Alone(ItemId),
}

impl GroupKey {
    pub(crate) fn of(entry: &Entry) -> Self {
        match &entry.turn_id {
            Some(turn) => Self::Turn(turn.clone()),
            None => Self::Alone(entry.id.clone()),
        }
    }

    /// Reads a key that was written with `to_string`.
    pub(crate) fn from(key: String) -> Self {
        match key.split_at_checked(1) {
            Some(("t", turn)) => Self::Turn(turn.into()),
            Some((_, entry)) => Self::Alone(entry.into()),
            None => Self::Alone(key.into()),
        }
    }

    /// The turn, if it is one.
    pub(crate) fn turn(&self) -> Option<&TurnId> {
        match self {
            Self::Turn(turn) => Some(turn),
            Self::Alone(_) => None,
        }
    }
}

impl fmt::Display for GroupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Turn(turn) => write!(f, "t{turn}"),
            Self::Alone(entry) => write!(f, "e{entry}"),
        }
    }
}

/// The groups in the order in which they began, each with its entries in theirs.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    order: Vec<GroupKey>,
    entries: HashMap<GroupKey, Vec<ItemId>>,
}

impl Groups {
    pub(crate) fn of<'a>(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let mut groups = Self::default();
        for entry in entries {
            groups.push(entry);
        }
        groups
    }

    /// Takes a new entry in; its group, and whether that is new, too.
    pub(crate) fn push(&mut self, entry: &Entry) -> (GroupKey, bool) {
        let key = GroupKey::of(entry);
        let known = self.entries.contains_key(&key);
        if !known {
            self.order.push(key.clone());
        }
        self.entries.entry(key.clone()).or_default().push(entry.id.clone());
        (key, !known)
    }

    pub(crate) fn order(&self) -> &[GroupKey] {
        &self.order
    }

    /// All entries, in the order in which they stand on the page.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &ItemId> {
        self.order.iter().flat_map(|key| self.entries(key))
    }

    pub(crate) fn entries(&self, key: &GroupKey) -> &[ItemId] {
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
    fn a_key_reads_back_as_written() {
        for key in
            [GroupKey::Turn("0b5e".into()), GroupKey::Alone("notice:7".into()), GroupKey::Turn("".into())]
        {
            assert_eq!(GroupKey::from(key.to_string()), key);
        }
    }

    #[test]
    fn entries_of_a_turn_stand_together_even_if_one_comes_late() {
        let entries =
            [entry("a", Some("t1")), entry("n", None), entry("b", Some("t2")), entry("c", Some("t1"))];
        let groups = Groups::of(entries.iter());
        let turn = |id: &str| GroupKey::Turn(id.into());
        assert_eq!(groups.order(), [turn("t1"), GroupKey::Alone("n".into()), turn("t2")]);
        assert_eq!(groups.entries(&turn("t1")), ["a".into(), "c".into()]);
        assert_eq!(groups.entries(&turn("t9")), []);
    }
}
