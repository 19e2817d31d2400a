//! `/api/sessions/{id}/turn`: start and interrupt.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{Gateway, Process, Session, eventually, pending_until};

async fn interrupt(session: &Session) -> crate::support::Reply {
    session.client.post(&session.path("/turn/interrupt")).await
}

#[tokio::test]
async fn started_turn_streams_events_until_completion() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    let reply = session.start_turn("Reply with exactly the single word ready. Do not call tools.").await;
    assert_eq!(reply["state"]["activeTurn"], true);
    let turn = events.rest_of_turn().await;
    let state = turn.last().unwrap().json();
    assert_eq!((&state["activeTurn"], &state["lastTurnStatus"]), (&json!(false), &json!("completed")));
    assert_eq!(state["transcript"][1]["text"], "ready");
    assert_eq!(state, session.state().await, "the event and the reply have the same state");
    gateway.stop().await;
}

#[tokio::test]
async fn invalid_turn_body_is_rejected() {
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
        let error = gateway.client.post_json(&path, &body).await.expect_error(400, code);
        assert!(!error.is_empty(), "{body}");
    }
    let client = gateway.client.with_header("content-type", "application/json");
    for body in ["", "{", "prompt=Hello", "{\"prompt\":\"Hello\"}trailing", "\u{feff}{}"] {
        client.send("POST", &path, body.as_bytes()).await.expect_error(400, "bad_body");
    }
    client.send("POST", &path, b"{\"prompt\":\"\xff\"}").await.expect_error(400, "bad_body");
    let deep = "[".repeat(100_000);
    client.send("POST", &path, deep.as_bytes()).await.expect_error(400, "bad_body");
    assert_eq!(session.state().await["activeTurn"], false);
    gateway.stop().await;
}

#[tokio::test]
async fn body_without_json_content_type_is_rejected() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let path = session.path("/turn");
    let body = br#"{"prompt":"Hello"}"#;
    let error = gateway.client.send("POST", &path, body).await.expect_error(400, "bad_body");
    assert!(error.contains("application/json"), "{error}");
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "multipart/form-data"]
    {
        gateway
            .client
            .with_header("content-type", kind)
            .send("POST", &path, body)
            .await
            .expect_error(400, "bad_body");
    }
    gateway
        .client
        .with_header("content-type", "Application/JSON; charset=utf-8")
        .send("POST", &path, body)
        .await
        .ok();
    gateway.stop().await;
}

#[tokio::test]
async fn oversized_body_is_rejected() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let body = json!({ "prompt": "x".repeat(50 * 1024 * 1024) });
    let error = gateway.client.post_json(&session.path("/turn"), &body).await.expect_error(413, "too_large");
    assert!(error.contains("4 MiB"), "{error}");
    let body = json!({ "prompt": "x".repeat(3 * 1024 * 1024) });
    gateway.client.post_json(&session.path("/turn"), &body).await.expect_error(400, "prompt_too_long");
    let body = json!({ "prompt": "x".repeat(1024 * 1024) });
    gateway.client.post_json(&session.path("/turn"), &body).await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn exactly_one_of_concurrent_turns_starts() {
    let gateway = Gateway::fake("endless-turn").await;
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
        reply.expect_error(409, "turn_active");
    }
    gateway
        .client
        .post_json(&session.path("/turn"), &json!({ "prompt": "Me too" }))
        .await
        .expect_error(409, "turn_active");
    gateway.stop().await;
}

#[tokio::test]
async fn interrupt_without_a_turn_is_refused() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    interrupt(&session).await.expect_error(409, "no_active_turn");
    session.run_turn("Hello").await;
    interrupt(&session).await.expect_error(409, "no_active_turn");
    gateway.stop().await;
}

#[tokio::test]
async fn interrupt_terminates_command_that_starts_meanwhile() {
    let gateway = Gateway::fake("command-on-interrupt").await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    session.start_turn("Hello").await;
    events.notification("item/agentMessage/delta").await;
    interrupt(&session).await.ok();
    assert_eq!(gateway.fake_codex().terminated_processes(), ["7"]);
    gateway.stop().await;
}

#[tokio::test]
async fn interrupt_stops_running_command_and_its_processes() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    session.start_turn("!standin slow-command").await;
    events.notification("item/commandExecution/outputDelta").await;
    eventually("the command runs", || gateway.is_running("sleep 25")).await;

    interrupt(&session).await.ok();
    let completed = events.notification("turn/completed").await.json();
    assert_eq!(completed["params"]["turn"]["status"], "interrupted");
    let state = events.find(|event| event.name == "state").await.json();
    assert_eq!((&state["activeTurn"], &state["lastTurnStatus"]), (&json!(false), &json!("interrupted")));
    // The command lines of the shell and the sandbox contain the command as well.
    let is_of_command = |process: &Process| process.command.contains("sleep 25");
    eventually("the command's processes exit", || !gateway.processes().iter().any(is_of_command)).await;

    let turn = session.run_turn("Reply with exactly the single word again").await;
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");
    gateway.stop().await;
}

#[tokio::test]
async fn interrupt_waits_until_the_turn_starts() {
    let gateway = Gateway::fake("late-start").await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    session.start_turn("Hello").await;
    let interrupts = join_all([interrupt(&session), interrupt(&session)]);
    tokio::pin!(interrupts);
    // Codex refuses to interrupt a turn before `turn/started`, so the interrupt must wait.
    pending_until(&mut interrupts, session.state()).await;
    gateway.fake_codex().open_gate();
    let replies = interrupts.await;
    assert!(replies.iter().any(|reply| reply.status == 200), "{replies:?}");
    let completed = events.notification("turn/completed").await.json();
    assert_eq!(completed["params"]["turn"]["status"], "interrupted");
    gateway.stop().await;
}

#[tokio::test]
async fn model_of_a_turn_is_kept_for_later_turns() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let before = session.state().await["selectedModel"].clone();
    assert_ne!(before, "gpt-5.5");
    let mut events = session.subscribe().await;
    let body = json!({ "prompt": "Hello", "model": "gpt-5.5", "clientMessageId": "mine-1" });
    session.client.post_json(&session.path("/turn"), &body).await.ok();
    let turn = events.rest_of_turn().await;
    let user = turn.iter().find(|event| event.is_notification("item/completed")).unwrap().json();
    assert_eq!(user["params"]["item"]["clientId"], "mine-1");
    assert_eq!(session.state().await["selectedModel"], "gpt-5.5");
    session.run_turn("And again").await;
    assert_eq!(session.state().await["selectedModel"], "gpt-5.5", "the model is kept");
    gateway.stop().await;
}

#[tokio::test]
async fn turn_can_complete_before_it_is_accepted() {
    let gateway = Gateway::fake("early-end").await;
    let session = gateway.create().await;
    for _ in 0..3 {
        let turn = session.run_turn("Hello").await;
        let state = turn.last().unwrap().json();
        assert_eq!((&state["activeTurn"], &state["lastTurnStatus"]), (&json!(false), &json!("completed")));
    }
    assert_eq!(session.state().await["activeTurn"], false);
    gateway.stop().await;
}

/// The real codex behaves so for a review against a missing branch: it accepts it and sends an error, but neither
/// `turn/started` nor `turn/completed`.
#[tokio::test]
async fn turn_that_fails_before_it_starts_is_reported_and_session_stays_usable() {
    let gateway = Gateway::fake("error-after-accept").await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    session.start_turn("Hello").await;
    events.notification("error").await;
    assert_eq!(events.expect("state").await.json()["activeTurn"], false);
    let snapshot = gateway.client.get(&session.path("/snapshot")).await.ok();
    let notice = &snapshot["transcript"]["entries"][0]["content"]["notice"];
    assert_eq!((&notice["message"], &notice["failure"]), (&json!("there is no such branch"), &json!(true)));
    gateway.client.post(&session.path("/turn/interrupt")).await.expect_error(409, "no_active_turn");
    gateway.fake_codex().set_mode("normal");
    session.run_turn("Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn refused_turn_leaves_the_session_unchanged() {
    let gateway = Gateway::fake("refuses-turns").await;
    let session = gateway.create().await;
    let body = json!({ "prompt": "Hello" });
    let error =
        gateway.client.post_json(&session.path("/turn"), &body).await.expect_error(422, "codex_refused");
    assert_eq!(error, "codex refused turn/start: the model is on holiday");
    let state = session.state().await;
    assert_eq!((&state["activeTurn"], &state["currentTurnId"]), (&json!(false), &Value::Null));
    gateway.fake_codex().set_mode("normal");
    assert_eq!(session.run_turn("Hello").await.last().unwrap().json()["lastTurnStatus"], "completed");
    gateway.stop().await;
}

#[tokio::test]
async fn upstream_error_fails_turn_with_reason() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let turn = session.run_turn("!standin fail status=400").await;
    let completed = turn.iter().find(|event| event.is_notification("turn/completed")).unwrap().json();
    assert_eq!(completed["params"]["turn"]["status"], "failed");
    assert!(!completed["params"]["turn"]["error"]["message"].as_str().unwrap().is_empty());
    assert_eq!(session.state().await["lastTurnStatus"], "failed");
    assert_eq!(session.run_turn("Hello").await.last().unwrap().json()["lastTurnStatus"], "completed");
    gateway.stop().await;
}
