//! The command line. Every flag is an environment variable too.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
};

use codex_gateway_app::BasePath;
use codex_gateway_engine::{Config, ConfigError, Options, Surroundings, config::Secret};

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

    /// Further hosts that are answered, with commas between [default: the bind address, localhost]
    #[arg(long, env = "CODEX_GATEWAY_ALLOWED_HOSTS", value_name = "NAMES", value_delimiter = ',')]
    pub allowed_hosts: Vec<String>,

    /// The path of its host that the gateway is served below by a reverse proxy, as in /codex [default: none]
    #[arg(long, env = "CODEX_GATEWAY_BASE_PATH", value_name = "PATH")]
    pub base_path: Option<BasePath>,

    /// Reverse proxies whose X-Forwarded-For, -Proto and -Host are believed: addresses and networks with commas between,
    /// or `none`
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

    /// Where the gateway keeps its own files [default: codex-gateway in the user's state directory]
    #[arg(long, env = "CODEX_GATEWAY_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// How the log is written on standard error: text, or an object of JSON for each line
    #[arg(long, env = "CODEX_GATEWAY_LOG_FORMAT", value_enum, value_name = "text|json", default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    /// The built browser files [default: those in the program; without any, `site` beside the directory of the executable]
    #[arg(long, env = "CODEX_GATEWAY_SITE_DIR", value_name = "DIR")]
    pub site_dir: Option<PathBuf>,

    /// Who may read the metrics.
    #[command(flatten)]
    pub metrics: MetricsOptions,

    /// How much one may ask for.
    #[command(flatten)]
    pub limits: LimitOptions,

    /// What the engine takes.
    #[command(flatten)]
    pub engine: Options,

    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Why a gateway cannot run with these options.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {
    /// The engine cannot.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no demo.
    #[error("the demo could not be set up: {0}")]
    Demo(#[from] DemoError),
    /// There is no place for its own files.
    #[error("there is no place for the gateway's own files: set CODEX_GATEWAY_DATA_DIR")]
    NoDataDir,
}

/// What the program can do beside serving.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Prints a token to sign in with
    Token(TokenCommand),
    /// Looks whether it would work here: codex, its login, the upstream, the port, the directories
    Check,
    /// Asks whether the gateway with these settings runs: status 0 if it does (what a container's health check starts)
    Health,
}

impl Cli {
    /// The address to listen on.
    pub fn host(&self) -> IpAddr {
        let open = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let closed = IpAddr::V4(Ipv4Addr::LOCALHOST);
        self.host.unwrap_or(if self.secret().is_some() { open } else { closed })
    }

    /// What the engine runs with, and the demo if one is wanted: it is there as long as this is held.
    ///
    /// # Errors
    /// [`ConfigureError`]
    pub async fn configure(&mut self) -> Result<(Config, Option<Demo>), ConfigureError> {
        let data_dir = data_dir(self.data_dir.as_deref()).ok_or(ConfigureError::NoDataDir)?;
        let data_dir = if self.demo { Demo::data_dir(&data_dir) } else { data_dir };
        let demo = if self.demo { Some(Demo::start(&mut self.engine, &data_dir).await?) } else { None };
        let surroundings = Surroundings { demo: self.demo, tokens: self.secret().is_some(), data_dir };
        Ok((Config::new(self.engine.clone(), surroundings)?, demo))
    }

    /// The JWT secret, if there is one that says something.
    pub fn secret(&self) -> Option<&Secret> {
        self.jwt_secret.as_ref().filter(|secret| !secret.expose().is_empty())
    }
}

/// Where the gateway keeps its own files: there if it was said, else in the user's state directory. None if even the
/// user's home is not known.
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
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_switch_takes_no_command_that_follows_it() {
        let cli = Cli::parse_from(["x", "--demo", "check"]);
        assert!(cli.demo && matches!(cli.command, Some(Command::Check)));
        assert!(!Cli::parse_from(["x", "--demo=0", "check"]).demo);
    }

    #[test]
    fn the_gateway_is_open_only_with_a_secret() {
        assert!(Cli::parse_from(["x"]).host().is_loopback());
        assert!(Cli::parse_from(["x", "--jwt-secret", ""]).host().is_loopback());
        assert!(Cli::parse_from(["x", "--jwt-secret", "s"]).host().is_unspecified());
        assert!(Cli::parse_from(["x", "--jwt-secret", "s", "--host", "127.0.0.1"]).host().is_loopback());
    }

    #[test]
    fn every_variable_is_documented_in_both_languages() {
        let command = Cli::command();
        let names: Vec<_> = command.get_arguments().filter_map(|a| a.get_env()?.to_str()).collect();
        assert!(names.len() > 20);
        for text in [include_str!("../../README.md"), include_str!("../../README_zh.md")] {
            for name in &names {
                assert!(text.contains(&format!("| `{name}` |")), "{name}");
            }
        }
    }

    #[test]
    fn every_flag_is_a_variable_too() {
        let hidden = ["help", "version"];
        for argument in Cli::command().get_arguments().filter(|a| !hidden.contains(&a.get_id().as_str())) {
            let name = argument.get_id().as_str().to_uppercase();
            let expected = format!("CODEX_GATEWAY_{name}");
            assert_eq!(argument.get_env().and_then(|env| env.to_str()), Some(expected.as_str()));
        }
    }
}
