//! `codex-gateway-cli`: one prompt, and its answer.

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
    uploads::pixel,
};

/// What the program printed, and how it ended.
pub(crate) struct Done {
    pub(crate) status: ExitStatus,
    out: String,
    said: String,
}

fn command(setup: &Setup) -> Command {
    let mut command = setup.command_of(env!("CARGO_BIN_EXE_codex-gateway-cli"));
    command.env_remove("RUST_LOG");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn run(setup: &Setup, arguments: &[&str], input: &str) -> Done {
    let mut child = command(setup).args(arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    done(setup, child).await
}

/// Waits for its end. It leaves nothing behind.
pub(crate) async fn done(setup: &Setup, child: Child) -> Done {
    let output = within("the program ends", child.wait_with_output()).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    assert_eq!(Process::with("HOME", setup.home().to_str().unwrap()), [], "left behind");
    let files = fs::read_dir(setup.path("tmp")).unwrap().map(|file| file.unwrap().file_name());
    // The sandbox of the real codex keeps a file of its own.
    let ours: Vec<_> = files.filter(|name| !name.to_str().unwrap().starts_with("codex-")).collect();
    assert!(ours.is_empty(), "left behind: {ours:?}");
    Done { status: output.status, out: text(output.stdout), said: text(output.stderr) }
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[tokio::test]
async fn the_answer_of_the_real_codex_is_all_that_is_printed() {
    let setup = Setup::demo();
    let Done { status, out, said } = run(&setup, &[], "").await;
    assert!(status.success() && out == "ready\n", "{out} {said}");
    assert!(!said.contains('\u{1b}'), "plain lines in a pipe: {said}");
    let thread = said.lines().find_map(|line| line.trim().strip_prefix("to go on: --resume ")).unwrap();

    let prompt = "Reply with exactly the single word again";
    let Done { status, out, .. } = run(&setup, &["--resume", thread, "-"], prompt).await;
    assert!(status.success() && out == "again\n", "{out}");
    let Done { status, out, said } = run(&setup, &["Run the demo tour"], "").await;
    assert!(status.success() && out.contains("## What you just saw"), "{out}");
    for shown in ["[x] Change a file", "step 6 of 6", "standin-notes.md (+3)"] {
        assert!(said.contains(shown), "{said}");
    }
}

#[tokio::test]
async fn events_are_lines_of_json() {
    let setup = Setup::fake("normal");
    let Done { status, out, said } = run(&setup, &["--json", "Hello"], "").await;
    assert!(status.success() && said.is_empty(), "{said}");
    let events: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
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
async fn events_that_come_faster_than_they_are_read_are_told_to_be_missing() {
    let setup = Setup::fake("flood");
    let child = command(&setup).args(["--json", "Hello"]).spawn().unwrap();
    // Until then nobody reads.
    eventually("all is said", || setup.fake_codex().floods() == 1).await;
    let Done { status, out, .. } = done(&setup, child).await;
    assert!(status.success());
    let events: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seq = |id: &Value| id.as_str()?.split_once(':')?.1.parse::<u64>().ok();
    let gap = events.iter().position(|event| event["event"] == "gap").expect("one is told of");
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
async fn the_exit_status_tells_how_it_went() {
    let Done { status, said, .. } = run(&Setup::fake("dies"), &["Hello"], "").await;
    assert!(status.code() == Some(1) && said.contains("out of memory"), "{said}");
    let Done { status, said, .. } = run(&Setup::fake("exits"), &["Hello"], "").await;
    assert!(status.code() == Some(1) && said.contains("the disk is full"), "{said}");
    let Done { status, said, .. } = run(&Setup::fake("normal"), &["-"], " \n").await;
    assert!(status.code() == Some(1) && said.contains("no prompt"), "{said}");
    let Done { status, said, .. } = run(&Setup::fake("normal"), &["--no-such-flag"], "").await;
    assert!(status.code() == Some(2) && said.contains("--no-such-flag"), "{said}");
    let missing = Setup::fake("normal").set("CODEX_GATEWAY_CODEX_BIN", "/nowhere");
    let Done { status, said, .. } = run(&missing, &[], "").await;
    assert!(status.code() == Some(1) && said.contains("CODEX_GATEWAY_CODEX_BIN is /nowhere"), "{said}");
}

#[tokio::test]
async fn nothing_is_allowed_where_nobody_can_be_asked() {
    for mode in ["", "ask", "ask-or-decline"] {
        let setup = Setup::fake("asks").set("CODEX_GATEWAY_APPROVALS", mode);
        let Done { status, said, .. } = run(&setup, &["Hello"], "").await;
        assert!(status.success(), "{said}");
        assert!(said.contains("! asks to run: ") && said.contains("declined"), "{said}");
        assert!(!said.lines().any(|line| line == "allowed"), "{said}");
    }
    let Done { said, .. } = run(&Setup::fake("asks"), &["--approvals", "accept", "Hello"], "").await;
    assert!(said.lines().any(|line| line == "allowed"), "whoever says so: {said}");
}

#[tokio::test]
async fn whoever_ends_it_finds_nothing_left_behind() {
    for (sent, status) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let setup = Setup::fake("hangs");
        let child = command(&setup).arg("Hello").spawn().unwrap();
        eventually("it is told", || !setup.fake_codex().told().is_empty()).await;
        signal(&child, sent);
        assert_eq!(done(&setup, child).await.status.code(), Some(status));
    }

    let setup = Setup::fake("flood");
    let mut child = command(&setup).args(["--json", "Hello"]).spawn().unwrap();
    eventually("it has more to say than a pipe holds", || setup.fake_codex().floods() == 1).await;
    signal(&child, Signal::TERM);
    let ended = within("it does not wait to be read", child.wait()).await.unwrap();
    assert_eq!(ended.code(), Some(143));
    done(&setup, child).await;
}

#[tokio::test]
async fn who_starts_it_decides_what_it_ignores() {
    let setup = Setup::fake("waits");
    let program = env!("CARGO_BIN_EXE_codex-gateway-cli");
    let mut nohup = setup.command_of("nohup");
    nohup.args([program, "Hello"]).env_remove("RUST_LOG");
    nohup.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = nohup.spawn().unwrap();
    eventually("it is told", || !setup.fake_codex().told().is_empty()).await;
    signal(&child, Signal::HUP);
    setup.fake_codex().let_end().await;
    let Done { status, out, said } = done(&setup, child).await;
    assert!(status.success() && out == "Done.\n", "{status}: {out} {said}");
}

#[tokio::test]
async fn it_explains_itself_to_shells_and_people() {
    let setup = Setup::fake("normal");
    for (arguments, says) in [
        (&["--completions", "bash"][..], "complete -F _codex__gateway__cli"),
        (&["--man"], ".TH codex-gateway-cli"),
        (&["--help"], "--resume <THREAD>"),
        (&["--version"], "codex-gateway-cli "),
    ] {
        let Done { status, out, .. } = run(&setup, arguments, "").await;
        assert!(status.success() && out.contains(says), "{out}");
    }
}

#[tokio::test]
async fn message_has_its_schema_effort_images_and_what_is_piped_in() {
    let setup = Setup::fake("normal");
    let place = |name: &str| setup.path(name).to_str().unwrap().to_owned();
    let [schema, image, answer] = ["schema.json", "dot.png", "answer.txt"].map(place);
    fs::write(&schema, r#"{"type":"object"}"#).unwrap();
    fs::write(&image, pixel()).unwrap();
    let arguments =
        ["--output-schema", &schema, "-i", &image, "--effort", "high", "-o", &answer, "What is wrong?"];
    let Done { status, out, said } = run(&setup, &arguments, "a log\n").await;
    assert!(status.success(), "{said}");
    assert_eq!(fs::read_to_string(&answer).unwrap(), out.trim_end_matches('\n'));
    let told = setup.fake_codex().told();
    let params = &told.last().unwrap()["params"];
    assert_eq!(params["input"][0]["text"], "What is wrong?\n\n<stdin>\na log\n</stdin>");
    assert_eq!(params["input"][1]["type"], "localImage");
    assert_eq!((&params["outputSchema"]["type"], &params["effort"]), (&"object".into(), &"high".into()));

    for wrong in [["--output-schema", "/nowhere"], ["-i", &schema]] {
        let Done { status, said, .. } = run(&setup, &[&wrong[..], &["Hello"]].concat(), "").await;
        assert!(status.code() == Some(1) && said.contains(wrong[1]), "{said}");
    }
}

#[tokio::test]
async fn turn_that_takes_too_long_is_stopped() {
    let setup = Setup::fake("hangs");
    let Done { status, said, .. } = run(&setup, &["--timeout", "0.5", "Hello"], "").await;
    assert!(status.code() == Some(124) && said.contains("--timeout"), "{said}");
}

#[tokio::test]
async fn closed_pipe_ends_the_output_without_a_panic() {
    let setup = Setup::demo();
    for (program, arguments) in [
        (env!("CARGO_BIN_EXE_codex-gateway-cli"), &["--completions", "bash"][..]),
        (env!("CARGO_BIN_EXE_codex-gateway-cli"), &["--man"]),
        (env!("CARGO_BIN_EXE_codex-gateway-cli"), &["--help"]),
        (env!("CARGO_BIN_EXE_codex-gateway"), &["check"]),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = setup.command_of(program);
        command.args(arguments).stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        // The command holds the pipe, too.
        drop(command);
        let output = within(program, child.wait_with_output()).await.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code().is_some() && !said.contains("panicked"), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn variable_that_is_not_known_is_warned_of_and_one_of_the_server_is_not() {
    let setup = Setup::demo().set("CODEX_GATEWAY_MODLE", "x").set("CODEX_GATEWAY_PORT", "1");
    let Done { status, out, said } = run(&setup, &[], "").await;
    assert!(status.success() && out == "ready\n", "{out} {said}");
    let warning = "codex-gateway-cli: warning: CODEX_GATEWAY_MODLE is not known and does nothing; \
                   the nearest that is known is CODEX_GATEWAY_MODEL\n";
    assert!(said.contains(warning) && !said.contains("CODEX_GATEWAY_PORT"), "{said}");
}
