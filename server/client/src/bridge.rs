//! The bridge to one codex process: typed requests with deadlines, and a channel of inbound messages.
//!
//! One task reads the process's output and resolves replies; one task writes its input. Notifications and requests of
//! codex arrive at the [`InboundReceiver`] in the order in which codex wrote them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use codex_gateway_wire::replace_newlines;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config_warning::ConfigWarning,
    error::BridgeError,
    message::{OutgoingNotification, OutgoingReply, OutgoingRequest, RpcAnswer, RpcError, RpcRequestId},
    process::{LaunchConfig, Started},
    protocol::{LoadedList, Request},
    reader::Reader,
    version::Version,
    writer::{OutgoingLine, writer_task},
};

/// The maximum number of lines that wait to be written. Codex usually reads faster than the client sends.
const MAX_QUEUED_LINES: usize = 256;
/// The maximum number of inbound messages that wait for the receiver. If the channel is full, codex blocks: no message
/// is dropped.
const MAX_QUEUED_INBOUND: usize = 1024;
/// How long a request waits for its reply before the process is probed for a sign of life.
const PROBE_AFTER: Duration = Duration::from_secs(5);
/// How long a process may take to show a sign of life: any line counts. After that, the process is killed.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// A handle on a codex process. Cheap to clone.
///
/// The process shuts down when all handles or its [`InboundReceiver`] are dropped, or by [`Bridge::shutdown`]. A
/// process that shows no sign of life while a request waits is killed.
#[derive(Clone, Debug)]
pub struct Bridge {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    outgoing: mpsc::Sender<OutgoingLine>,
    pending: PendingRequests,
    next_id: AtomicU64,
    /// Counts the lines that the process has written.
    lines: Arc<AtomicU64>,
    /// Cancelled to close the process's input, which starts a graceful shutdown.
    closing: CancellationToken,
    /// Cancelled to kill the process at once, because it is unresponsive.
    killing: CancellationToken,
    /// Cancelled when the process has exited.
    exited: CancellationToken,
    /// The version that the process reported in its reply to `initialize`.
    version: OnceLock<Version>,
    /// What the process reported about its configuration.
    config_warning: Arc<OnceLock<ConfigWarning>>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}

type ReplySender = oneshot::Sender<Result<Box<RawValue>, BridgeError>>;

/// The requests that wait for their replies, by id.
#[derive(Clone, Debug, Default)]
pub(crate) struct PendingRequests(Arc<Mutex<HashMap<u64, ReplySender>>>);

impl PendingRequests {
    fn insert(&self, id: u64, reply: ReplySender) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, reply);
    }

    pub(crate) fn remove(&self, id: u64) -> Option<ReplySender> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id)
    }

    /// Fails all pending requests.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Receives what codex sends besides replies, in the order of its lines. The last message is [`Inbound::Exited`].
pub type InboundReceiver = mpsc::Receiver<Inbound>;

/// A message from codex that is no reply, or an event of its process.
#[derive(Debug)]
pub enum Inbound {
    /// A notification.
    Notification {
        /// The notification's method.
        method: String,
        /// The parameters, unparsed.
        params: Box<RawValue>,
    },
    /// A request, which must be answered with [`Bridge::respond`].
    Request {
        /// The id that codex gave the request.
        id: RpcRequestId,
        /// The request's method.
        method: String,
        /// The parameters, unparsed.
        params: Box<RawValue>,
    },
    /// A line that is no message. The value is the beginning of the line.
    Malformed(String),
    /// A line that exceeds the maximum length. The values are its length in bytes and its beginning.
    TooLong(usize, String),
    /// A line in either direction. Only sent when debugging.
    Raw(Direction, Bytes),
    /// The process has exited.
    Exited(Exit),
}

/// The direction of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From codex.
    In,
    /// To codex.
    Out,
}

/// How a process exited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// The exit status in words: `exit status: 1`. `None` if it is unknown.
    pub status: Option<String>,
    /// The last line that the process wrote to its standard error.
    pub last_line: Option<String>,
    /// `true` if the client killed the process because it was unresponsive.
    pub unresponsive: bool,
}

impl Bridge {
    /// Starts a codex process, which must then be initialized. `processes` tracks it until the process and all its
    /// descendants have exited.
    ///
    /// # Errors
    /// [`BridgeError::Spawn`]
    pub(crate) fn start(
        launch: &LaunchConfig,
        processes: &TaskTracker,
    ) -> Result<(Self, InboundReceiver), BridgeError> {
        let Started { process, stdin, stdout } = launch.app_server().map_err(|error| BridgeError::Spawn {
            program: launch.program.display().to_string(),
            message: error.to_string(),
        })?;
        tracing::debug!(pid = process.id(), "codex process started");
        let (outgoing, queued_lines) = mpsc::channel(MAX_QUEUED_LINES);
        let (inbox, receiver) = mpsc::channel(MAX_QUEUED_INBOUND);
        let shared = Shared {
            outgoing,
            pending: PendingRequests::default(),
            next_id: AtomicU64::new(1),
            lines: Arc::default(),
            closing: CancellationToken::new(),
            killing: CancellationToken::new(),
            exited: CancellationToken::new(),
            version: OnceLock::new(),
            config_warning: Arc::default(),
        };
        let debug = launch.debug.then(|| inbox.clone());
        let reader = Reader {
            pending: shared.pending.clone(),
            inbox,
            lines: Arc::clone(&shared.lines),
            closing: shared.closing.clone(),
            killing: shared.killing.clone(),
            exited: shared.exited.clone(),
            debug: debug.is_some(),
            config_warning: Arc::clone(&shared.config_warning),
        };
        let (closing, exited) = (shared.closing.clone(), shared.exited.clone());
        tokio::spawn(writer_task(stdin, queued_lines, closing, exited, debug));
        processes.spawn(reader.run(process, stdout));
        Ok((Self { shared: Arc::new(shared) }, receiver))
    }

    /// Sends a request and waits for its reply.
    ///
    /// While codex reports that it is overloaded, the request is repeated with growing, jittered delays until its
    /// deadline. If the process is unresponsive meanwhile, it is killed.
    ///
    /// # Errors
    /// Any [`BridgeError`] except [`BridgeError::Spawn`].
    pub async fn request<R: Request>(&self, request: &R) -> Result<R::Reply, BridgeError> {
        let deadline = Instant::now() + R::DEADLINE;
        let deadline_error = || BridgeError::Deadline { method: R::METHOD, after: R::DEADLINE, hint: None };
        let mut delay = Duration::from_millis(50);
        loop {
            let reply = tokio::select! {
                reply = timeout_at(deadline, self.exchange(R::METHOD, request)) => {
                    reply.map_err(|_| deadline_error())?
                }
                () = self.unresponsive(), if R::PROBED => {
                    tracing::warn!(method = R::METHOD, "killing a codex process that does not respond");
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
                    let jittered = delay.mul_f64(0.5 + fastrand::f64());
                    if Instant::now() + jittered >= deadline {
                        return Err(BridgeError::Refused { method: R::METHOD, error });
                    }
                    tokio::time::sleep(jittered).await;
                    delay = (delay * 2).min(Duration::from_secs(2));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends a request once and waits for its reply, without a deadline.
    async fn exchange<R: Request>(
        &self,
        method: &'static str,
        params: &R,
    ) -> Result<Box<RawValue>, BridgeError> {
        let id = self.shared.next_id.fetch_add(1, Ordering::Relaxed);
        let (sender, reply) = oneshot::channel();
        self.shared.pending.insert(id, sender);
        // If this future is dropped at its deadline, the entry must not stay behind.
        let _cleanup = RemoveOnDrop { pending: &self.shared.pending, id };
        self.send(&OutgoingRequest { id, method, params }, false).await?;
        let reply = tokio::select! {
            biased; // A reply that arrived before the exit counts.
            reply = reply => reply,
            () = self.shared.exited.cancelled() => return Err(self.closed_error()),
        };
        match reply {
            Ok(Err(BridgeError::Refused { error, .. })) if error.is_unknown_method(method) => {
                Err(BridgeError::Unsupported(method))
            }
            Ok(Err(BridgeError::Refused { error, .. })) => Err(BridgeError::Refused { method, error }),
            Ok(reply) => reply,
            Err(_) => Err(self.closed_error()),
        }
    }

    /// Resolves when the process has shown no sign of life for [`PROBE_TIMEOUT`]: it is stopped or stuck.
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

    /// Returns the error of requests to a process that has exited or is shutting down.
    fn closed_error(&self) -> BridgeError {
        if self.shared.killing.is_cancelled() { BridgeError::Unresponsive } else { BridgeError::Closed }
    }

    /// Sends a notification without parameters.
    ///
    /// # Errors
    /// [`BridgeError::Closed`], [`BridgeError::Unresponsive`]
    pub async fn notify(&self, method: &'static str) -> Result<(), BridgeError> {
        self.send(&OutgoingNotification { method }, false).await
    }

    /// Answers a request of codex.
    ///
    /// # Errors
    /// [`BridgeError::Closed`], [`BridgeError::Unresponsive`]
    pub async fn respond(&self, id: &RpcRequestId, answer: &RpcAnswer) -> Result<(), BridgeError> {
        let (result, error, is_secret) = match answer {
            RpcAnswer::Result(result) => (Some(result), None, false),
            RpcAnswer::Secret(result) => (Some(result), None, true),
            RpcAnswer::Error(error) => (None, Some(error), false),
        };
        self.send(&OutgoingReply { id, result, error }, is_secret).await
    }

    async fn send(&self, message: &impl Serialize, is_secret: bool) -> Result<(), BridgeError> {
        let mut line = serde_json::to_vec(message).map_err(|_| BridgeError::Closed)?;
        replace_newlines(&mut line);
        line.push(b'\n');
        let line = OutgoingLine { bytes: line.into(), is_secret };
        self.shared.outgoing.send(line).await.map_err(|_| self.closed_error())
    }

    /// Returns a future that resolves when the process has exited. The future does not keep the process running.
    pub fn exited(&self) -> impl Future<Output = ()> + Send + use<> {
        self.shared.exited.clone().cancelled_owned()
    }

    /// Records the version that the process reported.
    pub(crate) fn set_version(&self, version: Version) {
        // A process reports its version only once.
        let _ = self.shared.version.set(version);
    }

    /// Returns what the process reported about its configuration. Codex sends this before its first reply after
    /// `initialize`.
    pub fn config_warning(&self) -> Option<ConfigWarning> {
        self.shared.config_warning.get().cloned()
    }

    /// Returns the version that the process reported. `None` before `initialize`, and for a codex that was built from
    /// source.
    pub fn version(&self) -> Option<Version> {
        self.shared.version.get().copied()
    }

    /// Returns `true` if the process has exited.
    pub fn has_exited(&self) -> bool {
        self.shared.exited.is_cancelled()
    }

    /// Returns `true` if both are handles on the same process.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Returns `true` if the process was found unresponsive and is being killed.
    pub fn is_unresponsive(&self) -> bool {
        self.shared.killing.is_cancelled()
    }

    /// Kills the process and all its descendants, because it is unresponsive. Pending requests fail.
    pub fn kill(&self) {
        self.shared.killing.cancel();
        self.begin_shutdown();
    }

    /// Starts a graceful shutdown without waiting for it. Pending requests fail.
    pub fn begin_shutdown(&self) {
        self.shared.closing.cancel();
    }

    /// Shuts the process down and waits until it and its process group have exited: about three seconds at most.
    pub async fn shutdown(&self) {
        self.begin_shutdown();
        self.shared.exited.cancelled().await;
    }
}

struct RemoveOnDrop<'a> {
    pending: &'a PendingRequests,
    id: u64,
}

impl Drop for RemoveOnDrop<'_> {
    fn drop(&mut self) {
        self.pending.remove(self.id);
    }
}
