//! The codex process: the only place that starts processes (`clippy.toml` says so).

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

use crate::{config::PassEnv, environment::inherited};

/// How long a process may take to end after its input was closed, and again after SIGTERM.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How long to wait for the end of processes that were killed, and how often to look.
const TO_DIE: Duration = Duration::from_secs(2);
const ROUND: Duration = Duration::from_millis(5);
/// How many of the newest lines of its error output are kept, to tell why it ended.
const STDERR_LINES: usize = 20;
/// The longest line of error output that is logged, in bytes; what is longer comes in pieces.
const STDERR_LINE: u64 = 8 * 1024;

/// How long git may take to answer.
const GIT_TIMEOUT: Duration = Duration::from_secs(2);

/// The variable that marks a process and all that descend from it.
///
/// The commands of an agent have sessions, and so groups, of their own: what is left of them when codex is
/// killed is found by this mark.
const MARK: &str = "CODEX_GATEWAY_PROCESS";

/// Which codex to run, and how.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The executable.
    pub program: PathBuf,
    /// Codex's own home; its default without one.
    pub codex_home: Option<PathBuf>,
    /// Where it is started. (Threads have a directory of their own.)
    pub cwd: PathBuf,
    /// Settings, as `-c key=value` gives them.
    pub settings: Vec<String>,
    /// Which variables of the environment codex gets beside the usual ones.
    pub pass_env: PassEnv,
}

impl Launch {
    /// Where codex has its home, if that can be told.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        let default = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".codex"));
        self.codex_home.clone().or_else(default)
    }

    fn command(&self, arguments: &[&OsStr], mark: &Mark) -> Command {
        #[expect(clippy::disallowed_methods, reason = "this is the one place")]
        let mut command = Command::new(&self.program);
        command.env_clear().envs(inherited(&self.pass_env)).env(MARK, &mark.0);
        if let Some(home) = &self.codex_home {
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
        let mark = Mark::new();
        let mut command = self.command(&[OsStr::new("app-server")], &mark);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let missing = || std::io::Error::other("a pipe of the process is missing");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let stderr = child.stderr.take().ok_or_else(missing)?;
        let process = Process { group: group(&child), child, mark, stderr: Stderr::default() };
        tokio::spawn(process.stderr.clone().follow(stderr, child_id(&process.child)));
        Ok(Started { process, stdin, stdout })
    }

    /// Runs codex to its end, with `input` on its standard input; its status and what it printed.
    ///
    /// # Errors
    /// If it cannot be started, or does not end within `patience`.
    pub async fn run(&self, arguments: &[&str], input: &[u8], patience: Duration) -> std::io::Result<Ran> {
        let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        run(self.command(&arguments, &Mark::new()), input, patience).await
    }
}

/// Runs git in a directory to its end.
///
/// # Errors
/// If it cannot be started, or does not end in time.
pub(crate) async fn run_git(dir: &Path, arguments: &[&str]) -> std::io::Result<Ran> {
    #[expect(clippy::disallowed_methods, reason = "this module starts all processes")]
    let mut command = Command::new("git");
    command.env_clear().envs(inherited(&PassEnv::default()));
    // It only looks: it takes no lock, and starts no program that the repository's configuration names.
    command.env("GIT_OPTIONAL_LOCKS", "0").args(["-c", "core.fsmonitor=false", "--no-pager", "-C"]).arg(dir);
    command.args(arguments).process_group(0).kill_on_drop(true);
    run(command, &[], GIT_TIMEOUT).await
}

/// Runs a program to its end, with `input` on its standard input.
async fn run(mut command: Command, input: &[u8], patience: Duration) -> std::io::Result<Ran> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let guard = group(&child).map(KillGroup);
    let finish = async {
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not read its input is no error here: its status tells.
            let _ = stdin.write_all(input).await;
        }
        child.wait_with_output().await
    };
    let output = timeout(patience, finish)
        .await
        .map_err(|_| std::io::Error::new(std::io::ErrorKind::TimedOut, "it did not end in time"))??;
    drop(guard);
    Ok(Ran {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// What a program that ran to its end left.
#[derive(Debug)]
pub struct Ran {
    /// How it ended.
    pub status: ExitStatus,
    /// Its output.
    pub stdout: String,
    /// Its error output.
    pub stderr: String,
}

/// A process that has just been started, with its pipes.
pub(super) struct Started {
    pub process: Process,
    pub stdin: ChildStdin,
    pub stdout: ChildStdout,
}

/// A codex process and its group. Dropping it kills both.
pub(super) struct Process {
    child: Child,
    group: Option<Pid>,
    mark: Mark,
    stderr: Stderr,
}

impl Process {
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// The newest lines of its error output.
    pub(super) fn stderr(&self) -> Stderr {
        self.stderr.clone()
    }

    /// Waits until it has ended by itself. Dropping the wait loses nothing.
    pub(super) async fn ended(&mut self) {
        // An error says that there is nothing to wait for.
        let _ = self.child.wait().await;
    }

    /// Waits for its end, its input being closed: then SIGTERM, then SIGKILL, for the whole group. When `killing` is
    /// cancelled, SIGKILL comes at once: it also ends a process that was stopped.
    pub(super) async fn end(&mut self, killing: &CancellationToken) -> Option<ExitStatus> {
        let status = tokio::select! {
            status = self.end_gracefully() => status,
            () = killing.cancelled() => None,
        };
        self.signal(Signal::KILL);
        let status = match status {
            Some(status) => status.ok(),
            None => self.child.wait().await.ok(),
        };
        self.mark.kill_all().await;
        status
    }

    /// Waits for its end, and asks for it with SIGTERM. `None` if it has not ended.
    async fn end_gracefully(&mut self) -> Option<std::io::Result<ExitStatus>> {
        if let Ok(status) = timeout(PATIENCE, self.child.wait()).await {
            return Some(status);
        }
        self.signal(Signal::TERM);
        timeout(PATIENCE, self.child.wait()).await.ok()
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // An empty group is what we want: not an error.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Tells one process and its descendants from all others.
#[derive(Clone, Debug)]
struct Mark(String);

impl Mark {
    fn new() -> Self {
        Self(Uuid::new_v4().simple().to_string())
    }

    /// Kills every process that bears the mark, and waits until none is left: a process that is killed dies
    /// when it gets its turn, and one that was forked meanwhile is found when one looks again.
    async fn kill_all(&self) {
        let start = Instant::now();
        while start.elapsed() < TO_DIE {
            let mark = self.clone();
            // Reading /proc blocks, if only for some milliseconds.
            let marked = tokio::task::spawn_blocking(move || mark.processes()).await.unwrap_or_default();
            if marked.is_empty() {
                return;
            }
            for pid in marked {
                tracing::debug!(pid = pid.as_raw_nonzero(), "killing a process that codex left behind");
                // It may have ended by itself meanwhile.
                let _ = kill_process(pid, Signal::KILL);
            }
            sleep(ROUND).await;
        }
        tracing::warn!("a process that codex left behind does not die");
    }

    /// The processes that bear the mark; none where there is no /proc.
    fn processes(&self) -> Vec<Pid> {
        let mark = format!("{MARK}={}", self.0);
        let bears =
            |environment: &[u8]| environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes());
        let Ok(all) = std::fs::read_dir("/proc") else { return Vec::new() };
        all.flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok().and_then(Pid::from_raw))
            // A zombie's environment is empty: it does not count.
            .filter(|pid| {
                std::fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).is_ok_and(|env| bears(&env))
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

/// The newest lines of a process's error output.
#[derive(Clone, Debug, Default)]
pub(super) struct Stderr {
    lines: Arc<Mutex<VecDeque<String>>>,
    /// Nothing more will come.
    over: CancellationToken,
}

impl Stderr {
    /// The newest line that says something.
    pub(super) fn last_line(&self) -> Option<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().rev().find(|line| !line.trim().is_empty()).cloned()
    }

    /// Waits until all of it has been read.
    pub(super) async fn over(&self) {
        self.over.cancelled().await;
    }

    async fn follow(self, stderr: tokio::process::ChildStderr, pid: u32) {
        use tokio::io::AsyncReadExt;
        let mut reader = BufReader::new(stderr);
        let mut line = Vec::new();
        let _over = self.over.clone().drop_guard();
        loop {
            line.clear();
            match (&mut reader).take(STDERR_LINE).read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            tracing::debug!(pid, line = %text, "codex wrote to its error output");
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() == STDERR_LINES {
                lines.pop_front();
            }
            lines.push_back(text);
        }
    }
}

/// Whether a file can be executed, as far as its mode tells.
pub(super) fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
