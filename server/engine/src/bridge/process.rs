//! Starts processes and shuts them down. No other module starts processes (`clippy.toml` enforces that).

use std::{
    collections::VecDeque,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{config::PassEnv, environment::inherited_variables};

/// How long a process may take to exit after its input was closed, and again after SIGTERM.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(1500);
/// How long to wait for killed descendants to exit.
const KILL_TIMEOUT: Duration = Duration::from_secs(2);
/// How often to check whether they have exited.
const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// How many lines of standard error are kept, to report why a process exited.
const MAX_STDERR_LINES: usize = 20;
/// The maximum length of a line of standard error, in bytes. Longer lines are split.
const MAX_STDERR_LINE_BYTES: u64 = 8 * 1024;

/// How long a git command may take.
const GIT_TIMEOUT: Duration = Duration::from_secs(2);

/// The environment variable that tags a process and all its descendants.
///
/// The commands of an agent run in process groups of their own. If codex leaves some behind, they are found by this
/// tag.
const TAG_VARIABLE: &str = "CODEX_GATEWAY_PROCESS";

/// How codex processes are started.
#[derive(Clone, Debug)]
pub struct LaunchConfig {
    /// The path of the executable.
    pub program: PathBuf,
    /// `CODEX_HOME`. `None` for the gateway's own `CODEX_HOME`, or else codex's default.
    pub codex_home: Option<PathBuf>,
    /// The working directory of the process. (Each thread has a directory of its own.)
    pub cwd: PathBuf,
    /// Settings that override codex's configuration, each as `key=value`.
    pub settings: Vec<String>,
    /// The environment variables that codex inherits in addition to the default ones.
    pub pass_env: PassEnv,
}

impl LaunchConfig {
    /// Returns codex's home. `None` if neither `CODEX_HOME` nor `HOME` is known.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        let default = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".codex"));
        self.explicit_home().or_else(default)
    }

    /// Returns the value of codex's `CODEX_HOME`. `None` if codex uses its default.
    ///
    /// `codex login` in the same shell uses the gateway's `CODEX_HOME`, so the gateway does as well.
    fn explicit_home(&self) -> Option<PathBuf> {
        let inherited = || std::env::var_os("CODEX_HOME").filter(|home| !home.is_empty());
        // Codex runs in another directory, where a relative path means another place.
        self.codex_home.clone().or_else(|| std::path::absolute(inherited()?).ok())
    }

    fn command(&self, arguments: &[&OsStr], tag: &ProcessTag) -> Command {
        #[expect(clippy::disallowed_methods, reason = "this module starts all processes")]
        let mut command = Command::new(&self.program);
        command.env_clear().envs(inherited_variables(&self.pass_env)).env(TAG_VARIABLE, &tag.0);
        if let Some(home) = self.explicit_home() {
            command.env("CODEX_HOME", home);
        }
        for setting in &self.settings {
            command.arg("-c").arg(setting);
        }
        command.args(arguments).current_dir(&self.cwd).process_group(0).kill_on_drop(true);
        command
    }

    /// Starts `codex app-server`.
    pub(super) fn app_server(&self) -> std::io::Result<Started> {
        let tag = ProcessTag::new();
        let mut command = self.command(&[OsStr::new("app-server")], &tag);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let missing = || std::io::Error::other("a pipe of the process is missing");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let stderr = child.stderr.take().ok_or_else(missing)?;
        let process = Process { group: group(&child), child, tag, stderr: Stderr::default() };
        tokio::spawn(process.stderr.clone().follow(stderr, child_id(&process.child)));
        Ok(Started { process, stdin, stdout })
    }

    /// Runs codex with these arguments until it exits. `input` is its standard input.
    ///
    /// # Errors
    /// If codex cannot be started, or does not exit within `timeout`.
    pub async fn run(
        &self,
        arguments: &[&str],
        input: &[u8],
        timeout: Duration,
    ) -> std::io::Result<CommandOutput> {
        let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        run(self.command(&arguments, &ProcessTag::new()), input, timeout).await
    }
}

/// Runs git in a directory until it exits.
///
/// # Errors
/// If git cannot be started, or does not exit within [`GIT_TIMEOUT`].
pub(crate) async fn run_git(dir: &Path, arguments: &[&str]) -> std::io::Result<CommandOutput> {
    #[expect(clippy::disallowed_methods, reason = "this module starts all processes")]
    let mut command = Command::new("git");
    command.env_clear().envs(inherited_variables(&PassEnv::default()));
    // Read only: git takes no lock, and starts no program that the repository's configuration names.
    command.env("GIT_OPTIONAL_LOCKS", "0").args(["-c", "core.fsmonitor=false", "--no-pager", "-C"]).arg(dir);
    command.args(arguments).process_group(0).kill_on_drop(true);
    run(command, &[], GIT_TIMEOUT).await
}

/// Runs a command until it exits. `input` is its standard input.
async fn run(mut command: Command, input: &[u8], limit: Duration) -> std::io::Result<CommandOutput> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let guard = group(&child).map(KillGroup);
    let finish = async {
        if let Some(mut stdin) = child.stdin.take() {
            // An error means that the program did not read its input. Its exit status tells whether that matters.
            let _ = stdin.write_all(input).await;
        }
        child.wait_with_output().await
    };
    let output = timeout(limit, finish)
        .await
        .map_err(|_| std::io::Error::new(std::io::ErrorKind::TimedOut, "it did not end in time"))??;
    drop(guard);
    Ok(CommandOutput {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// The exit status and output of a program.
#[derive(Debug)]
pub struct CommandOutput {
    /// The exit status.
    pub status: ExitStatus,
    /// The standard output.
    pub stdout: String,
    /// The standard error.
    pub stderr: String,
}

/// A process that was just started, with its pipes.
pub(super) struct Started {
    pub process: Process,
    pub stdin: ChildStdin,
    pub stdout: ChildStdout,
}

/// A codex process and its process group. Dropping it kills both.
pub(super) struct Process {
    child: Child,
    group: Option<Pid>,
    tag: ProcessTag,
    stderr: Stderr,
}

impl Process {
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Returns a handle on the newest lines of standard error.
    pub(super) fn stderr(&self) -> Stderr {
        self.stderr.clone()
    }

    /// Waits until the process has exited. Cancel safe.
    pub(super) async fn wait(&mut self) {
        // An error means that there is no process to wait for.
        let _ = self.child.wait().await;
    }

    /// Shuts the process group down, after its input was closed: waits, then sends SIGTERM, then SIGKILL. When
    /// `killing` is cancelled, SIGKILL is sent at once: it also kills a process that was stopped with SIGSTOP.
    pub(super) async fn shutdown(&mut self, killing: &CancellationToken) -> Option<ExitStatus> {
        let status = tokio::select! {
            status = self.exit_gracefully() => status,
            () = killing.cancelled() => None,
        };
        self.signal(Signal::KILL);
        let status = match status {
            Some(status) => status.ok(),
            None => self.child.wait().await.ok(),
        };
        self.tag.kill_all().await;
        status
    }

    /// Waits for the process to exit, then sends SIGTERM and waits again. `None` if it has not exited.
    async fn exit_gracefully(&mut self) -> Option<std::io::Result<ExitStatus>> {
        if let Ok(status) = timeout(SHUTDOWN_TIMEOUT, self.child.wait()).await {
            return Some(status);
        }
        self.signal(Signal::TERM);
        timeout(SHUTDOWN_TIMEOUT, self.child.wait()).await.ok()
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // An error means that the group is already empty.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// A unique tag in the environment of one process and its descendants.
#[derive(Clone, Debug)]
struct ProcessTag(String);

impl ProcessTag {
    fn new() -> Self {
        Self(Uuid::new_v4().simple().to_string())
    }

    /// Kills all processes with this tag, and repeats that until none is left: a killed process takes a moment to
    /// exit, and may have forked before that. Gives up after [`KILL_TIMEOUT`].
    async fn kill_all(&self) {
        let start = Instant::now();
        while start.elapsed() < KILL_TIMEOUT {
            let tag = self.clone();
            // Reading /proc blocks for some milliseconds.
            let tagged = tokio::task::spawn_blocking(move || tag.processes()).await.unwrap_or_default();
            if tagged.is_empty() {
                return;
            }
            for pid in tagged {
                tracing::debug!(pid = pid.as_raw_nonzero(), "killing a process that codex left behind");
                // An error means that the process has exited meanwhile.
                let _ = kill_process(pid, Signal::KILL);
            }
            sleep(POLL_INTERVAL).await;
        }
        tracing::warn!("a process that codex left behind could not be killed");
    }

    /// Returns the processes with this tag. Empty on systems without /proc.
    fn processes(&self) -> Vec<Pid> {
        let tag = format!("{TAG_VARIABLE}={}", self.0);
        let has_tag =
            |environment: &[u8]| environment.split(|byte| *byte == 0).any(|entry| entry == tag.as_bytes());
        let Ok(all) = std::fs::read_dir("/proc") else { return Vec::new() };
        all.flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok().and_then(Pid::from_raw))
            // Zombies are not included, because their environment is empty.
            .filter(|pid| {
                std::fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero()))
                    .is_ok_and(|environment| has_tag(&environment))
            })
            .collect()
    }
}

struct KillGroup(Pid);

impl Drop for KillGroup {
    fn drop(&mut self) {
        let _ = kill_process_group(self.0, Signal::KILL);
    }
}

fn child_id(child: &Child) -> u32 {
    child.id().unwrap_or_default()
}

fn group(child: &Child) -> Option<Pid> {
    child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
}

/// The newest lines of a process's standard error. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Stderr {
    lines: Arc<Mutex<VecDeque<String>>>,
    /// Cancelled when all of it has been read.
    closed: CancellationToken,
}

impl Stderr {
    /// Returns the newest line that is not blank.
    pub(super) fn last_line(&self) -> Option<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().rev().find(|line| !line.trim().is_empty()).cloned()
    }

    /// Waits until all of standard error has been read.
    pub(super) async fn closed(&self) {
        self.closed.cancelled().await;
    }

    /// Reads standard error to its end.
    async fn follow(self, stderr: tokio::process::ChildStderr, pid: u32) {
        use tokio::io::AsyncReadExt;
        let mut reader = BufReader::new(stderr);
        let mut line = Vec::new();
        let _closed = self.closed.clone().drop_guard();
        loop {
            line.clear();
            match (&mut reader).take(MAX_STDERR_LINE_BYTES).read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            tracing::debug!(pid, line = %text, "codex wrote to its error output");
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() == MAX_STDERR_LINES {
                lines.pop_front();
            }
            lines.push_back(text);
        }
    }
}

/// Returns `true` if `path` is a regular file with an executable bit.
pub(super) fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
