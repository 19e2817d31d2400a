//! Parked sessions: an idle process ends, and the next turn starts another one.

use futures::future::{join, join_all};
use serde_json::{Value, json};

use crate::{
    support::{Event, EventStream, Gateway, Session, Setup, eventually},
    threads_read::thread_id,
};

/// Short enough that a test can wait for it.
const PARK_AFTER_MS: &str = "500";

fn with_early_parking(setup: Setup) -> Setup {
    setup.set("CODEX_GATEWAY_PARK_AFTER_MS", PARK_AFTER_MS)
}

/// Starts a gateway with the fake codex and early parking.
async fn gateway(mode: &str) -> Gateway {
    with_early_parking(Setup::fake(mode)).start().await.catalog_loaded().await
}

/// Starts a gateway with a limit of processes, and the default time until it parks sessions.
async fn with_max_sessions(mode: &str, limit: &str) -> Gateway {
    Setup::fake(mode).set("CODEX_GATEWAY_MAX_SESSIONS", limit).start().await.catalog_loaded().await
}

/// Waits until the session is parked. Returns the events up to that state.
async fn until_parked(events: &mut EventStream) -> Vec<Event> {
    events.until(|event| event.name == "state" && event.json()["ready"] == false).await
}

/// Waits until a session that is created now is parked. Sessions that were idle before it would be parked by then.
async fn until_newer_session_is_parked(gateway: &Gateway) {
    gateway.fake_codex().set_mode("normal");
    let mut events = gateway.create().await.subscribe().await;
    until_parked(&mut events).await;
}

async fn snapshot(session: &Session) -> Value {
    session.client.get(&session.path("/snapshot")).await.ok()
}

async fn send_message(session: &Session, prompt: &str) -> crate::support::Reply {
    session.client.post_json(&session.path("/turn"), &json!({ "prompt": prompt })).await
}

#[tokio::test]
async fn idle_process_ends_and_next_turn_resumes_with_same_settings() {
    let gateway = gateway("normal").await;
    let body = json!({ "sandbox": "read-only", "approvalPolicy": "never" });
    let session = gateway.create_with(&gateway.client, &body).await;
    let mut events = session.subscribe().await;
    session.start_turn("Hello").await;
    events.rest_of_turn().await;
    let before = snapshot(&session).await["transcript"].clone();
    let received = until_parked(&mut events).await;
    assert!(
        received.iter().all(|event| event.name == "state"),
        "there are only states, no warning and no entry: {received:?}"
    );
    eventually("its process exits", || gateway.processes().is_empty()).await;
    assert_eq!(gateway.client.get("/readyz").await.ok()["activeSessions"], 0);

    let after = snapshot(&session).await["transcript"].clone();
    assert_eq!(after, before, "the transcript is unchanged");
    assert_eq!(after["process"], true);
    let state = session.state().await;
    assert_eq!((&state["ready"], &state["startedAt"]), (&json!(false), &Value::Null));
    assert_eq!(gateway.codex_processes().len(), 0, "reading starts no process");

    session.start_turn("And on").await;
    let turn = events.rest_of_turn().await;
    let thread = turn.iter().find(|event| event.name == "thread").unwrap().json();
    assert_eq!(thread["threadId"], json!(thread_id(&session)));
    let state = turn.last().unwrap().json();
    assert_eq!((&state["ready"], &state["lastTurnStatus"]), (&json!(true), &json!("completed")));
    let opened = gateway.fake_codex().opened_threads();
    let [first, again] = opened.as_slice() else { panic!("{opened:?}") };
    for name in ["cwd", "sandbox", "approvalPolicy"] {
        assert_eq!(again[name], first[name], "{name}");
    }
    assert_eq!(again["threadId"], json!(thread_id(&session)));
    gateway.stop().await;
}

#[tokio::test]
async fn real_codex_resumes_after_parking() {
    let gateway = with_early_parking(Setup::demo()).start().await.catalog_loaded().await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    session.start_turn("Reply with exactly the single word first").await;
    events.rest_of_turn().await;
    until_parked(&mut events).await;
    // The process may still be exiting and hold the thread lock. The session waits for it.
    session.start_turn("Reply with exactly the single word second").await;
    events.rest_of_turn().await;
    until_parked(&mut events).await;
    session.client.post(&session.path("/thread/compact")).await.ok();
    events.rest_of_turn().await;
    until_parked(&mut events).await;
    let turns = snapshot(&session).await["transcript"]["turns"].clone();
    let body = json!({ "beforeTurnId": turns[1]["id"] });
    let left = session.client.post_json(&session.path("/thread/revert"), &body).await.ok();
    let texts: Vec<_> =
        left["state"]["transcript"].as_array().unwrap().iter().map(|entry| &entry["text"]).collect();
    assert_eq!(texts, ["Reply with exactly the single word first", "first"]);
    gateway.stop().await;
}

#[tokio::test]
async fn next_turn_waits_for_a_process_that_exits_slowly() {
    let gateway = gateway("ignores-sigterm").await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    session.start_turn("Hello").await;
    events.rest_of_turn().await;
    until_parked(&mut events).await;
    assert_eq!(gateway.codex_processes().len(), 1, "the process is still running");
    gateway.fake_codex().set_mode("normal");
    session.start_turn("And on").await;
    events.rest_of_turn().await;
    assert!(gateway.codex_processes().len() <= 1);
    gateway.stop().await;
}

#[tokio::test]
async fn command_that_outlives_its_turn_prevents_parking() {
    let gateway = gateway("outlives").await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    session.start_turn("Watch").await;
    events.rest_of_turn().await;
    until_newer_session_is_parked(&gateway).await;
    assert_eq!(session.state().await["ready"], true);
    gateway.fake_codex().open_gate();
    events.notification("item/completed").await;
    until_parked(&mut events).await;
    gateway.stop().await;
}

#[tokio::test]
async fn pending_request_and_running_turn_prevent_parking_and_halted_queue_does_not() {
    let gateway = gateway("asks").await;
    let asking = gateway.create_with(&gateway.client, &json!({ "approvals": "ask" })).await;
    let mut asking_events = asking.subscribe().await;
    asking.start_turn("Ask").await;
    asking_events.find(|event| event.name == "request").await;

    gateway.fake_codex().set_mode("endless-turn");
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    session.start_turn("Hello").await;
    events.notification("item/agentMessage/delta").await;
    let body = json!({ "prompt": "Later", "whenBusy": "queue" });
    session.client.post_json(&session.path("/turn"), &body).await.ok();
    until_newer_session_is_parked(&gateway).await;
    eventually("both processes are busy", || gateway.codex_processes().len() == 2).await;
    assert_eq!(session.state().await["ready"], true);

    // After an interrupted turn, the queue waits for the user.
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    until_parked(&mut events).await;
    let queue = session.state().await["queue"].clone();
    assert_eq!(queue[0]["text"], "Later");
    assert_eq!(asking.state().await["ready"], true);
    gateway.fake_codex().set_mode("normal");
    let id = queue[0]["id"].as_str().unwrap();
    session.client.post(&session.path(&format!("/queue/{id}/send"))).await.ok();
    events.rest_of_turn().await;
    assert_eq!(session.state().await["queue"], json!([]));
    gateway.stop().await;
}

#[tokio::test]
async fn parked_session_without_a_turn_starts_a_new_thread() {
    let gateway = gateway("normal").await;
    let session = gateway.create().await;
    eventually("its process exits", || gateway.processes().is_empty()).await;
    session.run_turn("Hello").await;
    let state = session.state().await;
    assert_ne!(state["threadId"], json!(thread_id(&session)));
    assert_eq!(state["transcript"][0]["text"], "Hello");
    gateway.stop().await;
}

#[tokio::test]
async fn reading_a_parked_session_starts_no_process_for_it() {
    let gateway = gateway("normal").await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    session.start_turn("Hello").await;
    events.rest_of_turn().await;
    until_parked(&mut events).await;
    let thread = thread_id(&session);
    let read = gateway.client.get(&format!("/api/threads/{thread}")).await.ok();
    assert_eq!(read["thread"]["id"], json!(thread));
    gateway.client.get(&session.path("/items")).await.ok();
    gateway.client.get(&format!("/api/threads/{thread}/export")).await;
    assert_eq!(session.state().await["ready"], false);
    assert_eq!(gateway.fake_codex().opened_threads().len(), 1, "no further process has opened the thread");

    // The parked session keeps the thread lock.
    let other = gateway.create().await;
    let body = json!({ "threadId": thread });
    let reply = other.client.post_json(&other.path("/thread/resume"), &body).await;
    let error = reply.expect_error(409, "thread_held");
    assert!(error.contains(&session.id), "{error}");
    gateway.stop().await;
}

#[tokio::test]
async fn least_recently_used_session_is_parked_at_the_limit() {
    let gateway = with_max_sessions("normal", "2").await;
    let [first, second] = [gateway.create().await, gateway.create().await];
    first.run_turn("one").await;
    second.run_turn("two").await;
    first.run_turn("three").await;
    let third = gateway.create().await;
    assert_eq!(gateway.codex_processes().len(), 2, "the parked process exits before another one starts");
    let ready = async |session: &Session| session.state().await["ready"].clone();
    assert_eq!(
        [ready(&first).await, ready(&second).await, ready(&third).await],
        [json!(true), json!(false), json!(true)]
    );
    // Resuming a parked session parks another one as well: `first`, which was used before `third` was created.
    second.run_turn("four").await;
    assert_eq!((ready(&second).await, gateway.codex_processes().len()), (json!(true), 2));
    let sessions = gateway.client.get("/api/sessions").await.ok();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 3);
    gateway.stop().await;
}

#[tokio::test]
async fn create_and_resume_are_refused_when_all_processes_are_busy() {
    let gateway = with_max_sessions("normal", "2").await;
    let sessions = [gateway.create().await, gateway.create().await, gateway.create().await];
    gateway.fake_codex().set_mode("endless-turn");
    for session in &sessions[1..] {
        let mut events = session.subscribe().await;
        session.start_turn("Hello").await;
        events.notification("item/agentMessage/delta").await;
    }
    // Both requests wait for a permit first, at the same time.
    let (created, woken) =
        join(gateway.client.post("/api/sessions"), send_message(&sessions[0], "Hello")).await;
    for reply in [created, woken] {
        let error = reply.expect_error(503, "session_limit");
        assert!(error.contains("limit of 2"), "{error}");
        assert!(reply.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
    }
    assert_eq!(gateway.codex_processes().len(), 2);
    sessions[1].client.post(&sessions[1].path("/turn/interrupt")).await.ok();
    gateway.fake_codex().set_mode("normal");
    sessions[0].run_turn("Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn concurrent_turns_of_many_sessions_share_the_processes() {
    let gateway = with_max_sessions("normal", "2").await;
    let mut sessions = Vec::new();
    for _ in 0..6 {
        sessions.push(gateway.create().await);
    }
    for _ in 0..3 {
        // `wait`, so that no turn is running in the next round.
        let body = json!({ "prompt": "Hello", "wait": true });
        let run_turn =
            async |session: &Session| session.client.post_json(&session.path("/turn"), &body).await;
        let replies = join_all(sessions.iter().map(run_turn)).await;
        for reply in replies {
            reply.ok();
        }
        assert!(gateway.codex_processes().len() <= 2);
    }
    gateway.stop().await;
}

#[tokio::test]
async fn repeatedly_crashing_codex_is_not_restarted() {
    let gateway = Gateway::fake("exits-in-turn").await.catalog_loaded().await;
    let session = gateway.create().await;
    for _ in 0..3 {
        session.run_crashing_turn().await;
    }
    let started = gateway.fake_codex().opened_threads().len();
    let error = send_message(&session, "Hello").await.expect_error(503, "codex_crashing");
    assert!(error.contains("3 times") && error.contains("out of memory"), "{error}");
    assert_eq!(gateway.fake_codex().opened_threads().len(), started, "no process was started");

    // A second request after the error starts one more process. The next failure is reported again.
    session.run_crashing_turn().await;
    send_message(&session, "Hello").await.expect_error(503, "codex_crashing");
    gateway.fake_codex().set_mode("normal");
    session.run_turn("Hello").await;
    gateway.fake_codex().set_mode("exits-in-turn");
    session.run_crashing_turn().await;
    gateway.fake_codex().set_mode("normal");
    session.run_turn("Hello").await;
    gateway.stop().await;
}
