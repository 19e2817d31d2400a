//! The pending requests of a session, and the resolutions of its last ones.

use std::collections::VecDeque;

use codex_app_server_client::RpcRequestId;
use codex_gateway_wire::{
    RequestId, TurnId,
    request::{RequestResolved, UserRequest},
};
use tokio::time::Instant;

use super::Method;

/// The maximum number of resolutions that are kept, so that a late answer learns how its request was resolved.
const MAX_RESOLVED: usize = 256;

/// The maximum number of pending requests of a session: a process that never stops asking must not fill the memory.
const MAX_PENDING: usize = 256;

/// The maximum size of the parameters of all pending requests, in bytes. They are part of every state and snapshot.
const MAX_PENDING_BYTES: usize = 16 * 1024 * 1024;

/// Why a request is not pending.
#[derive(Debug)]
pub(crate) enum NotPending {
    /// There has never been such a request, or it was resolved too long ago.
    Unknown,
    /// The request is resolved.
    Resolved(RequestResolved),
}

/// A request that waits for an answer.
#[derive(Debug)]
pub(crate) struct PendingRequest {
    pub request: UserRequest,
    pub method: Method,
    /// Codex's id of the request, unique in its process.
    pub codex_id: RpcRequestId,
    /// When the request is declined. `None` if it waits without limit.
    pub expires: Option<Instant>,
    /// `true` if the request is declined while no client is attached that can answer it.
    pub needs_presence: bool,
}

/// The pending requests of a session, in the order in which codex sent them.
#[derive(Debug, Default)]
pub(crate) struct PendingRequests {
    pending: Vec<PendingRequest>,
    resolved: VecDeque<RequestResolved>,
}

impl PendingRequests {
    pub(crate) fn push(&mut self, request: PendingRequest) {
        self.pending.push(request);
    }

    /// Returns `true` if the limits allow another pending request.
    pub(crate) fn has_room_for(&self, request: &UserRequest) -> bool {
        let bytes = |request: &UserRequest| request.params.get().len();
        let pending_bytes: usize = self.pending.iter().map(|pending| bytes(&pending.request)).sum();
        self.pending.len() < MAX_PENDING && pending_bytes + bytes(request) <= MAX_PENDING_BYTES
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Returns the pending requests, the oldest first.
    pub(crate) fn list(&self) -> Vec<UserRequest> {
        self.pending.iter().map(|pending| pending.request.clone()).collect()
    }

    /// Returns a pending request.
    ///
    /// # Errors
    /// [`NotPending`]
    pub(crate) fn get(&self, id: &RequestId) -> Result<&PendingRequest, NotPending> {
        self.pending.iter().find(|pending| pending.request.id == *id).ok_or_else(|| {
            let resolved = self.resolved.iter().find(|resolved| resolved.id == *id);
            resolved.map_or(NotPending::Unknown, |resolved| NotPending::Resolved(resolved.clone()))
        })
    }

    /// Records the resolution of a request that was taken.
    pub(crate) fn record_resolved(&mut self, resolved: RequestResolved) {
        if self.resolved.len() == MAX_RESOLVED {
            self.resolved.pop_front();
        }
        self.resolved.push_back(resolved);
    }

    /// Removes and returns the request with an id.
    pub(crate) fn take(&mut self, id: &RequestId) -> Vec<PendingRequest> {
        self.take_if(|pending| pending.request.id == *id)
    }

    /// Removes and returns the request with an id of codex's.
    pub(crate) fn take_by_codex_id(&mut self, id: &RpcRequestId) -> Vec<PendingRequest> {
        self.take_if(|pending| pending.codex_id == *id)
    }

    /// Removes and returns the requests of a turn.
    pub(crate) fn take_by_turn(&mut self, turn: &TurnId) -> Vec<PendingRequest> {
        self.take_if(|pending| pending.request.summary.turn_id.as_ref() == Some(turn))
    }

    pub(crate) fn take_all(&mut self) -> Vec<PendingRequest> {
        std::mem::take(&mut self.pending)
    }

    /// Removes and returns the requests whose deadline has passed.
    pub(crate) fn take_expired(&mut self, now: Instant) -> Vec<PendingRequest> {
        self.take_if(|pending| pending.expires.is_some_and(|expires| expires <= now))
    }

    /// Removes and returns the requests that need an attached client.
    pub(crate) fn take_needing_presence(&mut self) -> Vec<PendingRequest> {
        self.take_if(|pending| pending.needs_presence)
    }

    fn take_if(&mut self, condition: impl Fn(&PendingRequest) -> bool) -> Vec<PendingRequest> {
        self.pending.extract_if(.., |pending| condition(pending)).collect()
    }

    /// Returns the next deadline of a pending request. `presence_deadline` is the deadline of requests that need
    /// somebody to be present; see [`Presence::deadline`](super::Presence::deadline).
    pub(crate) fn next_deadline(&self, presence_deadline: Option<Instant>) -> Option<Instant> {
        let presence_deadline =
            presence_deadline.filter(|_| self.pending.iter().any(|pending| pending.needs_presence));
        self.pending.iter().filter_map(|pending| pending.expires).chain(presence_deadline).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server_requests::summarize;

    fn request(bytes: usize) -> PendingRequest {
        let params = serde_json::from_str(&format!("{:?}", "x".repeat(bytes))).unwrap();
        let request = UserRequest {
            id: "r".into(),
            kind: Method::Command.kind(),
            method: String::new(),
            summary: summarize(&params),
            available_decisions: Vec::new(),
            params,
            created_at: codex_gateway_wire::Timestamp::default(),
            deadline: None,
        };
        let codex_id = RpcRequestId::default();
        PendingRequest { request, method: Method::Command, codex_id, expires: None, needs_presence: false }
    }

    #[test]
    fn pending_requests_are_limited_in_number_and_size() {
        let mut pending = PendingRequests::default();
        for _ in 0..MAX_PENDING {
            assert!(pending.has_room_for(&request(10).request));
            pending.push(request(10));
        }
        assert!(!pending.has_room_for(&request(10).request));

        let mut pending = PendingRequests::default();
        assert!(!pending.has_room_for(&request(MAX_PENDING_BYTES).request));
        pending.push(request(MAX_PENDING_BYTES - 100));
        assert!(pending.has_room_for(&request(50).request) && !pending.has_room_for(&request(100).request));
    }
}
