//! Sessions whose process has ended because it had nothing to do: nobody notices, but that the next turn takes a little
//! longer.

use std::time::Duration;

use futures::future::{join, join_all};
use serde_json::{Value, json};

use crate::{
    support::{Event, Events, Gateway, Session, Setup, eventually},
    threads_read::thread_of,
};

/// Parks so soon that a test can wait for it.
const SOON: &str = "500";

fn soon(setup: Setup) -> Setup {
    setup.set("CODEX_GATEWAY_PARK_AFTER_MS", SOON)
}

/// A gateway with the fake codex, which parks soon.
async fn gateway(mode: &str) -> Gateway {
    soon(Setup::fake(mode)).start().await.settled().await
}

/// A gateway with so many places, which does not park by itself before the test is over.
async fn with_places(mode: &str, places: &str) -> Gateway {
    Setup::fake(mode).set("CODEX_GATEWAY_MAX_SESSIONS", places).start().await.settled().await
}

/// Waits until a session has no process; what its stream told meanwhile.
async fn parked(events: &mut Events) -> Vec<Event> {
    events.until(|event| event.name == "state" && event.json()["ready"] == false).await
}

async fn snapshot(session: &Session) -> Value {
    session.client.get(&session.path("/snapshot")).await.ok()
}

async fn say(session: &Session, prompt: &str) -> crate::support::Reply {
    session.client.post_json(&session.path("/turn"), &json!({ "prompt": prompt })).await
}

#[tokio::test]
async fn a_process_with_nothing_to_do_ends_and_nobody_is_troubled() {
    let gateway = gateway("normal").await;
    let body = json!({ "sandbox": "read-only", "approvalPolicy": "never" });
    let session = gateway.create_with(&gateway.client, &body).await;
    let mut events = session.live().await;
    session.start_turn("Hello").await;
    events.turn().await;
    let before = snapshot(&session).await["transcript"].clone();
    let told = parked(&mut events).await;
    assert!(told.iter().all(|event| event.name == "state"), "no warning, no entry: {told:?}");
    eventually("its process ends", || gateway.processes().is_empty()).await;
    assert_eq!(gateway.client.get("/readyz").await.ok()["activeSessions"], 0);

    let after = snapshot(&session).await["transcript"].clone();
    assert_eq!(after, before, "to its readers nothing has changed");
    assert_eq!(after["process"], true);
    let state = session.state().await;
    assert_eq!((&state["ready"], &state["startedAt"]), (&json!(false), &Value::Null));
    assert_eq!(gateway.codexes().len(), 0, "looking starts none");

    session.start_turn("And on").await;
    let turn = events.turn().await;
    let thread = turn.iter().find(|event| event.name == "thread").unwrap().json();
    assert_eq!(thread["threadId"], json!(thread_of(&session)));
    let state = turn.last().unwrap().json();
    assert_eq!((&state["ready"], &state["lastTurnStatus"]), (&json!(true), &json!("completed")));
    let opened = gateway.codex().opened();
    let [first, again] = opened.as_slice() else { panic!("{opened:?}") };
    for name in ["cwd", "sandbox", "approvalPolicy"] {
        assert_eq!(again[name], first[name], "{name}");
    }
    assert_eq!(again["threadId"], json!(thread_of(&session)));
    gateway.stop().await;
}

#[tokio::test]
async fn the_real_codex_goes_on_after_a_rest() {
    let gateway = soon(Setup::demo()).start().await.settled().await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    session.start_turn("Reply with exactly the single word first").await;
    events.turn().await;
    parked(&mut events).await;
    // The process may still be ending, and have the thread: it is waited for.
    session.start_turn("Reply with exactly the single word second").await;
    events.turn().await;
    parked(&mut events).await;
    session.client.post(&session.path("/thread/compact")).await.ok();
    events.turn().await;
    parked(&mut events).await;
    let turns = snapshot(&session).await["transcript"]["turns"].clone();
    let body = json!({ "beforeTurnId": turns[1]["id"] });
    let left = session.client.post_json(&session.path("/thread/revert"), &body).await.ok();
    let said: Vec<_> =
        left["state"]["transcript"].as_array().unwrap().iter().map(|entry| &entry["text"]).collect();
    assert_eq!(said, ["Reply with exactly the single word first", "first"]);
    gateway.stop().await;
}

#[tokio::test]
async fn a_process_that_takes_its_time_to_end_is_waited_for() {
    let gateway = gateway("stubborn").await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    session.start_turn("Hello").await;
    events.turn().await;
    parked(&mut events).await;
    assert_eq!(gateway.codexes().len(), 1, "it is still there");
    gateway.codex().set_mode("normal");
    session.start_turn("And on").await;
    events.turn().await;
    assert!(gateway.codexes().len() <= 1);
    gateway.stop().await;
}

#[tokio::test]
async fn a_command_that_outlives_its_turn_keeps_the_process() {
    let gateway = gateway("outlives").await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    session.start_turn("Watch").await;
    events.turn().await;
    // What is tested is that time passes and nothing happens.
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(session.state().await["ready"], true);
    gateway.codex().open_gate();
    events.notification("item/completed").await;
    parked(&mut events).await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_question_and_a_turn_keep_the_process_and_a_queue_that_waits_does_not() {
    let gateway = gateway("asks").await;
    let asks = gateway.create_with(&gateway.client, &json!({ "approvals": "ask" })).await;
    let mut asked = asks.live().await;
    asks.start_turn("Ask").await;
    asked.find(|event| event.name == "request").await;

    gateway.codex().set_mode("hangs");
    let session = gateway.create().await;
    let mut events = session.live().await;
    session.start_turn("Hello").await;
    events.notification("item/agentMessage/delta").await;
    let body = json!({ "prompt": "Later", "whenBusy": "queue" });
    session.client.post_json(&session.path("/turn"), &body).await.ok();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(gateway.codexes().len(), 2, "both are busy");

    // After a turn that was stopped, what waits waits for its user.
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    parked(&mut events).await;
    let waits = session.state().await["queue"].clone();
    assert_eq!(waits[0]["text"], "Later");
    assert_eq!(asks.state().await["ready"], true);
    gateway.codex().set_mode("normal");
    let id = waits[0]["id"].as_str().unwrap();
    session.client.post(&session.path(&format!("/queue/{id}/send"))).await.ok();
    events.turn().await;
    assert_eq!(session.state().await["queue"], json!([]));
    gateway.stop().await;
}

#[tokio::test]
async fn a_thread_in_which_nothing_was_said_begins_anew() {
    let gateway = gateway("normal").await;
    let session = gateway.create().await;
    eventually("its process ends", || gateway.processes().is_empty()).await;
    session.turn("Hello").await;
    let state = session.state().await;
    assert_ne!(state["threadId"], json!(thread_of(&session)));
    assert_eq!(state["transcript"][0]["text"], "Hello");
    gateway.stop().await;
}

#[tokio::test]
async fn what_a_parked_session_has_said_is_read_without_waking_it() {
    let gateway = gateway("normal").await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    session.start_turn("Hello").await;
    events.turn().await;
    parked(&mut events).await;
    let thread = thread_of(&session);
    let read = gateway.client.get(&format!("/api/threads/{thread}")).await.ok();
    assert_eq!(read["thread"]["id"], json!(thread));
    gateway.client.get(&session.path("/items")).await.ok();
    gateway.client.get(&format!("/api/threads/{thread}/export")).await;
    assert_eq!(session.state().await["ready"], false);
    assert_eq!(gateway.codex().opened().len(), 1, "no process has opened the thread");

    // It is still the session's own.
    let other = gateway.create().await;
    let body = json!({ "threadId": thread });
    let reply = other.client.post_json(&other.path("/thread/resume"), &body).await;
    let error = reply.refused(409, "thread_held");
    assert!(error.contains(&session.id), "{error}");
    gateway.stop().await;
}

#[tokio::test]
async fn the_one_that_was_used_the_longest_ago_makes_room() {
    let gateway = with_places("normal", "2").await;
    let [first, second] = [gateway.create().await, gateway.create().await];
    first.turn("one").await;
    second.turn("two").await;
    first.turn("three").await;
    let third = gateway.create().await;
    assert_eq!(gateway.codexes().len(), 2, "its process was gone before another was started");
    let ready = async |session: &Session| session.state().await["ready"].clone();
    assert_eq!(
        [ready(&first).await, ready(&second).await, ready(&third).await],
        [json!(true), json!(false), json!(true)]
    );
    // Waking makes room in the same way: of these two, the first was used before the third was made.
    second.turn("four").await;
    assert_eq!((ready(&second).await, gateway.codexes().len()), (json!(true), 2));
    let sessions = gateway.client.get("/api/sessions").await.ok();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 3);
    gateway.stop().await;
}

#[tokio::test]
async fn when_all_are_busy_there_is_no_room() {
    let gateway = with_places("normal", "2").await;
    let sessions = [gateway.create().await, gateway.create().await, gateway.create().await];
    gateway.codex().set_mode("hangs");
    for session in &sessions[1..] {
        let mut events = session.live().await;
        session.start_turn("Hello").await;
        events.notification("item/agentMessage/delta").await;
    }
    // Both wait in line first, at the same time.
    let (created, woken) = join(gateway.client.post("/api/sessions"), say(&sessions[0], "Hello")).await;
    for reply in [created, woken] {
        let error = reply.refused(503, "session_limit");
        assert!(error.contains("limit of 2"), "{error}");
        assert!(reply.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
    }
    assert_eq!(gateway.codexes().len(), 2);
    sessions[1].client.post(&sessions[1].path("/turn/interrupt")).await.ok();
    gateway.codex().set_mode("normal");
    sessions[0].turn("Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn many_that_need_room_at_the_same_time_share_what_there_is() {
    let gateway = with_places("normal", "2").await;
    let mut sessions = Vec::new();
    for _ in 0..6 {
        sessions.push(gateway.create().await);
    }
    for _ in 0..3 {
        // To the end of the turn: the next round finds none running.
        let body = json!({ "prompt": "Hello", "wait": true });
        let says = async |session: &Session| session.client.post_json(&session.path("/turn"), &body).await;
        let replies = join_all(sessions.iter().map(says)).await;
        for reply in replies {
            reply.ok();
        }
        assert!(gateway.codexes().len() <= 2);
    }
    gateway.stop().await;
}

#[tokio::test]
async fn one_that_crashes_again_and_again_is_not_started_for_ever() {
    let gateway = Gateway::fake("dies").await.settled().await;
    let session = gateway.create().await;
    for _ in 0..3 {
        session.fatal_turn().await;
    }
    let started = gateway.codex().opened().len();
    let error = say(&session, "Hello").await.refused(503, "codex_crashing");
    assert!(error.contains("3 times") && error.contains("out of memory"), "{error}");
    assert_eq!(gateway.codex().opened().len(), started, "nothing was started");

    // Who asks again after having been told means it; but each try is told.
    session.fatal_turn().await;
    say(&session, "Hello").await.refused(503, "codex_crashing");
    gateway.codex().set_mode("normal");
    session.turn("Hello").await;
    gateway.codex().set_mode("dies");
    session.fatal_turn().await;
    gateway.codex().set_mode("normal");
    session.turn("Hello").await;
    gateway.stop().await;
}
