//! `cargo xtask build`: the server, and the site that it serves.

pub(crate) mod compress;
pub(crate) mod site;
pub(crate) mod wasm;

use std::path::PathBuf;

use anyhow::Result;

use crate::command::{cargo, run};
use crate::{needs, project};

/// Build the server and the site: target/{debug,release}/codex-gateway and target/site
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Optimised, minified and compressed
    #[arg(long)]
    release: bool,
}

impl Args {
    pub(crate) fn profile(&self) -> Profile {
        Profile::of(self.release)
    }
}

/// Quick to build, or quick to run and small.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Dev,
    Release,
}

impl Profile {
    pub(crate) fn of(release: bool) -> Self {
        if release { Self::Release } else { Self::Dev }
    }

    /// Our word for it, in names of files.
    fn word(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }

    /// The server's executable.
    pub(crate) fn server(self) -> PathBuf {
        let dir = match self {
            Self::Dev => "debug",
            Self::Release => "release",
        };
        project::target_dir().join(dir).join(project::SERVER)
    }
}

/// Leaves everything that `codex-gateway` needs to run; does only what is not done yet.
pub(crate) fn build(profile: Profile) -> Result<()> {
    needs::check()?;
    // By package, never --workspace: that would give both halves the features of both.
    run(cargo().args(["build", "--package", project::SERVER, "--profile", profile.word()]))?;
    let module = wasm::build(profile)?;
    site::assemble(profile, &module)
}
