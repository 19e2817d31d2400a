//! Starts processes and shuts them down. No other module starts processes (`clippy.toml` enforces that).
//!
//! [`LaunchConfig`] starts codex. [`run`] runs any other program until it exits.

use std::{
    collections::VecDeque,
    ffi::{OsStr, OsString},
    fmt, io,
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

use crate::protocol::ClientInfo;

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

/// How codex processes are started.
#[derive(Clone, Debug)]
pub struct LaunchConfig {
    /// The path of the executable.
    pub program: PathBuf,
    /// Codex's home. `None` for `CODEX_HOME` of this program's environment, or else codex's default.
    pub codex_home: Option<PathBuf>,
    /// The working directory of the process. (Each thread has a directory of its own.)
    pub cwd: PathBuf,
    /// Settings that override codex's configuration, each as `key=value`.
    pub settings: Vec<String>,
    /// The environment variables of the process. It inherits no others, except `CODEX_HOME`.
    pub variables: Variables,
    /// The name of the environment variable that tags the process and all its descendants.
    ///
    /// The commands of an agent run in process groups of their own. If codex leaves some behind, they are found by
    /// this tag.
    pub tag_variable: &'static str,
    /// How the client introduces itself to codex.
    pub client: ClientInfo,
    /// Whether all lines are also sent as [`Inbound::Raw`](crate::Inbound::Raw).
    pub debug: bool,
}

/// The environment variables of a process. Their values may be secrets, so `Debug` shows only the names.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Variables(Vec<(OsString, OsString)>);

impl Variables {
    /// Adds a variable, or replaces its value.
    #[must_use]
    pub fn with(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        let name = name.into();
        self.0.retain(|(existing, _)| *existing != name);
        self.0.push((name, value.into()));
        self
    }

    fn iter(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.0.iter().map(|(name, value)| (name, value))
    }
}

impl FromIterator<(OsString, OsString)> for Variables {
    fn from_iter<I: IntoIterator<Item = (OsString, OsString)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl LaunchConfig {
    /// Creates a configuration with codex's default home, without settings and environment variables.
    pub fn new(program: PathBuf, cwd: PathBuf, client: ClientInfo) -> Self {
        Self {
            program,
            codex_home: None,
            cwd,
            settings: Vec::new(),
            variables: Variables::default(),
            tag_variable: "CODEX_CLIENT_PROCESS",
            client,
            debug: false,
        }
    }

    /// Returns codex's home. `None` if neither `CODEX_HOME` nor `HOME` is known.
    pub fn home(&self) -> Option<PathBuf> {
        let default = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".codex"));
        self.explicit_home().or_else(default)
    }

    /// Returns the value of codex's `CODEX_HOME`. `None` if codex uses its default.
    ///
    /// `codex login` in the same shell uses the `CODEX_HOME` of that shell, so this does as well.
    fn explicit_home(&self) -> Option<PathBuf> {
        let inherited = || std::env::var_os("CODEX_HOME").filter(|home| !home.is_empty());
        // Codex runs in another directory, where a relative path means another place.
        self.codex_home.clone().or_else(|| std::path::absolute(inherited()?).ok())
    }

    fn command(&self, arguments: &[&OsStr], tag: &ProcessTag) -> Command {
        let mut command = command(self.program.as_os_str(), &self.variables);
        command.env(tag.variable, &tag.value);
        if let Some(home) = self.explicit_home() {
            command.env("CODEX_HOME", home);
        }
        for setting in &self.settings {
            command.arg("-c").arg(setting);
        }
        command.args(arguments).current_dir(&self.cwd);
        command
    }

    fn new_tag(&self) -> ProcessTag {
        ProcessTag { variable: self.tag_variable, value: Uuid::new_v4().simple().to_string() }
    }

    /// Starts `codex app-server`.
    pub(crate) fn app_server(&self) -> io::Result<Started> {
        let tag = self.new_tag();
        let mut command = self.command(&[OsStr::new("app-server")], &tag);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let missing = || io::Error::other("a pipe of the process is missing");
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
    ) -> io::Result<CommandOutput> {
        let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        run_command(self.command(&arguments, &self.new_tag()), input, timeout).await
    }
}

/// Runs a program until it exits, in a process group of its own and without standard input. It inherits no environment
/// variables. A program without a directory is looked up on the `PATH` among `variables`.
///
/// # Errors
/// If the program cannot be started, or does not exit within `timeout`.
pub async fn run(
    program: impl AsRef<OsStr>,
    arguments: &[&OsStr],
    variables: &Variables,
    timeout: Duration,
) -> io::Result<CommandOutput> {
    let mut command = command(program.as_ref(), variables);
    command.args(arguments);
    run_command(command, &[], timeout).await
}

/// Returns a command with these environment variables only, in a process group of its own.
fn command(program: &OsStr, variables: &Variables) -> Command {
    #[expect(clippy::disallowed_methods, reason = "this module starts all processes")]
    let mut command = Command::new(program);
    command.env_clear().envs(variables.iter()).process_group(0).kill_on_drop(true);
    command
}

/// Runs a command until it exits. `input` is its standard input.
async fn run_command(mut command: Command, input: &[u8], limit: Duration) -> io::Result<CommandOutput> {
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
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "it did not end in time"))??;
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
pub(crate) struct Started {
    pub process: Process,
    pub stdin: ChildStdin,
    pub stdout: ChildStdout,
}

/// A codex process and its process group. Dropping it kills both.
pub(crate) struct Process {
    child: Child,
    group: Option<Pid>,
    tag: ProcessTag,
    stderr: Stderr,
}

impl Process {
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Returns a handle on the newest lines of standard error.
    pub(crate) fn stderr(&self) -> Stderr {
        self.stderr.clone()
    }

    /// Waits until the process has exited. Cancel safe.
    pub(crate) async fn wait(&mut self) {
        // An error means that there is no process to wait for.
        let _ = self.child.wait().await;
    }

    /// Shuts the process group down, after its input was closed: waits, then sends SIGTERM, then SIGKILL. When
    /// `killing` is cancelled, SIGKILL is sent at once: it also kills a process that was stopped with SIGSTOP.
    pub(crate) async fn shutdown(&mut self, killing: &CancellationToken) -> Option<ExitStatus> {
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
    async fn exit_gracefully(&mut self) -> Option<io::Result<ExitStatus>> {
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
struct ProcessTag {
    /// The name of the environment variable.
    variable: &'static str,
    /// Its value.
    value: String,
}

impl ProcessTag {
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
        let tag = format!("{}={}", self.variable, self.value);
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
pub(crate) struct Stderr {
    lines: Arc<Mutex<VecDeque<String>>>,
    /// Cancelled when all of it has been read.
    closed: CancellationToken,
}

impl Stderr {
    /// Returns the newest line that is not blank.
    pub(crate) fn last_line(&self) -> Option<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().rev().find(|line| !line.trim().is_empty()).cloned()
    }

    /// Waits until all of standard error has been read.
    pub(crate) async fn closed(&self) {
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
pub(crate) fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_of_variables_shows_names_only() {
        let variables = Variables::default().with("KEY", "secret");
        assert_eq!(format!("{variables:?}"), r#"["KEY"]"#);
    }

    #[tokio::test]
    async fn program_inherits_no_variables() {
        let variables = Variables::default().with("A", "1").with("A", "2");
        let output = run("/usr/bin/env", &[], &variables, Duration::from_secs(10)).await.unwrap();
        assert_eq!((output.status.success(), output.stdout.as_str()), (true, "A=2\n"));
    }

    #[tokio::test]
    async fn program_that_does_not_exit_in_time_is_killed() {
        let seconds = [OsStr::new("60")];
        let variables = Variables::default().with("PATH", "/usr/bin:/bin");
        let error = run("sleep", &seconds, &variables, Duration::from_millis(20)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
