//! The actor's part about parking: a process that nobody needs ends, and the session goes on without. Its readers
//! hear no more of it than that `ready` is false; the next turn starts another one.

use std::sync::{Arc, atomic::Ordering};

use codex_gateway_wire::Phase;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::time::Instant;

use super::{
    Reply,
    actor::{Actor, Live},
    turns::Slot,
};
use crate::{error::SessionError, places::Place};

/// What a session knows of its process's rest.
#[derive(Default)]
pub(super) struct Parking {
    /// Since when the process has had nothing to do.
    idle_since: Option<Instant>,
    /// The process was told something that does not hold any more: it ends as soon as it has nothing to do.
    outdated: bool,
    /// So was the process that is being opened.
    next_outdated: bool,
    /// The end of the process that was parked last: its thread is free only then.
    pub ending: Option<Shared<BoxFuture<'static, ()>>>,
}

impl Actor {
    /// Whether the session has a process that has nothing to do: no turn, no item that has not ended (a command can
    /// outlive its turn), no question, nothing being sent. What waits in the queue for its user needs none.
    fn has_idle_process(&self) -> bool {
        self.live.as_ref().is_some_and(Live::is_read)
            && matches!(self.slot, Slot::Idle)
            && self.tasks.len() == self.sleeping
            && !self.is_at_work()
    }

    /// Returns `true` if something goes on beside a turn: a question, a sub-agent, or a command that has outlived its turn.
    fn is_at_work(&self) -> bool {
        !self.pending.is_empty()
            || self.foreign.is_at_work()
            || self.transcript.entries.iter().any(|entry| entry.phase == Phase::Running)
    }

    /// Whether the session has no process and nothing to do, so that its row is all that there is of it.
    pub(super) fn is_at_rest(&self) -> bool {
        self.live.is_none() && matches!(self.slot, Slot::Idle) && self.tasks.len() == self.sleeping
    }

    /// Notes how things stand, for handles and for the clock.
    pub(super) fn note_idle(&mut self) {
        let idle = self.has_idle_process();
        self.parking.idle_since =
            if idle { self.parking.idle_since.or_else(|| Some(Instant::now())) } else { None };
        let was_idle = self.shared.idle.swap(idle, Ordering::Relaxed);
        if idle && !was_idle {
            self.base.places.session_became_idle();
        }
        self.shared.process.store(self.live.is_some(), Ordering::Relaxed);
    }

    /// The process does something that nothing here tells of: its rest begins anew.
    pub(super) fn disturb(&mut self) {
        self.parking.idle_since = None;
    }

    /// When the process will have had nothing to do for long enough.
    pub(super) fn parks_at(&self) -> Option<Instant> {
        let Parking { idle_since, outdated, .. } = self.parking;
        if outdated { idle_since } else { idle_since?.checked_add(self.base.config.park_after) }
    }

    /// Ends the process as soon as it has nothing to do: what it was told does not hold any more.
    pub(super) fn renew(&mut self) {
        self.parking.outdated = self.live.is_some();
        self.parking.next_outdated = true;
        self.end_outdated();
    }

    /// A process is being opened.
    pub(super) fn opening(&mut self) {
        self.parking.next_outdated = false;
    }

    /// The session has a new process.
    pub(super) fn renewed(&mut self) {
        self.parking.outdated = std::mem::take(&mut self.parking.next_outdated);
    }

    /// Ends the process if what it was told does not hold any more, and it has nothing to do.
    pub(super) fn end_outdated(&mut self) {
        if self.parking.outdated && self.has_idle_process() {
            self.end_process();
        }
    }

    /// Ends the process if it still has nothing to do.
    pub(super) fn rest(&mut self) {
        self.parking.idle_since = None;
        if self.has_idle_process() {
            self.end_process();
        }
    }

    /// Gives the place of the process away, if that has nothing to do.
    pub(super) fn make_room(&mut self, reply: Reply<Option<Place>>) {
        let place = self.place.as_ref().filter(|_| self.has_idle_process()).map(Arc::clone);
        if place.is_some()
            && let Some(gone) = self.end_process()
        {
            self.base.processes.spawn(async move {
                gone.await;
                // If nobody waits for it any more, it is free.
                let _ = reply.send(place);
            });
        } else {
            let _ = reply.send(None);
        }
    }

    /// Ends the process, unless something is going on in it. Answers when it is gone, also if it was ended before.
    pub(super) fn leave_thread(&mut self, reply: Reply<Result<(), SessionError>>) {
        let refusal = if !matches!(self.slot, Slot::Idle) {
            Some(SessionError::TurnActive)
        } else if self.is_at_work() {
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
        self.base.processes.spawn(async move {
            if let Some(ending) = ending {
                ending.await;
            }
            // If nobody waits for it any more, the process is gone all the same.
            let _ = reply.send(Ok(()));
        });
    }

    /// Ends the process, politely; its end.
    fn end_process(&mut self) -> Option<impl Future<Output = ()> + Send + use<>> {
        let live = self.live.take()?;
        tracing::info!(session = %self.shared.id, "session parked");
        let (gone, ending) = (live.bridge.gone(), live.bridge.gone());
        live.bridge.end();
        (self.place, self.parking.ending) = (None, Some(ending.boxed().shared()));
        self.parking.outdated = false;
        self.foreign.clear();
        self.state_changed();
        self.save_soon();
        Some(gone)
    }
}
