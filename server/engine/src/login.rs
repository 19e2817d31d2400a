//! Signing codex in, before anything else is started: a running process never notices a login.

use std::time::Duration;

use crate::{
    bridge::Launch,
    config::{Config, Secret},
};

/// How long a login may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why codex could not be signed in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Codex could not be run.
    #[error("codex could not be run to sign it in ({program}): {message}")]
    Run {
        /// The executable.
        program: String,
        /// Why not.
        message: String,
    },
    /// Codex refused.
    #[error("codex did not take CODEX_GATEWAY_OPENAI_API_KEY: {0}")]
    Refused(String),
}

/// Signs codex in with the configured key, if one is configured. The key goes over standard input: an
/// argument could be read by everybody on the machine.
///
/// # Errors
/// [`LoginError`]; the key is in none of its messages.
pub async fn login(config: &Config) -> Result<(), LoginError> {
    match &config.openai_api_key {
        Some(key) => with_api_key(&config.launch, key).await,
        None => Ok(()),
    }
}

async fn with_api_key(launch: &Launch, key: &Secret) -> Result<(), LoginError> {
    let ran = launch.run(&["login", "--with-api-key"], key.expose().as_bytes(), PATIENCE).await.map_err(
        |error| LoginError::Run { program: launch.program.display().to_string(), message: error.to_string() },
    )?;
    if !ran.status.success() {
        let said = ran.stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no reason given");
        return Err(LoginError::Refused(said.replace(key.expose(), "[secret]")));
    }
    tracing::info!("codex is signed in with the configured API key");
    Ok(())
}
