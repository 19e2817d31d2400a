//! `cargo xtask`: the development commands of the repository.
//!
//! Each subcommand has a module of its own. `cargo xtask --help` lists them.

mod bench;
mod build;
mod command;
mod docs;
mod fresh;
mod image;
mod prerequisites;
mod project;
mod protocol;
mod run;
mod test;

use std::process::ExitCode;

use clap::Parser;

/// Development commands of Codex Gateway
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Subcommand {
    Run(run::Args),
    Build(build::Args),
    Test(test::Args),
    Bench(bench::Args),
    Docs(docs::Args),
    Protocol(protocol::Args),
    Image(image::Args),
}

fn main() -> ExitCode {
    let result = match Subcommand::parse() {
        Subcommand::Run(args) => run::run(&args),
        Subcommand::Build(args) => build::build(args.profile()),
        Subcommand::Test(args) => test::test(&args),
        Subcommand::Bench(args) => bench::bench(&args),
        Subcommand::Docs(args) => docs::docs(&args),
        Subcommand::Protocol(args) => protocol::protocol(&args),
        Subcommand::Image(args) => image::image(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
