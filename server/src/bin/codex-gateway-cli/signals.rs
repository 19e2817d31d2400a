//! The signals that end the program.

use std::{fs, io};

use futures::future::pending;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM, and SIGHUP of a terminal that goes away. From when it is made, neither ends the program by itself.
pub(crate) struct Signals([Option<Signal>; 2]);

impl Signals {
    const KINDS: [SignalKind; 2] = [SignalKind::terminate(), SignalKind::hangup()];

    pub(crate) fn listen() -> io::Result<Self> {
        let [terminate, hangup] = Self::KINDS.map(|kind| {
            // Whoever started the program may want it to outlive that, as `nohup` does.
            if is_ignored(kind) { Ok(None) } else { signal(kind).map(Some) }
        });
        Ok(Self([terminate?, hangup?]))
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> SignalKind {
        let [terminate, hangup] = &mut self.0;
        tokio::select! {
            () = told(terminate) => SignalKind::terminate(),
            () = told(hangup) => SignalKind::hangup(),
        }
    }
}

/// Waits for a signal; for ever without one.
async fn told(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => pending().await,
    }
}

/// Whether the signal has no effect on this program. (Only Linux tells.)
fn is_ignored(kind: SignalKind) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    // Signals are counted from 1.
    mask >> (kind.as_raw_value() - 1) & 1 == 1
}
