//! The gateway as process 1 of a container that has no init.
//!
//! The kernel makes process 1 the parent of every orphan: of what codex leaves behind when it is killed, for example. Its
//! dead children stay as zombies until it waits for them. A wait for any child would take the exit status of codex away
//! from tokio, so process 1 only waits and forwards signals, and the gateway itself runs as its child.

use std::{
    io,
    os::unix::process::CommandExt,
    process::{self, Command, ExitCode},
};

use rustix::process::{
    DumpableBehavior, Pid, Signal, WaitOptions, WaitStatus, kill_process, set_dumpable_behavior, wait,
};
use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

/// The signals that are forwarded to the gateway.
const FORWARDED: [(SignalKind, Signal); 6] = [
    (SignalKind::terminate(), Signal::TERM),
    (SignalKind::interrupt(), Signal::INT),
    (SignalKind::hangup(), Signal::HUP),
    (SignalKind::quit(), Signal::QUIT),
    (SignalKind::user_defined1(), Signal::USR1),
    (SignalKind::user_defined2(), Signal::USR2),
];

/// Returns `true` if this is process 1.
pub fn is_process_1() -> bool {
    process::id() == 1
}

/// Runs this program as a child, with the same arguments, forwards signals to it and reaps every other process that ends.
/// Returns the exit status of the child, as a shell tells it.
///
/// # Errors
/// If signals cannot be handled, or the child cannot be started.
pub fn supervise() -> io::Result<ExitCode> {
    // The environment of this process holds the same secrets as that of the gateway.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(run())
}

async fn run() -> io::Result<ExitCode> {
    // From before the start: no signal is missed.
    let mut ended = signal(SignalKind::child())?;
    let (sender, mut signals) = mpsc::channel(16);
    for (kind, forwarded) in FORWARDED {
        let (mut received, sender) = (signal(kind)?, sender.clone());
        tokio::spawn(async move {
            while received.recv().await.is_some() {
                if sender.send(forwarded).await.is_err() {
                    return;
                }
            }
        });
    }
    let gateway = start()?;
    loop {
        if let Some(status) = reap(gateway) {
            return Ok(ExitCode::from(exit_code(status)));
        }
        tokio::select! {
            _ = ended.recv() => {}
            Some(signal) = signals.recv() => {
                // If it has just ended, the loop finds that next.
                let _ = kill_process(gateway, signal);
            }
        }
    }
}

fn start() -> io::Result<Pid> {
    #[expect(clippy::disallowed_methods, reason = "it is this program, not codex")]
    let mut command = Command::new("/proc/self/exe");
    let mut arguments = std::env::args_os();
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    // In a group of its own: Ctrl-C in a terminal would reach it twice.
    let child = command.args(arguments).process_group(0).spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| io::Error::other("the child has no process id"))
}

/// Reaps all children that have ended. Returns the status of the gateway if it is one of them.
fn reap(gateway: Pid) -> Option<WaitStatus> {
    // An error says that there is no child.
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if pid == gateway {
            return Some(status);
        }
    }
    None
}

/// The exit status of a process, or 128 and the signal that ended it.
fn exit_code(status: WaitStatus) -> u8 {
    let code = status.exit_status().or_else(|| Some(128 + status.terminating_signal()?));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
