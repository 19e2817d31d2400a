//! Changes of the time of day while sessions are in use, or while the gateway is stopped.
//!
//! The idle time of a session in memory is measured by a clock that is never set. A dormant session has only the time of
//! day at which it was stored.

use serde_json::{Value, json};

use super::{send_message, turn_id};
use crate::support::{Gateway, Session, Setup, TestClock, TranscriptReader, eventually};

/// Seconds of a day.
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Returns a setup with a settable clock and a short sweep interval.
fn setup(mode: &str) -> (Setup, TestClock) {
    TestClock::install(Setup::fake(mode).set("CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS", "20"))
}

async fn list_sessions(gateway: &Gateway) -> Vec<Value> {
    gateway.client.get("/api/sessions").await.ok()["sessions"].as_array().unwrap().clone()
}

async fn list_session_ids(gateway: &Gateway) -> Vec<String> {
    list_sessions(gateway).await.iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect()
}

/// Waits for a complete sweep for expired sessions.
///
/// Inserts an expired copy of `template` into the store, and waits until it is deleted.
async fn wait_for_sweep(gateway: &Gateway, template: &Session) {
    let store = rusqlite::Connection::open(gateway.database()).unwrap();
    let columns =
        "owner, thread, title, cwd, approvals, created_ms, 0, news_ms, queued, seq, kept, transcript, older";
    let old = format!("INSERT INTO sessions SELECT 'old', {columns} FROM sessions WHERE id = ?1");
    assert_eq!(store.execute(&old, [&template.id]).unwrap(), 1);
    let count = || -> i64 {
        store.query_row("SELECT count(*) FROM sessions WHERE id = 'old'", [], |row| row.get(0)).unwrap()
    };
    eventually("the expired session is deleted", || count() == 0).await;
}

#[tokio::test]
async fn clock_set_forward_ends_no_session_or_request_in_use() {
    let (setup, clock) = setup("counts");
    let mut gateway = setup.start().await.catalog_loaded().await;
    let session = gateway.create().await;
    let mut reader = TranscriptReader::open(&session).await;
    let reply = send_message(&session, "Count to 3").await.ok();
    reader.until_turn_end(&turn_id(&reply)).await;
    gateway.fake_codex().set_mode("asks");
    let asking = gateway.create_with(&gateway.client, &json!({ "approvals": "ask" })).await;
    let mut events = asking.subscribe().await;
    asking.start_turn("Ask").await;
    let request = events.find(|event| event.name == "request").await.json();
    let last_access = async || {
        let lines = list_sessions(&gateway).await;
        let line = lines.into_iter().find(|line| line["id"] == json!(session.id)).unwrap();
        line["lastAccessAt"].as_str().unwrap().to_owned()
    };
    let (processes, before) = (gateway.codex_processes().len(), last_access().await);

    clock.set(DAY_SECONDS);
    wait_for_sweep(&gateway, &session).await;
    wait_for_sweep(&gateway, &session).await;
    assert_eq!(gateway.codex_processes().len(), processes, "no session is parked");
    let mut both = list_session_ids(&gateway).await;
    both.sort();
    let mut expected = [session.id.clone(), asking.id.clone()];
    expected.sort();
    assert_eq!(both, expected);
    let waiting = gateway.client.get(&asking.path("/requests")).await.ok();
    assert_eq!(waiting["requests"][0]["id"], request["id"], "the deadline has not passed");
    gateway.fake_codex().set_mode("counts");
    let reply = send_message(&session, "Count to 3").await.ok();
    reader.until_turn_end(&turn_id(&reply)).await;
    reader.assert_in_sync().await;

    // Reported and stored times follow the new time of day.
    let after = last_access().await;
    assert!(after > before && after[..10] != before[..10], "{before} and {after}");
    wait_for_sweep(&gateway, &session).await;
    gateway.kill_and_restart().await;
    wait_for_sweep(&gateway, &session).await;
    assert_eq!(list_sessions(&gateway).await.len(), 2);
    gateway.stop().await;
}

#[tokio::test]
async fn session_unloaded_after_clock_change_keeps_its_idle_time() {
    let (setup, clock) = setup("counts");
    let gateway = setup.set("CODEX_GATEWAY_PARK_AFTER_MS", "300").start().await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn("Count to 2").await;
    clock.set(DAY_SECONDS);
    eventually("the session is unloaded", || gateway.log().contains("session unloaded")).await;
    wait_for_sweep(&gateway, &session).await;
    assert_eq!(list_session_ids(&gateway).await, [session.id.as_str()]);
    session.state().await;
    gateway.stop().await;
}

#[tokio::test]
async fn clock_set_back_keeps_expiry_and_order_of_sessions_in_memory() {
    assert_expiry_and_order_after_clock_set_back(true).await;
}

#[tokio::test]
async fn clock_set_back_keeps_expiry_and_order_of_dormant_sessions() {
    assert_expiry_and_order_after_clock_set_back(false).await;
}

async fn assert_expiry_and_order_after_clock_set_back(in_memory: bool) {
    let (setup, clock) = setup("counts");
    let park_after = if in_memory { "600000" } else { "100" };
    let setup =
        setup.set("CODEX_GATEWAY_PARK_AFTER_MS", park_after).set("CODEX_GATEWAY_SESSION_TTL_MS", "7000");
    let mut gateway = setup.start().await.catalog_loaded().await;
    let [first, second] = [gateway.create().await, gateway.create().await];
    second.run_turn("Count to 2").await;
    first.run_turn("Count to 2").await;
    if !in_memory {
        // A session may have been unloaded before its turn, and restored for it.
        let count = |what| gateway.log().matches(what).count();
        let all_unloaded = || count("session unloaded") == 2 + count("session restored");
        eventually("both sessions are unloaded", all_unloaded).await;
    }
    assert_eq!(list_session_ids(&gateway).await, [first.id.clone(), second.id.clone()]);

    clock.set(-DAY_SECONDS);
    let third = gateway.create().await;
    wait_for_sweep(&gateway, &third).await;
    assert_eq!(list_session_ids(&gateway).await, [third.id.clone(), first.id.clone(), second.id.clone()]);
    if !in_memory {
        // The same holds if the clock is set while the gateway is stopped.
        clock.set(-2 * DAY_SECONDS);
        gateway.kill_and_restart().await;
    }
    let start = std::time::Instant::now();
    while !list_sessions(&gateway).await.is_empty() {
        assert!(start.elapsed() < crate::support::DEADLINE, "the sessions do not expire");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    gateway.stop().await;
}
