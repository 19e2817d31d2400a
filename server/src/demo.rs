//! `--demo`: the real codex over a mock model, with a codex home and a workspace of its own.

use std::{
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use codex_gateway_engine::Options;
use codex_gateway_mock_openai::{MockServer, MockServerError, Options as MockServerOptions};

/// A running demo. Dropping it stops the mock model.
pub struct Demo {
    _mock_server: MockServer,
}

/// Error from [`Demo::start`].
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A real model is configured at the same time.
    #[error("--demo uses a stand-in model; it cannot be combined with {0}")]
    RealModel(&'static str),
    /// A directory cannot be created.
    #[error("{path} cannot be made: {error}")]
    Directory {
        /// Path of the directory.
        path: PathBuf,
        /// Cause.
        error: io::Error,
    },
    /// The mock model cannot be started.
    #[error(transparent)]
    MockServer(#[from] MockServerError),
}

impl Demo {
    /// Starts the mock model, and points the options at it. Directories that are not configured are created in
    /// `data`.
    ///
    /// # Errors
    /// [`DemoError`]
    pub async fn start(engine: &mut Options, data: &Path) -> Result<Self, DemoError> {
        if engine.openai_api_key.as_ref().is_some_and(|key| !key.expose().is_empty()) {
            return Err(DemoError::RealModel("CODEX_GATEWAY_OPENAI_API_KEY"));
        }
        if engine.openai_base_url.as_ref().is_some_and(|url| !url.is_empty()) {
            return Err(DemoError::RealModel("CODEX_GATEWAY_OPENAI_BASE_URL"));
        }
        let mock_server = MockServer::start(MockServerOptions::default()).await?;
        if engine.codex_home.is_none() {
            engine.codex_home = Some(create_private_dir(&data.join("codex-home"))?);
        }
        if engine.cwd.is_none() {
            engine.cwd = Some(create_private_dir(&data.join("workspace"))?);
        }
        engine.openai_base_url = Some(mock_server.base_url().to_owned());
        Ok(Self { _mock_server: mock_server })
    }

    /// Returns the data directory of a demo, which is separate from that of real sessions.
    pub fn data_dir(own: &Path) -> PathBuf {
        own.join("demo")
    }
}

/// Creates a directory with mode 0700, if it does not exist.
fn create_private_dir(path: &Path) -> Result<PathBuf, DemoError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| DemoError::Directory { path: path.to_owned(), error })?;
    Ok(path.to_owned())
}
