//! The actor's part about stopping a turn, and all that runs for it.
//!
//! Stop works also when codex does not react: then its process is killed, the turn ends as stopped, and what waits goes
//! on in another process.

use std::time::Duration;

use codex_gateway_wire::{
    Content, Item, Phase, ThreadId, Transcript, TurnId, event::WarningKind, request::ResolvedBy,
};
use futures::{FutureExt, future::join_all};

use super::{
    actor::{Actor, Done},
    turns::{Slot, StateReply},
};
use crate::{
    bridge::{
        Bridge, BridgeError,
        protocol::{Request, TerminalTerminate, TurnInterrupt},
    },
    error::SessionError,
};

/// How long a turn that was stopped may take to end: codex has answered by then, and its commands are being ended.
const STOP_TIMEOUT: Duration = TurnInterrupt::DEADLINE.saturating_add(TerminalTerminate::DEADLINE);
/// How long an interrupt waits for its turn to begin.
const START_TIMEOUT: Duration = TurnInterrupt::DEADLINE;
/// What is said of a turn that had to be stopped by force.
const FORCED: &str = "Codex did not react to Stop. Its process was replaced.";

/// A turn that is being stopped.
pub(super) struct Stopping {
    /// The process that runs it.
    bridge: Bridge,
    thread_id: ThreadId,
    turn: TurnId,
    /// Its commands, as codex names their processes.
    commands: Vec<String>,
    reply: StateReply,
}

impl Actor {
    pub(super) fn interrupt(&mut self, reply: StateReply) {
        let turn = match &self.slot {
            Slot::Idle => return drop(reply.send(Err(SessionError::NoActiveTurn))),
            Slot::Running(turn) => turn.clone(),
            Slot::Opening(_) | Slot::Changing(_) | Slot::Starting(_) => {
                let number = self.number_to_wait(START_TIMEOUT);
                if let Some(waiting) = self.slot.waiting() {
                    waiting.interrupts.push((number, reply));
                }
                return;
            }
        };
        let (Some(live), Some(thread_id)) = (&self.live, self.transcript.thread_id.clone()) else {
            return drop(reply.send(Err(SessionError::NoActiveTurn)));
        };
        let bridge = live.bridge.clone();
        let commands = running_commands(&self.transcript, &turn);
        let request = TurnInterrupt { thread_id: thread_id.clone(), turn_id: turn.clone() };
        let expiry = Done::StopExpired(turn.clone());
        let stopping = Stopping { bridge: bridge.clone(), thread_id, turn, commands, reply };
        let asking = async move { Done::Interrupted(bridge.request(&request).await.map(drop), stopping) };
        self.tasks.push(asking.boxed());
        self.sleeping += 1;
        self.tasks.push(tokio::time::sleep(STOP_TIMEOUT).map(|()| expiry).boxed());
    }

    /// Codex answered `turn/interrupt`. It leaves the turn's commands running: whoever stops a turn means them too.
    pub(super) fn interrupted(&mut self, result: Result<(), BridgeError>, mut stopping: Stopping) {
        if let Err(error) = result {
            return self.not_interrupted(error, stopping);
        }
        // Until codex had the interrupt, commands could begin; it told of them before it answered.
        self.hear_all();
        let later = running_commands(&self.transcript, &stopping.turn).into_iter();
        let commands = &mut stopping.commands;
        commands.extend(later.filter(|command| !commands.contains(command)).collect::<Vec<_>>());
        let terminating = async move {
            let Stopping { bridge, thread_id, commands, .. } = &stopping;
            // Together: a command whose end takes long must not keep the others.
            let results = join_all(commands.iter().map(async |process_id| {
                let (thread_id, process_id) = (thread_id.clone(), process_id.clone());
                bridge.request(&TerminalTerminate { thread_id, process_id }).await
            }));
            let mut reacts = true;
            for error in results.await.into_iter().filter_map(Result::err) {
                tracing::warn!(%error, "a command of an interrupted turn may still run");
                reacts &= !matches!(error, BridgeError::Deadline { .. });
            }
            Done::Stopped(reacts, stopping)
        };
        self.tasks.push(terminating.boxed());
    }

    /// Codex did not take an interrupt.
    fn not_interrupted(&mut self, error: BridgeError, stopping: Stopping) {
        let is_over = self.slot.turn() != Some(&stopping.turn);
        let error = match error {
            // The turn ended by itself meanwhile.
            BridgeError::Refused { .. } if !self.slot.is_busy() => SessionError::NoActiveTurn,
            BridgeError::Deadline { .. } => return self.stop_by_force(stopping),
            // Its process was killed, because it did not react to this or to another request.
            BridgeError::Closed | BridgeError::Exited(_) | BridgeError::Unresponsive if is_over => {
                return self.stop_by_force(stopping);
            }
            error => error.into(),
        };
        let _ = stopping.reply.send(Err(error));
    }

    /// Kills the process that runs a turn, and answers when it and all that it started are gone.
    fn stop_by_force(&mut self, stopping: Stopping) {
        self.force_stop(&stopping.bridge);
        let gone = stopping.bridge.gone();
        self.tasks.push(gone.map(|()| Done::Stopped(true, stopping)).boxed());
    }

    /// A turn was stopped, and its commands, unless the process does not react.
    pub(super) fn stopped(&mut self, reacts: bool, stopping: Stopping) {
        if !reacts {
            return self.stop_by_force(stopping);
        }
        let _ = stopping.reply.send(Ok(self.reply()));
    }

    /// A turn that was stopped should have ended by now.
    pub(super) fn stop_expired(&mut self, turn: &TurnId) {
        self.sleeping -= 1;
        if self.slot.turn() == Some(turn)
            && let Some(live) = &self.live
        {
            let bridge = live.bridge.clone();
            self.force_stop(&bridge);
        }
    }

    /// A turn was stopped before it began, and has not begun in time.
    pub(super) fn stop_beginning(&mut self) {
        match &mut self.slot {
            Slot::Opening(waiting) => waiting.abandon.cancel(),
            Slot::Starting(_) => {
                if let Some(live) = &self.live {
                    let bridge = live.bridge.clone();
                    self.force_stop(&bridge);
                }
            }
            Slot::Changing(waiting) => {
                for (_, reply) in std::mem::take(&mut waiting.interrupts) {
                    let _ = reply.send(Err(SessionError::Starting));
                }
            }
            Slot::Idle | Slot::Running(_) => {}
        }
    }

    /// Kills a process that does not react to Stop, if it is still the session's. The turn ends as stopped, its commands
    /// with it, and what waits goes on in another process. This is no crash.
    fn force_stop(&mut self, bridge: &Bridge) {
        self.hear_all();
        if !self.live.as_ref().is_some_and(|live| live.bridge.is_same(bridge)) {
            return;
        }
        self.live = None;
        bridge.kill();
        self.parking.ending = Some(bridge.gone().boxed().shared());
        self.base.metrics.process_exited();
        self.foreign.clear();
        let open = self.pending.take_all();
        self.withdraw(open, ResolvedBy::Process);
        let turn = self.transcript.active_turn().map(|turn| turn.id.clone());
        self.warn(WarningKind::StopForced, FORCED.to_owned(), None);
        if let Some(turn) = turn {
            self.count_turn(&turn);
        }
        let waiting = self.slot.take_waiting();
        self.slot = Slot::Idle;
        self.state_changed();
        self.save_soon();
        self.tell_stopped(waiting.interrupts);
        for (_, message) in waiting.messages {
            self.tell(message);
        }
        self.send_first();
        // The process that takes its place has it by now. Without one, it is free when the old process is gone.
        self.place = None;
    }

    /// Tells those who wanted a turn to be stopped that it was.
    pub(super) fn tell_stopped(&self, interrupts: Vec<(u64, StateReply)>) {
        for (_, reply) in interrupts {
            let _ = reply.send(Ok(self.reply()));
        }
    }
}

/// The processes of the commands of a turn that are still running, as codex names them.
fn running_commands(transcript: &Transcript, turn: &TurnId) -> Vec<String> {
    let of_turn = transcript.entries.iter().filter(|entry| entry.turn_id.as_ref() == Some(turn));
    of_turn
        .filter(|entry| entry.phase == Phase::Running)
        .filter_map(|entry| match &entry.content {
            Content::Item(Item::CommandExecution(command)) => command.process_id.clone(),
            _ => None,
        })
        .collect()
}
