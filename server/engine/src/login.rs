//! Signs codex in before any process is started, because a running process does not notice a login.

use std::time::Duration;

use codex_app_server_client::LaunchConfig;

use crate::config::{Config, Secret};

/// How long `codex login` may take.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(30);

/// Why codex could not be signed in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Codex could not be run.
    #[error("codex could not be run to sign it in ({program}): {message}")]
    Run {
        /// The path of the executable.
        program: String,
        /// The reason.
        message: String,
    },
    /// Codex refused the key. The text is codex's reason.
    #[error("codex did not take CODEX_GATEWAY_OPENAI_API_KEY: {0}")]
    Refused(String),
}

/// Signs codex in with `CODEX_GATEWAY_OPENAI_API_KEY`. Does nothing if that is not set. The key is passed over
/// standard input, because every user of the machine can read the arguments of a process.
///
/// # Errors
/// [`LoginError`]; no message contains the key.
pub async fn login(config: &Config) -> Result<(), LoginError> {
    match &config.openai_api_key {
        Some(key) => login_with_api_key(&config.launch, key).await,
        None => Ok(()),
    }
}

async fn login_with_api_key(launch: &LaunchConfig, key: &Secret) -> Result<(), LoginError> {
    let output = launch
        .run(&["login", "--with-api-key"], key.expose().as_bytes(), LOGIN_TIMEOUT)
        .await
        .map_err(|error| LoginError::Run {
            program: launch.program.display().to_string(),
            message: error.to_string(),
        })?;
    if !output.status.success() {
        let last_line = output.stderr.lines().rev().find(|line| !line.trim().is_empty());
        let reason = last_line.unwrap_or("no reason given");
        return Err(LoginError::Refused(reason.replace(key.expose(), "[secret]")));
    }
    tracing::info!("codex is signed in with the configured API key");
    Ok(())
}
