//! Actions on the session's thread: compaction, review and revert.

use codex_app_server_client::{
    BridgeError,
    protocol::{CompactStart, ReviewStart, ThreadRevert, is_turn_not_found},
};
use codex_gateway_wire::{
    Transcript, TurnId,
    api::ReviewTarget,
    event::{History, ThreadOpened},
};
use futures::{FutureExt, future::BoxFuture};

use super::{
    actor::{Actor, TaskResult},
    history,
    turn_state::TurnEvent,
    turns::{AfterAttach, OutgoingMessage, StateReply},
};
use crate::{error::SessionError, idempotency::DispatchFlag};

/// An action on the thread.
#[derive(Debug)]
pub(super) enum Action {
    /// Starts a turn that compacts the history.
    Compact,
    /// Starts a turn that reviews changes.
    Review(ReviewTarget),
    /// Removes a turn and all later turns.
    Revert(TurnId),
}

/// What happens once turns were removed.
pub(super) enum AfterRevert {
    /// Reply to the client.
    Reply(StateReply),
    /// Send a message in their place.
    Send(Box<OutgoingMessage>),
}

impl Actor {
    pub(super) fn start_action(&mut self, action: Action, reply: StateReply) {
        let allowed = match action {
            Action::Review(_) => Ok(()),
            Action::Compact | Action::Revert(_) => self.check_has_turns(),
        };
        if let Err(error) = allowed.and_then(|()| self.check_idle()) {
            return drop(reply.send(Err(error)));
        }
        self.end_if_outdated();
        if self.process.is_some() {
            return self.perform(action, reply);
        }
        if let Err(crashing) = self.crash_limiter.try_restart(true) {
            return drop(reply.send(Err(crashing)));
        }
        self.advance(match action {
            Action::Compact | Action::Review(_) => TurnEvent::AttachStarted,
            Action::Revert(_) => TurnEvent::SwitchStarted,
        });
        self.reattach(None, AfterAttach::RunAction(action, reply));
    }

    /// A thread without turns is not on disk, and codex refuses these actions.
    fn check_has_turns(&self) -> Result<(), SessionError> {
        let is_empty = self.transcript.turns.is_empty() && !self.has_older;
        if is_empty { Err(SessionError::EmptyThread) } else { Ok(()) }
    }

    /// Sends the request of an action to the process.
    pub(super) fn perform(&mut self, action: Action, reply: StateReply) {
        let (Some(process), Some(thread_id)) = (&self.process, self.transcript.thread_id.clone()) else {
            self.reject_deferred(&SessionError::NoActiveTurn);
            return drop(reply.send(Err(BridgeError::Closed.into())));
        };
        self.shared.touch();
        let bridge = process.bridge().clone();
        let starting: BoxFuture<'static, Result<(), BridgeError>> = match action {
            Action::Compact => {
                async move { bridge.request(&CompactStart { thread_id }).await.map(drop) }.boxed()
            }
            Action::Review(target) => {
                async move { bridge.request(&ReviewStart { thread_id, target }).await.map(drop) }.boxed()
            }
            Action::Revert(before) => {
                self.reject_deferred(&SessionError::NoActiveTurn);
                return self.revert_turns(before, AfterRevert::Reply(reply));
            }
        };
        let id = self.next_id();
        self.advance(TurnEvent::StartRequested { id, item: None });
        self.tasks.spawn(starting.map(move |result| TaskResult::ActionReply(id, result, reply)));
    }

    /// Handles codex's reply to a compaction or review. The turn's notifications may have arrived
    /// before.
    pub(super) fn on_action_reply(&mut self, id: u64, result: Result<(), BridgeError>, reply: StateReply) {
        if result.is_err() {
            self.advance(TurnEvent::StartRefused(id));
        }
        let _ = reply.send(result.map(|()| self.session_reply()).map_err(SessionError::from));
    }

    /// Replaces a turn and all later turns with a message. The message is validated before any turn
    /// is removed.
    pub(super) fn replace_turns(&mut self, before: TurnId, message: OutgoingMessage) {
        let mut allowed = self.check_has_turns().and_then(|()| self.check_idle());
        allowed = allowed.and_then(|()| self.check_last_turn(message.turn.expected_last_turn_id.as_ref()));
        if allowed.is_ok() && self.process.is_none() {
            allowed = self.crash_limiter.try_restart(true);
        }
        if let Err(error) = allowed {
            return self.reject(message, &error);
        }
        if self.process.is_some() {
            return self.revert_turns(before, AfterRevert::Send(Box::new(message)));
        }
        self.advance(TurnEvent::SwitchStarted);
        self.reattach(message.turn.model.clone(), AfterAttach::ReplaceTurns(before, message));
    }

    /// Fails if the conversation has turns that the client does not know.
    fn check_last_turn(&self, expected: Option<&TurnId>) -> Result<(), SessionError> {
        let last = self.transcript.turns.last().map(|turn| &turn.id);
        if expected.is_none() || expected == last { Ok(()) } else { Err(SessionError::ConversationChanged) }
    }

    /// Removes a turn and all later turns.
    pub(super) fn revert_turns(&mut self, before_turn_id: TurnId, after: AfterRevert) {
        let (Some(process), Some(thread_id)) = (&self.process, self.transcript.thread_id.clone()) else {
            return self.on_reverted(Err(BridgeError::Closed.into()), after);
        };
        let bridge = process.bridge().clone();
        let resolver = self.context.input_resolver(Some(thread_id.clone()));
        let (message, dispatched) = match &after {
            AfterRevert::Reply(_) => (None, DispatchFlag::default()),
            AfterRevert::Send(message) => (Some(message.turn.clone()), message.dispatched.clone()),
        };
        // No turn may start before the remaining history is known.
        self.advance(TurnEvent::SwitchStarted);
        let reverting = async move {
            if let Some(message) = message {
                resolver.resolve(message).await?;
            }
            let request = ThreadRevert { thread_id, before_turn_id };
            let thread = dispatched.send_tracked(&bridge, &request).await.map_err(revert_error)?.thread;
            Ok(history::newest_history(&bridge, &thread).await)
        };
        self.tasks.spawn(reverting.map(|remaining| TaskResult::Reverted(remaining, after)));
    }

    /// Emits the remaining history, as after a resume. A replacing message is queued until codex
    /// has accepted it, so that it is not lost with the turns.
    pub(super) fn on_reverted(&mut self, remaining: Result<History, SessionError>, after: AfterRevert) {
        self.advance(TurnEvent::Reverted);
        let remaining = remaining.map(|history| self.reset_history(history));
        match (remaining, after) {
            (remaining, AfterRevert::Reply(reply)) => {
                drop(reply.send(remaining.map(|()| self.session_reply())));
            }
            (Ok(()), AfterRevert::Send(message)) => {
                let message = self.push_front(*message);
                self.begin_turn(message);
            }
            (Err(error), AfterRevert::Send(message)) => self.reject(*message, &error),
        }
    }

    /// Emits the thread's remaining history.
    fn reset_history(&mut self, history: History) {
        let Transcript { thread_id, model, effort, sandbox, approval_policy, cwd, .. } = &self.transcript;
        let event = ThreadOpened {
            thread_id: thread_id.clone().unwrap_or_default(),
            model: model.clone().unwrap_or_default(),
            effort: effort.clone(),
            sandbox: *sandbox,
            approval_policy: *approval_policy,
            cwd: cwd.clone().unwrap_or_default(),
            history: Some(history),
        };
        self.thread_opened(event);
    }
}

/// Maps codex's refusal to remove turns to an error.
fn revert_error(error: BridgeError) -> SessionError {
    match error {
        BridgeError::Refused { error, .. } if is_turn_not_found(&error) => SessionError::NoSuchTurn,
        error => error.into(),
    }
}
