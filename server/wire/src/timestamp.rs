//! Timestamps in RFC 3339, UTC.
//!
//! Implemented here because the browser parses them as well, and the `time` crate would add more code to its module.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Unexpected, Visitor},
};

const SECOND_MS: i64 = 1000;
const DAY_MS: i64 = 24 * 60 * 60 * SECOND_MS;

/// A point in time with millisecond precision. Serialized in RFC 3339, UTC: `2026-09-21T14:13:20.123Z`.
///
/// A number is deserialized as Unix milliseconds, because earlier versions stored timestamps so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Makes a timestamp of Unix milliseconds.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// The Unix milliseconds.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// Parses the serialized form. The fraction of the seconds may have any number of digits.
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix('Z')?;
        let (text, fraction) = text.split_once('.').unwrap_or((text, ""));
        let bytes = text.as_bytes();
        let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
        if bytes.len() != 19 || marks.iter().any(|&(at, mark)| bytes[at] != mark) {
            return None;
        }
        let part = |from, to| number(text.get(from..to)?);
        let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
        let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let ms = if fraction.is_empty() { 0 } else { number(&format!("{fraction:0<3.3}"))? };
        let seconds = (hour * 60 + minute) * 60 + second;
        Some(Self(days_since_1970(year, month, day) * DAY_MS + seconds * SECOND_MS + ms))
    }
}

/// Parses a number that consists of digits only.
fn number(digits: &str) -> Option<i64> {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// The number of days since 1970-01-01 in the Gregorian calendar. The calculation uses years that start in March, so
/// that a leap day is the last day of its year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

/// The year, month and day: the inverse of [`days_since_1970`].
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of(self.0.div_euclid(DAY_MS));
        let ms = self.0.rem_euclid(DAY_MS);
        let seconds = ms / SECOND_MS;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % SECOND_MS)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TimestampVisitor;
        impl Visitor<'_> for TimestampVisitor {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time in RFC 3339, in UTC")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
                Timestamp::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }

            fn visit_i64<E: Error>(self, ms: i64) -> Result<Timestamp, E> {
                Ok(Timestamp(ms))
            }

            fn visit_u64<E: Error>(self, ms: u64) -> Result<Timestamp, E> {
                Ok(Timestamp(i64::try_from(ms).unwrap_or(i64::MAX)))
            }
        }
        deserializer.deserialize_any(TimestampVisitor)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn read(json: &str) -> Option<i64> {
        serde_json::from_str::<Timestamp>(json).ok().map(Timestamp::ms)
    }

    #[test]
    fn timestamp_round_trips_in_rfc_3339() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_790_000_000_123, "2026-09-21T14:13:20.123Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_799_999, "2000-02-29T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp::from_ms(ms).to_string(), text);
            assert_eq!(read(&format!("\"{text}\"")), Some(ms));
        }
        for day in -200_000..200_000 {
            let (year, month, date) = date_of(day);
            assert_eq!(days_since_1970(year, month, date), day);
        }
    }

    #[test]
    fn number_is_unix_milliseconds_and_fractions_are_truncated() {
        assert_eq!(read("1790000000123"), Some(1_790_000_000_123));
        assert_eq!(read("\"2026-09-21T14:13:20Z\""), Some(1_790_000_000_000));
        assert_eq!(read("\"2026-09-21T14:13:20.1Z\""), Some(1_790_000_000_100));
        assert_eq!(read("\"2026-09-21T14:13:20.123456Z\""), Some(1_790_000_000_123));
    }

    #[test]
    fn malformed_timestamp_is_an_error() {
        for wrong in [
            "",
            "2026-09-21",
            "2026-09-21T14:13:20",
            "2026-13-21T14:13:20Z",
            "2026-09-21T14:13:20+02:00",
            "é026-09-21T14:13:2Z",
        ] {
            assert_eq!(read(&format!("\"{wrong}\"")), None, "{wrong}");
        }
        assert_eq!(read("null"), None);
    }
}
