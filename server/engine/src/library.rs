//! The process that reads threads which no live session is in: one for all, while it is needed.
//!
//! A task owns it: starts it when somebody asks, lends it to all who ask, and ends it when nobody has asked for
//! some time. It serves no session, and counts for no limit.

use std::{sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use tokio::{
    sync::{Semaphore, SemaphorePermit, mpsc, oneshot},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    bridge::{Bridge, BridgeError, Inbound, Inbox, protocol::Request},
    config::Config,
    error::SessionError,
    greeting::{Greeted, greet},
};

/// How long it is kept after it was last used.
pub(crate) const IDLE: Duration = Duration::from_mins(1);
/// How many may read at the same time; a thread that is read can take as much memory as a line may have.
const READERS: usize = 4;

/// How long one waits for a place among them.
const PATIENCE: Duration = Duration::from_secs(30);

type Ask = oneshot::Sender<Result<Bridge, BridgeError>>;

/// A handle on the reading process.
#[derive(Debug)]
pub(crate) struct Library {
    asks: mpsc::Sender<Ask>,
    places: Arc<Semaphore>,
}

impl Library {
    /// Starts the task, and no process yet; processes count as some of `processes`. Must be called within a
    /// runtime.
    pub(crate) fn new(
        config: Arc<Config>,
        processes: TaskTracker,
        stopping: CancellationToken,
        idle: Duration,
    ) -> Self {
        let places = Arc::new(Semaphore::new(READERS));
        let (asks, asked) = mpsc::channel(READERS);
        let librarian = Librarian {
            config,
            processes,
            idle,
            places: Arc::clone(&places),
            waiting: Vec::new(),
            open: None,
        };
        tokio::spawn(async move {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = librarian.run(asked) => {}
            }
        });
        Self { asks, places }
    }

    /// What codex answers to a request that only reads. If the process dies of it, or of anything else, another
    /// one is asked, once.
    pub(crate) async fn request<R: Request>(&self, request: &R) -> Result<R::Reply, SessionError> {
        let _place = self.place().await?;
        let bridge = self.bridge().await?;
        match bridge.request(request).await {
            Err(BridgeError::Closed | BridgeError::Exited(_) | BridgeError::Unresponsive) => {
                bridge.gone().await;
                Ok(self.bridge().await?.request(request).await?)
            }
            reply => Ok(reply?),
        }
    }

    /// A place among those who read at the same time, for who reads through another process, too.
    pub(crate) async fn place(&self) -> Result<SemaphorePermit<'_>, SessionError> {
        let place = timeout(PATIENCE, self.places.acquire()).await.map_err(|_| SessionError::TooManyReads)?;
        place.map_err(|_| SessionError::ShuttingDown)
    }

    /// The process itself, for who has more than one thing to ask and holds a [`Library::place`].
    pub(crate) async fn bridge(&self) -> Result<Bridge, SessionError> {
        let (reply, answer) = oneshot::channel();
        self.asks.send(reply).await.map_err(|_| SessionError::ShuttingDown)?;
        Ok(answer.await.map_err(|_| SessionError::ShuttingDown)??)
    }
}

/// The task's own state.
struct Librarian {
    config: Arc<Config>,
    processes: TaskTracker,
    idle: Duration,
    places: Arc<Semaphore>,
    /// Those who wait for the process that is being started.
    waiting: Vec<Ask>,
    open: Option<Open>,
}

struct Open {
    bridge: Bridge,
    inbox: Inbox,
}

impl Drop for Open {
    fn drop(&mut self) {
        // Not when those who still read have their answers: now.
        self.bridge.end();
    }
}

impl Librarian {
    async fn run(mut self, mut asked: mpsc::Receiver<Ask>) {
        let mut starting: Option<BoxFuture<'static, Result<Greeted, BridgeError>>> = None;
        let mut idle_at = Instant::now();
        loop {
            let started = async {
                match &mut starting {
                    Some(starting) => starting.await,
                    None => std::future::pending().await,
                }
            };
            let is_open = self.open.is_some();
            let inbound = async {
                match &mut self.open {
                    Some(open) => open.inbox.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                ask = asked.recv() => {
                    let Some(ask) = ask else { return };
                    idle_at = Instant::now() + self.idle;
                    if let Some(open) = self.open.as_ref().filter(|open| !open.bridge.is_gone()) {
                        let _ = ask.send(Ok(open.bridge.clone()));
                        continue;
                    }
                    self.waiting.push(ask);
                    if starting.is_none() {
                        let (config, processes) = (Arc::clone(&self.config), self.processes.clone());
                        starting = Some(async move { greet(&config, &processes, ()).await }.boxed());
                    }
                }
                greeted = started => {
                    starting = None;
                    idle_at = Instant::now() + self.idle;
                    self.started(greeted);
                }
                inbound = inbound => match inbound {
                    // It is the process's own affair; nothing of it concerns who reads.
                    Some(inbound) if !matches!(inbound, Inbound::Exited(_)) => {}
                    _ => self.open = None,
                },
                () = sleep_until(idle_at), if is_open => {
                    if self.places.available_permits() == READERS {
                        self.open = None;
                    } else {
                        idle_at = Instant::now() + self.idle;
                    }
                }
            }
        }
    }

    fn started(&mut self, greeted: Result<Greeted, BridgeError>) {
        let bridge = greeted.map(|Greeted { bridge, inbox, .. }| {
            self.open = Some(Open { bridge: bridge.clone(), inbox });
            bridge
        });
        if let Err(error) = &bridge {
            tracing::error!(%error, "no codex process can be started to read threads");
        }
        for ask in self.waiting.drain(..) {
            let _ = ask.send(bridge.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt, path::Path};

    use clap::Parser;
    use futures::future::join_all;

    use super::*;
    use crate::{
        bridge::protocol::ThreadRead,
        config::{Options, Surroundings},
    };

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    /// A program that writes down its starts, and answers every request; or ends at each one that reads, until
    /// it has been started three times.
    fn config(dir: &Path, dies: bool) -> Arc<Config> {
        let starts = dir.join("starts");
        let dies = if dies { "1" } else { "" };
        let script = format!(
            r#"#!/bin/sh
echo . >> {starts}
n=0
while read -r line; do case "$line" in
  *'"id":'*) n=$((n+1))
    [ -n "{dies}" ] && [ $n -gt 1 ] && [ $(wc -l < {starts}) -lt 3 ] && exit 1
    echo "{{\"id\":$n,\"result\":{{\"pid\":$$}}}}";;
esac; done
"#,
            starts = starts.display()
        );
        let program = dir.join("codex");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let options = Line::parse_from(["x", "--codex-bin", program.to_str().unwrap()]).options;
        let surroundings = Surroundings { demo: false, tokens: false, data_dir: "/nowhere".into() };
        Arc::new(Config::new(options, surroundings).unwrap())
    }

    fn starts(dir: &Path) -> usize {
        fs::read_to_string(dir.join("starts")).unwrap_or_default().lines().count()
    }

    fn read() -> ThreadRead {
        ThreadRead { thread_id: "t".into(), include_turns: true }
    }

    #[tokio::test]
    async fn one_process_serves_all_and_ends_when_nobody_asks() {
        let dir = tempfile::tempdir().unwrap();
        let processes = TaskTracker::new();
        let library = Library::new(
            config(dir.path(), false),
            processes.clone(),
            CancellationToken::new(),
            Duration::from_millis(200),
        );
        let replies =
            join_all((0..20).map(async |_| library.request(&read()).await.unwrap().get().to_owned())).await;
        assert!(replies.iter().all(|reply| *reply == replies[0]), "{replies:?}");
        assert_eq!(starts(dir.path()), 1);

        processes.close();
        processes.wait().await; // It ends by itself.
        processes.reopen();
        library.request(&read()).await.unwrap();
        assert_eq!(starts(dir.path()), 2, "another one is started when it is needed again");
    }

    #[tokio::test]
    async fn a_process_that_dies_is_replaced_once_for_each_request() {
        let dir = tempfile::tempdir().unwrap();
        let library =
            Library::new(config(dir.path(), true), TaskTracker::new(), CancellationToken::new(), IDLE);
        assert_eq!(library.request(&read()).await.unwrap_err().code().as_str(), "codex_unavailable");
        library.request(&read()).await.unwrap();
        assert_eq!(starts(dir.path()), 3);
    }

    #[tokio::test]
    async fn it_ends_with_the_gateway() {
        let dir = tempfile::tempdir().unwrap();
        let (processes, stopping) = (TaskTracker::new(), CancellationToken::new());
        let library = Library::new(config(dir.path(), false), processes.clone(), stopping.clone(), IDLE);
        library.request(&read()).await.unwrap();
        stopping.cancel();
        processes.close();
        processes.wait().await;
        assert_eq!(library.request(&read()).await.unwrap_err().code().as_str(), "shutting_down");
    }
}
