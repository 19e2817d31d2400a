//! Random numbers that a later run can repeat.

use std::ops::RangeBounds;

/// Environment variable with the seed of a run to repeat.
const SEED_VARIABLE: &str = "CODEX_GATEWAY_TEST_SEED";

/// Random number generator that prints its seed when the test fails.
pub(crate) struct SeededRng {
    seed: u64,
    rng: fastrand::Rng,
}

impl SeededRng {
    /// Takes the seed from the environment, or a random one.
    pub(crate) fn new() -> Self {
        let named =
            std::env::var(SEED_VARIABLE).ok().map(|seed| seed.parse().expect("the seed should be a number"));
        let seed = named.unwrap_or_else(|| fastrand::u64(..));
        Self { seed, rng: fastrand::Rng::with_seed(seed) }
    }

    pub(crate) fn in_range(&mut self, range: impl RangeBounds<usize>) -> usize {
        self.rng.usize(range)
    }

    /// Returns `true` once in `count` calls on average.
    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.in_range(..count) == 0
    }

    /// Returns an independent generator for a concurrent part of the test.
    pub(crate) fn fork(&mut self) -> Self {
        Self { seed: self.seed, rng: self.rng.fork() }
    }
}

impl Drop for SeededRng {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("repeat it with {SEED_VARIABLE}={}", self.seed);
        }
    }
}
