//! Processes that wait for sessions: whoever needs one gets it at once, and never one that is not well.

use std::fs;

use futures::future::join_all;
use serde_json::json;

use crate::support::{Gateway, Process, Session, Setup, eventually};

/// What the gateway says of a process that waits.
const WAITS: &str = "a codex process waits for a session";

fn with(setup: Setup, processes: &str) -> Setup {
    setup.set("CODEX_GATEWAY_WARM_PROCESSES", processes)
}

/// Waits until so many processes have waited, since the beginning.
async fn warmed(gateway: &Gateway, times: usize) {
    eventually("a process waits", || gateway.log().matches(WAITS).count() >= times).await;
}

/// A gateway with one process that waits, and that process.
async fn gateway(setup: Setup) -> (Gateway, Process) {
    let gateway = with(setup, "1").start().await;
    warmed(&gateway, 1).await;
    let codexes = gateway.codexes();
    let [process] = codexes.as_slice() else { panic!("{codexes:?}") };
    (gateway, process.clone())
}

/// The processes but that one.
fn others(gateway: &Gateway, process: &Process) -> Vec<Process> {
    gateway.codexes().into_iter().filter(|other| other != process).collect()
}

async fn completes(session: &Session, prompt: &str) {
    let turn = session.turn(prompt).await;
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed", "{turn:?}");
}

#[tokio::test]
async fn a_session_takes_the_one_that_waits_and_another_one_takes_its_place() {
    // It counts for no limit.
    let (gateway, first) = gateway(Setup::fake("normal").set("CODEX_GATEWAY_MAX_SESSIONS", "1")).await;
    let session = gateway.create().await;
    completes(&session, "Hello").await;
    warmed(&gateway, 2).await;
    let second = others(&gateway, &first);
    assert_eq!(second.len(), 1);

    session.delete().await;
    assert!(!first.is_alive(), "it was the session's");
    assert_eq!(gateway.codexes(), second, "the other one waits");
    completes(&gateway.create().await, "Hello").await;
    assert!(second[0].is_alive());
    gateway.stop().await;
}

#[tokio::test]
async fn a_session_that_wakes_takes_it() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_PARK_AFTER_MS", "500");
    let (gateway, first) = gateway(setup).await;
    let session = gateway.create().await;
    completes(&session, "Hello").await;
    warmed(&gateway, 2).await;
    eventually("the session is parked", || !first.is_alive()).await;
    let waiting = gateway.codexes();
    completes(&session, "And on").await;
    // It ends only as that of the session, which is parked again.
    eventually("its process ends", || !waiting[0].is_alive()).await;
    let opened = gateway.codex().opened();
    let threads: Vec<_> = opened.iter().map(|opened| &opened["threadId"]).collect();
    assert_eq!(threads, [&json!(null), &session.reply["state"]["threadId"]]);
    gateway.stop().await;
}

#[tokio::test]
async fn who_comes_when_none_waits_is_not_kept() {
    let (gateway, first) = gateway(Setup::fake("normal")).await;
    let sessions = join_all((0..4).map(async |_| gateway.create().await)).await;
    join_all(sessions.iter().map(async |session| completes(session, "Hello").await)).await;
    assert!(first.is_alive());
    gateway.stop().await;
}

#[tokio::test]
async fn one_that_has_ended_is_replaced() {
    let (gateway, first) = gateway(Setup::fake("normal")).await;
    first.kill();
    warmed(&gateway, 2).await;
    let second = gateway.codexes();
    completes(&gateway.create().await, "Hello").await;
    assert!(second[0].is_alive());
    gateway.stop().await;
}

#[tokio::test]
async fn one_that_does_not_answer_is_not_handed_out() {
    let (gateway, first) = gateway(Setup::fake("normal")).await;
    first.freeze();
    let session = gateway.create().await;
    completes(&session, "Hello").await;
    eventually("the one that did not answer ends", || !first.is_alive()).await;
    gateway.stop().await;
}

#[tokio::test]
async fn one_that_was_started_before_a_login_is_not_handed_out() {
    let (gateway, first) = gateway(Setup::fake("normal")).await;
    let home = gateway.home().join(".codex");
    fs::create_dir_all(&home).unwrap();
    fs::write(home.join("auth.json"), "{}").unwrap();
    completes(&gateway.create().await, "Hello").await;
    eventually("the one that does not know of it ends", || !first.is_alive()).await;
    warmed(&gateway, 2).await;
    // One that was started after it is.
    let codexes = gateway.codexes();
    let session = gateway.create().await;
    completes(&session, "Hello").await;
    assert!(codexes.iter().all(Process::is_alive));
    gateway.stop().await;
}

#[tokio::test]
async fn they_are_tried_again_until_codex_can_be_started() {
    let gateway = with(Setup::fake("exits"), "2").start().await;
    eventually("it is told", || gateway.log().contains("no warm process can be started")).await;
    gateway.client.post_json("/api/sessions", &json!({})).await.refused(503, "codex_unavailable");
    gateway.codex().set_mode("normal");
    warmed(&gateway, 2).await;
    completes(&gateway.create().await, "Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn without_any_sessions_start_their_own() {
    let gateway = with(Setup::fake("normal"), "0").start().await.settled().await;
    let session = gateway.create().await;
    completes(&session, "Hello").await;
    assert_eq!(gateway.codexes().len(), 1);
    session.delete().await;
    assert_eq!(gateway.codexes(), []);
    gateway.stop().await;
}

#[tokio::test]
async fn the_real_codex_serves_whoever_takes_it() {
    let (gateway, first) = gateway(Setup::demo().set("CODEX_GATEWAY_PARK_AFTER_MS", "300")).await;
    // Directory, sandbox and policy are the thread's: that of the process does not matter.
    fs::create_dir(gateway.workspace().join("below")).unwrap();
    let body = json!({ "cwd": "below", "sandbox": "read-only", "approvalPolicy": "never" });
    let session = gateway.create_with(&gateway.client, &body).await;
    let state = session.state().await;
    assert_eq!(state["sandbox"], "read-only");
    assert!(state["cwd"].as_str().unwrap().ends_with("/below"), "{state}");
    assert!(!state["models"].as_array().unwrap().is_empty());
    completes(&session, "Reply with exactly the single word ready").await;
    eventually("the session is parked", || !first.is_alive()).await;
    warmed(&gateway, 2).await;
    completes(&session, "Reply with exactly the single word again").await;
    warmed(&gateway, 3).await;
    // Another thread is another process: it has waited, too.
    session.client.post_json(&session.path("/thread/new"), &json!({})).await.ok();
    completes(&session, "Reply with exactly the single word new").await;
    gateway.kill().await;
}
