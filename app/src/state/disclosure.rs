//! What the user has unfolded and folded.
//!
//! It is kept apart from the views, because a view is dropped when its part of the conversation is no longer shown.

use std::collections::HashMap;

use codex_gateway_wire::ItemId;
use leptos::prelude::*;

use super::store::GroupKey;

/// Something that folds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum DisclosureKey {
    /// The work of a turn.
    Group(GroupKey),
    /// The details of a step.
    Step(ItemId),
    /// The steps of an exploration, by its first step.
    Exploration(ItemId),
}

/// The folds that the user has opened or closed.
#[derive(Clone, Copy)]
pub(crate) struct Disclosures(RwSignal<HashMap<DisclosureKey, bool>>);

impl Disclosures {
    pub(super) fn new() -> Self {
        Self(RwSignal::new(HashMap::new()))
    }

    /// Returns `true` if the user opened the fold, `false` if they closed it. `None` if they did neither; tracked.
    pub(crate) fn get(self, key: &DisclosureKey) -> Option<bool> {
        self.0.try_with(|all| all.get(key).copied()).flatten()
    }

    /// Opens or closes a fold.
    pub(crate) fn set(self, key: DisclosureKey, is_open: bool) {
        self.0.update(|all| {
            all.insert(key, is_open);
        });
    }
}
