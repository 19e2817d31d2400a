//! Indexing of conversations that codex has a file of but no index: the file was copied into
//! codex's home, or codex's databases were removed. Codex lists such a thread, but returns no turns
//! of it until the thread is resumed.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use codex_app_server_client::{
    Bridge, BridgeError, InboundReceiver, InitializedProcess,
    protocol::{ThreadIndex, ThreadRead, is_thread_archived, is_unknown_provider, is_write_locked},
};
use codex_gateway_wire::{OwnerId, SessionId, ThreadId};
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use serde::Deserialize;
use tokio::{sync::Semaphore, time::timeout};

use super::{Sessions, threads};
use crate::error::SessionError;

/// How long a reader waits for codex to index a conversation before it gets
/// [`SessionError::Indexing`].
const INDEX_WAIT: Duration = Duration::from_secs(2);
/// Maximum number of conversations that are indexed at the same time. Each has its own process.
const MAX_INDEXERS: usize = 2;

type IndexingResult = Result<(), SessionError>;
/// The indexing of one conversation. Clones share the result.
type IndexingRun = Shared<BoxFuture<'static, IndexingResult>>;

/// The conversations that are being indexed. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Indexing {
    running: Arc<Mutex<HashMap<ThreadId, IndexingRun>>>,
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
    /// Waits until a thread is not being indexed. Another process has it open until then.
    pub(crate) async fn wait_until_finished(&self, thread: &ThreadId) {
        if let Some(run) = self.running(thread) {
            // The readers of the thread get the result.
            let _ = run.await;
        }
    }

    /// Waits until a thread is not being indexed. Codex returns only a part of it until then.
    ///
    /// # Errors
    /// [`SessionError::Indexing`] after [`INDEX_WAIT`].
    pub(super) async fn wait_until_readable(&self, thread: &ThreadId) -> Result<(), SessionError> {
        match self.running(thread) {
            Some(run) => timeout(INDEX_WAIT, run).await.map(drop).map_err(|_| SessionError::Indexing),
            None => Ok(()),
        }
    }

    fn running(&self, thread: &ThreadId) -> Option<IndexingRun> {
        self.lock().get(thread).cloned()
    }

    /// Returns the running indexing of a thread, or starts one.
    fn join_or_start(
        &self,
        thread: &ThreadId,
        begin: impl FnOnce() -> BoxFuture<'static, IndexingResult>,
    ) -> IndexingRun {
        self.lock().entry(thread.clone()).or_insert_with(|| begin().shared()).clone()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ThreadId, IndexingRun>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The fields of a thread that indexing needs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThreadInfo {
    #[serde(default)]
    preview: Option<String>,
    #[serde(default)]
    cwd: String,
    #[serde(default)]
    model_provider: Option<String>,
    #[serde(default)]
    status: Status,
}

/// Whether the process that was asked has loaded the thread.
#[derive(Default, Deserialize)]
struct Status {
    #[serde(rename = "type", default)]
    kind: String,
}

impl Sessions {
    /// Indexes a thread for which codex returns no turns, if it has messages and no process has
    /// loaded it. Returns `true` if codex has indexed the thread: reading it again is worthwhile.
    ///
    /// # Errors
    /// [`SessionError::Indexing`] after [`INDEX_WAIT`]; the indexing continues.
    /// [`SessionError::Archived`], or an error of codex.
    pub(super) async fn index_if_needed(
        &self,
        owner: &OwnerId,
        thread: &ThreadId,
    ) -> Result<bool, SessionError> {
        #[derive(Deserialize)]
        struct Read {
            thread: ThreadInfo,
        }
        let request = ThreadRead { thread_id: thread.clone(), include_turns: false };
        let raw = self.request_for_thread(owner, thread, &request).await.map_err(threads::thread_error)?;
        let Read { thread: info } = threads::parse_json(&raw)?;
        let is_blank = info.preview.as_deref().unwrap_or_default().trim().is_empty();
        if is_blank || info.status.kind != "notLoaded" {
            return Ok(false);
        }
        let run = self.inner.indexing.join_or_start(thread, || {
            let (sessions, owner, thread) = (self.clone(), owner.clone(), thread.clone());
            let task = self.inner.background.spawn(async move {
                let outcome = tokio::select! {
                    outcome = sessions.run_indexing(&owner, &thread, info) => outcome,
                    () = sessions.inner.stopping.cancelled() => Err(SessionError::ShuttingDown),
                };
                sessions.inner.indexing.lock().remove(&thread);
                outcome
            });
            // The task has panicked, or the runtime is shutting down.
            task.map(|outcome| outcome.unwrap_or(Err(SessionError::ShuttingDown))).boxed()
        });
        match timeout(INDEX_WAIT, run).await {
            Ok(outcome) => outcome.map(|()| true),
            Err(_) => Err(SessionError::Indexing),
        }
    }

    /// Resumes the thread in its own process, which indexes it, and ends the process.
    async fn run_indexing(&self, owner: &OwnerId, thread: &ThreadId, info: ThreadInfo) -> IndexingResult {
        let inner = &self.inner;
        let _permit = inner.indexing.permits.acquire().await.map_err(|_| SessionError::ShuttingDown)?;
        // A session that wants the thread waits until the process has exited. A session that is
        // already in the thread and has no process waits for the indexing before it starts one.
        let lock = match inner.thread_locks.acquire(thread, &SessionId::default(), owner).await {
            Ok(lock) => Some(lock.for_process()),
            Err(SessionError::ThreadHeld { .. }) => None,
            Err(error) => return Err(error),
        };
        tracing::info!(%thread, "codex has not indexed a conversation; it does so now");
        let InitializedProcess { bridge, mut inbox, .. } =
            codex_app_server_client::start(&inner.config.launch, &inner.background, lock).await?;
        // No turn runs in this process, so no settings of the folder may start anything, whether
        // the folder is trusted or not.
        let request = ThreadIndex::new(thread.clone()).untrusted(Path::new(&info.cwd));
        let mut reply = request_ignoring_events(&bridge, &mut inbox, &request).await;
        if let (Err(BridgeError::Refused { error, .. }), Some(provider)) = (&reply, &info.model_provider)
            && is_unknown_provider(error)
        {
            reply = request_ignoring_events(&bridge, &mut inbox, &request.with_provider(provider)).await;
        }
        bridge.shutdown().await;
        match reply {
            Ok(()) => Ok(()),
            // A process outside of the gateway has the thread open, and has therefore indexed it.
            Err(BridgeError::Refused { error, .. }) if is_write_locked(&error) => Ok(()),
            Err(BridgeError::Refused { error, .. }) if is_thread_archived(&error) => {
                Err(SessionError::Archived)
            }
            Err(error) => Err(threads::thread_error(error.into())),
        }
    }
}

/// Sends a request to a process whose other messages are ignored.
async fn request_ignoring_events(
    bridge: &Bridge,
    inbox: &mut InboundReceiver,
    request: &ThreadIndex,
) -> Result<(), BridgeError> {
    let listening = async { while inbox.recv().await.is_some() {} };
    tokio::select! {
        reply = bridge.request(request) => reply.map(drop),
        // The process has exited, so the request has failed as well.
        () = listening => Err(BridgeError::Closed),
    }
}
