//! `cargo xtask image`: follows the Dockerfile without Docker, and tests the result.

mod build_stage;
#[cfg(test)]
mod consistency;
mod context;
mod dockerfile;
mod final_stage;
mod smoke_test;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::project;

/// Follow the Dockerfile without Docker, and test the result (needs root; writes target/image)
#[derive(clap::Args)]
pub(crate) struct Args {}

/// The directory of everything that this command writes.
fn dir() -> PathBuf {
    project::target_dir().join("image")
}

pub(crate) fn image(_: &Args) -> Result<()> {
    final_stage::check_prerequisites()?;
    let text = fs::read_to_string(project::root().join("Dockerfile")).context("the Dockerfile is missing")?;
    let stages = dockerfile::parse(&text)?;
    let (last, build_stages) = stages.split_last().context("the Dockerfile is empty")?;
    for stage in build_stages {
        println!("== stage {}", stage.name);
        build_stage::run_steps(stage)?;
    }
    println!("== image");
    let image = final_stage::build(last)?;
    println!("== smoke test");
    smoke_test::run_image(&image)?;
    smoke_test::print_sizes(&image)
}
