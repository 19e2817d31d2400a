//! `cargo xtask test`: runs the checks, and prints one line of totals.

pub(crate) mod chromium;
mod outcome;
mod parts;
mod tally;
mod versions;

use std::time::Instant;

use anyhow::{Result, bail};
use clap::ValueEnum as _;

use outcome::Outcome;
pub(crate) use parts::HOST;
use parts::Part;
use tally::Tally;

/// Run all checks, or the given parts
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The parts to run [default: all]
    parts: Vec<Part>,
    /// Words in the names of the unit and integration tests to run: `cargo xtask test unit -- usage owners`
    #[arg(last = true)]
    filters: Vec<String>,
}

/// Runs the parts in their fixed order and prints the totals. Goes on after a part that fails.
pub(crate) fn test(args: &Args) -> Result<()> {
    let (mut total, mut summaries, mut failures) = (Tally::default(), Vec::new(), Vec::new());
    for &part in Part::value_variants() {
        if !args.parts.is_empty() && !args.parts.contains(&part) {
            continue;
        }
        println!("\n== {part}");
        let start = Instant::now();
        let outcome = part.check(&args.filters).unwrap_or_else(|error| {
            println!("{part}: {error:#}");
            Outcome::of_check(false, part.to_string())
        });
        println!("== {part}: {} ({} s)", if outcome.ok { "ok" } else { "FAILED" }, start.elapsed().as_secs());
        total += outcome.tally;
        if !outcome.ok {
            failures.push(part.to_string());
        }
        summaries.push(outcome.summary);
    }
    println!("\ntotals: {total} ({})", summaries.join(", "));
    if !failures.is_empty() {
        bail!("failed: {}", failures.join(", "));
    }
    Ok(())
}
