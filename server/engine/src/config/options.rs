//! The engine's options, as they are on the command line and in the environment.

use std::{ffi::OsString, path::PathBuf};

use codex_gateway_wire::ApprovalMode;

use super::{
    access::{ApprovalPolicy, Sandbox, TrustProjects},
    approvals::approval_modes,
    secret::Secret,
};
use crate::environment::PassEnv;

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

    /// Sessions that are unused for this long expire; 0: never
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
    /// outside of the sandbox. `ask`: the owner of a session decides [default: ask; 0 if the approval policy is `never` or
    /// approvals are `decline`, because then nothing may leave the sandbox]
    #[arg(long, env = "CODEX_GATEWAY_TRUST_PROJECTS", value_enum, value_name = "0|ask|1", num_args = 0..=1,
          require_equals = true, default_missing_value = "1", hide_possible_values = true, ignore_case = true)]
    pub trust_projects: Option<TrustProjects>,

    /// Who answers codex's requests, unless a session says otherwise: `ask` waits for a person, `ask-or-decline` waits
    /// only while a client is connected, `decline` and `accept` answer at once. Once set, no session may be laxer
    /// [default: ask-or-decline; ask for the chat page]
    #[arg(long, env = "CODEX_GATEWAY_APPROVALS", value_name = "MODE", value_parser = approval_modes())]
    pub approvals: Option<ApprovalMode>,

    /// How long a question waits for its answer before it is declined; 0: for ever
    #[arg(long, env = "CODEX_GATEWAY_APPROVAL_TIMEOUT_MS", value_name = "MS", default_value_t = 86_400_000)]
    pub approval_timeout_ms: u64,
}
