//! `cargo xtask docs`: builds the API documentation of the workspace's crates.

use std::process::Command;

use anyhow::Result;

use crate::command::{cargo, run};
use crate::project;
use crate::test::HOST;

/// Build the documentation of the workspace's crates, and open it in a browser
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only build it, in target/doc
    #[arg(long)]
    no_open: bool,
}

/// Builds the documentation. A rustdoc warning is an error.
pub(crate) fn docs(args: &Args) -> Result<()> {
    for mut command in commands() {
        run(&mut command)?;
    }
    if !args.no_open {
        // Cargo opens the page of one crate; the others are in its list.
        run(rustdoc().args(["--package", project::SERVER, "--open"]))?;
    }
    Ok(())
}

/// The commands that build the documentation: one for the packages of the server, one for xtask.
///
/// In one build their dependencies would get the features of both, and be compiled once more.
pub(crate) fn commands() -> [Command; 2] {
    let (mut host, mut xtask) = (rustdoc(), rustdoc());
    host.args(HOST);
    xtask.args(["--package", "xtask"]);
    [host, xtask]
}

/// `cargo doc` without dependencies and with private items, whose links are checked too. Warnings are errors.
fn rustdoc() -> Command {
    let mut command = cargo();
    command
        .args(["doc", "--no-deps", "--document-private-items"])
        .env("RUSTDOCFLAGS", "--deny warnings --allow rustdoc::private_intra_doc_links");
    command
}
