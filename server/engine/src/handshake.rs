//! Starts and initializes a codex process, and queries what is the same for all sessions.

use std::{sync::Arc, time::Duration};

use codex_gateway_wire::api::Model;
use tokio::{join, time::timeout};
use tokio_util::task::TaskTracker;

use crate::{
    bridge::{
        Bridge, BridgeError, ConfigWarning, Exit, Inbound, InboundReceiver,
        protocol::{
            AccountRead, AccountReply, CodexConfig, ConfigRead, Initialize, InitializeReply, ModelList,
        },
    },
    clock::now_ms,
    config::Config,
    environment::{RequestedVariable, requested_variables},
    project::ProjectRules,
    version,
};

/// The largest number of pages of models that are read. Real lists have far fewer.
const MAX_MODEL_PAGES: usize = 20;
/// How long to wait for a process that closed its output to report how it exited.
const EXIT_REASON_TIMEOUT: Duration = Duration::from_secs(4);
/// The maximum number of starts if the process exits because another one starts at the same time.
const MAX_ATTEMPTS: u32 = 4;

/// A process that has answered `initialize`.
#[derive(Debug)]
pub(crate) struct InitializedProcess {
    pub bridge: Bridge,
    pub inbox: InboundReceiver,
    pub runtime: InitializeReply,
    pub started_ms: i64,
}

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

/// Starts a process, tracked in `processes`, and initializes it. `held` is dropped when the process has exited, also
/// if this call fails or is cancelled.
///
/// # Errors
/// [`BridgeError::TooOld`] if codex is too old; otherwise the error of the start or of `initialize`.
pub(crate) async fn spawn_and_initialize(
    config: &Config,
    processes: &TaskTracker,
    held: impl Send + Sync + 'static,
) -> Result<InitializedProcess, BridgeError> {
    let held = Arc::new(held);
    let mut attempts = 1;
    loop {
        match try_initialize(config, processes, Arc::clone(&held)).await {
            Err(error) if is_startup_race(&error) && attempts < MAX_ATTEMPTS => attempts += 1,
            Err(error @ BridgeError::TooOld(_)) => return Err(error),
            // A version without `app-server` does not report that it is too old.
            Err(error) => return Err(version::too_old(&config.launch).await.map_or(error, Into::into)),
            initialized => return initialized,
        }
    }
}

async fn try_initialize(
    config: &Config,
    processes: &TaskTracker,
    held: impl Send + 'static,
) -> Result<InitializedProcess, BridgeError> {
    let started_ms = now_ms();
    let (bridge, mut inbox) = Bridge::start(&config.launch, config.debug, processes)?;
    hold_until_exit(&bridge, processes, held);
    match bridge.request(&Initialize::gateway()).await {
        Ok(runtime) => {
            if let Some(version) = runtime.version() {
                version.check(&config.launch)?;
                bridge.set_version(version);
            }
            bridge.notify("initialized").await?;
            Ok(InitializedProcess { bridge, inbox, runtime, started_ms })
        }
        Err(error) => Err(with_exit_reason(error, &mut inbox).await),
    }
}

/// Returns `true` if a process exited because another one was creating the same database in codex's home. Older
/// versions of codex fail so when several of them start at once in a new home.
fn is_startup_race(error: &BridgeError) -> bool {
    let BridgeError::Exited(Exit { last_line: Some(line), .. }) = error else { return false };
    line.contains("failed to initialize sqlite state runtime")
}

/// Keeps `held`, such as a permit or a thread lock, until a process has exited. The task that does so is tracked in
/// `processes`: when all tracked tasks have ended, `held` has been dropped.
pub(crate) fn hold_until_exit(bridge: &Bridge, processes: &TaskTracker, held: impl Send + 'static) {
    let exited = bridge.exited();
    processes.spawn(async move {
        exited.await;
        drop(held);
    });
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
        tracing::warn!(%error, "codex did not report its account");
        AccountReply::default()
    })
}

/// Reads codex's configuration. Empty if the request fails, because it is read again for each thread.
async fn read_config(bridge: &Bridge) -> CodexConfig {
    match bridge.request(&ConfigRead::default()).await {
        Ok(reply) => reply.config,
        Err(error) => {
            tracing::warn!(%error, "codex did not report its configuration");
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
                tracing::warn!(%error, "codex did not list its models");
                break;
            }
        }
        if cursor.is_none() {
            break;
        }
    }
    models
}

/// Adds the cause to an error, if the process has reported it: how it exited, or output that is no message.
pub(crate) async fn with_exit_reason(error: BridgeError, inbox: &mut InboundReceiver) -> BridgeError {
    match error {
        BridgeError::Closed => {
            let exit = async {
                loop {
                    match inbox.recv().await {
                        Some(Inbound::Exited(exit)) => return Some(BridgeError::Exited(exit)),
                        Some(_) => {}
                        None => return None,
                    }
                }
            };
            timeout(EXIT_REASON_TIMEOUT, exit).await.ok().flatten().unwrap_or(error)
        }
        BridgeError::Deadline { method, after, hint: None } => {
            let mut hint = None;
            while let Ok(inbound) = inbox.try_recv() {
                if let Inbound::Malformed(line) = inbound {
                    hint = Some(format!("; it printed something that is no message: {line}"));
                    break;
                }
            }
            BridgeError::Deadline { method, after, hint }
        }
        error => error,
    }
}
