//! The demo: the real codex over a stand-in model, with a codex home and a workspace of its own.

use std::{
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use codex_gateway_engine::Options;
use codex_gateway_standin::{Options as StandinOptions, Standin, StandinError};

/// A running demo. Dropping it ends the stand-in model.
pub struct Demo {
    _standin: Standin,
}

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A real model was asked for at the same time.
    #[error("--demo uses a stand-in model; it cannot be combined with {0}")]
    RealModel(&'static str),
    /// Its directories cannot be made.
    #[error("{path} cannot be made: {error}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The stand-in model does not start.
    #[error(transparent)]
    Standin(#[from] StandinError),
}

impl Demo {
    /// Starts the stand-in model, and points the options at it. A directory that was chosen is kept; others are in `data`.
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
        let standin = Standin::start(StandinOptions::default()).await?;
        if engine.codex_home.is_none() {
            engine.codex_home = Some(directory(&data.join("codex-home"))?);
        }
        if engine.cwd.is_none() {
            engine.cwd = Some(directory(&data.join("workspace"))?);
        }
        engine.openai_base_url = Some(standin.base_url().to_owned());
        Ok(Self { _standin: standin })
    }

    /// Where a demo keeps its files: apart from those of real work.
    pub fn data_dir(own: &Path) -> PathBuf {
        own.join("demo")
    }
}

/// Makes a directory that only its owner can look into, if it is not there.
fn directory(path: &Path) -> Result<PathBuf, DemoError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| DemoError::Directory { path: path.to_owned(), error })?;
    Ok(path.to_owned())
}
