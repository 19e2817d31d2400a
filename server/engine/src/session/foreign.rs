//! What is known of sub-agents: whether one is at work, and what changes of files they propose. Their threads are no
//! part of the conversation, but what they ask of the user is: and nobody should allow a change that they cannot see.

use std::collections::{HashSet, VecDeque};

use codex_gateway_wire::{Item, ItemId, Notification, ThreadId, codex::FileUpdateChange};

/// How many proposals are kept; each agent makes one at a time.
const MOST: usize = 16;
/// How many bytes of them are kept.
const BYTES: usize = 4 * 1024 * 1024;

/// How many agents are known to be at work; more are not counted.
const AGENTS: usize = 64;

/// What sub-agents do.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    /// What was proposed and is not decided yet, the oldest first.
    proposed: VecDeque<(ItemId, Vec<FileUpdateChange>)>,
    /// The threads in which a turn runs.
    at_work: HashSet<ThreadId>,
}

impl Foreign {
    /// Hears what codex says; `own` is the conversation's thread.
    pub(super) fn hear(&mut self, notification: &Notification, own: Option<&ThreadId>) {
        match notification {
            Notification::ItemStarted(event) if Some(&event.thread_id) != own => {
                if let Item::FileChange(change) = &event.item {
                    self.proposed.push_back((change.id.clone(), change.changes.clone()));
                    while self.proposed.len() > MOST || self.bytes() > BYTES {
                        self.proposed.pop_front();
                    }
                }
            }
            Notification::ItemCompleted(event) => self.proposed.retain(|(id, _)| id != event.item.id()),
            Notification::TurnStarted(thread, _) if Some(thread) != own && self.at_work.len() < AGENTS => {
                self.at_work.insert(thread.clone());
            }
            Notification::TurnCompleted(thread, _) => {
                self.at_work.remove(thread);
            }
            _ => {}
        }
    }

    /// Whether one of them is at work.
    pub(super) fn is_at_work(&self) -> bool {
        !self.at_work.is_empty()
    }

    /// They have ended with their process.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The changes of an item.
    pub(super) fn changes(&self, item: Option<&ItemId>) -> Vec<FileUpdateChange> {
        let found = self.proposed.iter().rfind(|(id, _)| Some(id) == item);
        found.map(|(_, changes)| changes.clone()).unwrap_or_default()
    }

    fn bytes(&self) -> usize {
        self.proposed.iter().flat_map(|(_, changes)| changes).map(|change| change.diff.len()).sum()
    }
}
