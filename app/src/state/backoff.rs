//! When to try again: soon at first, then less and less often.

/// The waits between attempts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The first wait, in milliseconds.
    const FIRST: u32 = 500;
    /// The longest wait, in milliseconds.
    const LONGEST: u32 = 30_000;

    /// Counts a failure; how long to wait now, in milliseconds. `chance`, from 0 to 1, spreads the attempts
    /// of many pages over the second half of the wait, so that they do not come back all at once.
    pub(crate) fn next(&mut self, random: f64) -> u32 {
        let full = Self::FIRST.saturating_mul(1 << self.failures.min(10)).min(Self::LONGEST);
        self.failures += 1;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and half")]
        let spread = (f64::from(full / 2) * random.clamp(0.0, 1.0)) as u32;
        full / 2 + spread
    }

    /// How many attempts have failed in a row.
    pub(crate) fn failures(self) -> u32 {
        self.failures
    }

    /// It worked.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
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
