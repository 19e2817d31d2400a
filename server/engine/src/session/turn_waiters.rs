//! Callers that wait for the end of a turn.

use std::collections::VecDeque;

use codex_gateway_wire::{
    Content, Item, QueueItemId, TurnId,
    api::{Delivery, SessionReply, TurnReport, TurnSummary},
    codex::TurnStatus,
    transcript::TurnRecord,
};
use tokio::time::Instant;

use super::{Reply, actor::Actor};

/// Number of accepted messages whose turn is remembered.
const MAX_ACCEPTED: usize = 64;

/// What a caller waits for.
#[derive(Debug)]
pub(super) enum WaitTarget {
    /// The end of a turn.
    Turn(TurnId),
    /// The end of the turn that a queued message will start. The text is codex's id of the message.
    Queued(QueueItemId, String),
}

impl WaitTarget {
    /// Returns the turn that a message has started or steered, or its queue item. `client_id` is
    /// the client's id of the message.
    pub(super) fn of(sent: &Delivery, client_id: Option<String>) -> Option<Self> {
        let queued = |item: QueueItemId| {
            let client_id = client_id.unwrap_or_else(|| item.to_string());
            Self::Queued(item, client_id)
        };
        sent.turn_id.clone().map(Self::Turn).or_else(|| sent.queue_item_id.clone().map(queued))
    }

    fn is_queued(&self, item: &QueueItemId) -> bool {
        matches!(self, Self::Queued(queued, _) if queued == item)
    }
}

/// The session's state at the end of the wait, and the turn.
pub(super) type WaitResult = (SessionReply, TurnReport);

/// The waiting callers, and what is known about recent turns.
#[derive(Default)]
pub(super) struct TurnWaiters {
    waiters: Vec<Waiter>,
    /// Accepted messages, newest first.
    accepted: VecDeque<AcceptedMessage>,
    /// Turns that failed before they started, newest first. They are in no transcript.
    failed_turns: VecDeque<TurnId>,
}

/// A message that codex has accepted.
struct AcceptedMessage {
    /// The former queue item.
    item: Option<QueueItemId>,
    turn: TurnId,
    /// Codex has reported the start of the turn. A turn that fails before its start is in no
    /// transcript.
    has_started: bool,
}

struct Waiter {
    target: WaitTarget,
    /// The end of the wait. `None` to wait without a limit.
    deadline: Option<Instant>,
    reply: Reply<WaitResult>,
}

impl TurnWaiters {
    fn add(&mut self, target: WaitTarget, deadline: Option<Instant>, reply: Reply<WaitResult>) {
        self.waiters.push(Waiter { target, deadline, reply });
    }

    /// Returns the earliest deadline.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.waiters.iter().filter_map(|waiter| waiter.deadline).min()
    }

    fn record_accepted(&mut self, accepted: AcceptedMessage) {
        let AcceptedMessage { item, turn, .. } = &accepted;
        if let Some(item) = item {
            for waiter in self.waiters.iter_mut().filter(|waiter| waiter.target.is_queued(item)) {
                waiter.target = WaitTarget::Turn(turn.clone());
            }
        }
        // Codex may report a message more than once.
        self.accepted.retain(|existing| (&existing.item, &existing.turn) != (item, turn));
        self.accepted.truncate(MAX_ACCEPTED - 1);
        self.accepted.push_front(accepted);
    }

    /// Records that a turn has started.
    pub(super) fn started(&mut self, turn: &TurnId) {
        for accepted in self.accepted.iter_mut().filter(|accepted| accepted.turn == *turn) {
            accepted.has_started = true;
        }
    }

    /// Records that a turn failed before it started.
    pub(super) fn turn_failed(&mut self, turn: &TurnId) {
        self.failed_turns.truncate(MAX_ACCEPTED - 1);
        self.failed_turns.push_front(turn.clone());
    }

    /// Forgets the accepted messages, because the transcript was reset.
    pub(super) fn clear_accepted(&mut self) {
        self.accepted.clear();
    }

    /// Returns `true` if codex has accepted a message for the turn but has not reported its start.
    fn is_accepted_not_started(&self, turn: &TurnId) -> bool {
        self.accepted.iter().any(|accepted| accepted.turn == *turn && !accepted.has_started)
    }

    fn has_failed(&self, turn: &TurnId) -> bool {
        self.failed_turns.contains(turn)
    }
}

impl Actor {
    /// Records that codex has accepted a message, which starts the turn or steers it.
    pub(super) fn record_accepted(&mut self, item: Option<&QueueItemId>, turn: &TurnId) {
        let has_started = self.transcript.turn(turn).is_some();
        self.waiters.record_accepted(AcceptedMessage {
            item: item.cloned(),
            turn: turn.clone(),
            has_started,
        });
    }

    pub(super) fn add_waiter(
        &mut self,
        target: WaitTarget,
        deadline: Option<Instant>,
        reply: Reply<WaitResult>,
    ) {
        let target = match self.turn_of_queued(&target) {
            Some(turn) => WaitTarget::Turn(turn),
            None => target,
        };
        self.waiters.add(target, deadline, reply);
    }

    /// Returns the turn of a message that has left the queue, if it is known.
    fn turn_of_queued(&self, target: &WaitTarget) -> Option<TurnId> {
        let WaitTarget::Queued(item, client_id) = target else { return None };
        if self.is_in_queue(item) {
            return None;
        }
        let accepted = self.waiters.accepted.iter().find(|accepted| accepted.item.as_ref() == Some(item));
        accepted.map(|accepted| accepted.turn.clone()).or_else(|| {
            self.transcript.entries.iter().rev().find_map(|entry| match &entry.content {
                Content::Item(Item::UserMessage(message))
                    if message.client_id.as_ref() == Some(client_id) =>
                {
                    entry.turn_id.clone()
                }
                _ => None,
            })
        })
    }

    fn is_in_queue(&self, item: &QueueItemId) -> bool {
        self.transcript.queue.iter().any(|queued| queued.id == *item)
    }

    /// Replies to callers whose turn has ended or whose deadline has passed.
    pub(super) fn wake_waiters(&mut self) {
        if self.waiters.waiters.is_empty() {
            return;
        }
        let now = Instant::now();
        for waiter in std::mem::take(&mut self.waiters.waiters) {
            let is_late = waiter.deadline.is_some_and(|deadline| deadline <= now);
            if is_late || self.is_over(&waiter.target) {
                // A failed send means that the caller no longer waits.
                let _ = waiter.reply.send((self.session_reply(), self.wait_result(&waiter.target)));
            } else if !waiter.reply.is_closed() {
                self.waiters.waiters.push(waiter);
            }
        }
    }

    /// Returns `true` if the result will not change without further action.
    fn is_over(&self, target: &WaitTarget) -> bool {
        match target {
            WaitTarget::Turn(turn) => match self.transcript.turn(turn) {
                Some(turn) => {
                    turn.status != TurnStatus::InProgress && self.refresh_check.as_ref() != Some(&turn.id)
                }
                None => self.waiters.has_failed(turn) || !self.is_starting(turn),
            },
            // The message was removed, or the queue waits for the user.
            WaitTarget::Queued(item, _) => {
                let is_stalled =
                    !self.turn.state().is_busy() && self.transcript.queue.iter().all(|item| !item.sending);
                is_stalled || !self.is_in_queue(item)
            }
        }
    }

    /// Returns `true` if codex is about to start the turn.
    fn is_starting(&self, turn: &TurnId) -> bool {
        self.turn.state().is_starting() && self.waiters.is_accepted_not_started(turn)
    }

    /// Returns the current result of the turn.
    fn wait_result(&self, target: &WaitTarget) -> TurnReport {
        let WaitTarget::Turn(id) = target else { return TurnReport::default() };
        let turn = match self.transcript.turn(id) {
            Some(turn) => turn.clone(),
            None if self.waiters.has_failed(id) || self.waiters.is_accepted_not_started(id) => {
                let is_starting = self.is_starting(id) && !self.waiters.has_failed(id);
                let status = if is_starting { TurnStatus::InProgress } else { TurnStatus::Failed };
                TurnRecord { id: id.clone(), status, ..TurnRecord::default() }
            }
            // The turn is too old, or belongs to another thread.
            None => return TurnReport::default(),
        };
        let text = self.transcript.answer(id).map(|message| message.text.clone());
        TurnReport { turn: Some(TurnSummary::from(turn)), text }
    }
}
