//! `codex-gateway-cli`: one prompt, answered on a terminal or in a pipe, by a codex process of its own.

mod ask;
mod events;
mod lines;
mod options;
mod show;
mod turn;

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use clap::CommandFactory;
use codex_gateway::variables;
use tracing_subscriber::EnvFilter;

use self::options::{Cli, NAME};

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("off"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    let done = match variables::read::<Cli>() {
        Ok(cli) => run(cli).await,
        // Help and version are asked for in the same way.
        Err(variables::CliError::Line(error)) => error.exit(),
        Err(error) => Err(error.into()),
    };
    done.unwrap_or_else(|error| {
        eprintln!("{NAME}: {error:#}");
        ExitCode::FAILURE
    })
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    if let Some(shell) = cli.completions {
        clap_complete::generate(shell, &mut Cli::command(), NAME, &mut io::stdout());
        return Ok(ExitCode::SUCCESS);
    }
    if cli.man {
        clap_mangen::Man::new(Cli::command()).render(&mut io::stdout())?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(turn::run(cli).await?.code())
}
