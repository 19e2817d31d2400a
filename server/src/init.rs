//! Runs the gateway below process 1 of a container without an init program.
//!
//! The kernel makes process 1 the parent of every orphan, for example of processes that a killed codex leaves
//! behind. They stay zombies until process 1 waits for them. Waiting for any child would take the exit status
//! of codex away from tokio. So process 1 only reaps and forwards signals, and the gateway runs as its child.

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

/// Signals that are forwarded to the gateway.
const FORWARDED_SIGNALS: [(SignalKind, Signal); 6] = [
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

/// Runs this program as a child with the same arguments, forwards signals to it, and reaps all other processes.
/// Returns the exit status of the child, as a shell reports it.
///
/// # Errors
/// If signal handlers cannot be installed, or the child cannot be started.
pub fn supervise() -> io::Result<ExitCode> {
    // The environment of this process has the same secrets as that of the gateway.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(run())
}

async fn run() -> io::Result<ExitCode> {
    // Registered before the start, so that no signal is missed.
    let mut ended = signal(SignalKind::child())?;
    let (sender, mut signals) = mpsc::channel(16);
    for (kind, forwarded) in FORWARDED_SIGNALS {
        let (mut received, sender) = (signal(kind)?, sender.clone());
        tokio::spawn(async move {
            while received.recv().await.is_some() {
                if sender.send(forwarded).await.is_err() {
                    return;
                }
            }
        });
    }
    let gateway = spawn_gateway()?;
    loop {
        if let Some(status) = reap(gateway) {
            return Ok(ExitCode::from(exit_code(status)));
        }
        tokio::select! {
            _ = ended.recv() => {}
            Some(signal) = signals.recv() => {
                // If the gateway has just exited, the next iteration reaps it.
                let _ = kill_process(gateway, signal);
            }
        }
    }
}

fn spawn_gateway() -> io::Result<Pid> {
    #[expect(clippy::disallowed_methods, reason = "it is this program, not codex")]
    let mut command = Command::new("/proc/self/exe");
    let mut arguments = std::env::args_os();
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    // In its own process group, because Ctrl-C in a terminal would reach the gateway twice.
    let child = command.args(arguments).process_group(0).spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| io::Error::other("the child has no process id"))
}

/// Reaps all exited children. Returns the status of the gateway if it is one of them.
fn reap(gateway: Pid) -> Option<WaitStatus> {
    // `wait` fails if there is no child.
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if pid == gateway {
            return Some(status);
        }
    }
    None
}

/// Returns the exit status of a process, or 128 plus the signal that killed it.
fn exit_code(status: WaitStatus) -> u8 {
    let code = status.exit_status().or_else(|| Some(128 + status.terminating_signal()?));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
