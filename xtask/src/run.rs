//! `cargo xtask run`: builds what has changed and starts the server.

use std::env;
use std::os::unix::process::CommandExt as _;

use anyhow::{Context, Result};

use crate::build::{self, Profile};
use crate::command::program;

/// Build what changed and start the gateway
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run an optimised build, as it would be installed
    #[arg(long)]
    release: bool,
    /// Use this machine's codex login instead of the demo's stand-in model
    #[arg(long)]
    no_demo: bool,
    /// Arguments for the gateway (`-- --help` lists its options)
    #[arg(last = true)]
    gateway: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let profile = Profile::from_release_flag(args.release);
    build::build(profile)?;

    let mut server = program(profile.server());
    // The user's directory, not the workspace's: relative paths in options refer to it.
    server
        .current_dir(env::current_dir().context("the current directory does not exist")?)
        .args(&args.gateway);
    if args.wants_demo(|name| env::var_os(name).is_some_and(|value| !value.is_empty())) {
        println!(
            "demo: a stand-in model answers. For OpenAI set CODEX_GATEWAY_OPENAI_API_KEY, \
             for your own codex login add --no-demo."
        );
        server.arg("--demo");
    }
    // The server replaces this process, so it gets Ctrl-C itself and its exit status is the command's.
    Err(server.exec()).with_context(|| format!("cannot start {}", profile.server().display()))
}

impl Args {
    /// Returns `true` if neither a key nor another upstream is set: the stand-in model is to answer.
    fn wants_demo(&self, is_set: impl Fn(&str) -> bool) -> bool {
        let upstream = ["openai-api-key", "openai-base-url"].iter().any(|option| {
            let variable = format!("CODEX_GATEWAY_{}", option.to_uppercase().replace('-', "_"));
            let flag = format!("--{option}");
            is_set(&variable) || self.gateway.iter().any(|arg| arg.split('=').next() == Some(&flag))
        });
        let explicit =
            self.gateway.iter().any(|arg| arg == "--demo" || arg == "--help" || arg == "--version");
        !self.no_demo && !upstream && !explicit
    }
}

#[cfg(test)]
mod tests {
    use super::Args;

    fn wants_demo(no_demo: bool, gateway: &[&str], set: &str) -> bool {
        let gateway = gateway.iter().map(ToString::to_string).collect();
        Args { release: false, no_demo, gateway }.wants_demo(|name| name == set)
    }

    #[test]
    fn demo_is_used_only_without_another_upstream() {
        assert!(wants_demo(false, &[], ""));
        assert!(wants_demo(false, &["--port", "0"], ""));
        assert!(!wants_demo(true, &[], ""));
        assert!(!wants_demo(false, &[], "CODEX_GATEWAY_OPENAI_API_KEY"));
        assert!(!wants_demo(false, &[], "CODEX_GATEWAY_OPENAI_BASE_URL"));
        assert!(!wants_demo(false, &["--openai-base-url=http://127.0.0.1:1"], ""));
    }

    #[test]
    fn demo_flag_is_not_added_twice() {
        assert!(!wants_demo(false, &["--demo"], ""));
    }
}
