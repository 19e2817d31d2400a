//! The process pool: sessions take a started process, but never an unhealthy or outdated one.

use std::fs;

use futures::future::join_all;
use serde_json::json;

use crate::support::{Gateway, Process, Session, Setup, eventually};

/// Log message about a new pooled process.
const POOLED_MESSAGE: &str = "a codex process waits for a session";

fn with_pool_size(setup: Setup, size: &str) -> Setup {
    setup.set("CODEX_GATEWAY_WARM_PROCESSES", size)
}

/// Waits until the pool has received `count` processes since the start.
async fn wait_for_pooled(gateway: &Gateway, count: usize) {
    eventually("the pool has a process", || gateway.log().matches(POOLED_MESSAGE).count() >= count).await;
}

/// Starts a gateway with a pool of one process. Returns that process as well.
async fn gateway(setup: Setup) -> (Gateway, Process) {
    let gateway = with_pool_size(setup, "1").start().await;
    wait_for_pooled(&gateway, 1).await;
    let codexes = gateway.codex_processes();
    let [process] = codexes.as_slice() else { panic!("{codexes:?}") };
    (gateway, process.clone())
}

/// Returns all codex processes except this one.
fn others(gateway: &Gateway, process: &Process) -> Vec<Process> {
    gateway.codex_processes().into_iter().filter(|other| other != process).collect()
}

async fn assert_turn_completes(session: &Session, prompt: &str) {
    let turn = session.run_turn(prompt).await;
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed", "{turn:?}");
}

#[tokio::test]
async fn session_takes_the_pooled_process_and_the_pool_is_refilled() {
    // A pooled process does not count against the limit.
    let (gateway, first) = gateway(Setup::fake("normal").set("CODEX_GATEWAY_MAX_SESSIONS", "1")).await;
    let session = gateway.create().await;
    assert_turn_completes(&session, "Hello").await;
    wait_for_pooled(&gateway, 2).await;
    let second = others(&gateway, &first);
    assert_eq!(second.len(), 1);

    session.delete().await;
    assert!(!first.is_alive(), "the session used the pooled process");
    assert_eq!(gateway.codex_processes(), second, "the new process stays in the pool");
    assert_turn_completes(&gateway.create().await, "Hello").await;
    assert!(second[0].is_alive());
    gateway.stop().await;
}

#[tokio::test]
async fn parked_session_takes_a_pooled_process() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_PARK_AFTER_MS", "500");
    let (gateway, first) = gateway(setup).await;
    let session = gateway.create().await;
    assert_turn_completes(&session, "Hello").await;
    wait_for_pooled(&gateway, 2).await;
    eventually("the session is parked", || !first.is_alive()).await;
    let waiting = gateway.codex_processes();
    assert_turn_completes(&session, "And on").await;
    // The process only exits because the session is parked again.
    eventually("its process exits", || !waiting[0].is_alive()).await;
    let opened = gateway.fake_codex().opened_threads();
    let threads: Vec<_> = opened.iter().map(|opened| &opened["threadId"]).collect();
    assert_eq!(threads, [&json!(null), &session.reply["state"]["threadId"]]);
    gateway.stop().await;
}

#[tokio::test]
async fn sessions_do_not_wait_for_an_empty_pool() {
    let (gateway, first) = gateway(Setup::fake("normal")).await;
    let sessions = join_all((0..4).map(async |_| gateway.create().await)).await;
    join_all(sessions.iter().map(async |session| assert_turn_completes(session, "Hello").await)).await;
    assert!(first.is_alive());
    gateway.stop().await;
}

#[tokio::test]
async fn pooled_process_that_exits_is_replaced() {
    let (gateway, first) = gateway(Setup::fake("normal")).await;
    first.kill();
    wait_for_pooled(&gateway, 2).await;
    let second = gateway.codex_processes();
    assert_turn_completes(&gateway.create().await, "Hello").await;
    assert!(second[0].is_alive());
    gateway.stop().await;
}

#[tokio::test]
async fn pooled_process_that_does_not_answer_is_not_used() {
    let (gateway, first) = gateway(Setup::fake("normal")).await;
    first.freeze();
    let session = gateway.create().await;
    assert_turn_completes(&session, "Hello").await;
    eventually("the frozen process exits", || !first.is_alive()).await;
    gateway.stop().await;
}

#[tokio::test]
async fn pooled_process_started_before_a_login_is_not_used() {
    let (gateway, first) = gateway(Setup::fake("normal")).await;
    let home = gateway.home().join(".codex");
    fs::create_dir_all(&home).unwrap();
    fs::write(home.join("auth.json"), "{}").unwrap();
    assert_turn_completes(&gateway.create().await, "Hello").await;
    eventually("the outdated process exits", || !first.is_alive()).await;
    wait_for_pooled(&gateway, 2).await;
    // A process that was started after the login is used.
    let codexes = gateway.codex_processes();
    let session = gateway.create().await;
    assert_turn_completes(&session, "Hello").await;
    assert!(codexes.iter().all(Process::is_alive));
    gateway.stop().await;
}

#[tokio::test]
async fn pool_retries_until_codex_can_be_started() {
    let gateway = with_pool_size(Setup::fake("exits-at-start"), "2").start().await;
    eventually("the failure is logged", || gateway.log().contains("no warm process can be started")).await;
    gateway.client.post_json("/api/sessions", &json!({})).await.expect_error(503, "codex_unavailable");
    gateway.fake_codex().set_mode("normal");
    wait_for_pooled(&gateway, 2).await;
    assert_turn_completes(&gateway.create().await, "Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn sessions_start_their_own_process_without_a_pool() {
    let gateway = with_pool_size(Setup::fake("normal"), "0").start().await.catalog_loaded().await;
    let session = gateway.create().await;
    assert_turn_completes(&session, "Hello").await;
    assert_eq!(gateway.codex_processes().len(), 1);
    session.delete().await;
    assert_eq!(gateway.codex_processes(), []);
    gateway.stop().await;
}

#[tokio::test]
async fn pooled_process_of_the_real_codex_serves_any_session() {
    let (gateway, first) = gateway(Setup::demo().set("CODEX_GATEWAY_PARK_AFTER_MS", "300")).await;
    // Directory, sandbox and approval policy belong to threads, not to processes.
    fs::create_dir(gateway.workspace().join("below")).unwrap();
    let body = json!({ "cwd": "below", "sandbox": "read-only", "approvalPolicy": "never" });
    let session = gateway.create_with(&gateway.client, &body).await;
    let state = session.state().await;
    assert_eq!(state["sandbox"], "read-only");
    assert!(state["cwd"].as_str().unwrap().ends_with("/below"), "{state}");
    assert!(!state["models"].as_array().unwrap().is_empty());
    assert_turn_completes(&session, "Reply with exactly the single word ready").await;
    eventually("the session is parked", || !first.is_alive()).await;
    wait_for_pooled(&gateway, 2).await;
    assert_turn_completes(&session, "Reply with exactly the single word again").await;
    wait_for_pooled(&gateway, 3).await;
    // A new thread takes another pooled process.
    session.client.post_json(&session.path("/thread/new"), &json!({})).await.ok();
    assert_turn_completes(&session, "Reply with exactly the single word new").await;
    gateway.kill().await;
}
