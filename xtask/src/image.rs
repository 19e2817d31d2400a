//! `cargo xtask image`: what `docker build` and `docker run` do, line by line, without Docker.

#[cfg(test)]
mod agree;
mod context;
mod dockerfile;
mod root;
mod tools;
mod trial;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::project;

/// Follow the Dockerfile without Docker, and try what comes of it (as root: target/image)
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Where all of it is.
fn dir() -> PathBuf {
    project::target_dir().join("image")
}

pub(crate) fn image(_: &Args) -> Result<()> {
    root::needs()?;
    let text = fs::read_to_string(project::root().join("Dockerfile")).context("the Dockerfile is missing")?;
    let stages = dockerfile::parse(&text)?;
    let (last, tools) = stages.split_last().context("the Dockerfile is empty")?;
    for stage in tools {
        println!("== stage {}", stage.name);
        tools::follow(stage)?;
    }
    println!("== image");
    let image = root::follow(last)?;
    println!("== trial");
    trial::try_out(&image)?;
    trial::sizes(&image)
}
