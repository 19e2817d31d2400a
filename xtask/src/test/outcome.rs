//! How a part of the checks ended.

use std::process::Command;

use anyhow::Result;

use super::tally::Tally;
use crate::command::{run, tee};

/// The end of a part.
pub(crate) struct Outcome {
    pub(crate) ok: bool,
    pub(crate) tally: Tally,
    /// What the totals say of it, such as `doc 7` or `fmt FAILED`.
    pub(crate) summary: String,
}

impl Outcome {
    /// A check that is no test: it counts only when it fails.
    pub(crate) fn of_check(ok: bool, name: impl Into<String>) -> Self {
        let tally = if ok { Tally::default() } else { Tally::ONE_FAILURE };
        Self::new(ok, tally, name.into())
    }

    /// Commands that find fault or do not. All of them run.
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

    /// Commands that run tests. All of them run; a failure that no test stands for counts as one.
    pub(crate) fn of_tests<const N: usize>(name: &str, commands: [&mut Command; N]) -> Result<Self> {
        let (mut tally, mut ok) = (Tally::default(), true);
        for command in commands {
            let said = tee(command)?;
            let counted = Tally::of(&said.text);
            tally += counted;
            if !said.ok && counted.failed == 0 {
                tally += Tally::ONE_FAILURE;
            }
            ok &= said.ok;
        }
        Ok(Self::new(ok, tally, format!("{name} {}", tally.passed)))
    }

    /// Tests that were counted.
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
