//! `cargo xtask bench`: the gateway's figures, against a client that speaks to codex itself.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::build::{self, Profile};
use crate::command::{cargo, npm_tool, run};
use crate::needs;
use crate::project;
use crate::test::chromium;

/// What is measured in a browser.
const BROWSER: &str = "browser";

/// Measure the gateway against a direct client of codex: a table, and target/bench.json
#[derive(clap::Args)]
pub(crate) struct Args {
    /// deltas (latency included), latency, create, warm, wake, fanout, memory, parked, processes, browser [default: everything]
    what: Vec<String>,
    /// How often: each time both sides, in turns; the median counts
    #[arg(long, value_name = "N")]
    rounds: Option<u16>,
    /// Where the figures are written [default: target/bench.json]
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub(crate) fn bench(args: &Args) -> Result<()> {
    let in_browser = |what: &String| what == BROWSER;
    // A bench has the programs of its package built: as a release, once the site is there.
    if args.what.is_empty() || !args.what.iter().all(in_browser) {
        needs::check()?;
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

/// The page, in a real browser: figures in target/bench-browser.json.
fn browser() -> Result<()> {
    run(cargo().args(["build", "--package", project::SERVER, "--example", "fake-codex"]))?;
    run(npm_tool("playwright")
        .args(["test", "--config", "bench.config.ts"])
        .current_dir(project::root().join("end2end"))
        .env("CHROMIUM", chromium::find()?)
        .env("SERVER_BIN", Profile::Release.server()))
}

fn gateway(args: &Args) -> Result<()> {
    let mut command = cargo();
    build::of_release(command.args(["bench", "--package", project::SERVER, "--bench", "gateway"]))
        .arg("--")
        .args(args.what.iter().filter(|what| *what != BROWSER));
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
