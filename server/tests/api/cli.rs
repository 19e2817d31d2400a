//! `codex-gateway-cli` without a terminal.

use std::{
    fs,
    process::{ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
};

use crate::{
    support::{Process, Setup, eventually, within},
    uploads::one_pixel_png,
};

/// Exit status and output of the program.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    stdout: String,
    stderr: String,
}

fn command(setup: &Setup) -> Command {
    let mut command = setup.command_for(env!("CARGO_BIN_EXE_codex-gateway-cli"));
    command.env_remove("RUST_LOG");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn run(setup: &Setup, arguments: &[&str], input: &str) -> Finished {
    let mut child = command(setup).args(arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    finish(setup, child).await
}

/// Waits for the program to exit. Asserts that it leaves no process and no file behind.
pub(crate) async fn finish(setup: &Setup, child: Child) -> Finished {
    let output = within("the program exits", child.wait_with_output()).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    assert_eq!(Process::with_env("HOME", setup.home().to_str().unwrap()), [], "processes are left behind");
    let files = fs::read_dir(setup.path("tmp")).unwrap().map(|file| file.unwrap().file_name());
    // The sandbox of the real codex keeps its own file.
    let ours: Vec<_> = files.filter(|name| !name.to_str().unwrap().starts_with("codex-")).collect();
    assert!(ours.is_empty(), "files are left behind: {ours:?}");
    Finished { status: output.status, stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[tokio::test]
async fn stdout_has_only_the_answer_of_the_real_codex() {
    let setup = Setup::demo();
    let Finished { status, stdout, stderr } = run(&setup, &[], "").await;
    assert!(status.success() && stdout == "ready\n", "{stdout} {stderr}");
    assert!(!stderr.contains('\u{1b}'), "no escape sequences in a pipe: {stderr}");
    let thread = stderr.lines().find_map(|line| line.trim().strip_prefix("to go on: --resume ")).unwrap();

    let prompt = "Reply with exactly the single word again";
    let Finished { status, stdout, .. } = run(&setup, &["--resume", thread, "-"], prompt).await;
    assert!(status.success() && stdout == "again\n", "{stdout}");
    let Finished { status, stdout, stderr } = run(&setup, &["Run the demo tour"], "").await;
    assert!(status.success() && stdout.contains("## What you just saw"), "{stdout}");
    for shown in ["[x] Change a file", "step 6 of 6", "standin-notes.md (+3)"] {
        assert!(stderr.contains(shown), "{stderr}");
    }
}

#[tokio::test]
async fn json_flag_prints_events_as_json_lines() {
    let setup = Setup::fake("normal");
    let Finished { status, stdout, stderr } = run(&setup, &["--json", "Hello"], "").await;
    assert!(status.success() && stderr.is_empty(), "{stderr}");
    let events: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let first = &events[0];
    assert_eq!(first["event"], "session");
    assert!(first["data"]["sessionId"].is_string() && first["data"]["threadId"].is_string(), "{first}");
    let methods: Vec<_> = events.iter().filter_map(|event| event["data"]["method"].as_str()).collect();
    assert!(methods.contains(&"turn/started") && methods.contains(&"turn/completed"), "{methods:?}");
    let last = events.last().unwrap();
    assert_eq!((&last["event"], &last["data"]["turn"]["status"]), (&"turn".into(), &"completed".into()));
    let seq = |event: &Value| event["id"].as_str()?.split_once(':')?.1.parse::<u64>().ok();
    let ids: Vec<u64> = events.iter().filter_map(seq).collect();
    assert!(ids.windows(2).all(|two| two[0] < two[1]), "{ids:?}");
}

#[tokio::test]
async fn slow_reader_of_json_output_gets_a_gap_event() {
    let setup = Setup::fake("flood");
    let child = command(&setup).args(["--json", "Hello"]).spawn().unwrap();
    // Nothing is read until the flood is written.
    eventually("the flood is written", || setup.fake_codex().flood_count() == 1).await;
    let Finished { status, stdout, .. } = finish(&setup, child).await;
    assert!(status.success());
    let events: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seq = |id: &Value| id.as_str()?.split_once(':')?.1.parse::<u64>().ok();
    let gap = events.iter().position(|event| event["event"] == "gap").expect("a gap event should be printed");
    let missing = &events[gap]["data"];
    assert_eq!(missing["reason"], "slowReader");
    assert!(seq(&missing["from"]) < seq(&missing["to"]), "{missing}");
    let before = events[..gap].iter().filter_map(|event| seq(&event["id"])).next_back();
    assert!(before <= seq(&missing["from"]), "{before:?} {missing}");
    let after = events[gap + 1..].iter().find_map(|event| seq(&event["id"]));
    assert!(after.is_none_or(|after| Some(after) > seq(&missing["to"])), "{after:?} {missing}");
    assert_eq!(events.last().unwrap()["event"], "turn");
}

#[tokio::test]
async fn exit_status_shows_kind_of_failure() {
    let Finished { status, stderr, .. } = run(&Setup::fake("exits-in-turn"), &["Hello"], "").await;
    assert!(status.code() == Some(1) && stderr.contains("out of memory"), "{stderr}");
    let Finished { status, stderr, .. } = run(&Setup::fake("exits-at-start"), &["Hello"], "").await;
    assert!(status.code() == Some(1) && stderr.contains("the disk is full"), "{stderr}");
    let Finished { status, stderr, .. } = run(&Setup::fake("normal"), &["-"], " \n").await;
    assert!(status.code() == Some(1) && stderr.contains("no prompt"), "{stderr}");
    let Finished { status, stderr, .. } = run(&Setup::fake("normal"), &["--no-such-flag"], "").await;
    assert!(status.code() == Some(2) && stderr.contains("--no-such-flag"), "{stderr}");
    let missing = Setup::fake("normal").set("CODEX_GATEWAY_CODEX_BIN", "/nowhere");
    let Finished { status, stderr, .. } = run(&missing, &[], "").await;
    assert!(status.code() == Some(1) && stderr.contains("CODEX_GATEWAY_CODEX_BIN is /nowhere"), "{stderr}");
}

#[tokio::test]
async fn requests_are_declined_without_a_terminal() {
    for mode in ["", "ask", "ask-or-decline"] {
        let setup = Setup::fake("asks").set("CODEX_GATEWAY_APPROVALS", mode);
        let Finished { status, stderr, .. } = run(&setup, &["Hello"], "").await;
        assert!(status.success(), "{stderr}");
        assert!(stderr.contains("! asks to run: ") && stderr.contains("declined"), "{stderr}");
        assert!(!stderr.lines().any(|line| line == "allowed"), "{stderr}");
    }
    let Finished { stderr, .. } = run(&Setup::fake("asks"), &["--approvals", "accept", "Hello"], "").await;
    assert!(stderr.lines().any(|line| line == "allowed"), "the flag accepts requests: {stderr}");
}

#[tokio::test]
async fn signal_ends_the_program_and_leaves_nothing_behind() {
    for (sent, status) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let setup = Setup::fake("endless-turn");
        let child = command(&setup).arg("Hello").spawn().unwrap();
        eventually("codex receives the message", || !setup.fake_codex().received().is_empty()).await;
        signal(&child, sent);
        assert_eq!(finish(&setup, child).await.status.code(), Some(status));
    }

    let setup = Setup::fake("flood");
    let mut child = command(&setup).args(["--json", "Hello"]).spawn().unwrap();
    eventually("the output is larger than a pipe", || setup.fake_codex().flood_count() == 1).await;
    signal(&child, Signal::TERM);
    let ended = within("the program exits with unread output", child.wait()).await.unwrap();
    assert_eq!(ended.code(), Some(143));
    finish(&setup, child).await;
}

#[tokio::test]
async fn hangup_signal_is_ignored_under_nohup() {
    let setup = Setup::fake("waits");
    let program = env!("CARGO_BIN_EXE_codex-gateway-cli");
    let mut nohup = setup.command_for("nohup");
    nohup.args([program, "Hello"]).env_remove("RUST_LOG");
    nohup.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = nohup.spawn().unwrap();
    eventually("codex receives the message", || !setup.fake_codex().received().is_empty()).await;
    signal(&child, Signal::HUP);
    setup.fake_codex().release_turn().await;
    let Finished { status, stdout, stderr } = finish(&setup, child).await;
    assert!(status.success() && stdout == "Done.\n", "{status}: {stdout} {stderr}");
}

#[tokio::test]
async fn completions_man_page_help_and_version_are_printed() {
    let setup = Setup::fake("normal");
    for (arguments, expected) in [
        (&["--completions", "bash"][..], "complete -F _codex__gateway__cli"),
        (&["--man"], ".TH codex-gateway-cli"),
        (&["--help"], "--resume <THREAD>"),
        (&["--version"], "codex-gateway-cli "),
    ] {
        let Finished { status, stdout, .. } = run(&setup, arguments, "").await;
        assert!(status.success() && stdout.contains(expected), "{stdout}");
    }
}

#[tokio::test]
async fn message_includes_schema_effort_images_and_standard_input() {
    let setup = Setup::fake("normal");
    let path = |name: &str| setup.path(name).to_str().unwrap().to_owned();
    let [schema, image, answer] = ["schema.json", "dot.png", "answer.txt"].map(path);
    fs::write(&schema, r#"{"type":"object"}"#).unwrap();
    fs::write(&image, one_pixel_png()).unwrap();
    let arguments =
        ["--output-schema", &schema, "-i", &image, "--effort", "high", "-o", &answer, "What is wrong?"];
    let Finished { status, stdout, stderr } = run(&setup, &arguments, "a log\n").await;
    assert!(status.success(), "{stderr}");
    assert_eq!(fs::read_to_string(&answer).unwrap(), stdout.trim_end_matches('\n'));
    let received = setup.fake_codex().received();
    let params = &received.last().unwrap()["params"];
    assert_eq!(params["input"][0]["text"], "What is wrong?\n\n<stdin>\na log\n</stdin>");
    assert_eq!(params["input"][1]["type"], "localImage");
    assert_eq!((&params["outputSchema"]["type"], &params["effort"]), (&"object".into(), &"high".into()));

    for wrong in [["--output-schema", "/nowhere"], ["-i", &schema]] {
        let Finished { status, stderr, .. } = run(&setup, &[&wrong[..], &["Hello"]].concat(), "").await;
        assert!(status.code() == Some(1) && stderr.contains(wrong[1]), "{stderr}");
    }
}

#[tokio::test]
async fn turn_is_interrupted_after_timeout() {
    let setup = Setup::fake("endless-turn");
    let Finished { status, stderr, .. } = run(&setup, &["--timeout", "0.5", "Hello"], "").await;
    assert!(status.code() == Some(124) && stderr.contains("--timeout"), "{stderr}");
}

#[tokio::test]
async fn closed_output_pipe_does_not_panic() {
    let setup = Setup::demo();
    for (program, arguments) in [
        (env!("CARGO_BIN_EXE_codex-gateway-cli"), &["--completions", "bash"][..]),
        (env!("CARGO_BIN_EXE_codex-gateway-cli"), &["--man"]),
        (env!("CARGO_BIN_EXE_codex-gateway-cli"), &["--help"]),
        (env!("CARGO_BIN_EXE_codex-gateway"), &["check"]),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = setup.command_for(program);
        command.args(arguments).stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        // The command holds the writing end as well.
        drop(command);
        let output = within(program, child.wait_with_output()).await.unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code().is_some() && !stderr.contains("panicked"), "{arguments:?}: {stderr}");
    }
}

#[tokio::test]
async fn unknown_variable_is_warned_about_and_server_variable_is_not() {
    let setup = Setup::demo().set("CODEX_GATEWAY_MODLE", "x").set("CODEX_GATEWAY_PORT", "1");
    let Finished { status, stdout, stderr } = run(&setup, &[], "").await;
    assert!(status.success() && stdout == "ready\n", "{stdout} {stderr}");
    let warning = "codex-gateway-cli: warning: CODEX_GATEWAY_MODLE is not known and does nothing; \
                   the nearest that is known is CODEX_GATEWAY_MODEL\n";
    assert!(stderr.contains(warning) && !stderr.contains("CODEX_GATEWAY_PORT"), "{stderr}");
}
