//! Moments that nobody chooses, and that can be chosen again.

use std::ops::RangeBounds;

/// The variable that repeats a run.
const SEED: &str = "CODEX_GATEWAY_TEST_SEED";

/// Random numbers from a seed, which is told when the test fails.
pub(crate) struct Chance {
    seed: u64,
    random: fastrand::Rng,
}

impl Chance {
    pub(crate) fn new() -> Self {
        let named = std::env::var(SEED).ok().map(|seed| seed.parse().expect("the seed should be a number"));
        let seed = named.unwrap_or_else(|| fastrand::u64(..));
        Self { seed, random: fastrand::Rng::with_seed(seed) }
    }

    pub(crate) fn number(&mut self, range: impl RangeBounds<usize>) -> usize {
        self.random.usize(range)
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.number(..count) == 0
    }

    /// Chances of its own for a part of the test that runs beside others.
    pub(crate) fn fork(&mut self) -> Self {
        Self { seed: self.seed, random: self.random.fork() }
    }
}

impl Drop for Chance {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("repeat it with {SEED}={}", self.seed);
        }
    }
}
