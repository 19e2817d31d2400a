//! The beginning of a codex process: it is started, greeted, and asked what all sessions ask.

use std::{sync::Arc, time::Duration};

use codex_gateway_wire::api::Model;
use tokio::{join, time::timeout};
use tokio_util::task::TaskTracker;

use crate::{
    bridge::{
        Bridge, BridgeError, ConfigWarning, Exit, Inbound, Inbox,
        protocol::{AccountRead, AccountReply, CodexConfig, ConfigRead, Initialize, Initialized, ModelList},
    },
    clock::now_ms,
    config::Config,
    environment::{RequestedVariable, requested},
    probe,
    project::ProjectRules,
};

/// More pages of models than anybody has.
const MODEL_PAGES: usize = 20;
/// How long to wait for the word why a process ended.
const LAST_WORDS: Duration = Duration::from_secs(4);
/// How often a process is started in all that ends because another one starts.
const TRIES: u32 = 4;

/// A process that has been greeted.
#[derive(Debug)]
pub(crate) struct Greeted {
    pub bridge: Bridge,
    pub inbox: Inbox,
    pub runtime: Initialized,
    pub started_ms: i64,
}

/// What a process says that is the same for all sessions.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub account: AccountReply,
    pub models: Vec<Model>,
    pub project_rules: ProjectRules,
    /// The variables that codex's configuration asks for.
    pub requested_variables: Vec<RequestedVariable>,
    pub config_warning: Option<ConfigWarning>,
}

/// Starts a process, one of `processes`, and greets it. It has what is `held` until it is gone, whoever gives it up.
pub(crate) async fn greet(
    config: &Config,
    processes: &TaskTracker,
    held: impl Send + Sync + 'static,
) -> Result<Greeted, BridgeError> {
    let held = Arc::new(held);
    let mut tries = 1;
    loop {
        match greet_once(config, processes, Arc::clone(&held)).await {
            Err(error) if lost_the_race(&error) && tries < TRIES => tries += 1,
            Err(error @ BridgeError::TooOld(_)) => return Err(error),
            // One that has no app-server does not tell by itself.
            Err(error) => return Err(probe::age(&config.launch).await.map_or(error, Into::into)),
            greeted => return greeted,
        }
    }
}

async fn greet_once(
    config: &Config,
    processes: &TaskTracker,
    held: impl Send + 'static,
) -> Result<Greeted, BridgeError> {
    let started_ms = now_ms();
    let (bridge, mut inbox) = Bridge::start(&config.launch, config.debug, processes)?;
    hold(&bridge, processes, held);
    match bridge.request(&Initialize::gateway()).await {
        Ok(runtime) => {
            if let Some(version) = runtime.version() {
                version.check(&config.launch)?;
                bridge.set_version(version);
            }
            bridge.notify("initialized").await?;
            Ok(Greeted { bridge, inbox, runtime, started_ms })
        }
        Err(error) => Err(explain(error, &mut inbox).await),
    }
}

/// Whether a process has ended because another one was making the same database of codex's home: older versions start
/// badly together in a home that is new.
fn lost_the_race(error: &BridgeError) -> bool {
    let BridgeError::Exited(Exit { last_line: Some(line), .. }) = error else { return false };
    line.contains("failed to initialize sqlite state runtime")
}

/// Lets a process have something, its place or a thread, until it is gone. That counts as one of `processes`: when these
/// have all ended, it is free.
pub(crate) fn hold(bridge: &Bridge, processes: &TaskTracker, held: impl Send + 'static) {
    let gone = bridge.gone();
    processes.spawn(async move {
        gone.await;
        drop(held);
    });
}

impl Offer {
    /// Asks a process.
    pub(crate) async fn of(bridge: &Bridge) -> Self {
        let (account, models, config) = join!(account(bridge), models(bridge), config(bridge));
        let (project_rules, requested_variables) = (ProjectRules::new(&config), requested(&config));
        Self { account, models, project_rules, requested_variables, config_warning: bridge.config_warning() }
    }
}

/// Who codex is signed in as. Not worth failing for.
pub(crate) async fn account(bridge: &Bridge) -> AccountReply {
    bridge.request(&AccountRead { refresh_token: false }).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "codex does not say who it is signed in as");
        AccountReply::default()
    })
}

/// Codex's configuration. Not worth failing for: threads are opened with that of their moment.
async fn config(bridge: &Bridge) -> CodexConfig {
    match bridge.request(&ConfigRead::default()).await {
        Ok(reply) => reply.config,
        Err(error) => {
            tracing::warn!(%error, "codex does not tell its configuration");
            CodexConfig::default()
        }
    }
}

/// The models that can be chosen. Not worth failing for.
async fn models(bridge: &Bridge) -> Vec<Model> {
    let mut models = Vec::new();
    let mut cursor = None;
    for _ in 0..MODEL_PAGES {
        match bridge.request(&ModelList { cursor }).await {
            Ok(page) => {
                models.extend(page.data);
                cursor = page.next_cursor;
            }
            Err(error) => {
                tracing::warn!(%error, "codex does not list its models");
                break;
            }
        }
        if cursor.is_none() {
            break;
        }
    }
    models
}

/// Says why a process did not answer, where its last words tell.
pub(crate) async fn explain(error: BridgeError, inbox: &mut Inbox) -> BridgeError {
    match error {
        BridgeError::Closed => {
            let last_words = async {
                loop {
                    match inbox.recv().await {
                        Some(Inbound::Exited(exit)) => return Some(BridgeError::Exited(exit)),
                        Some(_) => {}
                        None => return None,
                    }
                }
            };
            timeout(LAST_WORDS, last_words).await.ok().flatten().unwrap_or(error)
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
