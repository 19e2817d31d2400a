//! The actor's part about what is done with its thread beside talking in it: turns of codex's own making, and taking
//! turns back.

use codex_gateway_wire::{
    Transcript, TurnId,
    api::ReviewTarget,
    event::{History, ThreadOpened},
};
use futures::{FutureExt, future::BoxFuture};

use super::{
    actor::{Actor, Done},
    history,
    turns::{Message, Slot, Starting, StateReply, Then, Waiting},
};
use crate::{
    bridge::{
        BridgeError,
        protocol::{CompactStart, ReviewStart, ThreadRevert, is_no_turn},
    },
    error::SessionError,
    once::Told,
};

/// What is done with a thread.
#[derive(Debug)]
pub(super) enum Action {
    /// A turn makes the history shorter.
    Compact,
    /// A turn looks at what was changed.
    Review(ReviewTarget),
    /// A turn and all later ones are taken back.
    Revert(TurnId),
}

/// What happens once turns were taken back.
pub(super) enum AfterRevert {
    /// The client is told what is left.
    Reply(StateReply),
    /// A message is sent in their place.
    Send(Box<Message>),
}

impl Actor {
    pub(super) fn act(&mut self, action: Action, reply: StateReply) {
        let allowed = match action {
            Action::Review(_) => Ok(()),
            Action::Compact | Action::Revert(_) => self.has_turns(),
        };
        if let Err(why) = allowed.and_then(|()| self.is_idle()) {
            return drop(reply.send(Err(why)));
        }
        self.end_outdated();
        if self.live.is_some() {
            return self.perform(action, Waiting::default(), reply);
        }
        if let Err(crashing) = self.crashes.allow(true) {
            return drop(reply.send(Err(crashing)));
        }
        self.slot = match action {
            Action::Compact | Action::Review(_) => Slot::Opening(Waiting::default()),
            Action::Revert(_) => Slot::Changing(Waiting::default()),
        };
        self.reopen(None, Then::Act(action, reply));
    }

    /// A thread without a turn is not on disk, and codex knows nothing to do with it.
    fn has_turns(&self) -> Result<(), SessionError> {
        let none = self.transcript.turns.is_empty() && !self.older;
        if none { Err(SessionError::EmptyThread) } else { Ok(()) }
    }

    /// Asks codex to do it, now that there is a process.
    pub(super) fn perform(&mut self, action: Action, waiting: Waiting, reply: StateReply) {
        let (Some(live), Some(thread_id)) = (&self.live, self.transcript.thread_id.clone()) else {
            self.give_up(waiting, &SessionError::NoActiveTurn);
            return drop(reply.send(Err(BridgeError::Closed.into())));
        };
        self.shared.touch();
        let bridge = live.bridge.clone();
        let starting: BoxFuture<'static, Result<(), BridgeError>> = match action {
            Action::Compact => {
                async move { bridge.request(&CompactStart { thread_id }).await.map(drop) }.boxed()
            }
            Action::Review(target) => {
                async move { bridge.request(&ReviewStart { thread_id, target }).await.map(drop) }.boxed()
            }
            Action::Revert(before) => {
                self.give_up(waiting, &SessionError::NoActiveTurn);
                return self.revert(before, AfterRevert::Reply(reply));
            }
        };
        let number = self.number();
        self.slot = Slot::Starting(Starting { number, item: None, waiting });
        self.tasks.push(starting.map(move |result| Done::ActionTaken(number, result, reply)).boxed());
    }

    /// Codex has taken a turn of its own making, or refused it. The turn's notifications may have come before.
    pub(super) fn action_taken(&mut self, number: u64, result: Result<(), BridgeError>, reply: StateReply) {
        if result.is_err() && matches!(&self.slot, Slot::Starting(starting) if starting.number == number) {
            self.ended();
        }
        let _ = reply.send(result.map(|()| self.reply()).map_err(SessionError::from));
    }

    /// Sends a message in the place of a turn and all later ones. The message is validated before any turn is taken
    /// back.
    pub(super) fn replace(&mut self, before: TurnId, message: Message) {
        let mut allowed = self.has_turns().and_then(|()| self.is_idle());
        allowed = allowed.and_then(|()| self.ends_with(message.turn.expected_last_turn_id.as_ref()));
        if allowed.is_ok() && self.live.is_none() {
            allowed = self.crashes.allow(true);
        }
        if let Err(why) = allowed {
            return self.failed(message, &why);
        }
        if self.live.is_some() {
            return self.revert(before, AfterRevert::Send(Box::new(message)));
        }
        self.slot = Slot::Changing(Waiting::default());
        self.reopen(message.turn.model.clone(), Then::Replace(before, message));
    }

    /// Whether the conversation has gone no further than a client knows.
    fn ends_with(&self, expected: Option<&TurnId>) -> Result<(), SessionError> {
        let last = self.transcript.turns.last().map(|turn| &turn.id);
        if expected.is_none() || expected == last { Ok(()) } else { Err(SessionError::ConversationChanged) }
    }

    /// Takes a turn and all later ones back.
    pub(super) fn revert(&mut self, before_turn_id: TurnId, then: AfterRevert) {
        let (Some(live), Some(thread_id)) = (&self.live, self.transcript.thread_id.clone()) else {
            return self.reverted(Err(BridgeError::Closed.into()), then);
        };
        let bridge = live.bridge.clone();
        let intake = self.base.intake(Some(thread_id.clone()));
        let (message, told) = match &then {
            AfterRevert::Reply(_) => (None, Told::default()),
            AfterRevert::Send(message) => (Some(message.turn.clone()), message.told.clone()),
        };
        // Until it is known what is left, no turn starts.
        self.slot = Slot::Changing(Waiting::default());
        let reverting = async move {
            if let Some(message) = message {
                intake.resolve(message).await?;
            }
            let request = ThreadRevert { thread_id, before_turn_id };
            let thread = told.ask(&bridge, &request).await.map_err(no_turn)?.thread;
            Ok(history::newest(&bridge, &thread).await)
        };
        self.tasks.push(reverting.map(|left| Done::Reverted(left, then)).boxed());
    }

    /// Turns were taken back: all who read are told what is left, as if the thread had been resumed. A message that takes
    /// their place waits in the queue from here on until codex has it, so that it is not lost with them.
    pub(super) fn reverted(&mut self, left: Result<History, SessionError>, then: AfterRevert) {
        let waiting = self.slot.take_waiting();
        self.slot = Slot::Idle;
        self.give_up(waiting, &SessionError::NoActiveTurn);
        let left = left.map(|history| self.begin_anew(history));
        match (left, then) {
            (left, AfterRevert::Reply(reply)) => drop(reply.send(left.map(|()| self.reply()))),
            (Ok(()), AfterRevert::Send(message)) => {
                let message = self.put_first(*message);
                self.start(message);
            }
            (Err(error), AfterRevert::Send(message)) => self.failed(*message, &error),
        }
    }

    /// Tells all who read what the thread has now.
    fn begin_anew(&mut self, history: History) {
        let Transcript { thread_id, model, effort, sandbox, approval_policy, cwd, .. } = &self.transcript;
        let opened = ThreadOpened {
            thread_id: thread_id.clone().unwrap_or_default(),
            model: model.clone().unwrap_or_default(),
            effort: effort.clone(),
            sandbox: *sandbox,
            approval_policy: *approval_policy,
            cwd: cwd.clone().unwrap_or_default(),
            history: Some(history),
        };
        self.thread_opened(opened);
    }
}

/// What codex's refusal to take turns back means.
fn no_turn(error: BridgeError) -> SessionError {
    match error {
        BridgeError::Refused { error, .. } if is_no_turn(&error) => SessionError::NoSuchTurn,
        error => error.into(),
    }
}
