//! Configuration from environment variables and flags, checked before anything starts.

mod access;
mod approvals;
mod directories;

use std::{ffi::OsString, path::PathBuf, time::Duration};

use codex_app_server_client::{
    ClientInfo, LaunchConfig,
    locate::{LocateError, locate},
};
use codex_gateway_wire::ApprovalMode;

pub use self::{
    access::{ApprovalPolicy, Sandbox, TrustProjects},
    approvals::Approvals,
};
use self::{
    approvals::approval_modes,
    directories::{private_directory, readable_dir, resolve_symlinks},
};
use crate::environment::inherited_variables;
pub use crate::environment::{PassEnv, PassEnvError};

/// How the gateway introduces itself to codex.
pub(crate) const CLIENT: ClientInfo =
    ClientInfo { name: "codex_gateway", title: "Codex Gateway", version: env!("CARGO_PKG_VERSION") };
/// The environment variable that tags a codex process and all its descendants.
const PROCESS_TAG_VARIABLE: &str = "CODEX_GATEWAY_PROCESS";

/// The engine's part of the command line. Every flag is an environment variable too.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Directory that threads work in [default: the current directory]
    #[arg(long, env = "CODEX_GATEWAY_CWD", value_name = "DIR")]
    pub cwd: Option<PathBuf>,

    /// Directories below which a session may choose its own, with colons between [default: the one that
    /// threads work in]
    #[arg(long, env = "CODEX_GATEWAY_WORKSPACES", value_name = "DIRS")]
    pub workspaces: Option<OsString>,

    /// The codex executable [default: found on PATH, then in the pinned npm install]
    #[arg(long, env = "CODEX_GATEWAY_CODEX_BIN", value_name = "FILE")]
    pub codex_bin: Option<PathBuf>,

    /// Preferred model of new sessions [default: codex's own]
    #[arg(long, env = "CODEX_GATEWAY_MODEL", value_name = "MODEL")]
    pub model: Option<String>,

    /// Logs codex in at start with this key
    #[arg(long, env = "CODEX_GATEWAY_OPENAI_API_KEY", value_name = "KEY", hide_env_values = true)]
    pub openai_api_key: Option<Secret>,

    /// OpenAI-compatible upstream to use instead of OpenAI
    #[arg(long, env = "CODEX_GATEWAY_OPENAI_BASE_URL", value_name = "URL")]
    pub openai_base_url: Option<String>,

    /// How many sessions may hold a subprocess at the same time
    #[arg(long, env = "CODEX_GATEWAY_MAX_SESSIONS", value_name = "N", default_value_t = 12,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_sessions: u32,

    /// A session that nobody used for so long expires; 0: never
    #[arg(long, env = "CODEX_GATEWAY_SESSION_TTL_MS", value_name = "MS", default_value_t = 1_800_000)]
    pub session_ttl_ms: u64,

    /// How often sessions are checked for that
    #[arg(long, env = "CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS", value_name = "MS", default_value_t = 60_000,
          value_parser = clap::value_parser!(u64).range(10..))]
    pub session_sweep_interval_ms: u64,

    /// A process that has had nothing to do for so long ends; its session goes on without, and starts another one when
    /// it needs it
    #[arg(long, env = "CODEX_GATEWAY_PARK_AFTER_MS", value_name = "MS", default_value_t = 300_000,
          value_parser = clap::value_parser!(u64).range(10..))]
    pub park_after_ms: u64,

    /// How many processes wait for sessions that begin or wake, so that these need not wait for a process; 0: none
    #[arg(long, env = "CODEX_GATEWAY_WARM_PROCESSES", value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(..=100))]
    pub warm_processes: u32,

    /// Codex's own home: login, history, configuration [default: `CODEX_HOME`, or codex's own]
    #[arg(long, env = "CODEX_GATEWAY_CODEX_HOME", value_name = "DIR")]
    pub codex_home: Option<PathBuf>,

    /// Variables of this environment that codex and the commands of agents get beside the usual ones: names, and prefixes that
    /// end in `*`, with commas between [default: none]
    #[arg(long, env = "CODEX_GATEWAY_PASS_ENV", value_name = "NAMES")]
    pub pass_env: Option<PassEnv>,

    /// Raw messages as `raw` events and in the log
    #[arg(long, env = "CODEX_GATEWAY_DEBUG", value_name = "0|1", num_args = 0..=1, require_equals = true,
          default_value = "0", default_missing_value = "1",
          value_parser = clap::builder::BoolishValueParser::new())]
    pub debug: bool,

    /// What commands may touch: default and ceiling of sessions
    #[arg(long, env = "CODEX_GATEWAY_SANDBOX", value_enum, default_value_t = Sandbox::WorkspaceWrite)]
    pub sandbox: Sandbox,

    /// Whether codex asks before it leaves the sandbox, or never does
    #[arg(long, env = "CODEX_GATEWAY_APPROVAL_POLICY", value_enum, default_value_t = ApprovalPolicy::OnRequest)]
    pub approval_policy: ApprovalPolicy,

    /// Whether codex may use the settings that folders bring along in `.codex`: MCP servers, hooks and rules, which run
    /// outside of the sandbox. `ask`: where the owner of a session says so [default: ask; 0 where nobody may approve what
    /// leaves the sandbox: with the approval policy `never`, or approvals `decline`]
    #[arg(long, env = "CODEX_GATEWAY_TRUST_PROJECTS", value_enum, value_name = "0|ask|1", num_args = 0..=1,
          require_equals = true, default_missing_value = "1", hide_possible_values = true, ignore_case = true)]
    pub trust_projects: Option<TrustProjects>,

    /// Who answers what codex asks, where a session does not say: `ask` waits for a person, `ask-or-decline` does
    /// while somebody is there, `decline` and `accept` ask nobody. Once set, no session may be laxer
    /// [default: ask-or-decline; ask for the chat page]
    #[arg(long, env = "CODEX_GATEWAY_APPROVALS", value_name = "MODE", value_parser = approval_modes())]
    pub approvals: Option<ApprovalMode>,

    /// How long a question waits for its answer before it is declined; 0: for ever
    #[arg(long, env = "CODEX_GATEWAY_APPROVAL_TIMEOUT_MS", value_name = "MS", default_value_t = 86_400_000)]
    pub approval_timeout_ms: u64,
}

/// A secret text. Its `Debug` output is redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Returns the secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

/// Settings that the program around the engine provides.
#[derive(Clone, Debug)]
pub struct RuntimeContext {
    /// `true` if the model is the demo's stand-in.
    pub demo: bool,
    /// `true` if clients must authenticate. Otherwise every client has access to all threads of codex's home.
    pub auth_enabled: bool,
    /// The data directory: the gateway's own files.
    pub data_dir: PathBuf,
}

/// The checked configuration of the engine.
#[derive(Clone, Debug)]
pub struct Config {
    /// The default directory of sessions, absolute.
    pub cwd: PathBuf,
    /// The directories below which sessions may choose their own, absolute and without symbolic links.
    pub workspaces: Vec<PathBuf>,
    /// The data directory: the gateway's own files.
    pub data_dir: PathBuf,
    /// `true` if clients must authenticate, and an owner has access to their own threads only.
    pub auth_enabled: bool,
    /// How codex is started.
    pub launch: LaunchConfig,
    /// The environment variables that codex inherits in addition to the default ones.
    pub pass_env: PassEnv,
    /// The preferred model of new sessions. `None` for codex's default.
    pub model: Option<String>,
    /// The API key with which codex is signed in at start.
    pub openai_api_key: Option<Secret>,
    /// The maximum number of processes of sessions.
    pub max_sessions: usize,
    /// How long an unused session is kept. `None` if sessions do not expire.
    pub session_ttl: Option<Duration>,
    /// How often expired sessions are removed.
    pub sweep_interval: Duration,
    /// How long the process of a session may be idle before the session is parked.
    pub park_after: Duration,
    /// The number of pooled processes.
    pub warm_processes: usize,
    /// When codex uses the settings in folders (`.codex`).
    pub trust_projects: TrustProjects,
    /// The default and the ceiling of the sandbox.
    pub sandbox: Sandbox,
    /// The default and the ceiling of the approval policy.
    pub approval_policy: ApprovalPolicy,
    /// Who answers codex's requests.
    pub approvals: Approvals,
    /// How long a request waits for an answer. `None` if it waits without limit.
    pub approval_timeout: Option<Duration>,
    /// `true` if the model is the demo's stand-in.
    pub demo: bool,
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// `CODEX_GATEWAY_CWD` is not a usable directory.
    #[error("CODEX_GATEWAY_CWD is {path}, which is not a directory that can be used: {message}")]
    Cwd {
        /// The directory.
        path: PathBuf,
        /// The error of the system.
        message: String,
    },
    /// `CODEX_GATEWAY_WORKSPACES` names something that is not a usable directory.
    #[error("CODEX_GATEWAY_WORKSPACES names {path}, which is not a directory that can be used: {message}")]
    Workspaces {
        /// The directory.
        path: PathBuf,
        /// The error of the system.
        message: String,
    },
    /// The data directory is in a workspace, where an agent could change the owners of threads.
    #[error(
        "CODEX_GATEWAY_DATA_DIR is {data}, inside {workspace}, where commands of an agent may write: one owner could take \
         over another's threads. Choose another, or another CODEX_GATEWAY_CWD"
    )]
    DataInWorkspace {
        /// The data directory.
        data: PathBuf,
        /// The workspace that contains it.
        workspace: PathBuf,
    },
    /// `CODEX_GATEWAY_CODEX_HOME` cannot be created or used.
    #[error("CODEX_GATEWAY_CODEX_HOME is {path}, which is not a directory that can be used: {message}")]
    CodexHome {
        /// The directory.
        path: PathBuf,
        /// The error of the system.
        message: String,
    },
    /// `CODEX_GATEWAY_OPENAI_BASE_URL` is not an HTTP address.
    #[error("CODEX_GATEWAY_OPENAI_BASE_URL is {0:?}; it takes an http:// or https:// address")]
    BaseUrl(String),
    /// `CODEX_GATEWAY_CODEX_BIN` is not an executable file. The value is its path.
    #[error("CODEX_GATEWAY_CODEX_BIN is {0}, which is not an executable file")]
    CodexBin(PathBuf),
    /// Neither `PATH` nor `node_modules` has a codex executable.
    #[error(
        "no codex executable was found on PATH or in node_modules; install it with `npm install -g @openai/codex`, \
         or name it in CODEX_GATEWAY_CODEX_BIN"
    )]
    NoCodex,
}

impl From<LocateError> for ConfigError {
    fn from(error: LocateError) -> Self {
        match error {
            LocateError::NotExecutable(path) => Self::CodexBin(path),
            LocateError::NotFound => Self::NoCodex,
        }
    }
}

impl Config {
    /// How long an unused session is kept, in milliseconds. `None` if sessions do not expire.
    pub(crate) fn session_ttl_ms(&self) -> Option<i64> {
        self.session_ttl.map(|ttl| i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX))
    }

    /// Checks the options and fills in the defaults.
    ///
    /// # Errors
    /// [`ConfigError`] with the variable, its value and the problem.
    pub fn new(options: Options, context: RuntimeContext) -> Result<Self, ConfigError> {
        let RuntimeContext { demo, auth_enabled, data_dir } = context;
        let cwd =
            options.cwd.filter(|path| !path.as_os_str().is_empty()).unwrap_or_else(|| PathBuf::from("."));
        let cwd =
            readable_dir(&cwd).map_err(|error| ConfigError::Cwd { path: cwd, message: error.to_string() })?;
        let named = options.workspaces.unwrap_or_default();
        let named = std::env::split_paths(&named).filter(|path| !path.as_os_str().is_empty());
        let workspace = |path: PathBuf| {
            readable_dir(&path).map_err(|error| ConfigError::Workspaces { path, message: error.to_string() })
        };
        let mut workspaces = named.map(workspace).collect::<Result<Vec<_>, _>>()?;
        if workspaces.is_empty() {
            workspaces.push(cwd.clone());
        }
        // Sessions that name no directory work in `cwd`, even if it is not a workspace.
        let data = resolve_symlinks(&data_dir);
        if let Some(workspace) = workspaces.iter().chain([&cwd]).find(|workspace| data.starts_with(workspace))
        {
            if auth_enabled && options.sandbox != Sandbox::ReadOnly {
                return Err(ConfigError::DataInWorkspace { data, workspace: workspace.clone() });
            }
            tracing::warn!(
                "the gateway's own files in {} are inside {}, where commands of an agent may write",
                data.display(),
                workspace.display()
            );
        } else if data.starts_with("/tmp") || data.starts_with(std::env::temp_dir()) {
            tracing::warn!(
                "the gateway's own files in {} are among temporary files, where codex's configuration may let commands write",
                data.display()
            );
        }
        let codex_home = options.codex_home.filter(|path| !path.as_os_str().is_empty());
        let codex_home = codex_home.map(private_directory).transpose()?;
        let key = options.openai_api_key.filter(|key| !key.expose().is_empty());
        let settings = match options.openai_base_url.as_deref().map(str::trim).filter(|url| !url.is_empty()) {
            Some(url) => provider(url, key.is_some())?,
            None if key.is_some() => vec![codex_setting("forced_login_method", "api")],
            None => Vec::new(),
        };
        let settings = if demo { [settings, demo_settings()].concat() } else { settings };
        // MCP servers and hooks of a trusted folder run outside of the sandbox. So the default is not to trust folders
        // where nobody may approve leaving the sandbox.
        let nobody_approves = options.approval_policy == ApprovalPolicy::Never
            || options.approvals == Some(ApprovalMode::Decline);
        let default_trust = if nobody_approves { TrustProjects::Never } else { TrustProjects::Ask };
        let trust_projects = options.trust_projects.unwrap_or(default_trust);
        // Each thread has its own directory. A process outside of any project reads no project settings and does not
        // warn of them. (Not `/`: codex uses no bubblewrap from below its own directory.)
        let process_cwd = PathBuf::from("/proc");
        let pass_env = options.pass_env.unwrap_or_default();
        let program = locate(options.codex_bin.as_deref().filter(|path| !path.as_os_str().is_empty()))?;
        Ok(Self {
            launch: LaunchConfig {
                program,
                codex_home,
                cwd: process_cwd,
                settings,
                variables: inherited_variables(&pass_env).collect(),
                tag_variable: PROCESS_TAG_VARIABLE,
                client: CLIENT,
                debug: options.debug,
            },
            pass_env,
            cwd,
            workspaces,
            data_dir,
            auth_enabled,
            model: options.model.filter(|model| !model.is_empty()),
            openai_api_key: key,
            max_sessions: options.max_sessions as usize,
            session_ttl: Some(Duration::from_millis(options.session_ttl_ms)).filter(|ttl| !ttl.is_zero()),
            sweep_interval: Duration::from_millis(options.session_sweep_interval_ms),
            park_after: Duration::from_millis(options.park_after_ms),
            warm_processes: options.warm_processes as usize,
            trust_projects,
            sandbox: options.sandbox,
            approval_policy: options.approval_policy,
            approvals: Approvals { set: options.approvals },
            approval_timeout: Some(Duration::from_millis(options.approval_timeout_ms))
                .filter(|timeout| !timeout.is_zero()),
            demo,
        })
    }
}

/// The codex settings for an OpenAI-compatible upstream.
fn provider(url: &str, with_key: bool) -> Result<Vec<String>, ConfigError> {
    let plain = url.chars().all(|c| !c.is_whitespace() && !c.is_control() && c != '"' && c != '\\');
    if !(url.starts_with("http://") || url.starts_with("https://")) || !plain {
        return Err(ConfigError::BaseUrl(url.to_owned()));
    }
    let mut settings = vec![
        codex_setting("model_provider", "gateway"),
        codex_setting("model_providers.gateway.name", "Codex Gateway upstream"),
        codex_setting("model_providers.gateway.base_url", url),
        codex_setting("model_providers.gateway.wire_api", "responses"),
        format!("model_providers.gateway.requires_openai_auth={with_key}"),
        "model_providers.gateway.supports_websockets=false".to_owned(),
    ];
    if with_key {
        settings.push(codex_setting("forced_login_method", "api"));
    }
    Ok(settings)
}

/// The codex settings for features that are off by default and that the demo shows: plans and questions.
fn demo_settings() -> Vec<String> {
    [
        "tools.update_plan.enabled",
        "features.default_mode_request_user_input",
        "suppress_unstable_features_warning",
    ]
    .map(|key| format!("{key}=true"))
    .to_vec()
}

/// A setting for codex's command line, with a text as its value.
fn codex_setting(key: &str, value: &str) -> String {
    format!("{key}=\"{value}\"")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn config(arguments: &[&str]) -> Result<Config, ConfigError> {
        let line = [&["x", "--codex-bin", "/bin/sh"], arguments].concat();
        let context = RuntimeContext { demo: false, auth_enabled: false, data_dir: "/nowhere".into() };
        Config::new(Line::parse_from(line).options, context)
    }

    #[test]
    fn defaults_allow_writing_in_the_workspace_on_request() {
        let config = config(&[]).unwrap();
        assert!(config.cwd.is_absolute());
        assert_eq!(
            (config.sandbox.as_str(), config.approval_policy.as_str()),
            ("workspace-write", "on-request")
        );
        assert_eq!((config.max_sessions, config.session_ttl), (12, Some(Duration::from_mins(30))));
        assert!(config.launch.settings.is_empty());
    }

    #[test]
    fn trust_in_projects_defaults_to_ask_unless_nobody_may_approve() {
        let trust = |arguments: &[&str]| config(arguments).unwrap().trust_projects;
        assert_eq!(trust(&[]), TrustProjects::Ask);
        assert_eq!(trust(&["--approval-policy", "never"]), TrustProjects::Never);
        assert_eq!(trust(&["--approvals", "decline"]), TrustProjects::Never);
        assert_eq!(trust(&["--approval-policy", "never", "--trust-projects=ask"]), TrustProjects::Ask);
        for (value, expected) in [
            ("--trust-projects", TrustProjects::Always),
            ("--trust-projects=1", TrustProjects::Always),
            ("--trust-projects=true", TrustProjects::Always),
            ("--trust-projects=0", TrustProjects::Never),
            ("--trust-projects=off", TrustProjects::Never),
            ("--trust-projects=ask", TrustProjects::Ask),
        ] {
            assert_eq!(trust(&[value]), expected, "{value}");
        }
    }

    #[test]
    fn base_url_becomes_a_model_provider() {
        let config = config(&["--openai-base-url", "http://127.0.0.1:9/v1"]).unwrap();
        assert!(
            config
                .launch
                .settings
                .contains(&r#"model_providers.gateway.base_url="http://127.0.0.1:9/v1""#.into())
        );
        assert!(
            config.launch.settings.contains(&"model_providers.gateway.requires_openai_auth=false".into())
        );
    }

    #[test]
    fn invalid_base_url_is_refused() {
        for url in ["ftp://x", "http://x\" y=\"", "nonsense"] {
            assert!(matches!(config(&["--openai-base-url", url]), Err(ConfigError::BaseUrl(_))), "{url}");
        }
    }

    #[test]
    fn missing_directory_is_named_in_the_error() {
        let error = config(&["--cwd", "/no/such/place"]).unwrap_err().to_string();
        assert!(error.contains("CODEX_GATEWAY_CWD is /no/such/place"), "{error}");
    }

    #[test]
    fn with_authentication_data_directory_in_a_writable_workspace_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let cwd = dir.path().to_str().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let alias = elsewhere.path().join("alias");
        std::os::unix::fs::symlink(dir.path(), &alias).unwrap();
        let with = |data_dir: &Path, auth_enabled, arguments: &[&str]| {
            let line = [&["x", "--codex-bin", "/bin/sh", "--cwd", cwd], arguments].concat();
            let data_dir = data_dir.to_owned();
            Config::new(
                Line::parse_from(line).options,
                RuntimeContext { demo: false, auth_enabled, data_dir },
            )
        };
        let inside = dir.path().join("state");
        let refused = |data_dir: &Path, arguments: &[&str]| {
            matches!(with(data_dir, true, arguments), Err(ConfigError::DataInWorkspace { .. }))
        };
        assert!(refused(&inside, &[]));
        assert!(
            with(&inside, false, &[]).is_ok() && with(&inside, true, &["--sandbox", "read-only"]).is_ok()
        );
        assert!(refused(&alias.join("deep/state"), &[]), "symbolic links are followed");
        assert!(refused(&elsewhere.path().join("nothing/../alias/state"), &[]));
        assert!(
            refused(&inside, &["--workspaces", elsewhere.path().to_str().unwrap()]),
            "the default directory counts as a workspace"
        );
        assert!(with(&elsewhere.path().join("state"), true, &[]).is_ok());
    }

    #[test]
    fn workspaces_default_to_the_directory_of_sessions() {
        let [a, b] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let real = |dir: &tempfile::TempDir| dir.path().canonicalize().unwrap();
        let named = format!("{}::{}", a.path().display(), b.path().display());
        assert_eq!(config(&["--workspaces", &named]).unwrap().workspaces, [real(&a), real(&b)]);
        let alone = config(&["--cwd", a.path().to_str().unwrap()]).unwrap();
        assert_eq!(alone.workspaces, [real(&a)]);
        let error = config(&["--workspaces", "/no/such/place"]).unwrap_err().to_string();
        assert!(error.contains("CODEX_GATEWAY_WORKSPACES names /no/such/place"), "{error}");
    }

    #[test]
    fn api_key_is_redacted_in_debug_output() {
        let config = config(&["--openai-api-key", "sk-very-secret"]).unwrap();
        assert!(!format!("{config:?}").contains("very-secret"));
    }
}
