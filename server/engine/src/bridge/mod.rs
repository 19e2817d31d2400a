//! The bridge to one codex process: typed requests with deadlines out, messages in.
//!
//! One task owns the process's output and resolves replies; one owns its input. What codex says unasked
//! comes out of [`Inbox`] in the order of its lines.

mod codec;
mod config_warning;
pub mod locate;
mod message;
mod process;
pub mod protocol;
mod reader;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::{
    io::AsyncWriteExt,
    process::ChildStdin,
    sync::{mpsc, oneshot},
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use self::process::run_git;
pub use self::{
    config_warning::ConfigWarning,
    message::{Answer, RequestId, RpcError},
    process::{Launch, Ran},
};
use self::{
    message::{OutgoingNotification, OutgoingReply, OutgoingRequest},
    protocol::{LoadedList, Request},
};
use crate::{
    one_line::in_one_line,
    version::{MADE_FOR, TooOld, Version},
};

/// How many lines may wait to be written; codex reads faster than anybody asks.
const OUTGOING: usize = 256;
/// How many messages may wait for the session. Beyond that codex waits: nothing is dropped.
const INCOMING: usize = 1024;
/// How long a request waits for its reply before the process is asked for a sign of life.
const PROBE_AFTER: Duration = Duration::from_secs(5);
/// How long the process may take for a sign of life: any line counts. After that it is killed.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// A handle on a codex process. The process ends when all handles and its [`Inbox`] are dropped, or by
/// [`Bridge::close`]. A process that does not react while a request waits is killed.
#[derive(Clone, Debug)]
pub struct Bridge {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    outgoing: mpsc::Sender<Line>,
    pending: Pending,
    next_id: AtomicU64,
    /// Counts the lines that the process has written.
    lines: Arc<AtomicU64>,
    /// Closes the process's input: it ends, politely at first.
    closing: CancellationToken,
    /// Cancelled when the process does not react: it is killed at once.
    killing: CancellationToken,
    /// Cancelled once the process is gone.
    gone: CancellationToken,
    /// The version that the process reported in its reply to `initialize`.
    version: OnceLock<Version>,
    /// What the process has said of its configuration.
    config_warning: Arc<OnceLock<ConfigWarning>>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}

/// A line on its way to codex.
#[derive(Debug)]
struct Line {
    bytes: Bytes,
    /// It is not shown, not even when debugging.
    secret: bool,
}

type Waiting = oneshot::Sender<Result<Box<RawValue>, BridgeError>>;

/// The requests that wait for their reply.
#[derive(Clone, Debug, Default)]
struct Pending(Arc<Mutex<HashMap<u64, Waiting>>>);

impl Pending {
    fn insert(&self, id: u64, waiting: Waiting) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, waiting);
    }

    fn remove(&self, id: u64) -> Option<Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id)
    }

    /// Fails all that still wait.
    fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// What codex says unasked, in the order of its lines. The last one is [`Inbound::Exited`].
pub type Inbox = mpsc::Receiver<Inbound>;

/// Something that codex says unasked, or that happens to it.
#[derive(Debug)]
pub enum Inbound {
    /// A notification.
    Notification {
        /// Its method.
        method: String,
        /// Its parameters, as they came.
        params: Box<RawValue>,
    },
    /// A request that must be answered.
    Request {
        /// Codex's own id of it.
        id: RequestId,
        /// Its method.
        method: String,
        /// Its parameters, as they came.
        params: Box<RawValue>,
    },
    /// A line that is no message: its beginning.
    Malformed(String),
    /// A line that was too long to read: its length in bytes, and its beginning.
    TooLong(usize, String),
    /// A line in either direction, when debugging.
    Raw(Direction, Bytes),
    /// The process has ended.
    Exited(Exit),
}

/// Which way a line went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From codex.
    In,
    /// To codex.
    Out,
}

/// How a process ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// Its status in words ("exit status: 1"), if it is known.
    pub status: Option<String>,
    /// The last line of its error output.
    pub last_line: Option<String>,
    /// The gateway killed it because it did not react.
    pub unresponsive: bool,
}

/// Why a request to codex has no reply.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BridgeError {
    /// The process could not be started.
    #[error("codex could not be started ({program}): {message}")]
    Spawn {
        /// The executable.
        program: String,
        /// Why.
        message: String,
    },
    /// The process ended first.
    #[error("the codex process has ended{}", .0.last_line.as_ref().map(|line| format!(": {line}")).unwrap_or_default())]
    Exited(Exit),
    /// The process is ending, or its input is closed.
    #[error("the codex process is not there any more")]
    Closed,
    /// The process did not react, and was killed.
    #[error("codex did not react, so its process was ended; try again")]
    Unresponsive,
    /// It did not answer in time.
    #[error("codex did not answer {method} within {} s{}", .after.as_secs(), .hint.as_deref().unwrap_or_default())]
    Deadline {
        /// The request.
        method: &'static str,
        /// How long it had.
        after: Duration,
        /// What may be the matter.
        hint: Option<String>,
    },
    /// It is older than it may be.
    #[error(transparent)]
    TooOld(#[from] TooOld),
    /// It knows no such request.
    #[error("this codex cannot do that: it does not know {0} (the gateway is made for codex {MADE_FOR})")]
    Lacks(&'static str),
    /// It answered with an error.
    #[error("codex refused {method}: {}", .error.message)]
    Refused {
        /// The request.
        method: &'static str,
        /// Its error.
        error: RpcError,
    },
    /// The reply was longer than a line may be.
    #[error("codex's reply was longer than {} MiB", codec::MAX_LINE / 1024 / 1024)]
    ReplyTooLong,
    /// The reply is not of the shape that we know.
    #[error("codex's reply to {method} was not understood: {message}")]
    BadReply {
        /// The request.
        method: &'static str,
        /// What is the matter with it.
        message: String,
    },
}

impl Bridge {
    /// Starts a codex process, which counts as one of `processes` until it and all that it started are gone.
    /// With `debug`, all lines come out of the inbox as [`Inbound::Raw`] too.
    ///
    /// # Errors
    /// [`BridgeError::Spawn`]
    pub fn start(
        launch: &Launch,
        debug: bool,
        processes: &TaskTracker,
    ) -> Result<(Self, Inbox), BridgeError> {
        let process::Started { process, stdin, stdout } = launch.app_server().map_err(|error| {
            BridgeError::Spawn { program: launch.program.display().to_string(), message: error.to_string() }
        })?;
        tracing::debug!(pid = process.id(), "codex process started");
        let (outgoing, lines) = mpsc::channel(OUTGOING);
        let (inbox, inbound) = mpsc::channel(INCOMING);
        let (closing, killing, gone) =
            (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
        let (pending, read) = (Pending::default(), Arc::<AtomicU64>::default());
        let config_warning = Arc::<OnceLock<ConfigWarning>>::default();
        let debug = debug.then(|| inbox.clone());
        tokio::spawn(write(stdin, lines, closing.clone(), gone.clone(), debug.clone()));
        processes.spawn(
            reader::Reader {
                pending: pending.clone(),
                inbox,
                lines: Arc::clone(&read),
                closing: closing.clone(),
                killing: killing.clone(),
                gone: gone.clone(),
                debug: debug.is_some(),
                config_warning: Arc::clone(&config_warning),
            }
            .run(process, stdout),
        );
        let (next_id, version) = (AtomicU64::new(1), OnceLock::new());
        let shared = Shared {
            outgoing,
            pending,
            next_id,
            lines: read,
            closing,
            killing,
            gone,
            version,
            config_warning,
        };
        Ok((Self { shared: Arc::new(shared) }, inbound))
    }

    /// Sends a request and waits for its reply. While codex says that it is overloaded the request is
    /// repeated, with growing, jittered pauses, until its deadline. A process that does not react meanwhile is killed.
    ///
    /// # Errors
    /// All but [`BridgeError::Spawn`].
    pub async fn request<R: Request>(&self, request: &R) -> Result<R::Reply, BridgeError> {
        let deadline = Instant::now() + R::DEADLINE;
        let late = || BridgeError::Deadline { method: R::METHOD, after: R::DEADLINE, hint: None };
        let mut pause = Duration::from_millis(50);
        loop {
            let reply = tokio::select! {
                reply = timeout_at(deadline, self.exchange(R::METHOD, request)) => reply.map_err(|_| late())?,
                () = self.unresponsive(), if R::PROBED => {
                    tracing::warn!(method = R::METHOD, "a codex process does not react and is killed");
                    self.kill();
                    return Err(BridgeError::Unresponsive);
                }
            };
            match reply {
                Ok(reply) => {
                    return serde_json::from_str(reply.get()).map_err(|error| BridgeError::BadReply {
                        method: R::METHOD,
                        message: error.to_string(),
                    });
                }
                Err(BridgeError::Refused { error, .. }) if error.code == RpcError::OVERLOADED => {
                    let jittered = pause.mul_f64(0.5 + fastrand::f64());
                    if Instant::now() + jittered >= deadline {
                        return Err(BridgeError::Refused { method: R::METHOD, error });
                    }
                    tokio::time::sleep(jittered).await;
                    pause = (pause * 2).min(Duration::from_secs(2));
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn exchange<R: Request>(
        &self,
        method: &'static str,
        params: &R,
    ) -> Result<Box<RawValue>, BridgeError> {
        let id = self.shared.next_id.fetch_add(1, Ordering::Relaxed);
        let (waiting, reply) = oneshot::channel();
        self.shared.pending.insert(id, waiting);
        // A caller that goes away, its deadline passed, must not leave its place behind.
        let _cleanup = RemoveOnDrop { pending: &self.shared.pending, id };
        self.send(&OutgoingRequest { id, method, params }, false).await?;
        let reply = tokio::select! {
            biased; // What it answered before its end counts.
            reply = reply => reply,
            () = self.shared.gone.cancelled() => return Err(self.closed()),
        };
        match reply {
            Ok(Err(BridgeError::Refused { error, .. })) if error.knows_not(method) => {
                Err(BridgeError::Lacks(method))
            }
            Ok(Err(BridgeError::Refused { error, .. })) => Err(BridgeError::Refused { method, error }),
            Ok(reply) => reply,
            Err(_) => Err(self.closed()),
        }
    }

    /// Resolves when the process has given no sign of life for too long: it was stopped, or is stuck.
    async fn unresponsive(&self) {
        loop {
            sleep(PROBE_AFTER).await;
            let lines = self.shared.lines.load(Ordering::Relaxed);
            let reply = timeout(PROBE_TIMEOUT, self.exchange(LoadedList::METHOD, &LoadedList {})).await;
            if reply.is_err() && self.shared.lines.load(Ordering::Relaxed) == lines {
                return;
            }
        }
    }

    /// Why a request has no reply when the process is gone.
    fn closed(&self) -> BridgeError {
        if self.shared.killing.is_cancelled() { BridgeError::Unresponsive } else { BridgeError::Closed }
    }

    /// Tells codex something that has no reply and no parameters.
    ///
    /// # Errors
    /// [`BridgeError::Closed`]
    pub async fn notify(&self, method: &'static str) -> Result<(), BridgeError> {
        self.send(&OutgoingNotification { method }, false).await
    }

    /// Answers a request of codex.
    ///
    /// # Errors
    /// [`BridgeError::Closed`]
    pub async fn respond(&self, id: &RequestId, answer: &Answer) -> Result<(), BridgeError> {
        let (result, error, secret) = match answer {
            Answer::Result(result) => (Some(result), None, false),
            Answer::Secret(result) => (Some(result), None, true),
            Answer::Error(error) => (None, Some(error), false),
        };
        self.send(&OutgoingReply { id, result, error }, secret).await
    }

    async fn send(&self, message: &impl Serialize, secret: bool) -> Result<(), BridgeError> {
        let mut line = serde_json::to_vec(message).map_err(|_| BridgeError::Closed)?;
        in_one_line(&mut line);
        line.push(b'\n');
        let line = Line { bytes: line.into(), secret };
        self.shared.outgoing.send(line).await.map_err(|_| self.closed())
    }

    /// The end of the process, however it comes about. Waiting for it does not keep the process.
    pub fn gone(&self) -> impl Future<Output = ()> + Send + use<> {
        self.shared.gone.clone().cancelled_owned()
    }

    /// Records the version that the process reported.
    pub(crate) fn set_version(&self, version: Version) {
        // A process reports its version once.
        let _ = self.shared.version.set(version);
    }

    /// What the process has said of its configuration: it does so before it answers what is asked after `initialize`.
    pub(crate) fn config_warning(&self) -> Option<ConfigWarning> {
        self.shared.config_warning.get().cloned()
    }

    /// The version that the process reported. `None` before `initialize`, and for a codex that was built from its source.
    pub(crate) fn version(&self) -> Option<Version> {
        self.shared.version.get().copied()
    }

    /// Whether the process is gone.
    pub fn is_gone(&self) -> bool {
        self.shared.gone.is_cancelled()
    }

    /// Whether both are handles on the same process.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Whether the process did not react, and is being killed.
    pub fn is_unresponsive(&self) -> bool {
        self.shared.killing.is_cancelled()
    }

    /// Kills the process and everything it started, because it does not react. Requests that still wait fail.
    pub fn kill(&self) {
        self.shared.killing.cancel();
        self.end();
    }

    /// Begins to end the process. Requests that still wait for their replies fail.
    pub fn end(&self) {
        self.shared.closing.cancel();
    }

    /// Ends the process and waits until it and its group are gone: at most some three seconds.
    pub async fn close(&self) {
        self.end();
        self.shared.gone.cancelled().await;
    }
}

struct RemoveOnDrop<'a> {
    pending: &'a Pending,
    id: u64,
}

impl Drop for RemoveOnDrop<'_> {
    fn drop(&mut self) {
        self.pending.remove(self.id);
    }
}

/// Owns the process's input: writes lines, several at once when they wait.
async fn write(
    mut stdin: ChildStdin,
    mut lines: mpsc::Receiver<Line>,
    closing: CancellationToken,
    gone: CancellationToken,
    debug: Option<mpsc::Sender<Inbound>>,
) {
    let mut batch = Vec::new();
    loop {
        let count = tokio::select! {
            count = lines.recv_many(&mut batch, 64) => count,
            () = closing.cancelled() => return,
            () = gone.cancelled() => return,
        };
        if count == 0 {
            return;
        }
        for Line { bytes, secret } in batch.drain(..) {
            if let Some(inbox) = debug.as_ref().filter(|_| !secret) {
                // For people who look; not worth waiting for.
                let _ = inbox.try_send(Inbound::Raw(Direction::Out, bytes.slice(..bytes.len() - 1)));
            }
            let written = tokio::select! {
                written = stdin.write_all(&bytes) => written,
                () = closing.cancelled() => return,
                () = gone.cancelled() => return,
            };
            if written.is_err() {
                return;
            }
        }
    }
}
