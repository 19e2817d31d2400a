//! Sub-agents: which of them are active, and the file changes that they propose. Their threads are
//! not part of the conversation, but their approvals are, and the user must see the changes before
//! approving them.

use std::collections::{HashSet, VecDeque};

use codex_gateway_wire::{Item, ItemId, Notification, ThreadId, codex::FileUpdateChange};

/// Maximum number of proposals. Each agent makes one at a time.
const MAX_PROPOSALS: usize = 16;
/// Maximum size of all proposals together.
const MAX_PROPOSAL_BYTES: usize = 4 * 1024 * 1024;

/// Maximum number of active agents that are tracked.
const MAX_ACTIVE: usize = 64;

/// The state of the sub-agents.
#[derive(Debug, Default)]
pub(super) struct SubAgents {
    /// File changes without a decision, oldest first.
    proposed: VecDeque<(ItemId, Vec<FileUpdateChange>)>,
    /// The threads with a running turn.
    active: HashSet<ThreadId>,
}

impl SubAgents {
    /// Updates the state from a notification. `own` is the conversation's thread.
    pub(super) fn observe(&mut self, notification: &Notification, own: Option<&ThreadId>) {
        match notification {
            Notification::ItemStarted(event) if Some(&event.thread_id) != own => {
                if let Item::FileChange(change) = &event.item {
                    self.proposed.push_back((change.id.clone(), change.changes.clone()));
                    while self.proposed.len() > MAX_PROPOSALS || self.bytes() > MAX_PROPOSAL_BYTES {
                        self.proposed.pop_front();
                    }
                }
            }
            Notification::ItemCompleted(event) => self.proposed.retain(|(id, _)| id != event.item.id()),
            Notification::TurnStarted(thread, _) if Some(thread) != own && self.active.len() < MAX_ACTIVE => {
                self.active.insert(thread.clone());
            }
            Notification::TurnCompleted(thread, _) => {
                self.active.remove(thread);
            }
            _ => {}
        }
    }

    /// Returns `true` if a sub-agent has a running turn.
    pub(super) fn is_active(&self) -> bool {
        !self.active.is_empty()
    }

    /// Forgets all sub-agents, because their process has ended.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Returns the proposed changes of an item.
    pub(super) fn proposed_changes(&self, item: Option<&ItemId>) -> Vec<FileUpdateChange> {
        let found = self.proposed.iter().rfind(|(id, _)| Some(id) == item);
        found.map(|(_, changes)| changes.clone()).unwrap_or_default()
    }

    fn bytes(&self) -> usize {
        self.proposed.iter().flat_map(|(_, changes)| changes).map(|change| change.diff.len()).sum()
    }
}
