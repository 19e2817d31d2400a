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
    turns::{Slot, Starting, StateReply, Then, Waiting},
};
use crate::{
    bridge::{
        BridgeError,
        protocol::{CompactStart, ReviewStart, ThreadRevert, is_no_turn},
    },
    error::SessionError,
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
            Action::Revert(before_turn_id) => {
                self.give_up(waiting, &SessionError::NoActiveTurn);
                // Until it is known what is left, no turn starts.
                self.slot = Slot::Changing(Waiting::default());
                let reverting = async move {
                    let reverted = bridge.request(&ThreadRevert { thread_id, before_turn_id }).await;
                    let thread = reverted.map_err(no_turn)?.thread;
                    Ok(history::newest(&bridge, &thread).await)
                };
                return self.tasks.push(reverting.map(|left| Done::Reverted(left, reply)).boxed());
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

    /// Turns were taken back: all who read are told what is left, as if the thread had been resumed.
    pub(super) fn reverted(&mut self, left: Result<History, SessionError>, reply: StateReply) {
        let waiting = self.slot.take_waiting();
        self.slot = Slot::Idle;
        self.give_up(waiting, &SessionError::NoActiveTurn);
        let result = left.map(|history| {
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
            self.reply()
        });
        let _ = reply.send(result);
    }
}

/// What codex's refusal to take turns back means.
fn no_turn(error: BridgeError) -> SessionError {
    match error {
        BridgeError::Refused { error, .. } if is_no_turn(&error) => SessionError::NoSuchTurn,
        error => error.into(),
    }
}
