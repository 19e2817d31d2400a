//! Codex's models, account and configuration, as far as they are known without a session's own process.

use codex_app_server_client::{BridgeError, ConfigWarning};
use codex_gateway_wire::api::{AccountState, Model};
use tokio_util::task::TaskTracker;

use crate::{
    app_server_info::{AppServerInfo, account_state},
    config::Config,
    environment::RequestedVariable,
    project::ProjectRules,
};

/// The models, the account and the configuration that the newest process reported.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog {
    /// The models that can be chosen. Empty until a process has reported them.
    pub models: Vec<Model>,
    /// The account that codex is signed in with.
    pub account: AccountState,
    /// Why codex cannot be run. `None` if it can.
    pub error: Option<String>,
    /// What codex reported about its configuration.
    pub config_warning: Option<ConfigWarning>,
    /// Codex's rules for finding and trusting projects.
    pub(crate) project_rules: ProjectRules,
    /// The environment variables that codex's configuration refers to.
    pub requested_variables: Vec<RequestedVariable>,
}

impl Catalog {
    /// Queries a process that is started for this and shut down afterwards.
    ///
    /// # Errors
    /// [`BridgeError`] if the process cannot be started and initialized.
    pub async fn query(config: &Config) -> Result<Self, BridgeError> {
        let process = codex_app_server_client::start(&config.launch, &TaskTracker::new(), ()).await?;
        let AppServerInfo { account, models, project_rules, requested_variables, config_warning } =
            AppServerInfo::query(&process.bridge).await;
        process.bridge.shutdown().await;
        let account = account_state(&account);
        Ok(Self { models, account, error: None, config_warning, project_rules, requested_variables })
    }
}
