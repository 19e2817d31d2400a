//! Starts a process and initializes it. Explains why a process could not be started.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::{
    bridge::{Bridge, Exit, Inbound, InboundReceiver},
    error::BridgeError,
    process::LaunchConfig,
    protocol::{Initialize, InitializeReply},
    version,
};

/// How long to wait for a process that closed its output to report how it exited.
const EXIT_REASON_TIMEOUT: Duration = Duration::from_secs(4);
/// The maximum number of starts if the process exits because another one starts at the same time.
const MAX_ATTEMPTS: u32 = 4;

/// A process that has answered `initialize`.
#[derive(Debug)]
pub struct InitializedProcess {
    /// The handle on the process.
    pub bridge: Bridge,
    /// Receives the messages of the process.
    pub inbox: InboundReceiver,
    /// The reply to `initialize`.
    pub runtime: InitializeReply,
    /// When the process was started.
    pub started_at: SystemTime,
}

/// Starts a process and initializes it. `processes` tracks it until the process and all its descendants have exited.
/// `held` is dropped when the process has exited, also if this call fails or is cancelled.
///
/// # Errors
/// [`BridgeError::TooOld`] if codex is too old; otherwise the error of the start or of `initialize`.
pub async fn start(
    launch: &LaunchConfig,
    processes: &TaskTracker,
    held: impl Send + Sync + 'static,
) -> Result<InitializedProcess, BridgeError> {
    let held = Arc::new(held);
    let mut attempts = 1;
    loop {
        match try_initialize(launch, processes, Arc::clone(&held)).await {
            Err(error) if is_startup_race(&error) && attempts < MAX_ATTEMPTS => attempts += 1,
            Err(error @ BridgeError::TooOld(_)) => return Err(error),
            // A version without `app-server` does not report that it is too old.
            Err(error) => return Err(version::find_too_old(launch).await.map_or(error, Into::into)),
            initialized => return initialized,
        }
    }
}

async fn try_initialize(
    launch: &LaunchConfig,
    processes: &TaskTracker,
    held: impl Send + 'static,
) -> Result<InitializedProcess, BridgeError> {
    let started_at = SystemTime::now();
    let (bridge, mut inbox) = Bridge::start(launch, processes)?;
    hold_until_exit(&bridge, processes, held);
    match bridge.request(&Initialize::new(launch.client)).await {
        Ok(runtime) => {
            if let Some(version) = runtime.version() {
                version.check(launch)?;
                bridge.set_version(version);
            }
            bridge.notify("initialized").await?;
            Ok(InitializedProcess { bridge, inbox, runtime, started_at })
        }
        Err(error) => Err(with_exit_reason(error, &mut inbox).await),
    }
}

/// Returns `true` if a process exited because another one was creating the same database in codex's home. Older
/// versions of codex fail so when several of them start at once in a new home.
fn is_startup_race(error: &BridgeError) -> bool {
    let BridgeError::Exited(Exit { last_line: Some(line), .. }) = error else { return false };
    line.contains("failed to initialize sqlite state runtime")
}

/// Keeps `held`, such as a permit or a thread lock, until a process has exited. The task that does so is tracked in
/// `processes`: when all tracked tasks have ended, `held` has been dropped.
pub fn hold_until_exit(bridge: &Bridge, processes: &TaskTracker, held: impl Send + 'static) {
    let exited = bridge.exited();
    processes.spawn(async move {
        exited.await;
        drop(held);
    });
}

/// Adds the cause to an error, if the process has reported it: how it exited, or output that is no message.
pub async fn with_exit_reason(error: BridgeError, inbox: &mut InboundReceiver) -> BridgeError {
    match error {
        BridgeError::Closed => {
            let exit = async {
                loop {
                    match inbox.recv().await {
                        Some(Inbound::Exited(exit)) => return Some(BridgeError::Exited(exit)),
                        Some(_) => {}
                        None => return None,
                    }
                }
            };
            timeout(EXIT_REASON_TIMEOUT, exit).await.ok().flatten().unwrap_or(error)
        }
        BridgeError::Deadline { method, after, hint: None } => {
            let mut hint = None;
            while let Ok(inbound) = inbox.try_recv() {
                if let Inbound::Malformed(line) = inbound {
                    hint = Some(format!("; it printed something that is no message: {line}"));
                    break;
                }
            }
            BridgeError::Deadline { method, after, hint }
        }
        error => error,
    }
}
