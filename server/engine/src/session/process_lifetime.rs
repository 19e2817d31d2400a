//! The lifetime of the session's process: when it is idle, when it ends, and what happens if codex
//! has lost the thread of the next one.

use std::sync::{Arc, atomic::Ordering};

use codex_gateway_wire::{
    Phase, Transcript,
    event::{History, WarningKind},
};
use tokio::time::Instant;

use super::{Reply, actor::Actor, attach::AttachedProcess, process::Process};
use crate::{error::SessionError, process_slots::ProcessPermit};

impl Actor {
    /// Returns `true` if the session has an idle process: no turn, no running item (a command can
    /// outlive its turn), no pending request, nothing being sent. A queue that waits for the user
    /// needs no process.
    fn has_idle_process(&self) -> bool {
        self.process.as_ref().is_some_and(Process::is_read)
            && !self.turn.state().is_busy()
            && self.tasks.are_passive()
            && !self.has_background_work()
    }

    /// Returns `true` if a request, a sub-agent or a command is active outside of a turn.
    fn has_background_work(&self) -> bool {
        !self.pending.is_empty()
            || self.sub_agents.is_active()
            || self.transcript.entries.iter().any(|entry| entry.phase == Phase::Running)
    }

    /// Returns `true` if the session has no process and no task, so that its row is complete.
    pub(super) fn is_dormant(&self) -> bool {
        self.process.is_none() && !self.turn.state().is_busy() && self.tasks.are_passive()
    }

    /// Updates the idle time and the flags for handles.
    pub(super) fn update_idle(&mut self) {
        let idle = self.has_idle_process();
        self.parking.update(idle, Instant::now());
        let was_idle = self.shared.idle.swap(idle, Ordering::Relaxed);
        if idle && !was_idle {
            self.context.process_slots.session_became_idle();
        }
        self.shared.has_process.store(self.process.is_some(), Ordering::Relaxed);
    }

    /// Ends the process as soon as it is idle, because its settings no longer apply.
    pub(super) fn mark_outdated(&mut self) {
        self.parking.mark_outdated(self.process.is_some());
        self.end_if_outdated();
    }

    /// Ends the process if it is outdated and idle.
    pub(super) fn end_if_outdated(&mut self) {
        if self.parking.is_outdated() && self.has_idle_process() {
            self.end_process();
        }
    }

    /// Parks the process if it is still idle.
    pub(super) fn park_if_idle(&mut self) {
        self.parking.restart_idle_time();
        if self.has_idle_process() {
            self.end_process();
        }
    }

    /// Gives away the permit of the process if the process is idle.
    pub(super) fn release_permit(&mut self, reply: Reply<Option<ProcessPermit>>) {
        let permit = self.permit.as_ref().filter(|_| self.has_idle_process()).map(Arc::clone);
        if permit.is_some()
            && let Some(exited) = self.end_process()
        {
            self.context.processes.spawn(async move {
                exited.await;
                // If the receiver is gone, the permit is released here.
                let _ = reply.send(permit);
            });
        } else {
            let _ = reply.send(None);
        }
    }

    /// Ends the process, unless a turn or background work is active. Replies when the process has
    /// exited, also if it was parked before.
    pub(super) fn release_thread(&mut self, reply: Reply<Result<(), SessionError>>) {
        let refusal = if self.turn.state().is_busy() {
            Some(SessionError::TurnActive)
        } else if self.has_background_work() {
            Some(SessionError::StillAtWork)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            drop(reply.send(Err(refusal)));
            return;
        }
        self.end_process();
        let ending = self.parking.ending();
        self.context.processes.spawn(async move {
            if let Some(ending) = ending {
                ending.await;
            }
            // The receiver may be gone; the process has exited in any case.
            let _ = reply.send(Ok(()));
        });
    }

    /// Starts a graceful shutdown of the process. The returned future resolves when the process has
    /// exited. `None` if there is no process.
    fn end_process(&mut self) -> Option<impl Future<Output = ()> + Send + use<>> {
        let process = self.process.take()?;
        tracing::info!(session = %self.shared.id, "session parked");
        let exited = process.bridge().exited();
        process.bridge().begin_shutdown();
        self.permit = None;
        self.parking.process_ended(process.bridge().exited());
        self.sub_agents.reset();
        self.emit_state();
        self.save_now();
        Some(exited)
    }

    /// Installs a process that was asked to resume the session's own thread. If the thread is not
    /// on disk, the process has started a new one. The session then keeps its turns, if it has any,
    /// and warns that codex no longer knows them.
    pub(super) fn install_own_thread(&mut self, mut attached: AttachedProcess) {
        let Transcript { thread_id, title, turns, entries, .. } = &self.transcript;
        let own = thread_id.as_ref().filter(|own| **own != attached.thread.reply.thread.id).cloned();
        let lost = own.filter(|_| !turns.is_empty());
        if lost.is_some() {
            attached.thread.history = Some(History {
                title: title.clone(),
                turns: turns.clone(),
                entries: entries.iter().cloned().collect(),
                // Older entries were only in codex's file.
                older: false,
            });
        }
        let had_older = self.has_older;
        self.install(attached);
        if let Some(thread) = lost {
            let more = if had_older { " What was said before what is shown here is gone, too." } else { "" };
            let message = format!(
                "Codex has lost this conversation and begins a new one: it does not remember what was said above.{more}"
            );
            let detail = format!("There is no file of the thread {thread} in codex's home any more.");
            self.warn(WarningKind::ThreadLost, message, Some(detail));
        }
    }
}
