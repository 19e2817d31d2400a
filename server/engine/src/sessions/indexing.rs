//! Conversations that codex has a file of and has not indexed: the file was copied into its home, or its databases were
//! removed. Codex lists such a thread, but returns no turns of it until the thread is resumed.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use codex_gateway_wire::{OwnerId, SessionId, ThreadId};
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use serde::Deserialize;
use tokio::{sync::Semaphore, time::timeout};

use super::{Sessions, threads};
use crate::{
    bridge::{
        Bridge, BridgeError, Inbox,
        protocol::{ThreadIndex, ThreadRead, is_archived, is_held, is_without_provider},
    },
    error::SessionError,
    greeting::{Greeted, greet},
};

/// How long a reader waits for codex to index a conversation before being told what is being done.
const INDEX_WAIT: Duration = Duration::from_secs(2);
/// How many conversations are indexed at the same time. Each has a process of its own.
const MAX_INDEXERS: usize = 2;

type Outcome = Result<(), SessionError>;
/// The indexing of one conversation; all clones are one.
type Run = Shared<BoxFuture<'static, Outcome>>;

/// The conversations that are being indexed. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Indexing {
    running: Arc<Mutex<HashMap<ThreadId, Run>>>,
    permits: Arc<Semaphore>,
}

impl std::fmt::Debug for Indexing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Indexing").finish_non_exhaustive()
    }
}

impl Default for Indexing {
    fn default() -> Self {
        Self { running: Arc::default(), permits: Arc::new(Semaphore::new(MAX_INDEXERS)) }
    }
}

impl Indexing {
    /// Waits until a thread is not being indexed: until then another process has it open.
    pub(crate) async fn finished(&self, thread: &ThreadId) {
        if let Some(run) = self.run(thread) {
            // Its readers are told how it went.
            let _ = run.await;
        }
    }

    /// Waits until a thread is not being indexed, because codex tells a part of it until then.
    ///
    /// # Errors
    /// [`SessionError::Indexing`] if that takes long.
    pub(super) async fn readable(&self, thread: &ThreadId) -> Result<(), SessionError> {
        match self.run(thread) {
            Some(run) => timeout(INDEX_WAIT, run).await.map(drop).map_err(|_| SessionError::Indexing),
            None => Ok(()),
        }
    }

    fn run(&self, thread: &ThreadId) -> Option<Run> {
        self.lock().get(thread).cloned()
    }

    /// The indexing of a thread: the one that is running, or else a new one.
    fn join(&self, thread: &ThreadId, begin: impl FnOnce() -> BoxFuture<'static, Outcome>) -> Run {
        self.lock().entry(thread.clone()).or_insert_with(|| begin().shared()).clone()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ThreadId, Run>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What has to be known of a thread to index it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    #[serde(default)]
    preview: Option<String>,
    #[serde(default)]
    cwd: String,
    #[serde(default)]
    model_provider: Option<String>,
    #[serde(default)]
    status: Status,
}

/// Whether the process that was asked has the thread open.
#[derive(Default, Deserialize)]
struct Status {
    #[serde(rename = "type", default)]
    kind: String,
}

impl Sessions {
    /// Lets codex index a thread of which it tells no turns, if something was said in it and no process has it open.
    /// Returns `true` if codex has indexed it: then it is worth reading again.
    ///
    /// # Errors
    /// [`SessionError::Indexing`] if it takes long; it goes on. [`SessionError::Archived`], or what codex says.
    pub(super) async fn index(&self, owner: &OwnerId, thread: &ThreadId) -> Result<bool, SessionError> {
        #[derive(Deserialize)]
        struct Read {
            thread: Stored,
        }
        let request = ThreadRead { thread_id: thread.clone(), include_turns: false };
        let raw = self.ask_in(owner, thread, &request).await.map_err(threads::no_thread)?;
        let Read { thread: stored } = threads::read(&raw)?;
        let is_blank = stored.preview.as_deref().unwrap_or_default().trim().is_empty();
        if is_blank || stored.status.kind != "notLoaded" {
            return Ok(false);
        }
        let run = self.inner.indexing.join(thread, || {
            let (sessions, owner, thread) = (self.clone(), owner.clone(), thread.clone());
            let task = self.inner.background.spawn(async move {
                let outcome = tokio::select! {
                    outcome = sessions.index_now(&owner, &thread, stored) => outcome,
                    () = sessions.inner.stopping.cancelled() => Err(SessionError::ShuttingDown),
                };
                sessions.inner.indexing.lock().remove(&thread);
                outcome
            });
            // A task that is gone has panicked, or the runtime ends.
            task.map(|outcome| outcome.unwrap_or(Err(SessionError::ShuttingDown))).boxed()
        });
        match timeout(INDEX_WAIT, run).await {
            Ok(outcome) => outcome.map(|()| true),
            Err(_) => Err(SessionError::Indexing),
        }
    }

    /// Resumes the thread in a process of its own, which indexes it, and ends that.
    async fn index_now(&self, owner: &OwnerId, thread: &ThreadId, stored: Stored) -> Outcome {
        let inner = &self.inner;
        let _permit = inner.indexing.permits.acquire().await.map_err(|_| SessionError::ShuttingDown)?;
        // A session that wants the thread waits until the process is gone. One that is in the thread already, and has no
        // process, waits for the end of the indexing before it starts one.
        let hold = match inner.holds.take(thread, &SessionId::default(), owner).await {
            Ok(hold) => Some(hold.for_process()),
            Err(SessionError::ThreadHeld { .. }) => None,
            Err(error) => return Err(error),
        };
        tracing::info!(%thread, "codex has not indexed a conversation; it does so now");
        let Greeted { bridge, mut inbox, .. } = greet(&inner.config, &inner.background, hold).await?;
        // No turn runs here, so nothing of the folder's own settings may start, whoever trusts it.
        let request = ThreadIndex::new(thread.clone()).untrusted(Path::new(&stored.cwd));
        let mut reply = ask(&bridge, &mut inbox, &request).await;
        if let (Err(BridgeError::Refused { error, .. }), Some(provider)) = (&reply, &stored.model_provider)
            && is_without_provider(error)
        {
            reply = ask(&bridge, &mut inbox, &request.with_provider(provider)).await;
        }
        bridge.close().await;
        match reply {
            Ok(()) => Ok(()),
            // A process that is not the gateway's has it open, and so has indexed it.
            Err(BridgeError::Refused { error, .. }) if is_held(&error) => Ok(()),
            Err(BridgeError::Refused { error, .. }) if is_archived(&error) => Err(SessionError::Archived),
            Err(error) => Err(threads::no_thread(error.into())),
        }
    }
}

/// Asks a process that nobody else listens to.
async fn ask(bridge: &Bridge, inbox: &mut Inbox, request: &ThreadIndex) -> Result<(), BridgeError> {
    let listening = async { while inbox.recv().await.is_some() {} };
    tokio::select! {
        reply = bridge.request(request) => reply.map(drop),
        // Its end: the request fails, too.
        () = listening => Err(BridgeError::Closed),
    }
}
