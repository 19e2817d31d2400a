//! Signals that end the program.

use std::{fs, io};

use futures::future::pending;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM, and SIGHUP of a closing terminal. Caught from the creation of this value on.
pub(crate) struct Signals([Option<Signal>; 2]);

impl Signals {
    const KINDS: [SignalKind; 2] = [SignalKind::terminate(), SignalKind::hangup()];

    pub(crate) fn listen() -> io::Result<Self> {
        let [terminate, hangup] = Self::KINDS.map(|kind| {
            // The parent may have ignored a signal on purpose, as `nohup` does.
            if is_ignored(kind) { Ok(None) } else { signal(kind).map(Some) }
        });
        Ok(Self([terminate?, hangup?]))
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) -> SignalKind {
        let [terminate, hangup] = &mut self.0;
        tokio::select! {
            () = received(terminate) => SignalKind::terminate(),
            () = received(hangup) => SignalKind::hangup(),
        }
    }
}

/// Waits for a signal. Never completes without one.
async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => pending().await,
    }
}

/// Returns `true` if this program ignores the signal. (Linux only.)
fn is_ignored(kind: SignalKind) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    // Signals are counted from 1.
    mask >> (kind.as_raw_value() - 1) & 1 == 1
}
