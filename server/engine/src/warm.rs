//! Warm processes: started and greeted before anybody needs them, so that a session begins, and wakes, at once.
//!
//! Directory, model and sandbox belong to threads, so that any process serves any session. None is handed out that does
//! not answer, or that was started before codex was signed in anew, or replaced.

mod stamp;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::stamp::Stamp;
use crate::{
    bridge::{
        BridgeError,
        protocol::{AccountRead, AccountReply},
    },
    config::Config,
    greeting::{Greeted, Offer, greet},
};

/// How long a process may take to answer that it is well.
const WELL: Duration = Duration::from_secs(1);
/// How often those that wait are asked.
const ROUND: Duration = Duration::from_secs(30);
/// How long the start of another one waits once one was taken: opening a thread, it has better use of the machine.
const SETTLE: Duration = Duration::from_millis(250);
/// How long to wait after one could not be started, and at most when that goes on.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How much a process may have said that nobody has heard yet. (It waits when its inbox is full.)
const UNHEARD: usize = 512;

/// A process that has nothing to do yet.
#[derive(Debug)]
pub(crate) struct Warm {
    pub greeted: Greeted,
    pub offer: Offer,
    stamp: Stamp,
}

impl Warm {
    /// Starts a process, one of `processes`.
    async fn start(config: &Config, processes: &TaskTracker) -> Result<Self, BridgeError> {
        // Before the process: what changes meanwhile, it may not have seen.
        let stamp = Stamp::of(&config.launch).await;
        let greeted = greet(config, processes, ()).await?;
        let offer = Offer::of(&greeted.bridge).await;
        Ok(Self { greeted, offer, stamp })
    }

    /// Whether it can serve a session, as far as can be seen without asking it.
    fn is_there(&self) -> bool {
        !self.greeted.bridge.is_gone() && self.greeted.inbox.len() < UNHEARD
    }
}

/// The warm processes of a gateway. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: Arc<Config>,
    processes: TaskTracker,
    stopping: CancellationToken,
    idle: Mutex<VecDeque<Warm>>,
    /// One was taken, or has ended.
    missing: Notify,
}

impl Pool {
    /// An empty one. Its processes, and what starts them, are some of `processes`, and end when the gateway is `stopping`.
    pub(crate) fn new(config: Arc<Config>, processes: TaskTracker, stopping: CancellationToken) -> Self {
        let inner = Inner { config, processes, stopping, idle: Mutex::default(), missing: Notify::default() };
        Self { inner: Arc::new(inner) }
    }

    /// Starts the first process, from then on keeps as many as are configured, and tells what the first one said. If
    /// none are, it ends at once. `None` if the gateway stops meanwhile.
    pub(crate) async fn begin(&self) -> Option<Result<Offer, BridgeError>> {
        let Inner { config, processes, stopping, .. } = &*self.inner;
        let first = tokio::select! {
            first = Warm::start(config, processes) => first,
            () = stopping.cancelled() => return None,
        };
        let offer = first.map(|warm| {
            let offer = warm.offer.clone();
            self.put(warm);
            offer
        });
        if config.warm_processes > 0 {
            processes.spawn(self.clone().keep());
        }
        Some(offer)
    }

    /// How many processes wait.
    pub(crate) fn waiting(&self) -> u64 {
        self.idle().len() as u64
    }

    /// A process that is well, if there is one.
    pub(crate) async fn take(&self) -> Option<Warm> {
        while let Some(mut warm) = self.take_unasked() {
            if let Some(account) = self.ask(&warm).await {
                warm.offer.account = account;
                return Some(warm);
            }
        }
        None
    }

    /// A process, if there is one. Whether it is well, [`Pool::ask`] says.
    pub(crate) fn take_unasked(&self) -> Option<Warm> {
        let warm = self.idle().pop_front()?;
        self.inner.missing.notify_one();
        Some(warm)
    }

    /// Who it is signed in as, if it can serve a session.
    pub(crate) async fn ask(&self, warm: &Warm) -> Option<AccountReply> {
        let answer = async {
            if !warm.is_there() || warm.stamp != Stamp::of(&self.inner.config.launch).await {
                return None;
            }
            let request = AccountRead { refresh_token: false };
            timeout(WELL, warm.greeted.bridge.request(&request)).await.ok()?.ok()
        };
        let answer = answer.await;
        if answer.is_none() {
            tracing::info!("a warm process is not used: it does not answer, or codex was changed meanwhile");
        }
        answer
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Warm>> {
        self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a process; one that is too many ends.
    fn put(&self, warm: Warm) {
        let mut idle = self.idle();
        if idle.len() < self.inner.config.warm_processes && !self.inner.stopping.is_cancelled() {
            let (gone, pool) = (warm.greeted.bridge.gone(), self.clone());
            tokio::spawn(async move {
                gone.await;
                pool.inner.missing.notify_one();
            });
            idle.push_back(warm);
            tracing::debug!(waiting = idle.len(), "a codex process waits for a session");
        }
    }

    /// Keeps as many processes as are configured, until the gateway stops.
    async fn keep(self) {
        tokio::select! {
            () = self.replace() => {}
            () = self.inner.stopping.cancelled() => self.idle().clear(),
        }
    }

    async fn replace(&self) {
        let mut pause = PAUSE;
        loop {
            self.idle().retain(Warm::is_there);
            if self.idle().len() >= self.inner.config.warm_processes {
                let missing = timeout(ROUND, self.inner.missing.notified()).await;
                if missing.is_ok() {
                    sleep(SETTLE).await;
                } else {
                    self.weed().await;
                }
                continue;
            }
            match Warm::start(&self.inner.config, &self.inner.processes).await {
                Ok(warm) => {
                    self.put(warm);
                    pause = PAUSE;
                }
                Err(error) => {
                    tracing::warn!(%error, "no warm process can be started");
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Asks each process whether it is well. Those that are not end.
    async fn weed(&self) {
        // One after the other: meanwhile the others can be taken.
        for _ in 0..self.inner.config.warm_processes {
            let Some(warm) = self.idle().pop_front() else { return };
            if self.ask(&warm).await.is_some() {
                self.idle().push_back(warm);
            }
        }
    }
}
