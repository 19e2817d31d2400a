//! Indexing of conversations that codex has a file of but no index: the file was copied into
//! codex's home, or codex's databases were removed. Codex lists such a thread, but returns no turns
//! of it until the thread is resumed.

use std::path::Path;

use codex_app_server_client::{
    Bridge, BridgeError, InboundReceiver, InitializedProcess,
    protocol::{ThreadIndex, ThreadRead, is_thread_archived, is_unknown_provider, is_write_locked},
};
use codex_gateway_wire::{OwnerId, SessionId, ThreadId};
use futures::FutureExt;
use serde::Deserialize;
use tokio::time::timeout;

use super::{Sessions, threads};
use crate::{
    error::SessionError,
    indexing::{INDEX_WAIT, IndexingResult},
};

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
                sessions.inner.indexing.remove(&thread);
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
        let _permit = inner.indexing.permit().await.ok_or(SessionError::ShuttingDown)?;
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
