//! Opening a process for a session: start, handshake, thread.

use std::time::Duration;

use codex_gateway_wire::{ThreadId, api::Model};
use futures::{future::try_join, join};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::{
    bridge::{
        Bridge, BridgeError, Inbound, Inbox,
        protocol::{
            AccountRead, AccountReply, Initialize, Initialized, ModelList, ThreadReply, ThreadResume,
            ThreadStart,
        },
    },
    clock::now_ms,
    config::Config,
};

/// More pages of models than anybody has.
const MODEL_PAGES: usize = 20;
/// How long to wait for the word why a process ended.
const LAST_WORDS: Duration = Duration::from_secs(4);

/// A process that has been greeted.
pub(crate) struct Greeted {
    pub bridge: Bridge,
    pub inbox: Inbox,
    pub runtime: Initialized,
}

/// A process that serves a thread.
pub(crate) struct Opened {
    pub bridge: Bridge,
    pub inbox: Inbox,
    pub started_ms: i64,
    pub runtime: Initialized,
    pub account: AccountReply,
    pub models: Vec<Model>,
    pub thread: ThreadReply,
}

/// What thread a process shall serve.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// A thread that goes on; a new one without.
    pub thread: Option<ThreadId>,
    /// The model; codex's own choice without.
    pub model: Option<String>,
}

/// Starts a process and greets it.
pub(crate) async fn greet(config: &Config, processes: &TaskTracker) -> Result<Greeted, BridgeError> {
    let (bridge, mut inbox) = Bridge::start(&config.launch, config.debug, processes)?;
    match bridge.request(&Initialize::gateway()).await {
        Ok(runtime) => {
            bridge.notify("initialized").await?;
            Ok(Greeted { bridge, inbox, runtime })
        }
        Err(error) => Err(explain(error, &mut inbox).await),
    }
}

/// Starts a process, greets it, and opens a thread in it. What can be asked at the same time is. If this
/// fails or is dropped, the process ends: `processes` says when.
pub(crate) async fn open(
    config: &Config,
    wanted: Wanted,
    processes: &TaskTracker,
) -> Result<Opened, BridgeError> {
    let started_ms = now_ms();
    let Greeted { bridge, mut inbox, runtime } = greet(config, processes).await?;
    let opened = join!(account(&bridge), models(&bridge), thread(&bridge, config, wanted));
    match opened {
        (account, models, Ok(thread)) => {
            Ok(Opened { bridge, inbox, started_ms, runtime, account, models, thread })
        }
        (_, _, Err(error)) => Err(explain(error, &mut inbox).await),
    }
}

/// Who codex is signed in as. Not worth failing for.
pub(crate) async fn account(bridge: &Bridge) -> AccountReply {
    bridge.request(&AccountRead { refresh_token: false }).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "codex does not say who it is signed in as");
        AccountReply::default()
    })
}

/// The models that can be chosen. Not worth failing for.
pub(crate) async fn models(bridge: &Bridge) -> Vec<Model> {
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

async fn thread(bridge: &Bridge, config: &Config, wanted: Wanted) -> Result<ThreadReply, BridgeError> {
    let start = ThreadStart {
        model: wanted.model,
        cwd: config.cwd.to_string_lossy().into_owned(),
        sandbox: config.sandbox.as_str(),
        approval_policy: config.approval_policy.as_str(),
    };
    let Some(thread_id) = wanted.thread else {
        return bridge.request(&start).await;
    };
    match bridge.request(&ThreadResume { thread_id, exclude_turns: true, start: start.clone() }).await {
        // A thread that never had a turn is not on disk: there is nothing to go on with.
        Err(BridgeError::Refused { error, .. }) if error.message.contains("no rollout found") => {
            bridge.request(&start).await
        }
        reply => reply,
    }
}

/// Says why a process did not answer, where its last words tell.
async fn explain(error: BridgeError, inbox: &mut Inbox) -> BridgeError {
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

/// Starts a process only to ask it what there is: its account and its models. The process ends.
pub(crate) async fn probe(
    config: &Config,
    processes: &TaskTracker,
) -> Result<(AccountReply, Vec<Model>), BridgeError> {
    let Greeted { bridge, inbox: _inbox, .. } = greet(config, processes).await?;
    let asked = try_join(async { Ok(account(&bridge).await) }, async { Ok(models(&bridge).await) }).await;
    bridge.close().await;
    asked
}
