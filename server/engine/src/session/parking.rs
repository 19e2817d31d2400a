//! Parking. A process that is idle long enough ends, and the session continues without a process.
//! Its readers only see that `ready` is `false`. The next turn starts another process.

use std::sync::{Arc, atomic::Ordering};

use codex_gateway_wire::Phase;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::time::Instant;

use super::{
    Reply,
    actor::{Actor, Process},
};
use crate::{error::SessionError, process_slots::ProcessPermit};

/// The state of parking.
#[derive(Default)]
pub(super) struct Parking {
    /// When the process became idle.
    idle_since: Option<Instant>,
    /// The settings that the process was started with no longer apply. It ends as soon as it is
    /// idle.
    outdated: bool,
    /// The same for the process that is being attached.
    next_outdated: bool,
    /// Resolves when the previous process has exited. Its thread is locked until then.
    pub ending: Option<Shared<BoxFuture<'static, ()>>>,
}

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
        self.parking.idle_since =
            if idle { self.parking.idle_since.or_else(|| Some(Instant::now())) } else { None };
        let was_idle = self.shared.idle.swap(idle, Ordering::Relaxed);
        if idle && !was_idle {
            self.context.process_slots.session_became_idle();
        }
        self.shared.has_process.store(self.process.is_some(), Ordering::Relaxed);
    }

    /// Restarts the idle time after activity of the process that leaves no state here.
    pub(super) fn reset_idle_timer(&mut self) {
        self.parking.idle_since = None;
    }

    /// Returns the time at which the process is parked. `None` if the process is not idle.
    pub(super) fn park_deadline(&self) -> Option<Instant> {
        let Parking { idle_since, outdated, .. } = self.parking;
        if outdated { idle_since } else { idle_since?.checked_add(self.context.config.park_after) }
    }

    /// Ends the process as soon as it is idle, because its settings no longer apply.
    pub(super) fn mark_outdated(&mut self) {
        self.parking.outdated = self.process.is_some();
        self.parking.next_outdated = true;
        self.end_if_outdated();
    }

    /// Attaching a process has started, with the current settings.
    pub(super) fn attach_started(&mut self) {
        self.parking.next_outdated = false;
    }

    /// The session has a new process.
    pub(super) fn attach_finished(&mut self) {
        self.parking.outdated = std::mem::take(&mut self.parking.next_outdated);
    }

    /// Ends the process if it is outdated and idle.
    pub(super) fn end_if_outdated(&mut self) {
        if self.parking.outdated && self.has_idle_process() {
            self.end_process();
        }
    }

    /// Parks the process if it is still idle.
    pub(super) fn park_if_idle(&mut self) {
        self.parking.idle_since = None;
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
        let ending = self.parking.ending.clone();
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
        let (exited, ending) = (process.bridge.exited(), process.bridge.exited());
        process.bridge.begin_shutdown();
        (self.permit, self.parking.ending) = (None, Some(ending.boxed().shared()));
        self.parking.outdated = false;
        self.sub_agents.reset();
        self.emit_state();
        self.save_now();
        Some(exited)
    }
}
