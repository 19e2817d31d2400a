//! The clock of the reader's machine.

use web_sys::js_sys::Date;

/// Returns the current time in Unix milliseconds.
#[expect(clippy::cast_possible_truncation, reason = "milliseconds of this era fit")]
pub(crate) fn now_ms() -> i64 {
    Date::now() as i64
}

/// Returns how many minutes the local time is behind UTC at a time in Unix milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "minutes of a day and milliseconds of this era fit"
)]
pub(crate) fn minutes_behind_utc(at_ms: i64) -> i64 {
    Date::new(&(at_ms as f64).into()).get_timezone_offset() as i64
}
