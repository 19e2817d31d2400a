//! What both sides stand on: the stand-in model, one codex home, one workspace, the same settings.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result};
use clap::Parser;
use codex_gateway_engine::{Config, Options, Surroundings, bridge::Launch};
use codex_gateway_standin::Standin;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// The gateway, as `cargo bench` has just built it.
const GATEWAY: &str = env!("CARGO_BIN_EXE_codex-gateway");

/// What both sides stand on.
pub(crate) struct Ground {
    standin: Standin,
    /// The stand-in runs here, beside us: the same for both sides.
    _runtime: Runtime,
    /// Codex's home and the workspace. Not below /tmp, where codex makes no home.
    dir: TempDir,
}

impl Ground {
    pub(crate) fn new() -> Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let standin = runtime.block_on(Standin::start(codex_gateway_standin::Options::default()))?;
        let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        std::fs::create_dir(dir.path().join("workspace"))?;
        Ok(Self { standin, _runtime: runtime, dir })
    }

    pub(crate) fn workspace(&self) -> String {
        self.dir.path().join("workspace").to_string_lossy().into_owned()
    }

    /// Where the gateway keeps its own files.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The options of the gateway; the direct side takes its settings from the same.
    fn options(&self) -> Vec<OsString> {
        vec![
            "--openai-base-url".into(),
            self.standin.base_url().into(),
            "--cwd".into(),
            self.workspace().into(),
            "--codex-home".into(),
            self.dir.path().join("codex-home").into(),
        ]
    }

    /// The gateway on a free port.
    pub(crate) fn gateway(&self) -> Command {
        let mut command = program(Path::new(GATEWAY));
        command.args(["--port", "0"]).args(self.options());
        command.arg("--data-dir").arg(self.data_dir());
        command.env("RUST_LOG", "warn").stdout(Stdio::piped());
        // A benchmark asks for as much as it can.
        for limit in ["RATE_REQUESTS", "RATE_CREATES", "RATE_TURNS", "MAX_STREAMS"] {
            command.env(format!("CODEX_GATEWAY_{limit}"), "0");
        }
        command
    }

    /// `codex app-server`, as the gateway starts it.
    pub(crate) fn codex(&self) -> Result<Command> {
        #[derive(Parser)]
        struct Line {
            #[command(flatten)]
            options: Options,
        }
        let line = Line::parse_from(std::iter::once("bench".into()).chain(self.options()));
        let surroundings = Surroundings { demo: false, tokens: false, data_dir: self.data_dir() };
        let config = Config::new(line.options, surroundings)?;
        let Launch { program: codex, codex_home, cwd, settings, .. } = config.launch;
        let mut command = program(&codex);
        command.args(settings.iter().flat_map(|setting| ["-c", setting])).arg("app-server").current_dir(cwd);
        command.env("CODEX_HOME", codex_home.context("there is no codex home")?);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        Ok(command)
    }

    pub(crate) fn codex_version(&self) -> String {
        let version = self.codex().and_then(|codex| {
            let output = program(Path::new(codex.get_program())).arg("--version").output()?;
            Ok(String::from_utf8(output.stdout)?.trim().to_owned())
        });
        version.unwrap_or_else(|_| "unknown".into())
    }
}

/// A program with only what codex and the gateway need of our environment: cargo adds much to it.
#[allow(clippy::disallowed_methods, reason = "benchmarks start what they measure")]
pub(crate) fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    let kept = ["PATH", "HOME", "USER", "SHELL", "LANG", "TMPDIR", "CODEX_GATEWAY_CODEX_BIN"];
    command.env_clear().envs(kept.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command
}
