//! The gateway against its limit: a client that speaks to `codex app-server` itself.
//!
//! Both sides use the real codex and the stand-in model, with the same settings and the same codex home, and
//! take turns, so that a noisy machine disturbs both. Being over a target is no failure; losing something is.

mod create;
mod deltas;
mod direct;
mod fanout;
mod gateway;
mod ground;
mod latency;
mod memory;
mod parked;
mod proc;
mod processes;
mod readers;
mod report;
mod sse;
mod turn;
mod wake;
mod warm;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, ValueEnum};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{ground::Ground, report::Report};

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// 5,000 text deltas as fast as they come: what is delivered, its bytes, time and CPU; and the latency
    Deltas,
    /// 500 text deltas 2 ms apart: what the gateway adds to their way
    Latency,
    /// A session from cold
    Create,
    /// A session from a warm process
    Warm,
    /// A parked session, to the first event of its next turn
    Wake,
    /// 1,000 readers of one session
    Fanout,
    /// The gateway's memory, idle and per session
    Memory,
    /// The gateway's memory with 10,000 parked sessions
    Parked,
    /// Processes per session beyond codex's own
    Processes,
}

impl What {
    fn measure(self, ground: &Ground, rounds: usize, report: &mut Report) -> Result<()> {
        match self {
            Self::Deltas => deltas::measure(ground, rounds, report),
            Self::Latency => latency::measure(ground, rounds, report),
            Self::Create => create::measure(ground, rounds, report),
            Self::Warm => warm::measure(ground, rounds, report),
            Self::Wake => wake::measure(ground, rounds, report),
            Self::Fanout => fanout::measure(ground, rounds, report),
            Self::Memory => memory::measure(ground, rounds, report),
            Self::Parked => parked::measure(ground, report),
            Self::Processes => processes::measure(ground, report),
        }
    }
}

/// Measure the gateway against a direct client of codex
#[derive(Parser)]
struct Cli {
    /// What to measure [default: everything]
    #[arg(value_enum)]
    what: Vec<What>,

    /// How often: each time both sides, in turns; the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,

    /// Where the figures are written
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_TARGET_TMPDIR"), "/../bench.json"))]
    json: PathBuf,

    /// What `cargo bench` says. Without it somebody wants tests, and there are none here.
    #[arg(long, hide = true)]
    bench: bool,

    /// Be the readers of `fanout`: so many of them.
    #[arg(long, hide = true, requires = "address", requires = "path")]
    readers: Option<usize>,

    /// The gateway that they read from.
    #[arg(long, hide = true)]
    address: Option<SocketAddr>,

    /// The stream that they read.
    #[arg(long, hide = true)]
    path: Option<String>,
}

impl Cli {
    /// Latency is a figure of deltas too.
    fn wants(&self, what: What) -> bool {
        let with_deltas = what == What::Latency && self.what.contains(&What::Deltas);
        self.what.is_empty() || self.what.contains(&what) || with_deltas
    }
}

fn main() -> ExitCode {
    let done = match Cli::parse() {
        Cli { readers: Some(count), address: Some(address), path: Some(path), .. } => {
            readers::read(count, address, &path).map(|()| true)
        }
        cli if cli.bench => bench(&cli),
        _ => Ok(true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("bench: something was not delivered");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything was delivered.
fn bench(cli: &Cli) -> Result<bool> {
    allow_many_files()?;
    let ground = Ground::new()?;
    let mut report = Report::new(ground.codex_version());
    for what in What::value_variants() {
        if cli.wants(*what) {
            eprintln!("measuring {}", what.to_possible_value().as_ref().map_or("", |name| name.get_name()));
            what.measure(&ground, cli.rounds.into(), &mut report)?;
        }
    }
    report.print();
    report.write(&cli.json)?;
    Ok(report.all_delivered())
}

/// A thousand readers are a thousand files, here and in the gateway, which inherits this.
fn allow_many_files() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    Ok(())
}
