//! `cargo xtask`: everything that a newcomer or CI needs to run, build and test the gateway.
//! One file per verb; `cargo xtask --help` lists them.

mod bench;
mod build;
mod command;
mod fresh;
mod image;
mod needs;
mod project;
mod protocol;
mod run;
mod test;

use std::process::ExitCode;

use clap::Parser;

/// What the project can do for you.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Verb {
    Run(run::Args),
    Build(build::Args),
    Test(test::Args),
    Bench(bench::Args),
    Protocol(protocol::Args),
    Image(image::Args),
}

fn main() -> ExitCode {
    let done = match Verb::parse() {
        Verb::Run(args) => run::run(&args),
        Verb::Build(args) => build::build(args.profile()),
        Verb::Test(args) => test::test(&args),
        Verb::Bench(args) => bench::bench(&args),
        Verb::Protocol(args) => protocol::protocol(&args),
        Verb::Image(args) => image::image(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
