//! Benchmarks of the gateway against a direct client of `codex app-server`.
//!
//! Both sides use the real codex and the mock model, with the same settings and the same codex home. They
//! alternate, so that a noisy machine affects both. A missed target is no failure, but lost data is.

mod create;
mod deltas;
mod direct;
mod fanout;
mod gateway;
mod latency;
mod memory;
mod parked;
mod proc;
mod processes;
mod readers;
mod report;
mod setup;
mod sse;
mod turn;
mod wake;
mod warm;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, ValueEnum};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{report::Report, setup::Setup};

/// A benchmark.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Benchmark {
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

impl Benchmark {
    fn measure(self, setup: &Setup, rounds: usize, report: &mut Report) -> Result<()> {
        match self {
            Self::Deltas => deltas::measure(setup, rounds, report),
            Self::Latency => latency::measure(setup, rounds, report),
            Self::Create => create::measure(setup, rounds, report),
            Self::Warm => warm::measure(setup, rounds, report),
            Self::Wake => wake::measure(setup, rounds, report),
            Self::Fanout => fanout::measure(setup, rounds, report),
            Self::Memory => memory::measure(setup, rounds, report),
            Self::Parked => parked::measure(setup, report),
            Self::Processes => processes::measure(setup, report),
        }
    }
}

/// Measure the gateway against a direct client of codex
#[derive(Parser)]
struct Cli {
    /// What to measure [default: everything]
    #[arg(value_enum)]
    what: Vec<Benchmark>,

    /// Number of rounds: each measures both sides; the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,

    /// Where the figures are written
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_TARGET_TMPDIR"), "/../bench.json"))]
    json: PathBuf,

    /// Passed by `cargo bench`. Without it, the program runs as a test without test cases.
    #[arg(long, hide = true)]
    bench: bool,

    /// Runs this many readers of `fanout`.
    #[arg(long, hide = true, requires = "address", requires = "path")]
    readers: Option<usize>,

    /// Address of the gateway that the readers connect to.
    #[arg(long, hide = true)]
    address: Option<SocketAddr>,

    /// Path of the stream that the readers open.
    #[arg(long, hide = true)]
    path: Option<String>,
}

impl Cli {
    /// The latency benchmark is also a part of `deltas`.
    fn selects(&self, what: Benchmark) -> bool {
        let is_part_of_deltas = what == Benchmark::Latency && self.what.contains(&Benchmark::Deltas);
        self.what.is_empty() || self.what.contains(&what) || is_part_of_deltas
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

/// Returns `true` if everything was delivered.
fn bench(cli: &Cli) -> Result<bool> {
    allow_many_files()?;
    let setup = Setup::new()?;
    let mut report = Report::new(setup.codex_version());
    for what in Benchmark::value_variants() {
        if cli.selects(*what) {
            eprintln!("measuring {}", what.to_possible_value().as_ref().map_or("", |name| name.get_name()));
            what.measure(&setup, cli.rounds.into(), &mut report)?;
        }
    }
    report.print();
    report.write(&cli.json)?;
    Ok(report.all_delivered())
}

/// Raises the file limit for a thousand readers, here and in the gateway, which inherits it.
fn allow_many_files() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    Ok(())
}
