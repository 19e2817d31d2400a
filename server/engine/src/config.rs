//! Configuration from environment variables and flags, checked before anything starts.

mod access;
mod approvals;
mod codex_settings;
mod directories;
mod error;
mod options;
mod secret;

use std::{path::PathBuf, time::Duration};

use codex_app_server_client::{ClientInfo, LaunchConfig, locate::locate};
use codex_gateway_wire::ApprovalMode;

pub use self::{
    access::{ApprovalPolicy, Sandbox, TrustProjects},
    approvals::Approvals,
    error::ConfigError,
    options::Options,
    secret::Secret,
};
use self::{
    codex_settings::{codex_setting, demo_settings, provider},
    directories::{private_directory, readable_dir, resolve_symlinks},
};
use crate::environment::inherited_variables;
pub use crate::environment::{PassEnv, PassEnvError};

/// How the gateway introduces itself to codex.
pub(crate) const CLIENT: ClientInfo =
    ClientInfo { name: "codex_gateway", title: "Codex Gateway", version: env!("CARGO_PKG_VERSION") };
/// The environment variable that tags a codex process and all its descendants.
const PROCESS_TAG_VARIABLE: &str = "CODEX_GATEWAY_PROCESS";

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
