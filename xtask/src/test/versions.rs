//! Runs the main flows of the gateway with other versions of codex than the pinned one.
//!
//! The tests are those of `server/tests/api`, with another executable. Flows that a version does not support are run too:
//! their tests must fail with the messages given here.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::outcome::Outcome;
use super::parts::HOST;
use super::tally::Tally;
use crate::build::Profile;
use crate::command::{cargo, program, stdout_of, tee};
use crate::prerequisites;
use crate::project::target_dir;

/// The environment variable of the codex executable, for the gateway and its tests.
const CODEX_BIN: &str = "CODEX_GATEWAY_CODEX_BIN";

/// The tests to run. They cover turns, approvals, interrupts, resumed threads, lists of threads, forks, compaction, review,
/// reverted turns, archiving, and a codex that is killed.
const FLOWS: [&str; 14] = [
    "turns::started_turn_streams_events_until_completion",
    "turns::interrupt_stops_running_command_and_its_processes",
    "turns::upstream_error_fails_turn_with_reason",
    "requests::real_codex_runs_command_outside_sandbox_only_after_approval",
    "requests::real_codex_receives_answer_to_question",
    "requests::interrupt_withdraws_pending_request_of_real_codex",
    "persistence::real_codex_session_continues_after_gateway_is_killed_in_turn",
    "thread_resume::session_resumes_thread_that_its_previous_process_locked",
    "threads_read::threads_are_listed_and_read_as_documented",
    "thread_owners::list_has_only_own_threads_with_real_codex",
    HISTORY,
    FORK,
    REVERT,
    ARCHIVE,
];
const HISTORY: &str = "thread_resume::thread_is_resumed_in_another_session_with_its_history";
const FORK: &str = "thread_actions::fork_from_any_turn_leaves_original_thread_usable";
const REVERT: &str = "thread_actions::revert_removes_turns_for_all_readers_and_next_message_runs";
const ARCHIVE: &str = "thread_actions::thread_is_renamed_archived_unarchived_and_deleted";

/// A version of codex from npm.
struct Version {
    number: &'static str,
    /// The flows that it does not support.
    unsupported: &'static [UnsupportedFlow],
}

/// A flow that fails with a version.
struct UnsupportedFlow {
    flow: &'static str,
    /// The text that the output of the failing test must contain.
    message: &'static str,
    /// What the version lacks, and how the gateway reacts. For the report.
    reason: &'static str,
}

const NO_REVERT: UnsupportedFlow = UnsupportedFlow {
    flow: REVERT,
    message: "it does not know thread/revert",
    reason: "it has no thread/revert; the gateway answers 501 codex_lacks",
};
const OTHER_HISTORY: UnsupportedFlow = UnsupportedFlow {
    flow: HISTORY,
    message: "item-1",
    reason: "its history has no commands, and other ids than the live items had; the conversation goes on",
};

/// The oldest supported version, one that is some months older than the pinned one, and the previously pinned one.
const VERSIONS: [Version; 3] = [
    Version {
        number: "0.125.0",
        unsupported: &[
            NO_REVERT,
            OTHER_HISTORY,
            UnsupportedFlow {
                flow: FORK,
                message: "it does not know lastTurnId of thread/fork",
                reason: "it forks whole threads only; from a turn, the gateway answers 501 codex_lacks",
            },
            UnsupportedFlow {
                flow: ARCHIVE,
                message: "there is no such thread",
                reason: "it resumes an archived thread as if there were none (404, not 409), and has no thread/delete",
            },
        ],
    },
    Version { number: "0.145.0", unsupported: &[NO_REVERT, OTHER_HISTORY] },
    Version { number: "0.169.0", unsupported: &[] },
];

/// A version without `app-server`. The gateway must refuse it with a clear message.
const TOO_OLD: &str = "0.20.0";

/// Runs the flows with each version.
pub(super) fn check() -> Result<Outcome> {
    prerequisites::ensure()?;
    let (mut tally, mut ok) = (Tally::default(), true);
    for version in &VERSIONS {
        let codex = install(version.number)?;
        println!("-- codex {}", version.number);
        let supported: Vec<&str> = FLOWS
            .into_iter()
            .filter(|flow| version.unsupported.iter().all(|unsupported| unsupported.flow != *flow))
            .collect();
        let output = tee(tests(&supported).env(CODEX_BIN, &codex))?;
        let counted = Tally::of(&output.text);
        // Cargo does not fail if a test of that name does not exist.
        let all_ran = counted.passed as usize == supported.len();
        if !all_ran {
            println!("{} of {} flows passed with codex {}", counted.passed, supported.len(), version.number);
        }
        tally += counted;
        ok &= output.success && all_ran;
        for UnsupportedFlow { flow, message, reason } in version.unsupported {
            let attempt = tests(&[flow]).env(CODEX_BIN, &codex).output().context("cannot start cargo")?;
            let text = String::from_utf8_lossy(&attempt.stdout).into_owned();
            let text = text + &String::from_utf8_lossy(&attempt.stderr);
            if !attempt.status.success() && text.contains(message) {
                println!("codex {} does not support {flow}: {reason}", version.number);
            } else {
                println!("{text}\ncodex {} should fail in {flow} with {message:?}", version.number);
                tally += Tally::ONE_FAILURE;
                ok = false;
            }
        }
    }
    ok &= is_refused(TOO_OLD)?;
    Ok(Outcome::of_counted(ok, tally, "versions"))
}

/// Returns a command that runs exactly the named tests.
fn tests(names: &[&str]) -> std::process::Command {
    let mut command = cargo();
    command.args(["test", "--quiet", "--no-fail-fast", "--test", "api"]).args(HOST);
    command.args(["--", "--exact"]).args(names);
    command
}

/// Returns `true` if the gateway reports that a codex is too old, and what to do about it.
fn is_refused(version: &str) -> Result<bool> {
    let codex = install(version)?;
    let mut check = program(Profile::Dev.server());
    let output = check.arg("check").env(CODEX_BIN, codex).output().context("cannot start the gateway")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.starts_with("BAD ") && line.contains("is too old"));
    let line = line.filter(|line| line.contains(version) && line.contains("npm install"));
    let line = line.filter(|_| !output.status.success());
    match line {
        Some(line) => println!("{line}"),
        None => println!("{text}\ncodex {version} should be reported as too old"),
    }
    Ok(line.is_some())
}

/// Returns the executable of a version. Installs it below `target` if it is not there yet.
fn install(version: &str) -> Result<PathBuf> {
    let dir = target_dir().join("codex-versions").join(version);
    let codex = dir.join("node_modules/.bin/codex");
    let is_installed = || {
        let output = stdout_of(program(&codex).arg("--version"));
        output.is_some_and(|output| output.rsplit(' ').next() == Some(version))
    };
    if is_installed() {
        return Ok(codex);
    }
    let start = Instant::now();
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    // With a package.json of its own, npm does not look for one in the parent directories.
    fs::write(dir.join("package.json"), "{ \"private\": true }\n")
        .with_context(|| format!("cannot write in {}", dir.display()))?;
    let npm = program("npm")
        .args(["install", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund", "--silent"])
        .arg(format!("@openai/codex@{version}"))
        .current_dir(&dir)
        .stdin(Stdio::null())
        .status();
    if !npm.context("cannot start npm")?.success() || !is_installed() {
        bail!("codex {version} cannot be installed from npm in {}", dir.display());
    }
    println!("codex {version}: installed in {} s", start.elapsed().as_secs());
    Ok(codex)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{FLOWS, VERSIONS};
    use crate::project::root;

    #[test]
    fn flows_are_existing_tests() {
        for flow in FLOWS {
            let (module, name) = flow.split_once("::").unwrap();
            let file = root().join(format!("server/tests/api/{module}.rs"));
            assert!(fs::read_to_string(file).unwrap().contains(&format!("async fn {name}(")), "{flow}");
        }
        for version in &VERSIONS {
            assert!(
                version.unsupported.iter().all(|unsupported| FLOWS.contains(&unsupported.flow)),
                "{}",
                version.number
            );
        }
    }

    #[test]
    fn oldest_version_is_the_oldest_that_the_gateway_supports() {
        let source = fs::read_to_string(root().join("server/client/src/version.rs")).unwrap();
        let oldest = VERSIONS[0].number.replace('.', ", ");
        assert!(source.contains(&format!("MIN_VERSION: Version = Version({oldest})")), "{oldest}");
    }
}
