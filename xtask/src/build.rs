//! `cargo xtask build`: the server, and the site that it serves.

pub(crate) mod commit;
pub(crate) mod compress;
pub(crate) mod site;
pub(crate) mod wasm;

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::command::{cargo, run};
use crate::{needs, project};

/// Build the server and the site; for a release, the site inside target/release/codex-gateway
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
    let mut server = cargo();
    server.args(["build", "--package", project::SERVER, "--profile", profile.word()]);
    match profile {
        // Nothing of it is in the other: what fails first is the server, which is changed more often.
        Profile::Dev => {
            run(&mut server)?;
            site(profile)
        }
        Profile::Release => {
            site(profile)?;
            run(of_release(&mut server))
        }
    }
}

/// Leaves the site that the server serves.
pub(crate) fn site(profile: Profile) -> Result<()> {
    site::assemble(profile, &wasm::build(profile)?)
}

/// Has cargo build the server as a release is: one file with all in it, which says of which commit it is made. Only the two
/// packages that know of it are built for this; the site has to be there.
pub(crate) fn of_release(cargo: &mut Command) -> &mut Command {
    cargo
        .args(["--features", "codex-gateway/embed"])
        .envs(commit::variables())
        .env(SITE_TO_EMBED, project::site_dir())
}

/// The directory that `codex-gateway-site` takes in when it is compiled with `embed`.
pub(crate) const SITE_TO_EMBED: &str = "SITE_TO_EMBED";
