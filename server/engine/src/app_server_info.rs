//! What codex reports that is the same for all sessions: the account, the models and the configuration.

use codex_app_server_client::{
    Bridge, ConfigWarning,
    protocol::{AccountRead, AccountReply, CodexConfig, ConfigRead, ModelList},
};
use codex_gateway_wire::api::{AccountState, Model};
use serde::Deserialize;
use tokio::join;

use crate::{
    environment::{RequestedVariable, requested_variables},
    error::CodexErrorText,
    project::ProjectRules,
};

/// The largest number of pages of models that are read. Real lists have far fewer.
const MAX_MODEL_PAGES: usize = 20;

/// What `codex app-server` reports that does not depend on a session.
#[derive(Clone, Debug)]
pub(crate) struct AppServerInfo {
    pub account: AccountReply,
    pub models: Vec<Model>,
    pub project_rules: ProjectRules,
    /// The environment variables that codex's configuration refers to.
    pub requested_variables: Vec<RequestedVariable>,
    pub config_warning: Option<ConfigWarning>,
}

impl AppServerInfo {
    /// Queries a process. If a query fails, that is logged, and its fields stay empty.
    pub(crate) async fn query(bridge: &Bridge) -> Self {
        let (account, models, config) = join!(read_account(bridge), read_models(bridge), read_config(bridge));
        Self {
            account,
            models,
            project_rules: ProjectRules::new(&config),
            requested_variables: requested_variables(&config),
            config_warning: bridge.config_warning(),
        }
    }
}

/// Reads the account that codex is signed in with. Empty if the request fails: sessions work without it.
pub(crate) async fn read_account(bridge: &Bridge) -> AccountReply {
    bridge.request(&AccountRead { refresh_token: false }).await.unwrap_or_else(|error| {
        tracing::warn!(error = %CodexErrorText(&error), "codex did not report its account");
        AccountReply::default()
    })
}

/// Reads codex's configuration. Empty if the request fails, because it is read again for each thread.
async fn read_config(bridge: &Bridge) -> CodexConfig {
    match bridge.request(&ConfigRead::default()).await {
        Ok(reply) => reply.config,
        Err(error) => {
            tracing::warn!(error = %CodexErrorText(&error), "codex did not report its configuration");
            CodexConfig::default()
        }
    }
}

/// Reads the models that can be chosen. Incomplete if a request fails: sessions work without the list.
async fn read_models(bridge: &Bridge) -> Vec<Model> {
    let mut models = Vec::new();
    let mut cursor = None;
    for _ in 0..MAX_MODEL_PAGES {
        match bridge.request(&ModelList { cursor }).await {
            Ok(page) => {
                models.extend(page.data);
                cursor = page.next_cursor;
            }
            Err(error) => {
                tracing::warn!(error = %CodexErrorText(&error), "codex did not list its models");
                break;
            }
        }
        if cursor.is_none() {
            break;
        }
    }
    models
}

/// Returns the account that codex is signed in with, and a short summary of it.
pub(crate) fn account_state(account: &AccountReply) -> AccountState {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Account {
        #[serde(rename = "type", default)]
        kind: String,
        #[serde(default)]
        email: Option<String>,
        #[serde(default)]
        plan_type: Option<String>,
    }
    let account_info =
        account.account.as_ref().and_then(|raw| serde_json::from_str::<Account>(raw.get()).ok());
    let summary = match account_info {
        Some(Account { kind, .. }) if kind == "apiKey" => "API key".to_owned(),
        Some(Account { email: Some(email), plan_type, .. }) => match plan_type {
            Some(plan) => format!("{email} ({plan})"),
            None => email,
        },
        Some(account) => account.kind,
        None if account.requires_openai_auth => "not signed in".to_owned(),
        None => "no sign-in needed".to_owned(),
    };
    AccountState { raw: account.account.clone(), summary, requires_openai_auth: account.requires_openai_auth }
}
