//! Which threads codex is indexing. `sessions/indexing.rs` runs the indexing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use codex_gateway_wire::ThreadId;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use crate::error::SessionError;

/// How long a reader waits for codex to index a conversation before it gets
/// [`SessionError::Indexing`].
pub(crate) const INDEX_WAIT: Duration = Duration::from_secs(2);
/// Maximum number of conversations that are indexed at the same time. Each has its own process.
const MAX_INDEXERS: usize = 2;

pub(crate) type IndexingResult = Result<(), SessionError>;
/// The indexing of one conversation. Clones share the result.
pub(crate) type IndexingRun = Shared<BoxFuture<'static, IndexingResult>>;

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
    pub(crate) async fn wait_until_readable(&self, thread: &ThreadId) -> Result<(), SessionError> {
        match self.running(thread) {
            Some(run) => timeout(INDEX_WAIT, run).await.map(drop).map_err(|_| SessionError::Indexing),
            None => Ok(()),
        }
    }

    fn running(&self, thread: &ThreadId) -> Option<IndexingRun> {
        self.lock().get(thread).cloned()
    }

    /// Returns the running indexing of a thread, or starts one.
    pub(crate) fn join_or_start(
        &self,
        thread: &ThreadId,
        begin: impl FnOnce() -> BoxFuture<'static, IndexingResult>,
    ) -> IndexingRun {
        self.lock().entry(thread.clone()).or_insert_with(|| begin().shared()).clone()
    }

    /// Forgets a thread whose indexing has ended.
    pub(crate) fn remove(&self, thread: &ThreadId) {
        self.lock().remove(thread);
    }

    /// Waits for a permit to index a thread. `None` if the gateway stops.
    pub(crate) async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        self.permits.acquire().await.ok()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ThreadId, IndexingRun>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
