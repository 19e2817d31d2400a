//! Setup of both sides: mock model, codex home, workspace and settings.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result};
use clap::Parser;
use codex_app_server_client::LaunchConfig;
use codex_gateway_engine::{Config, Options, RuntimeContext};
use codex_gateway_mock_openai::MockServer;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// The gateway's binary, built by `cargo bench`.
const GATEWAY: &str = env!("CARGO_BIN_EXE_codex-gateway");

/// Setup of both sides.
pub(crate) struct Setup {
    mock_server: MockServer,
    /// Runtime of the mock model, which is in this process for both sides.
    _runtime: Runtime,
    /// Directory of the codex home and the workspace. Not below /tmp, where codex refuses to have its home.
    dir: TempDir,
}

impl Setup {
    pub(crate) fn new() -> Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let mock_server =
            runtime.block_on(MockServer::start(codex_gateway_mock_openai::Options::default()))?;
        let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        std::fs::create_dir(dir.path().join("workspace"))?;
        Ok(Self { mock_server, _runtime: runtime, dir })
    }

    pub(crate) fn workspace(&self) -> String {
        self.dir.path().join("workspace").to_string_lossy().into_owned()
    }

    /// Returns the gateway's data directory.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Returns the options of the gateway, which also configure the direct side.
    fn options(&self) -> Vec<OsString> {
        vec![
            "--openai-base-url".into(),
            self.mock_server.base_url().into(),
            "--cwd".into(),
            self.workspace().into(),
            "--codex-home".into(),
            self.dir.path().join("codex-home").into(),
        ]
    }

    /// Returns the command of a gateway on a free port.
    pub(crate) fn gateway(&self) -> Command {
        let mut command = program(Path::new(GATEWAY));
        command.args(["--port", "0"]).args(self.options());
        command.arg("--data-dir").arg(self.data_dir());
        command.env("RUST_LOG", "warn").stdout(Stdio::piped());
        // Without rate limits, which a benchmark would exceed.
        for limit in ["RATE_REQUESTS", "RATE_CREATES", "RATE_TURNS", "MAX_STREAMS"] {
            command.env(format!("CODEX_GATEWAY_{limit}"), "0");
        }
        command
    }

    /// Returns the command of `codex app-server`, as the gateway starts it.
    pub(crate) fn codex(&self) -> Result<Command> {
        #[derive(Parser)]
        struct Line {
            #[command(flatten)]
            options: Options,
        }
        let line = Line::parse_from(std::iter::once("bench".into()).chain(self.options()));
        let context = RuntimeContext { demo: false, auth_enabled: false, data_dir: self.data_dir() };
        let config = Config::new(line.options, context)?;
        let LaunchConfig { program: codex, codex_home, cwd, settings, .. } = config.launch;
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

/// Returns a command with a minimal environment, because cargo adds many variables.
#[allow(clippy::disallowed_methods, reason = "benchmarks start what they measure")]
pub(crate) fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    let kept = ["PATH", "HOME", "USER", "SHELL", "LANG", "TMPDIR", "CODEX_GATEWAY_CODEX_BIN"];
    command.env_clear().envs(kept.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command
}
