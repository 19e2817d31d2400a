//! `codex-gateway-cli`: one prompt, answered on a terminal or in a pipe, by a codex process of its own.

mod ask;
mod events;
mod input;
mod lines;
mod options;
mod show;
mod signals;
mod terminal;
mod turn;

use std::process::ExitCode;

use clap::CommandFactory;
use codex_gateway::{
    logging::{self, LogFormat},
    print, variables,
};
use tokio::runtime::Runtime;
use tracing_subscriber::filter::LevelFilter;

use self::options::{Cli, NAME};

fn main() -> ExitCode {
    logging::init(LevelFilter::OFF, LogFormat::Text);
    let done = match variables::read::<Cli>() {
        Ok(cli) => begin(cli),
        // Help and version are asked for in the same way.
        Err(variables::CliError::Line(error)) => error.exit(),
        Err(error) => Err(error.into()),
    };
    done.unwrap_or_else(|error| {
        // Some of it may be what codex said.
        print::err(&format!("{NAME}: {}", logging::escaped(&format!("{error:#}"))));
        ExitCode::FAILURE
    })
}

fn begin(cli: Cli) -> anyhow::Result<ExitCode> {
    let runtime = Runtime::new()?;
    let done = runtime.block_on(run(cli));
    // Whoever was asked may never press a key again, and whoever reads may never read again.
    runtime.shutdown_background();
    done
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    for variable in variables::unknown(std::env::vars_os().map(|(name, _)| name)) {
        let warning = variables::unknown_warning(&variable);
        print::err(&format!("{NAME}: warning: {}", logging::escaped(&warning)));
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
