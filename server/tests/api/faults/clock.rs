//! A clock that is set while sessions are in use, or while the gateway is not there. How long ago a session was used is
//! told by a clock that nobody sets, as long as it is in memory. What is only written down was used when the clock of
//! that time says so: there is no other.

use serde_json::{Value, json};

use super::{say, turn_of};
use crate::support::{Clock, Gateway, Reader, Session, Setup, eventually};

/// A day, in seconds.
const DAY: i64 = 24 * 60 * 60;

/// A gateway with a clock that can be set, which sweeps all the time.
fn setup(mode: &str) -> (Setup, Clock) {
    Clock::under(Setup::fake(mode).set("CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS", "20"))
}

async fn listed(gateway: &Gateway) -> Vec<Value> {
    gateway.client.get("/api/sessions").await.ok()["sessions"].as_array().unwrap().clone()
}

async fn ids(gateway: &Gateway) -> Vec<String> {
    listed(gateway).await.iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect()
}

/// Waits until the gateway has looked, after this, for what has expired: it finds a session that has.
async fn swept(gateway: &Gateway, like: &Session) {
    let store = rusqlite::Connection::open(gateway.database()).unwrap();
    let columns =
        "owner, thread, title, cwd, approvals, created_ms, 0, news_ms, queued, seq, kept, transcript, older";
    let old = format!("INSERT INTO sessions SELECT 'old', {columns} FROM sessions WHERE id = ?1");
    assert_eq!(store.execute(&old, [&like.id]).unwrap(), 1);
    let count = || -> i64 {
        store.query_row("SELECT count(*) FROM sessions WHERE id = 'old'", [], |row| row.get(0)).unwrap()
    };
    eventually("what is old is forgotten", || count() == 0).await;
}

#[tokio::test]
async fn a_clock_that_is_set_forwards_ends_nothing_that_is_in_use() {
    let (setup, clock) = setup("counts");
    let mut gateway = setup.start().await.settled().await;
    let session = gateway.create().await;
    let mut reader = Reader::of(&session).await;
    let reply = say(&session, "Count to 3").await.ok();
    reader.end_of(&turn_of(&reply)).await;
    gateway.codex().set_mode("asks");
    let asking = gateway.create_with(&gateway.client, &json!({ "approvals": "ask" })).await;
    let mut asked = asking.live().await;
    asking.start_turn("Ask").await;
    let request = asked.find(|event| event.name == "request").await.json();
    let last_access = async || {
        let lines = listed(&gateway).await;
        let line = lines.into_iter().find(|line| line["id"] == json!(session.id)).unwrap();
        line["lastAccessAt"].as_str().unwrap().to_owned()
    };
    let (processes, before) = (gateway.codexes().len(), last_access().await);

    clock.set(DAY);
    swept(&gateway, &session).await;
    swept(&gateway, &session).await;
    assert_eq!(gateway.codexes().len(), processes, "nothing was parked");
    let mut both = ids(&gateway).await;
    both.sort();
    let mut expected = [session.id.clone(), asking.id.clone()];
    expected.sort();
    assert_eq!(both, expected);
    let waiting = gateway.client.get(&asking.path("/requests")).await.ok();
    assert_eq!(waiting["requests"][0]["id"], request["id"], "its deadline has not come");
    gateway.codex().set_mode("counts");
    let reply = say(&session, "Count to 3").await.ok();
    reader.end_of(&turn_of(&reply)).await;
    reader.has_what_the_gateway_has().await;

    // What is told of the time is of the clock as it is now; and so is what is written down.
    let after = last_access().await;
    assert!(after > before && after[..10] != before[..10], "{before} and {after}");
    swept(&gateway, &session).await;
    gateway.kill_and_start().await;
    swept(&gateway, &session).await;
    assert_eq!(listed(&gateway).await.len(), 2);
    gateway.stop().await;
}

#[tokio::test]
async fn a_session_that_leaves_the_memory_after_the_clock_was_set_was_used_when_it_was() {
    let (setup, clock) = setup("counts");
    let gateway = setup.set("CODEX_GATEWAY_PARK_AFTER_MS", "300").start().await.settled().await;
    let session = gateway.create().await;
    session.turn("Count to 2").await;
    clock.set(DAY);
    eventually("it leaves the memory", || gateway.log().contains("session unloaded")).await;
    swept(&gateway, &session).await;
    assert_eq!(ids(&gateway).await, [session.id.as_str()]);
    session.state().await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_lets_nothing_in_memory_live_for_ever_and_lists_stay_in_order() {
    set_back(true).await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_lets_nothing_stored_live_for_ever_and_lists_stay_in_order() {
    set_back(false).await;
}

async fn set_back(in_memory: bool) {
    let (setup, clock) = setup("counts");
    let park_after = if in_memory { "600000" } else { "100" };
    let setup =
        setup.set("CODEX_GATEWAY_PARK_AFTER_MS", park_after).set("CODEX_GATEWAY_SESSION_TTL_MS", "7000");
    let mut gateway = setup.start().await.settled().await;
    let [first, second] = [gateway.create().await, gateway.create().await];
    second.turn("Count to 2").await;
    first.turn("Count to 2").await;
    if !in_memory {
        // One may have left it before its turn, and come back for that.
        let count = |what| gateway.log().matches(what).count();
        let all_left = || count("session unloaded") == 2 + count("session restored");
        eventually("they leave the memory", all_left).await;
    }
    assert_eq!(ids(&gateway).await, [first.id.clone(), second.id.clone()]);

    clock.set(-DAY);
    let third = gateway.create().await;
    swept(&gateway, &third).await;
    assert_eq!(ids(&gateway).await, [third.id.clone(), first.id.clone(), second.id.clone()]);
    if !in_memory {
        // It is the same when the clock was set while the gateway was not there.
        clock.set(-2 * DAY);
        gateway.kill_and_start().await;
    }
    let start = std::time::Instant::now();
    while !listed(&gateway).await.is_empty() {
        assert!(start.elapsed() < crate::support::DEADLINE, "they live on");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    gateway.stop().await;
}
