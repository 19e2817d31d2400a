//! `cargo xtask bench`: the gateway's figures, against a client that speaks to codex itself.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::command::{cargo, run};
use crate::{needs, project};

/// Measure the gateway against a direct client of codex: a table, and target/bench.json
#[derive(clap::Args)]
pub(crate) struct Args {
    /// deltas (latency included), latency, create, fanout, memory, processes [default: everything]
    what: Vec<String>,
    /// How often: each time both sides, in turns; the median counts
    #[arg(long, value_name = "N")]
    rounds: Option<u16>,
    /// Where the figures are written [default: target/bench.json]
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub(crate) fn bench(args: &Args) -> Result<()> {
    needs::check()?;
    let mut command = cargo();
    // The release profile, of the gateway too: a bench has the programs of its package built.
    command.args(["bench", "--package", project::SERVER, "--bench", "gateway", "--"]).args(&args.what);
    if let Some(rounds) = args.rounds {
        command.args(["--rounds", &rounds.to_string()]);
    }
    if let Some(json) = &args.json {
        // The user's directory: cargo starts benches in their package's.
        let json = env::current_dir().context("the current directory is gone")?.join(json);
        command.arg("--json").arg(json);
    }
    run(&mut command)
}
