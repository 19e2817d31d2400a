//! The actor's part about stopping a turn, and all that runs for it.

use codex_gateway_wire::{Content, Item, Phase, ThreadId, Transcript, TurnId};
use futures::FutureExt;

use super::{
    actor::{Actor, Done},
    turns::{Slot, StateReply},
};
use crate::{
    bridge::{
        Bridge, BridgeError,
        protocol::{TerminalTerminate, TurnInterrupt},
    },
    error::SessionError,
};

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
                let number = self.number_to_wait();
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
        let stopping = Stopping { bridge: bridge.clone(), thread_id, turn, commands, reply };
        let asking = async move { Done::Interrupted(bridge.request(&request).await.map(drop), stopping) };
        self.tasks.push(asking.boxed());
    }

    /// Codex answered `turn/interrupt`. It leaves the turn's commands running: whoever stops a turn means them too.
    pub(super) fn interrupted(&mut self, result: Result<(), BridgeError>, stopping: Stopping) {
        let Stopping { bridge, thread_id, turn, mut commands, reply } = stopping;
        let error = match result {
            Ok(()) => None,
            // The turn ended by itself meanwhile.
            Err(BridgeError::Refused { .. }) if !self.slot.is_busy() => Some(SessionError::NoActiveTurn),
            Err(error) => Some(error.into()),
        };
        if let Some(error) = error {
            return drop(reply.send(Err(error)));
        }
        // Until codex had the interrupt, commands could begin; it told of them before it answered.
        self.hear_all();
        let later = running_commands(&self.transcript, &turn).into_iter();
        commands.extend(later.filter(|command| !commands.contains(command)).collect::<Vec<_>>());
        let terminating = async move {
            for process_id in commands {
                let thread_id = thread_id.clone();
                if let Err(error) = bridge.request(&TerminalTerminate { thread_id, process_id }).await {
                    tracing::warn!(%error, "a command of an interrupted turn may still run");
                }
            }
            Done::Stopped(reply)
        };
        self.tasks.push(terminating.boxed());
    }

    /// A turn was stopped, and its commands.
    pub(super) fn stopped(&self, reply: StateReply) {
        let _ = reply.send(Ok(self.reply()));
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
