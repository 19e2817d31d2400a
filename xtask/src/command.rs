//! Runs other programs, in the workspace's root directory.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::project;

/// Returns a command for the program `name`.
#[allow(clippy::disallowed_methods, reason = "xtask is there to run tools")]
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(project::root());
    command
}

/// Returns a command for the cargo that started xtask.
pub(crate) fn cargo() -> Command {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Returns a command for the npm tool `name`.
pub(crate) fn npm_tool(name: &str) -> Command {
    program(project::npm_tool(name))
}

/// Runs `command` with xtask's input and output. Its failure is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", summary(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", summary(command));
    }
    Ok(())
}

/// Returns the standard output of `command`, trimmed. `None` if it cannot start or fails.
pub(crate) fn stdout_of(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The output of a program, and whether it succeeded.
pub(crate) struct TeeOutput {
    /// Standard output and standard error, in the order of arrival.
    pub(crate) text: String,
    /// `true` if the exit status is 0.
    pub(crate) success: bool,
}

/// Runs `command`, and both prints and returns its output. Only a failure to start is an error.
pub(crate) fn tee(command: &mut Command) -> Result<TeeOutput> {
    let (reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().with_context(|| format!("cannot start {}", summary(command)))?;
    // `command` owns copies of the pipe's write end. Reading ends only when they are closed.
    command.stdout(Stdio::null()).stderr(Stdio::null());

    let mut reader = BufReader::new(reader);
    let (mut text, mut line) = (String::new(), Vec::new());
    while reader.read_until(b'\n', &mut line)? > 0 {
        io::stdout().write_all(&line)?;
        text.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok(TeeOutput { text, success: child.wait()?.success() })
}

/// Returns the program's file name and its first arguments, for messages.
fn summary(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = [program].into_iter().chain(command.get_args().take(3));
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
