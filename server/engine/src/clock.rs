//! Times: as the API writes them, and as the gateway measures them.
//!
//! How long ago something was is measured by the time since the machine was started, which nobody sets: not in a session's
//! memory, and not in the store either, whose times are moved along when the clock was set (`sessions/stored.rs`). What
//! happened while there was no gateway to see it, only the clock tells.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use codex_gateway_wire::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// Now, in Unix milliseconds.
pub fn now_ms() -> i64 {
    unix_ms(SystemTime::now())
}

/// A moment of the system's clock, in Unix milliseconds.
pub fn unix_ms(moment: SystemTime) -> i64 {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A moment, in milliseconds since the machine was started, its sleep included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(i64);

impl Moment {
    pub(crate) fn now() -> Self {
        let time = clock_gettime(ClockId::Boottime);
        Self(time.tv_sec.saturating_mul(1000).saturating_add(time.tv_nsec / 1_000_000))
    }

    /// The moment at which a clock showed this that was never set; now, if that is still to come.
    pub(crate) fn at(unix_ms: i64) -> Self {
        Self(unix_ms.saturating_sub(base().load(Ordering::Relaxed))).min(Self::now())
    }

    /// What such a clock showed, in Unix milliseconds.
    pub(crate) fn unix_ms(self) -> i64 {
        self.0.saturating_add(base().load(Ordering::Relaxed))
    }

    /// How long ago it was, in milliseconds.
    pub(crate) fn age_ms(self) -> i64 {
        Self::now().0.saturating_sub(self.0)
    }

    pub(crate) fn from_raw(raw: i64) -> Self {
        Self(raw)
    }

    pub(crate) fn raw(self) -> i64 {
        self.0
    }
}

/// What the clock showed when the machine was started, as far as this was taken notice of.
fn base() -> &'static AtomicI64 {
    static BASE: OnceLock<AtomicI64> = OnceLock::new();
    BASE.get_or_init(|| AtomicI64::new(now_ms().saturating_sub(Moment::now().0)))
}

/// How far the clock was set since that was last taken notice of, in milliseconds.
pub(crate) fn set_by_ms() -> i64 {
    now_ms().saturating_sub(Moment::now().unix_ms())
}

/// Takes notice of it: all [`Moment`]s are told by the clock as it is now.
pub(crate) fn take_notice(set_by_ms: i64) {
    base().fetch_add(set_by_ms, Ordering::Relaxed);
}

/// A time in Unix milliseconds as RFC 3339 in UTC, to the millisecond.
pub fn rfc3339(ms: i64) -> String {
    Timestamp::from_ms(ms).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_to_the_millisecond() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_790_000_000_123), "2026-09-21T14:13:20.123Z");
    }

    #[test]
    fn a_clock_that_is_set_moves_no_moment() {
        const DAY: i64 = 24 * 60 * 60 * 1000;
        let moment = Moment::now();
        assert!(set_by_ms().abs() < 1000);
        let (told, age) = (moment.unix_ms(), moment.age_ms());
        assert!((told - now_ms()).abs() < 1000);
        for set_by in [DAY, -DAY, -DAY, DAY] {
            let before = moment.unix_ms();
            take_notice(set_by);
            assert_eq!(moment.unix_ms() - before, set_by, "it is told by the clock as it is");
            assert_eq!(Moment::at(moment.unix_ms()), moment);
            assert!(moment.age_ms() - age < DAY, "and not longer ago than it was");
        }
        let to_come = Moment::at(now_ms() + DAY);
        assert!(to_come <= Moment::now() && to_come.age_ms() < DAY, "what is to come is now");
    }
}
