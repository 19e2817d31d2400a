//! What codex is and says, asked of a process that ends afterwards.

use std::time::Duration;

use tokio_util::task::TaskTracker;

use crate::{
    bridge::{BridgeError, Launch},
    catalog::Catalog,
    config::Config,
    greeting::{Offer, greet},
    session::account_state,
    version::{TooOld, Version},
};

/// How long codex may take to tell its version.
const PATIENCE: Duration = Duration::from_secs(10);

/// The version of the codex executable, in its own words without its name: `0.171.0`.
///
/// # Errors
/// Why it cannot be run, for people.
pub async fn version(launch: &Launch) -> Result<String, String> {
    let program = launch.program.display();
    let ran =
        launch.run(&["--version"], &[], PATIENCE).await.map_err(|error| format!("{program}: {error}"))?;
    if !ran.status.success() {
        return Err(format!("{program} --version ended with {}", ran.status));
    }
    let said = ran.stdout.trim();
    Ok(said.rsplit_once(' ').map_or(said, |(_, version)| version).to_owned())
}

/// As [`version`], of a codex that is not too old.
///
/// # Errors
/// That it is, or why it cannot be run, for people.
pub async fn fit_version(launch: &Launch) -> Result<String, String> {
    let version = version(launch).await?;
    fit(&version, launch).map_err(|error| error.to_string())?;
    Ok(version)
}

/// Whether a codex of this version will do, as far as its words tell.
///
/// # Errors
/// It is too old.
pub fn fit(version: &str, launch: &Launch) -> Result<(), TooOld> {
    Version::parse(version).map_or(Ok(()), |version| version.check(launch))
}

/// That codex is too old, if it is: one that has no app-server does not tell by itself.
pub(crate) async fn age(launch: &Launch) -> Option<TooOld> {
    fit(&version(launch).await.ok()?, launch).err()
}

/// What codex offers, and who it is signed in as.
///
/// # Errors
/// Why it cannot be asked.
pub async fn catalog(config: &Config) -> Result<Catalog, BridgeError> {
    let process = greet(config, &TaskTracker::new(), ()).await?;
    let Offer { account, models, project_rules, requested_variables, config_warning } =
        Offer::of(&process.bridge).await;
    process.bridge.close().await;
    let account = account_state(&account);
    Ok(Catalog { models, account, error: None, config_warning, project_rules, requested_variables })
}
