//! Changes of files that sub-agents propose. Their threads are no part of the conversation, but what they ask of the
//! user is: and nobody should allow a change that they cannot see.

use std::collections::VecDeque;

use codex_gateway_wire::{Item, ItemId, Notification, ThreadId, codex::FileUpdateChange};

/// How many proposals are kept; each agent makes one at a time.
const MOST: usize = 16;
/// How many bytes of them are kept.
const BYTES: usize = 4 * 1024 * 1024;

/// What was proposed and is not decided yet, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Foreign(VecDeque<(ItemId, Vec<FileUpdateChange>)>);

impl Foreign {
    /// Hears what codex says; `own` is the conversation's thread.
    pub(super) fn hear(&mut self, notification: &Notification, own: Option<&ThreadId>) {
        match notification {
            Notification::ItemStarted(event) if Some(&event.thread_id) != own => {
                if let Item::FileChange(change) = &event.item {
                    self.0.push_back((change.id.clone(), change.changes.clone()));
                    while self.0.len() > MOST || self.bytes() > BYTES {
                        self.0.pop_front();
                    }
                }
            }
            Notification::ItemCompleted(event) => self.0.retain(|(id, _)| id != event.item.id()),
            _ => {}
        }
    }

    /// The changes of an item.
    pub(super) fn changes(&self, item: Option<&ItemId>) -> Vec<FileUpdateChange> {
        let found = self.0.iter().rfind(|(id, _)| Some(id) == item);
        found.map(|(_, changes)| changes.clone()).unwrap_or_default()
    }

    fn bytes(&self) -> usize {
        self.0.iter().flat_map(|(_, changes)| changes).map(|change| change.diff.len()).sum()
    }
}
