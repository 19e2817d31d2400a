//! Which day a conversation belongs to, for the reader.

use crate::i18n::Texts;

/// A part of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Day {
    Today,
    Yesterday,
    ThisWeek,
    Earlier,
}

impl Day {
    /// All of them, the newest first.
    pub(super) const ALL: [Self; 4] = [Self::Today, Self::Yesterday, Self::ThisWeek, Self::Earlier];

    /// The part that a moment belongs to. `minutes_behind_utc` tells how far the reader's clock is behind UTC at a moment:
    /// where clocks change, that differs from day to day, and within a day.
    pub(super) fn of(then: i64, now: i64, minutes_behind_utc: impl Fn(i64) -> i64) -> Self {
        let day = |ms: i64| (ms - minutes_behind_utc(ms) * 60_000).div_euclid(86_400_000);
        match day(now) - day(then) {
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

    #[test]
    fn a_day_is_the_readers_own() {
        let hour = 3_600_000;
        let now = 20_000 * 24 * hour + hour; // one in the morning, in UTC
        let utc = |_: i64| 0;
        assert_eq!(Day::of(now - 2 * hour, now, utc), Day::Yesterday);
        assert_eq!(Day::of(now - 2 * hour, now, |_| -120), Day::Today, "three in the morning, east of it");
        assert_eq!(Day::of(now - 26 * hour, now, utc), Day::ThisWeek);
        assert_eq!(Day::of(now - 9 * 24 * hour, now, utc), Day::Earlier);
        assert_eq!(Day::of(now + hour, now, utc), Day::Today, "clocks differ");
    }

    #[test]
    fn day_on_which_clocks_change_is_one_day() {
        let (minute, hour) = (60_000, 3_600_000);
        // 2026-10-25, 03:00 in Berlin, when it becomes 02:00 (01:00 in UTC).
        let change = 1_792_890_000_000;
        let berlin = |ms: i64| if ms < change { -120 } else { -60 };
        let half_past_midnight = change - 3 * hour + 30 * minute;
        for hours_later in [0, 5, 21] {
            assert_eq!(Day::of(half_past_midnight, change + hours_later * hour, berlin), Day::Today);
        }
        let before_midnight = change - 3 * hour - 30 * minute;
        assert_eq!(Day::of(before_midnight, change, berlin), Day::Yesterday);
    }
}
