//! Starting other programs, always in the workspace's directory.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::project;

/// `name` as a command.
#[allow(clippy::disallowed_methods, reason = "starting tools is what xtask is for")]
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(project::root());
    command
}

/// The cargo that started us.
pub(crate) fn cargo() -> Command {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The npm tool `name`.
pub(crate) fn npm_tool(name: &str) -> Command {
    program(project::npm_tool(name))
}

/// Runs `command` with our own input and output; its failure is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", name(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", name(command));
    }
    Ok(())
}

/// What `command` prints, trimmed; `None` when it cannot start or fails.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// What a program said and whether it succeeded.
pub(crate) struct Said {
    /// Standard output and error, in the order they came.
    pub(crate) text: String,
    /// Exit status 0.
    pub(crate) ok: bool,
}

/// Runs `command`, shows its output as it comes and keeps it. Only failing to start is an error.
pub(crate) fn tee(command: &mut Command) -> Result<Said> {
    let (reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().with_context(|| format!("cannot start {}", name(command)))?;
    // The command holds our copies of the writing end: the output ends only once they are closed.
    command.stdout(Stdio::null()).stderr(Stdio::null());

    let mut reader = BufReader::new(reader);
    let (mut text, mut line) = (String::new(), Vec::new());
    while reader.read_until(b'\n', &mut line)? > 0 {
        io::stdout().write_all(&line)?;
        text.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok(Said { text, ok: child.wait()?.success() })
}

/// A command as one types it: the program's name and its first arguments.
fn name(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = [program].into_iter().chain(command.get_args().take(3));
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
