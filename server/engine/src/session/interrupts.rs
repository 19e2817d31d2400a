//! Interrupts a turn and everything that runs for it.
//!
//! Interrupting works also if codex does not respond. The process is then killed, the turn ends as
//! interrupted, and the queue continues in another process.

use std::time::Duration;

use codex_app_server_client::{
    Bridge, BridgeError,
    protocol::{Request, TerminalTerminate, TurnInterrupt},
};
use codex_gateway_wire::{
    Content, Item, Phase, ThreadId, Transcript, TurnId, event::WarningKind, request::ResolvedBy,
};
use futures::{FutureExt, future::join_all};

use super::{
    actor::{Actor, TaskResult},
    turn_state::InterruptDecision,
    turns::StateReply,
};
use crate::error::{CodexErrorText, SessionError};

/// How long an interrupted turn may take to end. By then codex has replied, and the turn's commands
/// are being terminated.
const INTERRUPT_TIMEOUT: Duration = TurnInterrupt::DEADLINE.saturating_add(TerminalTerminate::DEADLINE);
/// How long an interrupt waits for its turn to start.
const INTERRUPT_START_TIMEOUT: Duration = TurnInterrupt::DEADLINE;
/// The warning about a turn that was stopped by force.
const STOP_FORCED_MESSAGE: &str = "Codex did not react to Stop. Its process was replaced.";

/// An interrupt in progress.
pub(super) struct Interrupt {
    /// The process that runs the turn.
    bridge: Bridge,
    thread_id: ThreadId,
    turn: TurnId,
    /// The turn of the commands. A review runs in a turn of its own, and its commands belong to the root.
    root: TurnId,
    /// Codex's ids of the processes of the turn's commands.
    commands: Vec<String>,
    reply: StateReply,
}

impl Actor {
    pub(super) fn interrupt(&mut self, reply: StateReply) {
        let turn = match self.turn.state().decide_interrupt() {
            InterruptDecision::Refuse => return drop(reply.send(Err(SessionError::NoActiveTurn))),
            InterruptDecision::Defer => {
                let id = self.defer_with_timeout(INTERRUPT_START_TIMEOUT);
                return self.turn.defer_interrupt(id, reply);
            }
            InterruptDecision::Send(turn) => turn,
        };
        let (Some(process), Some(thread_id)) = (&self.process, self.transcript.thread_id.clone()) else {
            return drop(reply.send(Err(SessionError::NoActiveTurn)));
        };
        let bridge = process.bridge().clone();
        let root = self.transcript.active_turn().map_or_else(|| turn.clone(), |active| active.id.clone());
        let commands = running_commands(&self.transcript, &root);
        let request = TurnInterrupt { thread_id: thread_id.clone(), turn_id: turn.clone() };
        let expiry = TaskResult::InterruptTimeout(turn.clone());
        let interrupt = Interrupt { bridge: bridge.clone(), thread_id, turn, root, commands, reply };
        let asking =
            async move { TaskResult::InterruptReply(bridge.request(&request).await.map(drop), interrupt) };
        self.tasks.spawn(asking);
        self.tasks.spawn_passive(tokio::time::sleep(INTERRUPT_TIMEOUT).map(|()| expiry));
    }

    /// Handles codex's reply to `turn/interrupt`. Codex leaves the turn's commands running, so they
    /// are terminated here.
    pub(super) fn on_interrupt_reply(&mut self, result: Result<(), BridgeError>, mut interrupt: Interrupt) {
        if let Err(error) = result {
            return self.interrupt_failed(error, interrupt);
        }
        // Commands could start until codex received the interrupt. Codex reported them before its
        // reply.
        self.drain_events();
        let later = running_commands(&self.transcript, &interrupt.root).into_iter();
        let commands = &mut interrupt.commands;
        commands.extend(later.filter(|command| !commands.contains(command)).collect::<Vec<_>>());
        let terminating = async move {
            let Interrupt { bridge, thread_id, commands, .. } = &interrupt;
            // In parallel, so that a slow command does not delay the others.
            let results = join_all(commands.iter().map(async |process_id| {
                let (thread_id, process_id) = (thread_id.clone(), process_id.clone());
                bridge.request(&TerminalTerminate { thread_id, process_id }).await
            }));
            let mut is_responsive = true;
            for error in results.await.into_iter().filter_map(Result::err) {
                tracing::warn!(error = %CodexErrorText(&error), "a command of an interrupted turn may still run");
                is_responsive &= !matches!(error, BridgeError::Deadline { .. });
            }
            TaskResult::CommandsTerminated(is_responsive, interrupt)
        };
        self.tasks.spawn(terminating);
    }

    /// Handles an interrupt that codex refused or did not answer.
    fn interrupt_failed(&mut self, error: BridgeError, interrupt: Interrupt) {
        let is_over = self.turn.state().running() != Some(&interrupt.turn);
        let error = match error {
            // The turn has ended by itself.
            BridgeError::Refused { .. } if !self.turn.state().is_busy() => SessionError::NoActiveTurn,
            BridgeError::Deadline { .. } => return self.force_interrupt(interrupt),
            // The process was killed because it did not respond to this or to another request.
            BridgeError::Closed | BridgeError::Exited(_) | BridgeError::Unresponsive if is_over => {
                return self.force_interrupt(interrupt);
            }
            error => error.into(),
        };
        let _ = interrupt.reply.send(Err(error));
    }

    /// Kills the process that runs the turn. The reply is sent when the process and its children
    /// have exited.
    fn force_interrupt(&mut self, interrupt: Interrupt) {
        self.kill_process(&interrupt.bridge);
        let exited = interrupt.bridge.exited();
        self.tasks.spawn(exited.map(|()| TaskResult::CommandsTerminated(true, interrupt)));
    }

    /// Replies to an interrupt once the turn's commands were terminated. Kills the process if it
    /// does not respond.
    pub(super) fn interrupt_finished(&mut self, is_responsive: bool, interrupt: Interrupt) {
        if !is_responsive {
            return self.force_interrupt(interrupt);
        }
        let _ = interrupt.reply.send(Ok(self.session_reply()));
    }

    /// Kills the process if the interrupted turn is still running.
    pub(super) fn on_interrupt_timeout(&mut self, turn: &TurnId) {
        if self.turn.state().running() == Some(turn)
            && let Some(process) = &self.process
        {
            let bridge = process.bridge().clone();
            self.kill_process(&bridge);
        }
    }

    /// Kills a process that does not respond to an interrupt, if it is still the session's. The
    /// turn and its commands end as interrupted, and the queue continues in another process. This
    /// does not count as a crash.
    pub(super) fn kill_process(&mut self, bridge: &Bridge) {
        self.drain_events();
        if !self.process.as_ref().is_some_and(|process| process.bridge().is_same(bridge)) {
            return;
        }
        self.process = None;
        bridge.kill();
        self.parking.process_ended(bridge.exited());
        self.context.metrics.process_exited();
        self.sub_agents.reset();
        let requests = self.pending.take_all();
        self.withdraw(requests, ResolvedBy::Process);
        let turn = self.transcript.active_turn().map(|turn| turn.id.clone());
        self.warn(WarningKind::StopForced, STOP_FORCED_MESSAGE.to_owned(), None);
        if let Some(turn) = turn {
            self.record_turn_end(&turn);
        }
        self.stop_turn();
        self.send_first();
        // A replacing process has taken the permit by now. Otherwise the permit is released when
        // the old process has exited.
        self.permit = None;
    }
}

/// Returns codex's ids of the processes of a turn's running commands.
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
