//! `cargo xtask build`: builds the server, and the site that it serves.

pub(crate) mod chunks;
pub(crate) mod commit;
pub(crate) mod compress;
pub(crate) mod site;
pub(crate) mod wasm;

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::command::{cargo, run};
use crate::{prerequisites, project};

/// Build the server and the site; a release embeds the site in target/release/codex-gateway
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Optimise, minify and compress
    #[arg(long)]
    release: bool,
}

impl Args {
    pub(crate) fn profile(&self) -> Profile {
        Profile::from_release_flag(self.release)
    }
}

/// What a build is optimised for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Short build times.
    Dev,
    /// Speed and small files.
    Release,
}

impl Profile {
    pub(crate) fn from_release_flag(release: bool) -> Self {
        if release { Self::Release } else { Self::Dev }
    }

    /// The profile's name, for cargo and in file names.
    fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }

    /// Returns the path of the server's executable.
    pub(crate) fn server(self) -> PathBuf {
        let dir = match self {
            Self::Dev => "debug",
            Self::Release => "release",
        };
        project::target_dir().join(dir).join(project::SERVER)
    }
}

/// Builds everything that `codex-gateway` needs to run. Skips what is up to date.
pub(crate) fn build(profile: Profile) -> Result<()> {
    prerequisites::ensure()?;
    // By package, never --workspace: cargo would unify the features of the server and the frontend.
    let mut server = cargo();
    server.args(["build", "--package", project::SERVER, "--profile", profile.name()]);
    match profile {
        // Neither depends on the other. The server changes more often, so its errors come first.
        Profile::Dev => {
            run(&mut server)?;
            site(profile)
        }
        Profile::Release => {
            site(profile)?;
            run(embed_site(&mut server))
        }
    }
}

/// Builds the site that the server serves, in `target/site`.
pub(crate) fn site(profile: Profile) -> Result<()> {
    site::assemble(profile, &wasm::build(profile)?)
}

/// Makes `cargo` build the server as a release: with the site embedded and the commit recorded.
///
/// The site must have been built. Only two packages depend on these settings, so cargo rebuilds nothing else.
pub(crate) fn embed_site(cargo: &mut Command) -> &mut Command {
    cargo
        .args(["--features", "codex-gateway/embed"])
        .envs(commit::env_vars())
        .env(SITE_TO_EMBED, project::site_dir())
}

/// The environment variable that names the directory that `codex-gateway-site` embeds with its feature `embed`.
pub(crate) const SITE_TO_EMBED: &str = "SITE_TO_EMBED";
