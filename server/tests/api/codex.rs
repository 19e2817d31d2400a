//! A codex that does not behave: each is answered for, in time, and hurts nobody else.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::support::{Event, Gateway, Session, Setup, eventually};

fn warnings(events: &[Event]) -> Vec<Value> {
    events.iter().filter(|event| event.name == "warning").map(Event::json).collect()
}

fn last_turn(events: &[Event]) -> Value {
    events.last().unwrap().json()["lastTurnStatus"].clone()
}

#[tokio::test]
async fn one_that_ends_at_once_is_unavailable_and_says_why() {
    let gateway = Gateway::fake("exits").await;
    let error = gateway.client.post("/api/sessions").await.refused(503, "codex_unavailable");
    assert_eq!(error, "the codex process has ended: fake codex: the disk is full");
    eventually("no process is left", || gateway.processes().is_empty()).await;
    gateway.codex().set_mode("normal");
    gateway.create().await;
    gateway.stop().await;
}

#[tokio::test]
async fn one_that_is_gone_is_unavailable() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let executable = gateway.codex().executable();
    std::fs::remove_file(&executable).unwrap();
    let error = gateway.client.post("/api/sessions").await.refused(503, "codex_unavailable");
    assert!(error.contains(executable.to_str().unwrap()), "{error}");
    session.turn("Hello").await;
    gateway.stop().await;
}

/// The greeting has a deadline of 15 s: these two have to wait for it.
#[tokio::test]
async fn one_that_never_answers_is_given_up_in_time_and_holds_nobody_up() {
    let gateway = Gateway::fake("normal").await.settled().await;
    let session = gateway.create().await;
    let own = gateway.codexes();
    gateway.codex().set_mode("silent");
    let start = Instant::now();
    let client = gateway.client.clone();
    let create = client.post("/api/sessions");
    tokio::pin!(create);
    assert!(timeout(Duration::from_millis(200), &mut create).await.is_err());
    gateway.codex().set_mode("normal");
    session.turn("Hello").await;
    let other = gateway.create().await;
    other.delete().await;

    let error = create.await.refused(504, "codex_timeout");
    assert_eq!(error, "codex did not answer initialize within 15 s");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    eventually("its process ends", || gateway.codexes() == own).await;
    gateway.stop().await;
}

#[tokio::test]
async fn one_that_prints_something_else_is_given_up_and_shown() {
    let gateway = Gateway::fake("garbage").await;
    let error = gateway.client.post("/api/sessions").await.refused(504, "codex_timeout");
    assert!(error.contains("within 15 s") && error.contains("this is no message"), "{error}");
    eventually("no process is left", || gateway.processes().is_empty()).await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_no_process_behind() {
    let gateway = Gateway::fake("normal").await.settled().await;
    gateway.codex().set_mode("silent");
    let create = gateway.client.post("/api/sessions");
    assert!(timeout(Duration::from_millis(300), create).await.is_err());
    eventually("its process ends", || gateway.processes().is_empty()).await;
    assert_eq!(gateway.client.get("/readyz").await.ok()["activeSessions"], 0);
    gateway.stop().await;
}

#[tokio::test]
async fn one_that_dies_in_a_turn_is_told_and_the_next_turn_goes_on() {
    for (mode, status, detail) in
        [("dies", "exit status: 3", json!("fake codex: out of memory")), ("killed", "signal: 9", Value::Null)]
    {
        let gateway = Gateway::fake("normal").await.settled().await;
        let session = gateway.create().await;
        let other = gateway.create().await;
        let thread = session.state().await["threadId"].clone();
        gateway.codex().set_mode(mode);
        let mut events = session.live().await;
        session.start_turn("Hello").await;
        let told = events.until(|event| event.name == "state").await;
        let [warning] = warnings(&told).try_into().unwrap();
        assert_eq!(warning["type"], "processExited");
        assert!(warning["message"].as_str().unwrap().contains(status), "{warning}");
        assert_eq!(warning["detail"], detail);
        let state = told.last().unwrap().json();
        assert_eq!(
            (&state["ready"], &state["activeTurn"], &state["lastTurnStatus"], &state["startedAt"]),
            (&json!(false), &json!(false), &json!("failed"), &Value::Null)
        );
        assert_eq!(gateway.codexes().len(), 1);

        gateway.codex().set_mode("normal");
        assert_eq!(last_turn(&other.turn("Hello").await), "completed", "the other one noticed nothing");
        session.start_turn("And on").await;
        let turn = events.turn().await;
        let again = turn.iter().find(|event| event.name == "thread").unwrap();
        assert_eq!(again.json()["threadId"], thread, "the same thread, in a new process");
        let state = turn.last().unwrap().json();
        assert_eq!((&state["ready"], &state["lastTurnStatus"]), (&json!(true), &json!("completed")));
        gateway.stop().await;
    }
}

#[tokio::test]
async fn one_that_is_gone_between_turns_is_started_again() {
    let gateway = Gateway::fake("normal").await.settled().await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    gateway.codexes()[0].kill();
    let told = events.until(|event| event.name == "state").await;
    assert_eq!(warnings(&told)[0]["type"], "processExited");
    assert_eq!(told.last().unwrap().json()["lastTurnStatus"], Value::Null);
    gateway.codex().set_mode("exits");
    let body = json!({ "prompt": "Hello" });
    session.client.post_json(&session.path("/turn"), &body).await.refused(503, "codex_unavailable");
    gateway.codex().set_mode("normal");
    assert_eq!(last_turn(&session.turn("Hello").await), "completed");
    gateway.stop().await;
}

#[tokio::test]
async fn one_that_is_overloaded_is_asked_again() {
    let gateway = Gateway::fake("overloaded").await;
    let session = gateway.create().await;
    assert_eq!(last_turn(&session.turn("Hello").await), "completed");
    gateway.stop().await;
}

/// A turn that codex answers badly fails alone: the next one is good.
async fn fails_and_goes_on(mode: &str) -> (Gateway, Session, String) {
    let gateway = Gateway::fake(mode).await;
    let session = gateway.create().await;
    let reply = session.client.post_json(&session.path("/turn"), &json!({ "prompt": "Hello" })).await;
    let error = reply.refused(500, "codex_bad_reply");
    assert_eq!(session.state().await["activeTurn"], false);
    gateway.codex().set_mode("normal");
    assert_eq!(last_turn(&session.turn("Hello").await), "completed");
    (gateway, session, error)
}

#[tokio::test]
async fn a_reply_that_is_too_long_fails_its_request_alone() {
    let (gateway, _, error) = fails_and_goes_on("long-reply").await;
    assert!(error.contains("longer than 64 MiB"), "{error}");
    gateway.stop().await;
}

#[tokio::test]
async fn a_reply_of_another_shape_fails_its_request_alone() {
    let (gateway, _, error) = fails_and_goes_on("bad-reply").await;
    assert!(error.contains("turn/start"), "{error}");
    gateway.stop().await;
}

#[tokio::test]
async fn a_notification_that_is_too_long_is_skipped_and_told() {
    let gateway = Gateway::fake("long-notification").await;
    let turn = gateway.create().await.turn("Hello").await;
    let [warning] = warnings(&turn).try_into().unwrap();
    assert_eq!(warning["type"], "lineTooLong");
    assert!(warning["message"].as_str().unwrap().contains("65 MiB"), "{warning}");
    let detail = warning["detail"].as_str().unwrap();
    assert!(detail.contains("item/agentMessage/delta") && detail.len() < 1000, "{detail}");
    assert_eq!(last_turn(&turn), "completed");
    gateway.stop().await;
}

#[tokio::test]
async fn lines_that_are_no_messages_are_told_and_skipped() {
    let gateway = Gateway::fake("malformed").await;
    let turn = gateway.create().await.turn("Hello").await;
    let told = warnings(&turn);
    let details: Vec<&str> = told.iter().map(|warning| warning["detail"].as_str().unwrap()).collect();
    assert_eq!(
        details,
        [
            "this is no message",
            "{\"method\": \"turn/completed\", ",
            "[]",
            "42",
            "null",
            "\"text\"",
            "{}",
            "{\"method\": 7}"
        ]
    );
    assert!(told.iter().all(|warning| warning["type"] == "malformedLine"));
    assert_eq!(last_turn(&turn), "completed");
    gateway.stop().await;
}

#[tokio::test]
async fn what_nobody_knows_passes_through() {
    let gateway = Gateway::fake("unknown").await;
    let session = gateway.create().await;
    let turn = session.turn("Hello").await;
    assert_eq!(warnings(&turn), [] as [Value; 0]);
    let landed = turn.iter().find(|event| event.is("moon/landed")).unwrap();
    assert_eq!(landed.json()["params"], json!({ "crew": 2 }));
    let left = turn.iter().find(|event| event.is("moon/left")).unwrap();
    assert_eq!(left.json()["params"], Value::Null);
    assert_eq!(last_turn(&turn), "completed");
    let snapshot = session.client.get(&session.path("/snapshot")).await.ok();
    let entries = snapshot["transcript"]["entries"].as_array().unwrap();
    let kinds: Vec<&Value> = entries.iter().map(|entry| &entry["content"]["item"]["type"]).collect();
    assert_eq!(kinds, ["userMessage", "commandExecution", "plan", "agentMessage"]);
    gateway.stop().await;
}

#[tokio::test]
async fn an_item_of_every_kind_is_told_kept_and_shown() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let turn = session.turn("Hello").await;
    let told: Vec<Value> = turn
        .iter()
        .filter(|event| event.is("item/completed"))
        .map(|event| event.json()["params"]["item"]["type"].clone())
        .collect();
    assert_eq!(told.len(), 21, "the user's, 18 more, one that nobody knows, the answer");
    let snapshot = session.client.get(&session.path("/snapshot")).await.ok();
    let entries = snapshot["transcript"]["entries"].as_array().unwrap();
    let kept: Vec<Value> = entries.iter().map(|entry| entry["content"]["item"]["type"].clone()).collect();
    assert_eq!(kept, told);
    let state = turn.last().unwrap().json();
    let shown: Vec<Value> =
        state["transcript"].as_array().unwrap().iter().map(|entry| entry["source"].clone()).collect();
    assert_eq!(shown, told);
    gateway.stop().await;
}

#[tokio::test]
async fn one_that_ignores_every_word_is_killed() {
    let gateway = Gateway::fake("stubborn").await;
    let session = gateway.create().await;
    gateway.codex().set_mode("normal");
    session.delete().await;
    eventually("also the one that filled the catalog", || gateway.processes().is_empty()).await;
    gateway.stop().await;
}

#[tokio::test]
async fn what_a_codex_leaves_behind_is_killed_with_it() {
    let gateway = Gateway::fake("normal").await.settled().await;
    gateway.codex().set_mode("orphan");
    let session = gateway.create().await;
    eventually("the orphan is there", || gateway.runs("sleep 600")).await;
    session.delete().await;
    assert_eq!(gateway.processes(), [], "the orphan is gone when the delete answers");

    let session = gateway.create().await;
    let mut events = session.live().await;
    eventually("the orphan is there", || gateway.runs("sleep 600")).await;
    gateway.codexes()[0].kill();
    events.find(|event| event.name == "warning").await;
    eventually("the orphan of one that died is gone", || !gateway.runs("sleep 600")).await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_key_is_given_to_codex_before_anything_else_and_shown_to_nobody() {
    let key = "sk-a-very-secret-key";
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_OPENAI_API_KEY", key).start().await;
    let login: Value = serde_json::from_str(&gateway.codex().login()).unwrap();
    assert_eq!(login["input"], key);
    assert!(!login["arguments"].to_string().contains(key), "arguments can be read by everybody: {login}");
    gateway.create().await.turn("Hello").await;
    assert!(!gateway.log().contains(key));
    gateway.stop().await;

    let setup = Setup::fake("normal").set("CODEX_GATEWAY_OPENAI_API_KEY", "sk-revoked");
    let (status, log) = setup.start_badly().await;
    assert!(!status.success());
    assert!(log.contains("CODEX_GATEWAY_OPENAI_API_KEY") && log.contains("was revoked"), "{log}");
    assert!(!log.contains("sk-revoked"), "{log}");
}
