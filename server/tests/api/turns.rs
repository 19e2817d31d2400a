//! `/api/sessions/{id}/turn`: start and interrupt.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Gateway, Process, Session, eventually};

async fn interrupt(session: &Session) -> crate::support::Reply {
    session.client.post(&session.path("/turn/interrupt")).await
}

#[tokio::test]
async fn a_turn_is_accepted_and_told_to_its_end() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    let reply = session.start_turn("Reply with exactly the single word ready. Do not call tools.").await;
    assert_eq!(reply["state"]["activeTurn"], true);
    let turn = events.turn().await;
    let state = turn.last().unwrap().json();
    assert_eq!((&state["activeTurn"], &state["lastTurnStatus"]), (&json!(false), &json!("completed")));
    assert_eq!(state["transcript"][1]["text"], "ready");
    assert_eq!(state, session.state().await, "the event and the reply tell the same");
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_no_turn_is_refused() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let path = session.path("/turn");
    for (body, code) in [
        (json!({ "prompt": "" }), "empty_prompt"),
        (json!({ "prompt": " \n\t" }), "empty_prompt"),
        (json!({}), "empty_prompt"),
        (json!({ "prompt": "", "input": [] }), "empty_prompt"),
        (json!({ "input": [{ "type": "text", "text": "\n" }] }), "empty_prompt"),
        (json!({ "prompt": null }), "bad_body"),
        (json!({ "prompt": 7 }), "bad_body"),
        (json!({ "prompt": ["a", "b"] }), "bad_body"),
        (json!({ "prompt": "Hello", "model": 7 }), "bad_body"),
        (json!({ "prompt": "Hello", "effort": 7 }), "bad_body"),
        (json!({ "prompt": "Hello", "effort": "hardest" }), "bad_effort"),
        (json!({ "prompt": "Hello", "sandbox": "none" }), "bad_body"),
        (json!({ "prompt": "Hello", "sandbox": "readOnly" }), "bad_body"),
        (json!({ "prompt": "Hello", "approvalPolicy": "always" }), "bad_body"),
        (json!({ "prompt": "Hello", "whenBusy": "wait" }), "bad_body"),
        (json!({ "prompt": "Hello", "input": { "type": "text", "text": "x" } }), "bad_body"),
        (json!({ "prompt": "Hello", "input": [{ "type": "audio", "url": "x" }] }), "bad_body"),
        (
            json!({ "prompt": "Hello", "input": [{ "type": "localImage", "path": "/etc/passwd" }] }),
            "bad_body",
        ),
        (
            json!({ "prompt": "Hello", "input": [{ "type": "image", "url": "https://x.example" }] }),
            "bad_body",
        ),
        (json!({ "prompt": "Hello", "input": [{ "text": "x" }] }), "bad_body"),
        (
            json!({ "prompt": "Hello", "input": vec![json!({ "type": "text", "text": "x" }); 101] }),
            "too_many_parts",
        ),
        (json!({ "input": vec![json!({ "type": "mention", "path": "none" }); 101] }), "too_many_parts"),
        (json!([]), "bad_body"),
        (json!("Hello"), "bad_body"),
    ] {
        let error = gateway.client.post_json(&path, &body).await.refused(400, code);
        assert!(!error.is_empty(), "{body}");
    }
    let client = gateway.client.with("content-type", "application/json");
    for body in ["", "{", "prompt=Hello", "{\"prompt\":\"Hello\"}trailing", "\u{feff}{}"] {
        client.send("POST", &path, body.as_bytes()).await.refused(400, "bad_body");
    }
    client.send("POST", &path, b"{\"prompt\":\"\xff\"}").await.refused(400, "bad_body");
    let deep = "[".repeat(100_000);
    client.send("POST", &path, deep.as_bytes()).await.refused(400, "bad_body");
    assert_eq!(session.state().await["activeTurn"], false);
    gateway.stop().await;
}

#[tokio::test]
async fn a_body_must_say_that_it_is_json() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let path = session.path("/turn");
    let body = br#"{"prompt":"Hello"}"#;
    let error = gateway.client.send("POST", &path, body).await.refused(400, "bad_body");
    assert!(error.contains("application/json"), "{error}");
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "multipart/form-data"]
    {
        gateway.client.with("content-type", kind).send("POST", &path, body).await.refused(400, "bad_body");
    }
    gateway
        .client
        .with("content-type", "Application/JSON; charset=utf-8")
        .send("POST", &path, body)
        .await
        .ok();
    gateway.stop().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let body = json!({ "prompt": "x".repeat(50 * 1024 * 1024) });
    let error = gateway.client.post_json(&session.path("/turn"), &body).await.refused(413, "too_large");
    assert!(error.contains("4 MiB"), "{error}");
    let body = json!({ "prompt": "x".repeat(3 * 1024 * 1024) });
    gateway.client.post_json(&session.path("/turn"), &body).await.refused(400, "prompt_too_long");
    let body = json!({ "prompt": "x".repeat(1024 * 1024) });
    gateway.client.post_json(&session.path("/turn"), &body).await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn of_turns_that_start_at_the_same_time_exactly_one_wins() {
    let gateway = Gateway::fake("hangs").await;
    let session = gateway.create().await;
    let starts = (0..12).map(|n| {
        let body = json!({ "prompt": format!("Number {n}") });
        let client = gateway.client.clone();
        let path = session.path("/turn");
        async move { client.post_json(&path, &body).await }
    });
    let replies = join_all(starts).await;
    let (won, lost): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!(won.len(), 1);
    for reply in lost {
        reply.refused(409, "turn_active");
    }
    gateway
        .client
        .post_json(&session.path("/turn"), &json!({ "prompt": "Me too" }))
        .await
        .refused(409, "turn_active");
    gateway.stop().await;
}

#[tokio::test]
async fn without_a_turn_there_is_nothing_to_interrupt() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    interrupt(&session).await.refused(409, "no_active_turn");
    session.turn("Hello").await;
    interrupt(&session).await.refused(409, "no_active_turn");
    gateway.stop().await;
}

#[tokio::test]
async fn an_interrupt_stops_a_command_that_begins_meanwhile() {
    let gateway = Gateway::fake("begins-stopped").await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    session.start_turn("Hello").await;
    events.notification("item/agentMessage/delta").await;
    interrupt(&session).await.ok();
    assert_eq!(gateway.codex().terminated(), ["7"]);
    gateway.stop().await;
}

#[tokio::test]
async fn an_interrupt_stops_a_command_and_its_processes() {
    let gateway = Gateway::demo().await.settled().await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    session.start_turn("!standin slow-command").await;
    events.notification("item/commandExecution/outputDelta").await;
    eventually("the command runs", || gateway.runs("sleep 25")).await;

    interrupt(&session).await.ok();
    let completed = events.notification("turn/completed").await.json();
    assert_eq!(completed["params"]["turn"]["status"], "interrupted");
    let state = events.find(|event| event.name == "state").await.json();
    assert_eq!((&state["activeTurn"], &state["lastTurnStatus"]), (&json!(false), &json!("interrupted")));
    // The shell around it and the sandbox around that have it in their command lines.
    let is_of_command = |process: &Process| process.command.contains("sleep 25");
    eventually("the command's processes end", || !gateway.processes().iter().any(is_of_command)).await;

    let turn = session.turn("Reply with exactly the single word again").await;
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");
    gateway.stop().await;
}

#[tokio::test]
async fn an_interrupt_waits_for_a_turn_that_has_not_begun() {
    let gateway = Gateway::fake("late-start").await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    session.start_turn("Hello").await;
    let interrupts = join_all([interrupt(&session), interrupt(&session)]);
    tokio::pin!(interrupts);
    // Codex refuses to interrupt a turn that it has not announced: nothing may be answered yet.
    assert!(timeout(Duration::from_millis(300), &mut interrupts).await.is_err(), "the interrupt should wait");
    gateway.codex().open_gate();
    let replies = interrupts.await;
    assert!(replies.iter().any(|reply| reply.status == 200), "{replies:?}");
    let completed = events.notification("turn/completed").await.json();
    assert_eq!(completed["params"]["turn"]["status"], "interrupted");
    gateway.stop().await;
}

#[tokio::test]
async fn a_turn_may_choose_its_model() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let before = session.state().await["selectedModel"].clone();
    assert_ne!(before, "gpt-5.5");
    let mut events = session.live().await;
    let body = json!({ "prompt": "Hello", "model": "gpt-5.5", "clientMessageId": "mine-1" });
    session.client.post_json(&session.path("/turn"), &body).await.ok();
    let turn = events.turn().await;
    let user = turn.iter().find(|event| event.is("item/completed")).unwrap().json();
    assert_eq!(user["params"]["item"]["clientId"], "mine-1");
    assert_eq!(session.state().await["selectedModel"], "gpt-5.5");
    session.turn("And again").await;
    assert_eq!(session.state().await["selectedModel"], "gpt-5.5", "it stays");
    gateway.stop().await;
}

#[tokio::test]
async fn a_turn_may_end_before_it_is_accepted() {
    let gateway = Gateway::fake("early-end").await;
    let session = gateway.create().await;
    for _ in 0..3 {
        let turn = session.turn("Hello").await;
        let state = turn.last().unwrap().json();
        assert_eq!((&state["activeTurn"], &state["lastTurnStatus"]), (&json!(false), &json!("completed")));
    }
    assert_eq!(session.state().await["activeTurn"], false);
    gateway.stop().await;
}

/// So does the real one with a review against a branch that is not there: it accepts it, says what is wrong, and tells of
/// neither a beginning nor an end.
#[tokio::test]
async fn a_turn_that_fails_before_it_begins_says_why_and_leaves_the_session_free() {
    let gateway = Gateway::fake("never-begins").await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    session.start_turn("Hello").await;
    events.notification("error").await;
    assert_eq!(events.expect("state").await.json()["activeTurn"], false);
    let snapshot = gateway.client.get(&session.path("/snapshot")).await.ok();
    let notice = &snapshot["transcript"]["entries"][0]["content"]["notice"];
    assert_eq!((&notice["message"], &notice["failure"]), (&json!("there is no such branch"), &json!(true)));
    gateway.client.post(&session.path("/turn/interrupt")).await.refused(409, "no_active_turn");
    gateway.codex().set_mode("normal");
    session.turn("Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_turn_that_codex_refuses_leaves_the_session_as_it_was() {
    let gateway = Gateway::fake("refuses").await;
    let session = gateway.create().await;
    let body = json!({ "prompt": "Hello" });
    let error = gateway.client.post_json(&session.path("/turn"), &body).await.refused(422, "codex_refused");
    assert_eq!(error, "codex refused turn/start: the model is on holiday");
    let state = session.state().await;
    assert_eq!((&state["activeTurn"], &state["currentTurnId"]), (&json!(false), &Value::Null));
    gateway.codex().set_mode("normal");
    assert_eq!(session.turn("Hello").await.last().unwrap().json()["lastTurnStatus"], "completed");
    gateway.stop().await;
}

#[tokio::test]
async fn a_failing_upstream_fails_the_turn_and_says_why() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let turn = session.turn("!standin fail status=400").await;
    let completed = turn.iter().find(|event| event.is("turn/completed")).unwrap().json();
    assert_eq!(completed["params"]["turn"]["status"], "failed");
    assert!(!completed["params"]["turn"]["error"]["message"].as_str().unwrap().is_empty());
    assert_eq!(session.state().await["lastTurnStatus"], "failed");
    assert_eq!(session.turn("Hello").await.last().unwrap().json()["lastTurnStatus"], "completed");
    gateway.stop().await;
}
