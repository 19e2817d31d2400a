//! Exponential backoff: the waits between failed attempts.

/// Counts failed attempts in a row. Each doubles the wait before the next attempt.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    const FIRST_WAIT_MS: u32 = 500;
    const MAX_WAIT_MS: u32 = 30_000;

    /// Counts a failure. Returns how long to wait now, in milliseconds.
    ///
    /// `random`, from 0 to 1, spreads the attempts of many pages over the second half of the wait.
    pub(crate) fn next(&mut self, random: f64) -> u32 {
        let full = Self::FIRST_WAIT_MS.saturating_mul(1 << self.failures.min(10)).min(Self::MAX_WAIT_MS);
        self.failures += 1;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and half")]
        let spread = (f64::from(full / 2) * random.clamp(0.0, 1.0)) as u32;
        full / 2 + spread
    }

    /// The number of attempts that have failed in a row.
    pub(crate) fn failures(self) -> u32 {
        self.failures
    }

    /// Starts over after a success.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_maximum() {
        let mut backoff = Backoff::default();
        let waits: Vec<u32> = (0..9).map(|_| backoff.next(1.0)).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
        assert_eq!(backoff.failures(), 9);
        backoff.reset();
        assert_eq!(backoff.next(0.0), 250);
    }

    #[test]
    fn many_failures_do_not_overflow() {
        let mut backoff = Backoff { failures: 4000 };
        assert_eq!(backoff.next(0.5), 22_500);
    }
}
