//! `codex-gateway-cli`: runs one turn in a codex process of its own, on a terminal or in a pipe.

mod ask;
mod events;
mod input;
mod lines;
mod options;
mod output;
mod signals;
mod terminal;
mod turn;

use std::process::ExitCode;

use clap::CommandFactory;
use codex_gateway::{
    env,
    logging::{self, LogFormat},
    print,
};
use tokio::runtime::Runtime;
use tracing_subscriber::filter::LevelFilter;

use self::options::{Cli, NAME};

fn main() -> ExitCode {
    logging::init(LevelFilter::OFF, LogFormat::Text);
    let done = match env::parse_cli::<Cli>() {
        Ok(cli) => begin(cli),
        // clap reports help and version as errors.
        Err(env::CliError::CommandLine(error)) => error.exit(),
        Err(error) => Err(error.into()),
    };
    done.unwrap_or_else(|error| {
        // The error may contain text from codex.
        print::err(&format!("{NAME}: {}", logging::escape(&format!("{error:#}"))));
        ExitCode::FAILURE
    })
}

fn begin(cli: Cli) -> anyhow::Result<ExitCode> {
    let runtime = Runtime::new()?;
    let done = runtime.block_on(run(cli));
    // Blocking reads of the terminal and writes to a pipe may never return.
    runtime.shutdown_background();
    done
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    for variable in env::unknown_variables(std::env::vars_os().map(|(name, _)| name)) {
        let warning = env::unknown_warning(&variable);
        print::err(&format!("{NAME}: warning: {}", logging::escape(&warning)));
    }
    if let Some(shell) = cli.completions {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), NAME, &mut script);
        print::out(&String::from_utf8(script)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    if cli.man {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page)?;
        print::out(&String::from_utf8(page)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(turn::run(cli).await?.code())
}
