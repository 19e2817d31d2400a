//! The command line. Every flag is an environment variable too.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
};

use codex_gateway_app::BasePath;
use codex_gateway_engine::{Config, ConfigError, Options, RuntimeContext, config::Secret};

use crate::{
    demo::{Demo, DemoError},
    limits::LimitOptions,
    logging::LogFormat,
    metrics::MetricsOptions,
    proxies::TrustedProxies,
    token_command::TokenCommand,
    version,
};

/// A REST/SSE API and a browser chat over `codex app-server`, one subprocess per session.
#[derive(Clone, Debug, clap::Parser)]
#[command(version, long_version = version::long())]
pub struct Cli {
    /// Bind address [default: 127.0.0.1; 0.0.0.0 once a JWT secret is set]
    #[arg(long, env = "CODEX_GATEWAY_HOST", value_name = "ADDRESS")]
    pub host: Option<IpAddr>,

    /// Bind port; 0: any free one
    #[arg(long, env = "CODEX_GATEWAY_PORT", value_name = "PORT", default_value_t = 1317)]
    pub port: u16,

    /// Additional hosts that the gateway serves, separated by commas [default: the bind address, localhost]
    #[arg(long, env = "CODEX_GATEWAY_ALLOWED_HOSTS", value_name = "NAMES", value_delimiter = ',')]
    pub allowed_hosts: Vec<String>,

    /// Path below which a reverse proxy serves the gateway, as in /codex [default: none]
    #[arg(long, env = "CODEX_GATEWAY_BASE_PATH", value_name = "PATH")]
    pub base_path: Option<BasePath>,

    /// Reverse proxies whose X-Forwarded-For, -Proto and -Host are trusted: addresses and networks separated by
    /// commas, or `none`
    #[arg(
        long,
        env = "CODEX_GATEWAY_TRUSTED_PROXIES",
        value_name = "NETWORKS",
        default_value = "127.0.0.0/8,::1"
    )]
    pub trusted_proxies: TrustedProxies,

    /// HS256 secret: every route but /healthz and /readyz needs a valid bearer token with `exp`
    #[arg(
        long,
        env = "CODEX_GATEWAY_JWT_SECRET",
        value_name = "SECRET",
        hide_env_values = true,
        global = true
    )]
    pub jwt_secret: Option<Secret>,

    /// Use a stand-in model inside this program, with a codex home and a workspace of its own
    #[arg(long, env = "CODEX_GATEWAY_DEMO", value_name = "0|1", num_args = 0..=1, require_equals = true,
          default_value = "0", default_missing_value = "1",
          value_parser = clap::builder::BoolishValueParser::new())]
    pub demo: bool,

    /// Directory of the gateway's own files [default: codex-gateway in the user's state directory]
    #[arg(long, env = "CODEX_GATEWAY_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Format of the log on standard error: text, or one JSON object per line
    #[arg(long, env = "CODEX_GATEWAY_LOG_FORMAT", value_enum, value_name = "text|json", default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    /// The built browser files [default: those in the program; without any, `site` beside the directory of the executable]
    #[arg(long, env = "CODEX_GATEWAY_SITE_DIR", value_name = "DIR")]
    pub site_dir: Option<PathBuf>,

    /// Options of `/metrics`.
    #[command(flatten)]
    pub metrics: MetricsOptions,

    /// Rate and connection limits.
    #[command(flatten)]
    pub limits: LimitOptions,

    /// Options of the engine.
    #[command(flatten)]
    pub engine: Options,

    /// Subcommand to run instead of the server.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Error from [`Cli::configure`].
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {
    /// The options of the engine are not valid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The demo cannot be started.
    #[error("the demo could not be set up: {0}")]
    Demo(#[from] DemoError),
    /// No data directory is set, and the user's home is unknown.
    #[error("there is no place for the gateway's own files: set CODEX_GATEWAY_DATA_DIR")]
    NoDataDir,
}

/// Subcommands of the program.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Prints a token to sign in with
    Token(TokenCommand),
    /// Checks whether the gateway would work here: codex, its login, the upstream, the port, the directories
    Check,
    /// Checks whether the gateway with these settings is running: exit status 0 if it is (for a container's
    /// health check)
    Health,
}

impl Cli {
    /// Returns the address to listen on.
    pub fn host(&self) -> IpAddr {
        let open = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let closed = IpAddr::V4(Ipv4Addr::LOCALHOST);
        self.host.unwrap_or(if self.secret().is_some() { open } else { closed })
    }

    /// Returns the engine's configuration, and the demo if `--demo` is set. The demo ends when it is dropped.
    ///
    /// # Errors
    /// [`ConfigureError`]
    pub async fn configure(&mut self) -> Result<(Config, Option<Demo>), ConfigureError> {
        let data_dir = data_dir(self.data_dir.as_deref()).ok_or(ConfigureError::NoDataDir)?;
        let data_dir = if self.demo { Demo::data_dir(&data_dir) } else { data_dir };
        let demo = if self.demo { Some(Demo::start(&mut self.engine, &data_dir).await?) } else { None };
        let context = RuntimeContext { demo: self.demo, auth_enabled: self.secret().is_some(), data_dir };
        Ok((Config::new(self.engine.clone(), context)?, demo))
    }

    /// Returns the JWT secret. `None` if it is not set or empty.
    pub fn secret(&self) -> Option<&Secret> {
        self.jwt_secret.as_ref().filter(|secret| !secret.expose().is_empty())
    }
}

/// Returns the data directory: `named` if given, else `codex-gateway` in the user's state directory. `None` if
/// neither `XDG_STATE_HOME` nor `HOME` is set.
pub fn data_dir(named: Option<&Path>) -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    named
        .map(Path::to_owned)
        .or_else(|| set("XDG_STATE_HOME").map(|dir| dir.join("codex-gateway")))
        .or_else(|| set("HOME").map(|dir| dir.join(".local/state/codex-gateway")))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[test]
    fn clap_definition_is_valid() {
        Cli::command().debug_assert();
    }

    #[test]
    fn demo_flag_does_not_consume_subcommand() {
        let cli = Cli::parse_from(["x", "--demo", "check"]);
        assert!(cli.demo && matches!(cli.command, Some(Command::Check)));
        assert!(!Cli::parse_from(["x", "--demo=0", "check"]).demo);
    }

    #[test]
    fn default_host_is_loopback_without_secret() {
        assert!(Cli::parse_from(["x"]).host().is_loopback());
        assert!(Cli::parse_from(["x", "--jwt-secret", ""]).host().is_loopback());
        assert!(Cli::parse_from(["x", "--jwt-secret", "s"]).host().is_unspecified());
        assert!(Cli::parse_from(["x", "--jwt-secret", "s", "--host", "127.0.0.1"]).host().is_loopback());
    }

    #[test]
    fn every_flag_has_environment_variable() {
        let hidden = ["help", "version"];
        for argument in Cli::command().get_arguments().filter(|a| !hidden.contains(&a.get_id().as_str())) {
            let name = argument.get_id().as_str().to_uppercase();
            let expected = format!("CODEX_GATEWAY_{name}");
            assert_eq!(argument.get_env().and_then(|env| env.to_str()), Some(expected.as_str()));
        }
    }
}
