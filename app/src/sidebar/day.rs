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

    /// The part that a moment belongs to; `offset` is how many minutes the reader's clock is behind UTC.
    pub(super) fn of(then: i64, now: i64, offset: i64) -> Self {
        let day = |ms: i64| (ms - offset * 60_000).div_euclid(86_400_000);
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
        assert_eq!(Day::of(now - 2 * hour, now, 0), Day::Yesterday);
        assert_eq!(Day::of(now - 2 * hour, now, -120), Day::Today, "three in the morning, east of it");
        assert_eq!(Day::of(now - 26 * hour, now, 0), Day::ThisWeek);
        assert_eq!(Day::of(now - 9 * 24 * hour, now, 0), Day::Earlier);
        assert_eq!(Day::of(now + hour, now, 0), Day::Today, "clocks differ");
    }
}
