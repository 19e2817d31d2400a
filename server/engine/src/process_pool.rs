//! The process pool: codex processes that are started and initialized before a session needs one.
//!
//! Directory, model and sandbox belong to threads, so any process can serve any session. A process is not handed out
//! if it does not answer, or if codex's login, `.env` or executable has changed since its start.

mod launch_fingerprint;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use codex_app_server_client::{
    BridgeError, InitializedProcess,
    protocol::{AccountRead, AccountReply},
};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::launch_fingerprint::LaunchFingerprint;
pub(crate) use self::launch_fingerprint::{FileState, file_state};
use crate::{app_server_info::AppServerInfo, config::Config, error::CodexErrorText};

/// How long a process may take to answer a health check.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(1);
/// How often the pooled processes are checked.
const HEALTH_INTERVAL: Duration = Duration::from_secs(30);
/// How long the pool waits before it replaces a process that was taken, so that the session can open its thread
/// first.
const REFILL_DELAY: Duration = Duration::from_millis(250);
/// How long to wait after a failed start. Doubled for each further failure, up to [`MAX_RETRY_DELAY`].
const RETRY_DELAY: Duration = Duration::from_secs(1);
const MAX_RETRY_DELAY: Duration = Duration::from_mins(1);
/// How many unread messages a pooled process may have. (Codex blocks when the channel is full.)
const MAX_BUFFERED_MESSAGES: usize = 512;

/// An initialized process that serves no session yet.
#[derive(Debug)]
pub(crate) struct PooledProcess {
    pub process: InitializedProcess,
    pub server_info: AppServerInfo,
    fingerprint: LaunchFingerprint,
}

impl PooledProcess {
    /// Starts a process and tracks it in `processes`.
    async fn start(config: &Config, processes: &TaskTracker) -> Result<Self, BridgeError> {
        // Taken first, because the process may not see what changes after its start.
        let fingerprint = LaunchFingerprint::read(&config.launch).await;
        let process = codex_app_server_client::start(&config.launch, processes, ()).await?;
        let server_info = AppServerInfo::query(&process.bridge).await;
        Ok(Self { process, server_info, fingerprint })
    }

    /// Returns `true` if the process runs and its messages fit the buffer. Sends no request to it.
    fn is_usable(&self) -> bool {
        !self.process.bridge.has_exited() && self.process.inbox.len() < MAX_BUFFERED_MESSAGES
    }
}

/// The process pool of a gateway. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct ProcessPool {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: Arc<Config>,
    processes: TaskTracker,
    stopping: CancellationToken,
    idle: Mutex<VecDeque<PooledProcess>>,
    /// Signals that a process was taken or has exited.
    refill: Notify,
}

impl ProcessPool {
    /// Creates an empty pool. Its processes and its refill task are tracked in `processes`, and end when `stopping`
    /// is cancelled.
    pub(crate) fn new(config: Arc<Config>, processes: TaskTracker, stopping: CancellationToken) -> Self {
        let inner = Inner { config, processes, stopping, idle: Mutex::default(), refill: Notify::default() };
        Self { inner: Arc::new(inner) }
    }

    /// Starts the first process and returns its server info, then keeps the pool filled in the background. If the
    /// configured size is zero, the process is shut down after it has answered. `None` if the gateway stops
    /// meanwhile.
    pub(crate) async fn start(&self) -> Option<Result<AppServerInfo, BridgeError>> {
        let Inner { config, processes, stopping, .. } = &*self.inner;
        let first = tokio::select! {
            first = PooledProcess::start(config, processes) => first,
            () = stopping.cancelled() => return None,
        };
        let server_info = first.map(|pooled| {
            let server_info = pooled.server_info.clone();
            self.put(pooled);
            server_info
        });
        if config.warm_processes > 0 {
            processes.spawn(self.clone().refill_loop());
        }
        Some(server_info)
    }

    /// Returns the number of processes in the pool.
    pub(crate) fn idle_count(&self) -> u64 {
        self.idle().len() as u64
    }

    /// Takes a process that passes the health check. `None` if the pool has none.
    pub(crate) async fn pop_healthy(&self) -> Option<PooledProcess> {
        while let Some(mut pooled) = self.pop() {
            if let Some(account) = self.health_check(&pooled).await {
                pooled.server_info.account = account;
                return Some(pooled);
            }
        }
        None
    }

    /// Takes a process without a health check, which is left to the caller ([`ProcessPool::health_check`]). `None` if
    /// the pool is empty.
    pub(crate) fn pop(&self) -> Option<PooledProcess> {
        let pooled = self.idle().pop_front()?;
        self.inner.refill.notify_one();
        Some(pooled)
    }

    /// Asks a process for its account. `None` if the process cannot serve a session: it does not answer in time, or a
    /// file that it read at its start has changed.
    pub(crate) async fn health_check(&self, pooled: &PooledProcess) -> Option<AccountReply> {
        let account = async {
            if !pooled.is_usable()
                || pooled.fingerprint != LaunchFingerprint::read(&self.inner.config.launch).await
            {
                return None;
            }
            let request = AccountRead { refresh_token: false };
            timeout(HEALTH_TIMEOUT, pooled.process.bridge.request(&request)).await.ok()?.ok()
        };
        let account = account.await;
        if account.is_none() {
            tracing::info!("a warm process is not used: it does not answer, or codex was changed meanwhile");
        }
        account
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<PooledProcess>> {
        self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a process. If the pool is full, the process is dropped, which shuts it down.
    fn put(&self, pooled: PooledProcess) {
        let mut idle = self.idle();
        if idle.len() < self.inner.config.warm_processes && !self.inner.stopping.is_cancelled() {
            let (exited, pool) = (pooled.process.bridge.exited(), self.clone());
            tokio::spawn(async move {
                exited.await;
                pool.inner.refill.notify_one();
            });
            idle.push_back(pooled);
            tracing::debug!(waiting = idle.len(), "a codex process waits for a session");
        }
    }

    /// Keeps the pool at its configured size until the gateway stops, then empties it.
    async fn refill_loop(self) {
        tokio::select! {
            () = self.refill() => {}
            () = self.inner.stopping.cancelled() => self.idle().clear(),
        }
    }

    async fn refill(&self) {
        let mut delay = RETRY_DELAY;
        loop {
            self.idle().retain(PooledProcess::is_usable);
            if self.idle().len() >= self.inner.config.warm_processes {
                let refill = timeout(HEALTH_INTERVAL, self.inner.refill.notified()).await;
                if refill.is_ok() {
                    sleep(REFILL_DELAY).await;
                } else {
                    self.drop_unhealthy().await;
                }
                continue;
            }
            match PooledProcess::start(&self.inner.config, &self.inner.processes).await {
                Ok(pooled) => {
                    self.put(pooled);
                    delay = RETRY_DELAY;
                }
                Err(error) => {
                    tracing::warn!(error = %CodexErrorText(&error), "no warm process can be started");
                    sleep(delay).await;
                    delay = (delay * 2).min(MAX_RETRY_DELAY);
                }
            }
        }
    }

    /// Checks each pooled process, and shuts down those that fail.
    async fn drop_unhealthy(&self) {
        // One at a time, so that the others can be taken meanwhile.
        for _ in 0..self.inner.config.warm_processes {
            let Some(pooled) = self.idle().pop_front() else { return };
            if self.health_check(&pooled).await.is_some() {
                self.idle().push_back(pooled);
            }
        }
    }
}
