//! The days under which the list shows conversations, in the reader's time zone.

use crate::i18n::Texts;

/// A day, or a span of days, of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Day {
    Today,
    Yesterday,
    ThisWeek,
    Earlier,
}

impl Day {
    /// All days, the newest first.
    pub(super) const ALL: [Self; 4] = [Self::Today, Self::Yesterday, Self::ThisWeek, Self::Earlier];

    /// Returns the day of a time, at the time `now`. Both are in Unix milliseconds.
    ///
    /// `minutes_behind_utc` returns the offset of the reader's time zone at a time. Where clocks change, the offset
    /// differs between days, and within a day.
    pub(super) fn of(at_ms: i64, now_ms: i64, minutes_behind_utc: impl Fn(i64) -> i64) -> Self {
        let day = |ms: i64| (ms - minutes_behind_utc(ms) * 60_000).div_euclid(86_400_000);
        match day(now_ms) - day(at_ms) {
            ..=0 => Self::Today,
            1 => Self::Yesterday,
            2..=7 => Self::ThisWeek,
            _ => Self::Earlier,
        }
    }

    pub(super) fn name(self, t: &Texts) -> &'static str {
        match self {
            Self::Today => t.today(),
            Self::Yesterday => t.yesterday(),
            Self::ThisWeek => t.this_week(),
            Self::Earlier => t.earlier(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;

    #[test]
    fn day_depends_on_the_readers_time_zone() {
        let one_in_the_morning_utc = 20_000 * 24 * HOUR + HOUR;
        let now = one_in_the_morning_utc;
        let utc = |_: i64| 0;
        let two_hours_east = |_: i64| -120;
        assert_eq!(Day::of(now - 2 * HOUR, now, utc), Day::Yesterday);
        assert_eq!(Day::of(now - 2 * HOUR, now, two_hours_east), Day::Today);
        assert_eq!(Day::of(now - 26 * HOUR, now, utc), Day::ThisWeek);
        assert_eq!(Day::of(now - 9 * 24 * HOUR, now, utc), Day::Earlier);
        assert_eq!(Day::of(now + HOUR, now, utc), Day::Today, "the server's clock is ahead");
    }

    #[test]
    fn day_on_which_clocks_change_is_one_day() {
        // 2026-10-25, 03:00 in Berlin, when it becomes 02:00 (01:00 in UTC).
        let change = 1_792_890_000_000;
        let berlin = |ms: i64| if ms < change { -120 } else { -60 };
        let half_past_midnight = change - 3 * HOUR + 30 * MINUTE;
        for hours_later in [0, 5, 21] {
            assert_eq!(Day::of(half_past_midnight, change + hours_later * HOUR, berlin), Day::Today);
        }
        let before_midnight = change - 3 * HOUR - 30 * MINUTE;
        assert_eq!(Day::of(before_midnight, change, berlin), Day::Yesterday);
    }
}
