//! What the reader has unfolded and folded. It is kept here, since what it is about comes and goes with the part of
//! the conversation that the page shows.

use leptos::prelude::*;
use std::collections::HashMap;

/// What the reader has chosen to see.
#[derive(Clone, Copy)]
pub(crate) struct Choices(RwSignal<HashMap<String, bool>>);

impl Choices {
    pub(super) fn new() -> Self {
        Self(RwSignal::new(HashMap::new()))
    }

    /// Whether it was unfolded or folded, if either; tracked.
    pub(crate) fn of(self, key: &str) -> Option<bool> {
        self.0.try_with(|all| all.get(key).copied()).flatten()
    }

    /// Unfolds it, or folds it.
    pub(crate) fn set(self, key: String, unfolded: bool) {
        self.0.update(|all| {
            all.insert(key, unfolded);
        });
    }
}
