//! The actor's part about stopping a turn, and all that runs for it.

use codex_gateway_wire::{Content, Item, Phase, Transcript, TurnId};
use futures::FutureExt;

use super::{
    actor::{Actor, Done},
    turns::{Slot, StateReply},
};
use crate::{
    bridge::{
        BridgeError,
        protocol::{TerminalTerminate, TurnInterrupt},
    },
    error::SessionError,
};

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
        let (bridge, turn_id) = (live.bridge.clone(), turn);
        let processes = running_processes(&self.transcript, &turn_id);
        let asking = async move {
            bridge.request(&TurnInterrupt { thread_id: thread_id.clone(), turn_id }).await?;
            // Codex leaves the turn's commands running. Whoever stops a turn means them too.
            for process_id in processes {
                let thread_id = thread_id.clone();
                if let Err(error) = bridge.request(&TerminalTerminate { thread_id, process_id }).await {
                    tracing::warn!(%error, "a command of an interrupted turn may still run");
                }
            }
            Ok(())
        };
        self.tasks.push(asking.map(|result| Done::Interrupted(result, reply)).boxed());
    }

    pub(super) fn interrupted(&mut self, result: Result<(), BridgeError>, reply: StateReply) {
        let result = match result {
            Ok(()) => Ok(self.reply()),
            // The turn ended by itself meanwhile.
            Err(BridgeError::Refused { .. }) if !self.slot.is_busy() => Err(SessionError::NoActiveTurn),
            Err(error) => Err(error.into()),
        };
        let _ = reply.send(result);
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
