//! `cargo xtask bench`: measures the gateway beside a client that talks to codex directly.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::build::{self, Profile};
use crate::command::{cargo, npm_tool, run};
use crate::prerequisites;
use crate::project;
use crate::test::chromium;

/// The name of the browser benchmark.
const BROWSER: &str = "browser";

/// Benchmark the gateway against a direct client of codex: a table, and target/bench.json
#[derive(clap::Args)]
pub(crate) struct Args {
    /// deltas (latency included), latency, create, warm, wake, fanout, memory, parked, processes, browser [default: everything]
    what: Vec<String>,
    /// Number of rounds; each measures both sides in turn, and the median counts
    #[arg(long, value_name = "N")]
    rounds: Option<u16>,
    /// File for the results [default: target/bench.json]
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub(crate) fn bench(args: &Args) -> Result<()> {
    let in_browser = |what: &String| what == BROWSER;
    // Cargo builds the package's binaries before a bench. They embed the site, so the site is built first.
    if args.what.is_empty() || !args.what.iter().all(in_browser) {
        prerequisites::ensure()?;
        build::site(Profile::Release)?;
        gateway(args)?;
    } else {
        build::build(Profile::Release)?;
    }
    if args.what.is_empty() || args.what.iter().any(in_browser) {
        browser()?;
    }
    Ok(())
}

/// Measures the page in a real browser. The results go to target/bench-browser.json.
fn browser() -> Result<()> {
    run(cargo().args(["build", "--package", project::SERVER, "--example", "fake-codex"]))?;
    run(npm_tool("playwright")
        .args(["test", "--config", "bench.config.ts"])
        .current_dir(project::root().join("end2end"))
        .env("CHROMIUM", chromium::find()?)
        .env("SERVER_BIN", Profile::Release.server()))
}

/// Runs the benchmarks that need no browser.
fn gateway(args: &Args) -> Result<()> {
    let mut command = cargo();
    build::embed_site(command.args(["bench", "--package", project::SERVER, "--bench", "gateway"]))
        .arg("--")
        .args(args.what.iter().filter(|what| *what != BROWSER));
    if let Some(rounds) = args.rounds {
        command.args(["--rounds", &rounds.to_string()]);
    }
    if let Some(json) = &args.json {
        // Cargo runs a bench in its package's directory; a relative path means the user's directory.
        let json = env::current_dir().context("the current directory does not exist")?.join(json);
        command.arg("--json").arg(json);
    }
    run(&mut command)
}
