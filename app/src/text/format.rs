//! Formats durations, times and numbers.

use crate::i18n::Texts;

/// Formats a duration: `0.3 s`, `14 s`, `2 m 14 s`, `1 h 3 m`. The text is empty below 50 ms.
pub(crate) fn duration(milliseconds: u64, t: &Texts) -> String {
    let seconds = (milliseconds + 500) / 1000;
    match seconds {
        _ if milliseconds < 50 => String::new(),
        _ if milliseconds < 9_950 => {
            let tenths = (milliseconds + 50) / 100;
            (t.seconds)(format!("{}.{}", tenths / 10, tenths % 10))
        }
        0..60 => (t.seconds)(seconds.to_string()),
        60..3600 => (t.minutes)(seconds / 60, seconds % 60),
        _ => (t.hours)(seconds / 3600, seconds % 3600 / 60),
    }
}

/// Formats a duration as a running clock: `0:07`, `12:30`, `1:02:03`.
pub(crate) fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Formats a number with its digits in groups of three: `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Formats Unix milliseconds as a time of the day in UTC: `18:04:09.027`.
pub(crate) fn time_of_day(milliseconds: i64) -> String {
    let ms = milliseconds.rem_euclid(86_400_000);
    format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}

/// Formats the time from `then` to `now`, which are Unix milliseconds: `3 h ago`.
pub(crate) fn ago(then: i64, now: i64, t: &Texts) -> String {
    let minutes = (now - then).max(0) / 60_000;
    match minutes {
        0 => t.just_now().to_owned(),
        1..60 => (t.minutes_ago)(minutes),
        60..1440 => (t.hours_ago)(minutes / 60),
        _ => (t.days_ago)(minutes / 1440),
    }
}

/// Formats Unix milliseconds as a date and time in UTC: `2026-11-23 18:04 UTC`.
pub(crate) fn utc(milliseconds: i64) -> String {
    let minutes = milliseconds.div_euclid(60_000);
    let (days, minute) = (minutes.div_euclid(1440), minutes.rem_euclid(1440));
    let (year, month, day) = civil_date(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", minute / 60, minute % 60)
}

/// Returns year, month and day of a day that is counted from 1970-01-01.
///
/// Years are counted from March, so that the leap day is the last day of a year.
fn civil_date(days: i64) -> (i64, i64, i64) {
    const DAYS_IN_400_YEARS: i64 = 146_097;
    let days = days + 719_468; // since 0000-03-01
    let era = days.div_euclid(DAYS_IN_400_YEARS);
    let day_of_era = days.rem_euclid(DAYS_IN_400_YEARS);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn duration_has_at_most_two_units() {
        let t = Lang::En.texts();
        let shown = [49, 340, 1449, 9_949, 9_950, 59_400, 134_000, 3_780_000].map(|ms| duration(ms, t));
        assert_eq!(shown, ["", "0.3 s", "1.4 s", "9.9 s", "10 s", "59 s", "2 m 14 s", "1 h 3 m"]);
    }

    #[test]
    fn digits_are_grouped_in_threes() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn clock_shows_hours_only_if_needed() {
        assert_eq!([0, 14, 750, 3723].map(clock), ["0:00", "0:14", "12:30", "1:02:03"]);
    }

    #[test]
    fn time_is_shown_relative_and_absolute() {
        let t = Lang::En.texts();
        assert_eq!(ago(0, -5, t), "just now");
        assert_eq!(ago(0, 3 * 3_600_000, t), "3 h ago");
        assert_eq!(utc(0), "1970-01-01 00:00 UTC");
        assert_eq!(utc(1_709_164_800_000), "2024-02-29 00:00 UTC");
        assert_eq!(utc(1_795_460_640_000), "2026-11-23 19:04 UTC");
        assert_eq!(time_of_day(1_795_460_640_027), "19:04:00.027");
        assert_eq!(utc(-60_000), "1969-12-31 23:59 UTC");
    }
}
