//! Which pending request is shown.

use codex_gateway_wire::{RequestId, UserRequest};
use view::prelude::*;

use crate::state::Chat;

/// The pending request that is shown.
#[derive(Clone, Copy)]
pub(crate) struct ActiveRequest {
    pub(super) chat: Chat,
    selection: RwSignal<Selection>,
}

/// The pending request that the user has gone to.
#[derive(Clone, Default)]
struct Selection {
    /// `None` until the user goes to another request.
    id: Option<RequestId>,
    /// The request's index when it was selected. Once the request has ended, the request at this index is shown.
    index: usize,
}

impl ActiveRequest {
    pub(super) fn new(chat: Chat) -> Self {
        Self { chat, selection: RwSignal::new(Selection::default()) }
    }

    /// Returns the ids of all pending requests, oldest first. Tracked.
    pub(super) fn ids(self) -> Vec<RequestId> {
        self.chat
            .transcript
            .meta(|transcript| transcript.pending_requests().map(|request| request.id.clone()).collect())
    }

    /// Returns the index of the request that is shown. Tracked.
    pub(super) fn index(self) -> usize {
        let Selection { id: selected, index } = self.selection.get();
        let ids = self.ids();
        let current = selected.and_then(|selected| ids.iter().position(|id| *id == selected));
        current.unwrap_or(index.min(ids.len().saturating_sub(1)))
    }

    /// Returns the id of the request that is shown. `None` if no request is pending. Tracked.
    pub(super) fn id(self) -> Option<RequestId> {
        self.ids().into_iter().nth(self.index())
    }

    /// Shows the next pending request, and the first after the last.
    pub(super) fn select_next(self) {
        let (ids, current) = untrack(|| (self.ids(), self.index()));
        let index = (current + 1) % ids.len().max(1);
        self.selection.set(Selection { id: ids.into_iter().nth(index), index });
    }

    /// Returns a pending request.
    pub(super) fn find(self, id: &RequestId) -> Option<UserRequest> {
        self.chat.transcript.with_untracked(|transcript| {
            transcript.pending_requests().find(|request| request.id == *id).cloned()
        })
    }
}
