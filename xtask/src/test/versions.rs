//! The main flows of the gateway with other versions of codex than the pinned one.
//!
//! The tests are those of `server/tests/api`, with another executable. What a version cannot do is tried all the
//! same: the gateway must say so in the words that stand here.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::outcome::Outcome;
use super::parts::HOST;
use super::tally::Tally;
use crate::build::Profile;
use crate::command::{answer, cargo, program, tee};
use crate::needs;
use crate::project::target_dir;

/// The variable that names the executable, to the gateway and to its tests.
const CODEX_BIN: &str = "CODEX_GATEWAY_CODEX_BIN";

/// A turn, a command that asks, what is answered to it, an interrupt, a thread that goes on in another process, lists of
/// threads, forks, compacting, reviewing, taking turns back, archiving, and a codex that is killed.
const FLOWS: [&str; 14] = [
    "turns::a_turn_is_accepted_and_told_to_its_end",
    "turns::an_interrupt_stops_a_command_and_its_processes",
    "turns::a_failing_upstream_fails_the_turn_and_says_why",
    "requests::the_real_codex_runs_a_command_outside_the_sandbox_once_it_is_allowed_and_not_before",
    "requests::the_real_codex_is_told_what_was_answered",
    "requests::an_interrupt_withdraws_what_the_real_codex_asked",
    "outliving::the_real_codex_goes_on_after_a_kill_in_the_middle_of_a_turn",
    "thread_resume::a_session_comes_back_to_a_thread_that_its_own_process_held",
    "threads_read::threads_are_listed_and_read_as_documented",
    "thread_owners::owners_list_their_own_threads_alone_with_the_real_codex",
    HISTORY,
    FORK,
    REVERT,
    ARCHIVE,
];
const HISTORY: &str = "thread_resume::a_conversation_goes_on_in_another_session";
const FORK: &str = "thread_actions::a_thread_is_forked_from_any_turn_and_the_old_one_goes_on";
const REVERT: &str = "thread_actions::turns_are_taken_back_for_all_who_read_and_a_message_is_said_again";
const ARCHIVE: &str = "thread_actions::a_thread_is_named_archived_brought_back_and_deleted";

/// A version of codex from npm.
struct Version {
    number: &'static str,
    /// What it cannot do.
    lacks: &'static [Lack],
}

/// A flow that fails with a version.
struct Lack {
    flow: &'static str,
    /// What the test that fails must say.
    says: &'static str,
    why: &'static str,
}

const NO_REVERT: Lack = Lack {
    flow: REVERT,
    says: "it does not know thread/revert",
    why: "it has no thread/revert; the gateway answers 501 codex_lacks",
};
const OTHER_HISTORY: Lack = Lack {
    flow: HISTORY,
    says: "item-1",
    why: "its history has no commands, and other ids than the live items had; the conversation goes on",
};

/// The oldest that the gateway takes, one that is some months older than the pinned one, and the one that was pinned before.
const VERSIONS: [Version; 3] = [
    Version {
        number: "0.125.0",
        lacks: &[
            NO_REVERT,
            OTHER_HISTORY,
            Lack {
                flow: FORK,
                says: "it does not know lastTurnId of thread/fork",
                why: "it forks whole threads only; from a turn, the gateway answers 501 codex_lacks",
            },
            Lack {
                flow: ARCHIVE,
                says: "there is no such thread",
                why: "it resumes an archived thread as if there were none (404, not 409), and has no thread/delete",
            },
        ],
    },
    Version { number: "0.145.0", lacks: &[NO_REVERT, OTHER_HISTORY] },
    Version { number: "0.169.0", lacks: &[] },
];

/// One that has no `app-server`: the gateway must say so.
const TOO_OLD: &str = "0.20.0";

/// Runs them all.
pub(super) fn check() -> Result<Outcome> {
    needs::check()?;
    let (mut tally, mut ok) = (Tally::default(), true);
    for version in &VERSIONS {
        let codex = install(version.number)?;
        println!("-- codex {}", version.number);
        let can: Vec<&str> =
            FLOWS.into_iter().filter(|flow| version.lacks.iter().all(|lack| lack.flow != *flow)).collect();
        let said = tee(tests(&can).env(CODEX_BIN, &codex))?;
        let counted = Tally::of(&said.text);
        // A flow whose test has another name now would be no failure to cargo.
        let all_ran = counted.passed as usize == can.len();
        if !all_ran {
            println!("{} of {} flows passed with codex {}", counted.passed, can.len(), version.number);
        }
        tally += counted;
        ok &= said.ok && all_ran;
        for Lack { flow, says, why } in version.lacks {
            let tried = tests(&[flow]).env(CODEX_BIN, &codex).output().context("cannot start cargo")?;
            let text = String::from_utf8_lossy(&tried.stdout).into_owned();
            let text = text + &String::from_utf8_lossy(&tried.stderr);
            if !tried.status.success() && text.contains(says) {
                println!("codex {} cannot {flow}: {why}", version.number);
            } else {
                println!("{text}\ncodex {} should fail in {flow} and say {says:?}", version.number);
                tally += Tally::ONE_FAILURE;
                ok = false;
            }
        }
    }
    ok &= is_refused(TOO_OLD)?;
    Ok(Outcome::of_counted(ok, tally, "versions"))
}

/// The tests of these names, and no others.
fn tests(names: &[&str]) -> std::process::Command {
    let mut command = cargo();
    command.args(["test", "--quiet", "--no-fail-fast", "--test", "api"]).args(HOST);
    command.args(["--", "--exact"]).args(names);
    command
}

/// Whether the gateway says of a codex that it is too old, and what to do.
fn is_refused(version: &str) -> Result<bool> {
    let codex = install(version)?;
    let mut check = program(Profile::Dev.server());
    let output = check.arg("check").env(CODEX_BIN, codex).output().context("cannot start the gateway")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let told = text.lines().find(|line| line.starts_with("BAD ") && line.contains("is too old"));
    let told = told.filter(|line| line.contains(version) && line.contains("npm install"));
    match told.filter(|_| !output.status.success()) {
        Some(line) => println!("{line}"),
        None => println!("{text}\ncodex {version} should be told to be too old"),
    }
    Ok(told.is_some())
}

/// The executable of a version: installed below `target`, once.
fn install(version: &str) -> Result<PathBuf> {
    let dir = target_dir().join("codex-versions").join(version);
    let codex = dir.join("node_modules/.bin/codex");
    let is_there = || {
        let said = answer(program(&codex).arg("--version"));
        said.is_some_and(|said| said.rsplit(' ').next() == Some(version))
    };
    if is_there() {
        return Ok(codex);
    }
    let start = Instant::now();
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    // A package of its own: else npm would look for one further up.
    fs::write(dir.join("package.json"), "{ \"private\": true }\n")
        .with_context(|| format!("cannot write in {}", dir.display()))?;
    let npm = program("npm")
        .args(["install", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund", "--silent"])
        .arg(format!("@openai/codex@{version}"))
        .current_dir(&dir)
        .stdin(Stdio::null())
        .status();
    if !npm.context("cannot start npm")?.success() || !is_there() {
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
    fn the_flows_are_tests_that_there_are() {
        for flow in FLOWS {
            let (module, name) = flow.split_once("::").unwrap();
            let file = root().join(format!("server/tests/api/{module}.rs"));
            assert!(fs::read_to_string(file).unwrap().contains(&format!("async fn {name}(")), "{flow}");
        }
        for version in &VERSIONS {
            assert!(version.lacks.iter().all(|lack| FLOWS.contains(&lack.flow)), "{}", version.number);
        }
    }

    #[test]
    fn the_oldest_version_is_the_one_that_the_gateway_takes() {
        let source = fs::read_to_string(root().join("server/engine/src/version.rs")).unwrap();
        let oldest = VERSIONS[0].number.replace('.', ", ");
        assert!(source.contains(&format!("OLDEST: Version = Version({oldest})")), "{oldest}");
    }
}
