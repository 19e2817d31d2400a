//! The requests that wait, and how the last ones ended.

use std::collections::VecDeque;

use codex_gateway_wire::{
    RequestId, TurnId,
    request::{RequestResolved, UserRequest},
};
use tokio::time::Instant;

use super::Method;
use crate::{bridge, error::SessionError};

/// How many ends are remembered, to tell who answers too late how it ended.
const REMEMBERED: usize = 256;

/// How many may wait in a session: nobody answers more, and a process that asks for ever must not fill the memory.
const MOST: usize = 256;

/// How long what waits may be, all in all, in bytes: it stands in every state and every snapshot.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// A request that waits.
#[derive(Debug)]
pub(crate) struct Open {
    pub request: UserRequest,
    pub method: Method,
    /// Codex's own id of it, in its process.
    pub codex_id: bridge::RequestId,
    /// When it is declined.
    pub expires: Option<Instant>,
    /// It waits only while somebody is there who can answer.
    pub needs_presence: bool,
}

/// The requests of a session that wait.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    open: Vec<Open>,
    ended: VecDeque<RequestResolved>,
}

impl Pending {
    pub(crate) fn push(&mut self, open: Open) {
        self.open.push(open);
    }

    /// Whether another one may wait.
    pub(crate) fn has_room_for(&self, request: &UserRequest) -> bool {
        let bytes = |request: &UserRequest| request.params.get().len();
        let waiting: usize = self.open.iter().map(|open| bytes(&open.request)).sum();
        self.open.len() < MOST && waiting + bytes(request) <= MOST_BYTES
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Those that wait, the oldest first.
    pub(crate) fn list(&self) -> Vec<UserRequest> {
        self.open.iter().map(|open| open.request.clone()).collect()
    }

    /// One that waits.
    ///
    /// # Errors
    /// [`SessionError::NoSuchRequest`], or [`SessionError::RequestEnded`] if it waits no more.
    pub(crate) fn get(&self, id: &RequestId) -> Result<&Open, SessionError> {
        self.open.iter().find(|open| open.request.id == *id).ok_or_else(|| {
            let ended = self.ended.iter().find(|ended| ended.id == *id);
            ended.map_or(SessionError::NoSuchRequest, |ended| SessionError::RequestEnded(ended.clone()))
        })
    }

    /// Remembers how one ended that was taken out.
    pub(crate) fn remember(&mut self, ended: RequestResolved) {
        if self.ended.len() == REMEMBERED {
            self.ended.pop_front();
        }
        self.ended.push_back(ended);
    }

    /// Takes out the one of that id.
    pub(crate) fn take(&mut self, id: &RequestId) -> Vec<Open> {
        self.take_if(|open| open.request.id == *id)
    }

    /// Takes out the one that codex calls so.
    pub(crate) fn take_codex(&mut self, id: &bridge::RequestId) -> Vec<Open> {
        self.take_if(|open| open.codex_id == *id)
    }

    /// Takes out those of a turn.
    pub(crate) fn take_turn(&mut self, turn: &TurnId) -> Vec<Open> {
        self.take_if(|open| open.request.summary.turn_id.as_ref() == Some(turn))
    }

    pub(crate) fn take_all(&mut self) -> Vec<Open> {
        std::mem::take(&mut self.open)
    }

    /// Takes out those whose time is over.
    pub(crate) fn take_expired(&mut self, now: Instant) -> Vec<Open> {
        self.take_if(|open| open.expires.is_some_and(|expires| expires <= now))
    }

    /// Takes out those that wait only while somebody is there.
    pub(crate) fn take_unattended(&mut self) -> Vec<Open> {
        self.take_if(|open| open.needs_presence)
    }

    fn take_if(&mut self, which: impl Fn(&Open) -> bool) -> Vec<Open> {
        self.open.extract_if(.., |open| which(open)).collect()
    }

    /// When the next one's time is over; `patience` is until when those wait that need somebody there.
    pub(crate) fn next_expiry(&self, patience: Option<Instant>) -> Option<Instant> {
        let unattended = patience.filter(|_| self.open.iter().any(|open| open.needs_presence));
        self.open.iter().filter_map(|open| open.expires).chain(unattended).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::summary;

    fn open(length: usize) -> Open {
        let params = serde_json::from_str(&format!("{:?}", "x".repeat(length))).unwrap();
        let request = UserRequest {
            id: "r".into(),
            kind: Method::Command.kind(),
            method: String::new(),
            summary: summary(&params),
            available_decisions: Vec::new(),
            params,
            created_at: codex_gateway_wire::Timestamp::default(),
            deadline: None,
        };
        let codex_id = bridge::RequestId::default();
        Open { request, method: Method::Command, codex_id, expires: None, needs_presence: false }
    }

    #[test]
    fn what_waits_is_bounded_in_number_and_length() {
        let mut pending = Pending::default();
        for _ in 0..MOST {
            assert!(pending.has_room_for(&open(10).request));
            pending.push(open(10));
        }
        assert!(!pending.has_room_for(&open(10).request));

        let mut pending = Pending::default();
        assert!(!pending.has_room_for(&open(MOST_BYTES).request));
        pending.push(open(MOST_BYTES - 100));
        assert!(pending.has_room_for(&open(50).request) && !pending.has_room_for(&open(100).request));
    }
}
