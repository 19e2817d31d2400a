//! Counts tests, from the output of the tools that run them.

use std::fmt;
use std::ops::AddAssign;

/// Numbers of tests by result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    pub(crate) skipped: u32,
}

impl Tally {
    /// A failure that is not of a test.
    pub(crate) const ONE_FAILURE: Self = Self { passed: 0, failed: 1, skipped: 0 };

    /// Adds up the summary lines in `output`, of any of these tools:
    /// - cargo test, wasm-bindgen-test: `test result: ok. 7 passed; 0 failed; 1 ignored; …`
    /// - nextest: `Summary [ 0.512s] 96 tests run: 95 passed (1 slow), 1 failed, 0 skipped`
    /// - Playwright: `28 passed (1.2m)`, `1 failed` and so on, each on a line of its own.
    pub(crate) fn of(output: &str) -> Self {
        let mut tally = Self::default();
        for line in output.lines() {
            let line = line.trim();
            if let Some(counts) = line.strip_prefix("test result: ") {
                let counts = counts.split_once(". ").map_or("", |(_, counts)| counts);
                counts.split(';').for_each(|count| tally.count(count));
            } else if let Some((_, counts)) = line.split_once("tests run: ").or(line.split_once("test run: "))
            {
                counts.split(',').for_each(|count| tally.count(count));
            } else if is_playwright_count(line) {
                tally.count(line);
            }
        }
        tally
    }

    /// Adds one count, such as `3 failed` or `12 passed (1.2m)`.
    fn count(&mut self, count: &str) {
        let mut words = count.split_whitespace();
        let Some(Ok(number)) = words.next().map(str::parse::<u32>) else { return };
        match words.next() {
            Some("passed") => self.passed += number,
            Some("failed" | "timed" | "flaky" | "interrupted") => self.failed += number,
            Some("skipped" | "ignored" | "did") => self.skipped += number,
            _ => {}
        }
    }
}

/// Returns `true` if `line` is only a count, as at the end of a Playwright run.
fn is_playwright_count(line: &str) -> bool {
    let words = line.split_once(" (").map_or(line, |(words, _)| words);
    let Some((number, state)) = words.split_once(' ') else { return false };
    number.parse::<u32>().is_ok()
        && ["passed", "failed", "flaky", "skipped", "interrupted", "did not run"].contains(&state)
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[track_caller]
    fn check(output: &str, passed: u32, failed: u32, skipped: u32) {
        assert_eq!(Tally::of(output), Tally { passed, failed, skipped });
    }

    #[test]
    fn counts_of_all_cargo_test_binaries_are_added() {
        let output = "running 7 tests\n\
            test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
            test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 5 filtered out\n";
        check(output, 10, 2, 1);
    }

    #[test]
    fn counts_of_the_nextest_summary_are_read() {
        check("     Summary [   0.512s] 96 tests run: 96 passed, 2 skipped", 96, 0, 2);
        check(
            "     Summary [   1.5s] 3 tests run: 1 passed (1 slow), 1 failed, 1 timed out, 0 skipped",
            1,
            2,
            0,
        );
        check("     Summary [   0.1s] 1 test run: 1 passed, 0 skipped", 1, 0, 0);
    }

    #[test]
    fn counts_of_playwright_are_read_from_separate_lines() {
        check("  1 failed\n    [chat] › smoke\n  2 skipped\n  3 did not run\n  28 passed (1.2m)\n", 28, 1, 5);
    }

    #[test]
    fn output_of_tests_is_not_counted() {
        check("3 failed attempts\nthe model said: 4 passed\n5 passengers (6)\n", 0, 0, 0);
    }
}
