//! One shared codex process that reads threads which no loaded session is in.
//!
//! A task owns the process: it starts the process for the first request, shares it among all requests, and shuts it
//! down after [`IDLE_TIMEOUT`]. The process serves no session and counts toward no limit.

use std::{sync::Arc, time::Duration};

use codex_app_server_client::{Bridge, BridgeError, Inbound, InboundReceiver, InitializedProcess, Request};
use futures::{FutureExt, future::BoxFuture};
use tokio::{
    sync::{Semaphore, SemaphorePermit, mpsc, oneshot},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::Config,
    error::{CodexErrorText, SessionError},
};

/// How long the process is kept after its last use.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_mins(1);
/// How many threads may be read at the same time. Each can take as much memory as the longest line of codex.
const MAX_CONCURRENT_READS: usize = 4;
/// How long a request waits for one of these permits.
const PERMIT_TIMEOUT: Duration = Duration::from_secs(30);

/// A request for the process, to be answered when it is running.
type BridgeRequest = oneshot::Sender<Result<Bridge, BridgeError>>;

/// A handle on the reading process.
#[derive(Debug)]
pub(crate) struct ThreadReader {
    requests: mpsc::Sender<BridgeRequest>,
    permits: Arc<Semaphore>,
}

impl ThreadReader {
    /// Starts the task, but no process yet. Processes are tracked in `processes`. Must be called within a runtime.
    pub(crate) fn new(
        config: Arc<Config>,
        processes: TaskTracker,
        stopping: CancellationToken,
        idle_timeout: Duration,
    ) -> Self {
        let permits = Arc::new(Semaphore::new(MAX_CONCURRENT_READS));
        let (requests, receiver) = mpsc::channel(MAX_CONCURRENT_READS);
        let task = ReaderTask {
            config,
            processes,
            idle_timeout,
            permits: Arc::clone(&permits),
            waiting: Vec::new(),
            reader: None,
        };
        tokio::spawn(async move {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = task.run(receiver) => {}
            }
        });
        Self { requests, permits }
    }

    /// Sends codex a request that only reads. If the process exits meanwhile, the request is repeated once in another
    /// process.
    ///
    /// # Errors
    /// [`SessionError::ReadersBusy`], [`SessionError::ShuttingDown`], or an error of codex.
    pub(crate) async fn request<R: Request>(&self, request: &R) -> Result<R::Reply, SessionError> {
        let _permit = self.permit().await?;
        let bridge = self.bridge().await?;
        match bridge.request(request).await {
            Err(BridgeError::Closed | BridgeError::Exited(_) | BridgeError::Unresponsive) => {
                bridge.exited().await;
                Ok(self.bridge().await?.request(request).await?)
            }
            reply => Ok(reply?),
        }
    }

    /// Waits for a permit to read. Also needed for reads through another process, such as a session's.
    ///
    /// # Errors
    /// [`SessionError::ReadersBusy`] if none becomes free in time, [`SessionError::ShuttingDown`].
    pub(crate) async fn permit(&self) -> Result<SemaphorePermit<'_>, SessionError> {
        let permit =
            timeout(PERMIT_TIMEOUT, self.permits.acquire()).await.map_err(|_| SessionError::ReadersBusy)?;
        permit.map_err(|_| SessionError::ShuttingDown)
    }

    /// Returns the process, starting it if necessary, for callers that have several requests and hold a
    /// [`ThreadReader::permit`].
    ///
    /// # Errors
    /// [`SessionError::ShuttingDown`], or why the process cannot be started.
    pub(crate) async fn bridge(&self) -> Result<Bridge, SessionError> {
        let (reply, bridge) = oneshot::channel();
        self.requests.send(reply).await.map_err(|_| SessionError::ShuttingDown)?;
        Ok(bridge.await.map_err(|_| SessionError::ShuttingDown)??)
    }
}

/// The state of the task that owns the process.
struct ReaderTask {
    config: Arc<Config>,
    processes: TaskTracker,
    idle_timeout: Duration,
    permits: Arc<Semaphore>,
    /// Requests that wait for the process that is being started.
    waiting: Vec<BridgeRequest>,
    reader: Option<RunningReader>,
}

struct RunningReader {
    bridge: Bridge,
    inbox: InboundReceiver,
}

impl Drop for RunningReader {
    fn drop(&mut self) {
        // Without this, the process would run until the last clone of the bridge is dropped.
        self.bridge.begin_shutdown();
    }
}

impl ReaderTask {
    async fn run(mut self, mut requests: mpsc::Receiver<BridgeRequest>) {
        let mut starting: Option<BoxFuture<'static, Result<InitializedProcess, BridgeError>>> = None;
        let mut idle_at = Instant::now();
        loop {
            let started = async {
                match &mut starting {
                    Some(starting) => starting.await,
                    None => std::future::pending().await,
                }
            };
            let is_running = self.reader.is_some();
            let inbound = async {
                match &mut self.reader {
                    Some(reader) => reader.inbox.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                request = requests.recv() => {
                    let Some(request) = request else { return };
                    idle_at = Instant::now() + self.idle_timeout;
                    if let Some(reader) = self.reader.as_ref().filter(|reader| !reader.bridge.has_exited()) {
                        let _ = request.send(Ok(reader.bridge.clone()));
                        continue;
                    }
                    self.waiting.push(request);
                    if starting.is_none() {
                        let (config, processes) = (Arc::clone(&self.config), self.processes.clone());
                        starting = Some(async move { codex_app_server_client::start(&config.launch, &processes, ()).await }.boxed());
                    }
                }
                process = started => {
                    starting = None;
                    idle_at = Instant::now() + self.idle_timeout;
                    self.started(process);
                }
                inbound = inbound => match inbound {
                    // Notifications are discarded: no session listens to this process.
                    Some(inbound) if !matches!(inbound, Inbound::Exited(_)) => {}
                    _ => self.reader = None,
                },
                () = sleep_until(idle_at), if is_running => {
                    if self.permits.available_permits() == MAX_CONCURRENT_READS {
                        self.reader = None;
                    } else {
                        idle_at = Instant::now() + self.idle_timeout;
                    }
                }
            }
        }
    }

    /// Answers the waiting requests with the process that was started, or the error.
    fn started(&mut self, process: Result<InitializedProcess, BridgeError>) {
        let bridge = process.map(|InitializedProcess { bridge, inbox, .. }| {
            self.reader = Some(RunningReader { bridge: bridge.clone(), inbox });
            bridge
        });
        if let Err(error) = &bridge {
            tracing::error!(error = %CodexErrorText(error), "the codex process that reads threads could not be started");
        }
        for request in self.waiting.drain(..) {
            let _ = request.send(bridge.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt, path::Path};

    use clap::Parser;
    use futures::future::join_all;

    use super::*;
    use crate::config::{Options, RuntimeContext};
    use codex_app_server_client::protocol::ThreadRead;

    #[derive(Parser)]
    struct Args {
        #[command(flatten)]
        options: Options,
    }

    /// A configuration whose codex is a script that records its starts and answers every request. With `exits`, the
    /// script exits at its first request after `initialize`, until it has been started three times.
    fn config(dir: &Path, exits: bool) -> Arc<Config> {
        let starts = dir.join("starts");
        let exits = if exits { "1" } else { "" };
        let script = format!(
            r#"#!/bin/sh
echo . >> {starts}
n=0
while read -r line; do case "$line" in
  *'"id":'*) n=$((n+1))
    [ -n "{exits}" ] && [ $n -gt 1 ] && [ $(wc -l < {starts}) -lt 3 ] && exit 1
    echo "{{\"id\":$n,\"result\":{{\"pid\":$$}}}}";;
esac; done
"#,
            starts = starts.display()
        );
        let program = dir.join("codex");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let options = Args::parse_from(["x", "--codex-bin", program.to_str().unwrap()]).options;
        let context = RuntimeContext { demo: false, auth_enabled: false, data_dir: "/nowhere".into() };
        Arc::new(Config::new(options, context).unwrap())
    }

    fn starts(dir: &Path) -> usize {
        fs::read_to_string(dir.join("starts")).unwrap_or_default().lines().count()
    }

    fn read() -> ThreadRead {
        ThreadRead { thread_id: "t".into(), include_turns: true }
    }

    #[tokio::test]
    async fn process_is_shared_by_all_requests_and_exits_when_idle() {
        let dir = tempfile::tempdir().unwrap();
        let processes = TaskTracker::new();
        let reader = ThreadReader::new(
            config(dir.path(), false),
            processes.clone(),
            CancellationToken::new(),
            Duration::from_millis(200),
        );
        let replies =
            join_all((0..20).map(async |_| reader.request(&read()).await.unwrap().get().to_owned())).await;
        assert!(replies.iter().all(|reply| *reply == replies[0]), "{replies:?}");
        assert_eq!(starts(dir.path()), 1);

        processes.close();
        processes.wait().await; // The process exits by itself.
        processes.reopen();
        reader.request(&read()).await.unwrap();
        assert_eq!(starts(dir.path()), 2, "a later request starts another process");
    }

    #[tokio::test]
    async fn request_is_repeated_once_if_the_process_exits() {
        let dir = tempfile::tempdir().unwrap();
        let reader = ThreadReader::new(
            config(dir.path(), true),
            TaskTracker::new(),
            CancellationToken::new(),
            IDLE_TIMEOUT,
        );
        assert_eq!(reader.request(&read()).await.unwrap_err().code().as_str(), "codex_unavailable");
        reader.request(&read()).await.unwrap();
        assert_eq!(starts(dir.path()), 3);
    }

    #[tokio::test]
    async fn process_exits_when_the_gateway_stops() {
        let dir = tempfile::tempdir().unwrap();
        let (processes, stopping) = (TaskTracker::new(), CancellationToken::new());
        let reader =
            ThreadReader::new(config(dir.path(), false), processes.clone(), stopping.clone(), IDLE_TIMEOUT);
        reader.request(&read()).await.unwrap();
        stopping.cancel();
        processes.close();
        processes.wait().await;
        assert_eq!(reader.request(&read()).await.unwrap_err().code().as_str(), "shutting_down");
    }
}
