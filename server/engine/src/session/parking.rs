//! Parking. A process that is idle long enough ends, and the session continues without a process.
//! Its readers only see that `ready` is `false`. The next turn starts another process.

use std::time::Duration;

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::time::Instant;

/// Resolves when a process has exited.
pub(super) type ProcessExit = Shared<BoxFuture<'static, ()>>;

/// When the process is parked, and whether the previous one has exited.
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
    ending: Option<ProcessExit>,
}

impl Parking {
    /// Records whether the session has an idle process at the time `now`.
    pub(super) fn update(&mut self, is_idle: bool, now: Instant) {
        self.idle_since = if is_idle { self.idle_since.or(Some(now)) } else { None };
    }

    /// Restarts the idle time after activity of the process that leaves no state in the session.
    pub(super) fn restart_idle_time(&mut self) {
        self.idle_since = None;
    }

    /// Returns the time at which the process is parked: `park_after` after it became idle, or at
    /// once if it is outdated. `None` if the process is not idle.
    pub(super) fn deadline(&self, park_after: Duration) -> Option<Instant> {
        if self.outdated { self.idle_since } else { self.idle_since?.checked_add(park_after) }
    }

    /// Marks the process, if there is one, and the process that is being attached as outdated.
    pub(super) fn mark_outdated(&mut self, has_process: bool) {
        self.outdated = has_process;
        self.next_outdated = true;
    }

    /// Returns `true` if the process ends as soon as it is idle.
    pub(super) fn is_outdated(&self) -> bool {
        self.outdated
    }

    /// Records that attaching a process has started, with the current settings. Returns the exit of
    /// the previous process, which must be awaited first.
    pub(super) fn attach_started(&mut self) -> Option<ProcessExit> {
        self.next_outdated = false;
        self.ending.take()
    }

    /// Records that the session has a new process.
    pub(super) fn attached(&mut self) {
        self.outdated = std::mem::take(&mut self.next_outdated);
    }

    /// Records that the session no longer has a process. `exit` resolves when the process has
    /// exited.
    pub(super) fn process_ended(&mut self, exit: impl Future<Output = ()> + Send + 'static) {
        self.outdated = false;
        self.ending = Some(exit.boxed().shared());
    }

    /// Returns the exit of the previous process.
    pub(super) fn ending(&self) -> Option<ProcessExit> {
        self.ending.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARK_AFTER: Duration = Duration::from_mins(5);

    #[test]
    fn idle_time_starts_with_idleness_and_ends_with_activity() {
        let mut parking = Parking::default();
        let start = Instant::now();
        let later = start + Duration::from_secs(1);
        parking.update(false, start);
        assert_eq!(parking.deadline(PARK_AFTER), None);
        parking.update(true, start);
        parking.update(true, later);
        assert_eq!(parking.deadline(PARK_AFTER), Some(start + PARK_AFTER), "it was idle all the time");
        parking.restart_idle_time();
        parking.update(true, later);
        assert_eq!(parking.deadline(PARK_AFTER), Some(later + PARK_AFTER));
        parking.update(false, later);
        assert_eq!(parking.deadline(PARK_AFTER), None);
    }

    #[test]
    fn outdated_process_is_parked_as_soon_as_it_is_idle() {
        let mut parking = Parking::default();
        parking.mark_outdated(true);
        assert_eq!(parking.deadline(PARK_AFTER), None, "it is not idle");
        let now = Instant::now();
        parking.update(true, now);
        assert_eq!(parking.deadline(PARK_AFTER), Some(now));
        parking.process_ended(async {});
        assert!(!parking.is_outdated());
    }

    #[test]
    fn settings_that_change_while_attaching_outdate_the_new_process() {
        let mut parking = Parking::default();
        parking.mark_outdated(false);
        assert!(!parking.is_outdated(), "there is no process");
        assert!(parking.attach_started().is_none());
        parking.attached();
        assert!(!parking.is_outdated(), "the process was started with the new settings");
        parking.attach_started();
        parking.mark_outdated(false);
        parking.attached();
        assert!(parking.is_outdated());
    }

    #[test]
    fn next_process_waits_for_the_exit_of_the_previous_one() {
        let mut parking = Parking::default();
        parking.process_ended(async {});
        assert!(parking.ending().is_some());
        assert!(parking.attach_started().is_some());
        assert!(parking.attach_started().is_none());
    }
}
