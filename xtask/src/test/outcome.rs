//! The outcome of a part of the checks.

use std::process::Command;

use anyhow::Result;

use super::tally::Tally;
use crate::command::{run, tee};

/// How a part ended.
pub(crate) struct Outcome {
    /// `true` if nothing failed.
    pub(crate) ok: bool,
    pub(crate) tally: Tally,
    /// The part's entry in the line of totals, such as `doc 7` or `fmt FAILED`.
    pub(crate) summary: String,
}

impl Outcome {
    /// The outcome of a check that runs no tests. It counts only if it fails.
    pub(crate) fn of_check(ok: bool, name: impl Into<String>) -> Self {
        let tally = if ok { Tally::default() } else { Tally::ONE_FAILURE };
        Self::new(ok, tally, name.into())
    }

    /// Runs commands that report problems by their exit status. All of them run, also after a failure.
    pub(crate) fn of_lints<const N: usize>(name: &str, commands: [&mut Command; N]) -> Self {
        let mut ok = true;
        for command in commands {
            if let Err(error) = run(command) {
                println!("{error:#}");
                ok = false;
            }
        }
        Self::of_check(ok, if ok { format!("{name} ok") } else { name.into() })
    }

    /// Runs commands that run tests. All of them run, also after a failure.
    ///
    /// A command that fails without a failed test counts as one failed test.
    pub(crate) fn of_tests<const N: usize>(name: &str, commands: [&mut Command; N]) -> Result<Self> {
        let (mut tally, mut ok) = (Tally::default(), true);
        for command in commands {
            let output = tee(command)?;
            let counted = Tally::of(&output.text);
            tally += counted;
            if !output.success && counted.failed == 0 {
                tally += Tally::ONE_FAILURE;
            }
            ok &= output.success;
        }
        Ok(Self::new(ok, tally, format!("{name} {}", tally.passed)))
    }

    /// The outcome of tests that the caller has counted.
    pub(crate) fn of_counted(ok: bool, mut tally: Tally, name: &str) -> Self {
        if !ok && tally.failed == 0 {
            tally += Tally::ONE_FAILURE;
        }
        Self::new(ok, tally, format!("{name} {}", tally.passed))
    }

    fn new(ok: bool, tally: Tally, mut summary: String) -> Self {
        if !ok {
            summary.push_str(" FAILED");
        }
        Self { ok, tally, summary }
    }
}
