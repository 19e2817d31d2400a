//! Why the configuration cannot be used.

use std::path::PathBuf;

use codex_app_server_client::locate::LocateError;

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
