//! A turn that the log shows: what its parts share.

use codex_gateway_wire::{ItemId, TurnId, codex::TurnStatus};
use view::prelude::*;

use crate::state::{Chat, DisclosureKey, GroupKey, TurnFacts};

/// A turn of the log. An entry of no turn is shown as a turn without work.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    pub(super) facts: Memo<TurnFacts>,
    chat: Chat,
    group: StoredValue<GroupKey>,
}

impl Turn {
    pub(super) fn new(chat: Chat, group: GroupKey) -> Self {
        let group = StoredValue::new(group);
        let facts = Memo::new(move |before: Option<&TurnFacts>| {
            let ids = group.with_value(|group| chat.transcript.entries_of(group));
            match group.with_value(|group| group.turn().cloned()) {
                Some(turn) => {
                    chat.transcript.meta(|transcript| TurnFacts::of(transcript, &turn, &ids, before))
                }
                None => TurnFacts { status: TurnStatus::Other, ..TurnFacts::default() },
            }
        });
        Self { facts, chat, group }
    }

    /// Returns the turn's id. `None` for an entry of no turn.
    pub(super) fn id(self) -> Option<TurnId> {
        self.group.with_value(|group| group.turn().cloned())
    }

    /// Returns all entries of the turn, mounted or not. Tracked.
    pub(super) fn entries(self) -> Vec<ItemId> {
        self.group.with_value(|group| self.chat.transcript.entries_of(group))
    }

    /// Returns the entries of the turn within the mounted range. Tracked.
    pub(super) fn mounted_entries(self) -> Vec<ItemId> {
        self.group.with_value(|group| self.chat.transcript.visible_entries_of(group))
    }

    /// Returns `true` if the work is shown. It folds when the turn ends well, unless the user has chosen. Tracked.
    pub(super) fn is_unfolded(self) -> bool {
        let has_ended_well = || matches!(self.facts.read().status, TurnStatus::Completed | TurnStatus::Other);
        self.chat.disclosures.get(&self.disclosure_key()).unwrap_or_else(|| !has_ended_well())
    }

    /// Unfolds the work or folds it.
    pub(super) fn set_unfolded(self, is_unfolded: bool) {
        self.chat.disclosures.set(self.disclosure_key(), is_unfolded);
    }

    fn disclosure_key(self) -> DisclosureKey {
        DisclosureKey::Group(self.group.get_value())
    }
}
