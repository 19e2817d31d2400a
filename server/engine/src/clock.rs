//! Times: wall-clock times for the API, and times since boot for measuring ages.
//!
//! Ages are measured with the time since the machine was booted, because that is never set. This holds for sessions
//! in memory and for the store, whose times are shifted when the clock was set (`sessions/dormant.rs`). Only while no
//! gateway is running is the system clock the only source.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use codex_gateway_wire::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// Returns the current time of the system clock in Unix milliseconds.
pub fn now_ms() -> i64 {
    unix_ms(SystemTime::now())
}

/// Converts a time of the system clock to Unix milliseconds. A time before 1970 becomes 0.
pub fn unix_ms(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A time in milliseconds since the machine was booted, including the time that it was suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BootInstant(i64);

impl BootInstant {
    pub(crate) fn now() -> Self {
        let time = clock_gettime(ClockId::Boottime);
        Self(time.tv_sec.saturating_mul(1000).saturating_add(time.tv_nsec / 1_000_000))
    }

    /// Converts Unix milliseconds, as of the last [`rebase`]. A time in the future becomes the current time.
    pub(crate) fn from_unix_ms(unix_ms: i64) -> Self {
        Self(unix_ms.saturating_sub(boot_unix_ms().load(Ordering::Relaxed))).min(Self::now())
    }

    /// Converts to Unix milliseconds, as of the last [`rebase`].
    pub(crate) fn unix_ms(self) -> i64 {
        self.0.saturating_add(boot_unix_ms().load(Ordering::Relaxed))
    }

    /// Returns the time since then in milliseconds.
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

/// The time at which the machine was booted, in Unix milliseconds, by the system clock as of the last [`rebase`].
fn boot_unix_ms() -> &'static AtomicI64 {
    static BOOT_UNIX_MS: OnceLock<AtomicI64> = OnceLock::new();
    BOOT_UNIX_MS.get_or_init(|| AtomicI64::new(now_ms().saturating_sub(BootInstant::now().0)))
}

/// Returns by how many milliseconds the system clock was set since the last [`rebase`]. Negative if it was set back.
pub(crate) fn jump_ms() -> i64 {
    now_ms().saturating_sub(BootInstant::now().unix_ms())
}

/// Adopts a change of the system clock: from now on, each [`BootInstant`] is converted by the clock as it is now.
pub(crate) fn rebase(jump_ms: i64) {
    boot_unix_ms().fetch_add(jump_ms, Ordering::Relaxed);
}

/// Formats Unix milliseconds as RFC 3339 in UTC, with milliseconds.
pub fn rfc3339(ms: i64) -> String {
    Timestamp::from_ms(ms).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_is_utc_with_milliseconds() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_790_000_000_123), "2026-09-21T14:13:20.123Z");
    }

    #[test]
    fn rebase_changes_unix_times_and_not_ages() {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        let instant = BootInstant::now();
        assert!(jump_ms().abs() < 1000);
        let (unix_ms, age) = (instant.unix_ms(), instant.age_ms());
        assert!((unix_ms - now_ms()).abs() < 1000);
        for jump in [DAY_MS, -DAY_MS, -DAY_MS, DAY_MS] {
            let before = instant.unix_ms();
            rebase(jump);
            assert_eq!(instant.unix_ms() - before, jump, "the Unix time follows the clock");
            assert_eq!(BootInstant::from_unix_ms(instant.unix_ms()), instant);
            assert!(instant.age_ms() - age < DAY_MS, "the age does not");
        }
        let future = BootInstant::from_unix_ms(now_ms() + DAY_MS);
        assert!(
            future <= BootInstant::now() && future.age_ms() < DAY_MS,
            "a future time becomes the current one"
        );
    }
}
