//! The actor's part about turns: one at a time, reserved before codex is asked (codex itself accepts a
//! second one silently).

use std::time::Duration;

use codex_gateway_wire::{
    Content, Item, Phase, ThreadId, Transcript, TurnId,
    api::{NewThread, SessionReply, StartTurn},
};
use futures::FutureExt;

use super::{
    Reply,
    actor::{Actor, Done},
    intake,
    open::{Opened, Wanted, WantedThread},
};
use crate::{
    bridge::{
        BridgeError,
        protocol::{Overrides, Request, TerminalTerminate, TurnInterrupt, TurnStart},
    },
    error::SessionError,
};

type TurnReply = Reply<Result<SessionReply, SessionError>>;

/// How long an interrupt waits for its turn to begin.
const TO_BEGIN: Duration = TurnStart::DEADLINE;

/// What the session is busy with.
pub(super) enum Slot {
    /// Nothing: a turn may start.
    Idle,
    /// A process is being started.
    Opening(Waiting),
    /// `turn/start` was sent; `turn/started` has not come yet.
    Starting(Waiting),
    /// A turn is running.
    Running(TurnId),
}

/// Interrupts that wait for the turn to begin, each with a number.
#[derive(Default)]
pub(super) struct Waiting {
    next: u64,
    list: Vec<(u64, TurnReply)>,
}

/// What a process was opened for.
pub(super) enum Then {
    /// To start a turn in the session's thread.
    Turn(StartTurn, TurnReply),
    /// To have another thread.
    Thread(TurnReply),
}

impl Slot {
    pub(super) fn is_busy(&self) -> bool {
        !matches!(self, Self::Idle)
    }

    pub(super) fn turn(&self) -> Option<&TurnId> {
        match self {
            Self::Running(turn) => Some(turn),
            _ => None,
        }
    }

    fn take_waiting(&mut self) -> Waiting {
        match self {
            Self::Opening(waiting) | Self::Starting(waiting) => std::mem::take(waiting),
            Self::Idle | Self::Running(_) => Waiting::default(),
        }
    }
}

impl Actor {
    pub(super) fn start_turn(&mut self, turn: StartTurn, reply: TurnReply) {
        let used = self.transcript.model.as_deref();
        if let Err(error) = intake::check(&self.base.config, &self.models, used, &turn) {
            return drop(reply.send(Err(error)));
        }
        if let Err(busy) = self.is_idle() {
            return drop(reply.send(Err(busy)));
        }
        if self.live.is_some() {
            self.send_turn(turn, reply);
        } else {
            // The process has ended: another one goes on with the thread.
            let thread = match (&self.transcript.thread_id, &self.hold) {
                (Some(thread), Some(hold)) => WantedThread::Same(thread.clone(), hold.for_process()),
                _ => WantedThread::New,
            };
            let model = turn.model.clone().or_else(|| self.transcript.model.clone());
            self.open(Wanted { thread, model }, Then::Turn(turn, reply));
        }
    }

    fn is_idle(&self) -> Result<(), SessionError> {
        match self.slot {
            Slot::Idle => Ok(()),
            Slot::Opening(_) => Err(SessionError::Starting),
            Slot::Starting(_) | Slot::Running(_) => Err(SessionError::TurnActive),
        }
    }

    pub(super) fn new_thread(&mut self, request: NewThread, reply: TurnReply) {
        if let Err(busy) = self.is_idle() {
            return drop(reply.send(Err(busy)));
        }
        let model = request.model.filter(|model| !model.is_empty()).or_else(|| self.model.clone());
        self.open(Wanted { thread: WantedThread::New, model }, Then::Thread(reply));
    }

    pub(super) fn resume_thread(&mut self, thread: ThreadId, reply: TurnReply) {
        if let Err(busy) = self.is_idle() {
            return drop(reply.send(Err(busy)));
        }
        if self.transcript.thread_id.as_ref() == Some(&thread) {
            return drop(reply.send(Ok(self.reply())));
        }
        // The thread keeps its own model.
        self.open(Wanted { thread: WantedThread::Other(thread), model: None }, Then::Thread(reply));
    }

    fn open(&mut self, wanted: Wanted, then: Then) {
        self.slot = Slot::Opening(Waiting::default());
        let base = self.base.clone();
        let opening = async move { base.open(wanted).await };
        self.tasks.push(opening.map(|opened| Done::Opened(opened.map(Box::new), then)).boxed());
    }

    pub(super) fn opened(&mut self, opened: Result<Box<Opened>, SessionError>, then: Then) {
        let mut waiting = self.slot.take_waiting();
        self.slot = Slot::Idle;
        let opened = opened.map(|opened| self.adopt(*opened));
        match (opened, then) {
            (Ok(()), Then::Turn(turn, reply)) => {
                self.send_turn(turn, reply);
                self.slot = Slot::Starting(waiting);
            }
            (Ok(()), Then::Thread(reply)) => {
                waiting.fail(&SessionError::NoActiveTurn);
                let _ = reply.send(Ok(self.reply()));
            }
            (Err(error), Then::Turn(_, reply) | Then::Thread(reply)) => {
                waiting.fail(&SessionError::NoActiveTurn);
                let _ = reply.send(Err(error));
            }
        }
    }

    fn send_turn(&mut self, turn: StartTurn, reply: TurnReply) {
        let (Some(live), Some(thread_id)) = (&self.live, self.transcript.thread_id.clone()) else {
            return drop(reply.send(Err(BridgeError::Closed.into())));
        };
        self.slot = Slot::Starting(Waiting::default());
        self.shared.touch();
        let bridge = live.bridge.clone();
        let cwd = self.base.settings.cwd.clone();
        let overrides = self.overrides(&turn);
        let sending = async move {
            let (output_schema, client_id) = (turn.output_schema.clone(), turn.client_message_id.clone());
            let input = intake::resolve(&cwd, turn).await?;
            let request =
                TurnStart { thread_id, input, overrides, output_schema, client_user_message_id: client_id };
            Ok(bridge.request(&request).await?.turn.id)
        };
        self.tasks.push(sending.map(|result| Done::TurnStarted(result, reply)).boxed());
    }

    /// What a message changes of what the thread runs with.
    fn overrides(&self, turn: &StartTurn) -> Overrides {
        let Transcript { model, effort, sandbox, approval_policy, .. } = &self.transcript;
        let other = |asked: &Option<String>, used: &Option<String>| {
            asked.clone().filter(|asked| !asked.is_empty() && Some(asked) != used.as_ref())
        };
        Overrides {
            model: other(&turn.model, model),
            effort: other(&turn.effort, effort),
            sandbox_policy: turn.sandbox.filter(|mode| Some(mode) != sandbox.as_ref()).map(Into::into),
            approval_policy: turn.approval_policy.filter(|policy| Some(policy) != approval_policy.as_ref()),
        }
    }

    /// Codex answered `turn/start`. The turn's own notifications may have come before, even its end.
    pub(super) fn turn_accepted(&mut self, result: Result<TurnId, SessionError>, reply: TurnReply) {
        if result.is_err() && matches!(self.slot, Slot::Starting(_)) {
            self.slot.take_waiting().fail(&SessionError::NoActiveTurn);
            self.slot = Slot::Idle;
        }
        let _ = reply.send(result.map(|_| self.reply()));
    }

    pub(super) fn turn_began(&mut self, turn: TurnId) {
        let waiting = self.slot.take_waiting();
        self.slot = Slot::Running(turn);
        for (_, reply) in waiting.list {
            self.interrupt(reply);
        }
    }

    /// A turn has ended: the one that was running, whatever its id. (A review ends under another one.)
    pub(super) fn turn_ended(&mut self) {
        if !matches!(self.slot, Slot::Opening(_)) {
            self.slot.take_waiting().fail(&SessionError::NoActiveTurn);
            self.slot = Slot::Idle;
        }
        self.state_changed();
    }

    pub(super) fn process_gone(&mut self, error: &BridgeError) {
        if !matches!(self.slot, Slot::Opening(_)) {
            self.slot.take_waiting().fail(&SessionError::Codex(error.clone()));
            self.slot = Slot::Idle;
        }
    }

    pub(super) fn interrupt(&mut self, reply: TurnReply) {
        match &mut self.slot {
            Slot::Idle => drop(reply.send(Err(SessionError::NoActiveTurn))),
            Slot::Opening(waiting) | Slot::Starting(waiting) => {
                let number = waiting.push(reply);
                let expiry = tokio::time::sleep(TO_BEGIN);
                self.tasks.push(expiry.map(move |()| Done::InterruptExpired(number)).boxed());
            }
            Slot::Running(turn) => {
                let (Some(live), Some(thread_id)) = (&self.live, self.transcript.thread_id.clone()) else {
                    return drop(reply.send(Err(SessionError::NoActiveTurn)));
                };
                let (bridge, turn_id) = (live.bridge.clone(), turn.clone());
                let processes = running_processes(&self.transcript, &turn_id);
                let asking = async move {
                    bridge.request(&TurnInterrupt { thread_id: thread_id.clone(), turn_id }).await?;
                    // Codex leaves the turn's commands running. Whoever stops a turn means them too.
                    for process_id in processes {
                        let thread_id = thread_id.clone();
                        if let Err(error) = bridge.request(&TerminalTerminate { thread_id, process_id }).await
                        {
                            tracing::warn!(%error, "a command of an interrupted turn may still run");
                        }
                    }
                    Ok(())
                };
                self.tasks.push(asking.map(|result| Done::Interrupted(result, reply)).boxed());
            }
        }
    }

    pub(super) fn interrupted(&mut self, result: Result<(), BridgeError>, reply: TurnReply) {
        let result = match result {
            Ok(()) => Ok(self.reply()),
            // The turn ended by itself meanwhile.
            Err(BridgeError::Refused { .. }) if !self.slot.is_busy() => Err(SessionError::NoActiveTurn),
            Err(error) => Err(error.into()),
        };
        let _ = reply.send(result);
    }

    pub(super) fn interrupt_expired(&mut self, number: u64) {
        if let Slot::Opening(waiting) | Slot::Starting(waiting) = &mut self.slot
            && let Some(at) = waiting.list.iter().position(|(waits, _)| *waits == number)
        {
            let (_, reply) = waiting.list.swap_remove(at);
            let _ = reply.send(Err(SessionError::NeverStarted(TO_BEGIN)));
        }
    }
}

impl Waiting {
    fn push(&mut self, reply: TurnReply) -> u64 {
        self.next += 1;
        self.list.push((self.next, reply));
        self.next
    }

    fn fail(&mut self, error: &SessionError) {
        for (_, reply) in self.list.drain(..) {
            let _ = reply.send(Err(error.clone()));
        }
    }
}

/// The processes of the commands of a turn that are still running, as codex names them.
fn running_processes(transcript: &Transcript, turn: &TurnId) -> Vec<String> {
    let of_turn = transcript.entries.iter().filter(|entry| entry.turn_id.as_ref() == Some(turn));
    of_turn
        .filter(|entry| entry.phase == Phase::Running)
        .filter_map(|entry| match &entry.content {
            Content::Item(Item::CommandExecution(command)) => command.process_id.clone(),
            _ => None,
        })
        .collect()
}
