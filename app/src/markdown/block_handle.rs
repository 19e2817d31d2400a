//! A block of a message on the page, which its component reads.

use view::prelude::*;

use super::blocks::{Block, BlockKind, Document};

/// A block of a document on the page.
#[derive(Clone)]
pub(super) struct BlockHandle {
    document: RwSignal<Document>,
    index: usize,
    key: u32,
    /// Notified when the block may have changed.
    changed: ArcTrigger,
}

impl BlockHandle {
    pub(super) fn new(document: RwSignal<Document>, index: usize, block: &Block) -> Self {
        Self { document, index, key: block.key, changed: ArcTrigger::new() }
    }

    /// Returns the key of the block's content: see [`Block::key`].
    pub(super) fn key(&self) -> u32 {
        self.key
    }

    /// Returns what identifies the block's node on the page.
    pub(super) fn position_and_key(&self) -> (usize, u32) {
        (self.index, self.key)
    }

    /// Notifies the views of the block that it may have changed.
    pub(super) fn notify(&self) {
        self.changed.notify();
    }

    /// Returns `true` if the block never changes again.
    pub(super) fn is_frozen(&self) -> bool {
        self.document.with_untracked(|document| self.index < document.frozen())
    }

    /// Reads the block. `None` if the document no longer has it.
    ///
    /// `read` also returns `true` if its result may change with the block. An open block is tracked then.
    pub(super) fn read<T>(&self, read: impl FnOnce(&BlockKind) -> (T, bool)) -> Option<T> {
        self.document.with_untracked(|document| {
            let (result, may_change) = read(&document.blocks().get(self.index)?.kind);
            if may_change && self.index >= document.frozen() {
                self.changed.track();
            }
            Some(result)
        })
    }
}
