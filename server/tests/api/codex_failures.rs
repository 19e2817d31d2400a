//! Codex processes that fail: each failure is reported in time, and affects no other session.

use serde_json::{Value, json};

use crate::support::{Event, Gateway, Session, Setup, eventually, pending_until};

fn warnings(events: &[Event]) -> Vec<Value> {
    events.iter().filter(|event| event.name == "warning").map(Event::json).collect()
}

fn last_turn_status(events: &[Event]) -> Value {
    events.last().unwrap().json()["lastTurnStatus"].clone()
}

#[tokio::test]
async fn codex_that_exits_at_start_is_unavailable_with_reason() {
    let gateway = Gateway::fake("exits-at-start").await;
    let error = gateway.client.post("/api/sessions").await.expect_error(503, "codex_unavailable");
    assert_eq!(error, "the codex process has ended: fake codex: the disk is full");
    eventually("no process is left", || gateway.processes().is_empty()).await;
    gateway.fake_codex().set_mode("normal");
    gateway.create().await;
    gateway.stop().await;
}

#[tokio::test]
async fn removed_codex_executable_is_unavailable() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let executable = gateway.fake_codex().executable();
    std::fs::remove_file(&executable).unwrap();
    let error = gateway.client.post("/api/sessions").await.expect_error(503, "codex_unavailable");
    assert!(error.contains(executable.to_str().unwrap()), "{error}");
    session.run_turn("Hello").await;
    gateway.stop().await;
}

/// `initialize` has a deadline of 15 s, which this test and the next one wait for.
#[tokio::test]
async fn codex_that_never_answers_times_out_without_delaying_other_sessions() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    let session = gateway.create().await;
    let own = gateway.codex_processes();
    gateway.fake_codex().set_mode("silent");
    let client = gateway.client.clone();
    let create = client.post("/api/sessions");
    tokio::pin!(create);
    let process = eventually("its process starts", || gateway.codex_processes().len() == 2);
    pending_until(&mut create, process).await;
    gateway.fake_codex().set_mode("normal");
    session.run_turn("Hello").await;
    let other = gateway.create().await;
    other.delete().await;

    let error = create.await.expect_error(504, "codex_timeout");
    assert_eq!(error, "codex did not answer initialize within 15 s");
    eventually("its process exits", || gateway.codex_processes() == own).await;
    gateway.stop().await;
}

#[tokio::test]
async fn codex_that_prints_garbage_times_out_with_its_output() {
    let gateway = Gateway::fake("garbage").await;
    let error = gateway.client.post("/api/sessions").await.expect_error(504, "codex_timeout");
    assert!(error.contains("within 15 s") && error.contains("this is no message"), "{error}");
    eventually("no process is left", || gateway.processes().is_empty()).await;
    gateway.stop().await;
}

#[tokio::test]
async fn disconnected_create_request_leaves_no_process_behind() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    gateway.fake_codex().set_mode("silent");
    let mut create = Box::pin(gateway.client.post("/api/sessions"));
    let process = eventually("its process starts", || !gateway.codex_processes().is_empty());
    pending_until(&mut create, process).await;
    drop(create);
    eventually("its process exits", || gateway.processes().is_empty()).await;
    assert_eq!(gateway.client.get("/readyz").await.ok()["activeSessions"], 0);
    gateway.stop().await;
}

#[tokio::test]
async fn codex_that_dies_in_a_turn_is_reported_and_next_turn_resumes_the_thread() {
    for (mode, status, detail) in [
        ("exits-in-turn", "exit status: 3", json!("fake codex: out of memory")),
        ("killed-in-turn", "signal: 9", Value::Null),
    ] {
        let gateway = Gateway::fake("normal").await.catalog_loaded().await;
        let session = gateway.create().await;
        let other = gateway.create().await;
        let thread = session.state().await["threadId"].clone();
        gateway.fake_codex().set_mode(mode);
        let mut events = session.subscribe().await;
        session.start_turn("Hello").await;
        let received = events.until(|event| event.name == "state").await;
        let [warning] = warnings(&received).try_into().unwrap();
        assert_eq!(warning["type"], "processExited");
        assert!(warning["message"].as_str().unwrap().contains(status), "{warning}");
        assert_eq!(warning["detail"], detail);
        let state = received.last().unwrap().json();
        assert_eq!(
            (&state["ready"], &state["activeTurn"], &state["lastTurnStatus"], &state["startedAt"]),
            (&json!(false), &json!(false), &json!("failed"), &Value::Null)
        );
        assert_eq!(gateway.codex_processes().len(), 1);

        gateway.fake_codex().set_mode("normal");
        assert_eq!(
            last_turn_status(&other.run_turn("Hello").await),
            "completed",
            "the other session is not affected"
        );
        session.start_turn("And on").await;
        let turn = events.rest_of_turn().await;
        let again = turn.iter().find(|event| event.name == "thread").unwrap();
        assert_eq!(again.json()["threadId"], thread, "the same thread, in a new process");
        let state = turn.last().unwrap().json();
        assert_eq!((&state["ready"], &state["lastTurnStatus"]), (&json!(true), &json!("completed")));
        gateway.stop().await;
    }
}

#[tokio::test]
async fn codex_that_dies_between_turns_is_restarted_by_next_turn() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    gateway.codex_processes()[0].kill();
    let received = events.until(|event| event.name == "state").await;
    assert_eq!(warnings(&received)[0]["type"], "processExited");
    assert_eq!(received.last().unwrap().json()["lastTurnStatus"], Value::Null);
    gateway.fake_codex().set_mode("exits-at-start");
    let body = json!({ "prompt": "Hello" });
    session.client.post_json(&session.path("/turn"), &body).await.expect_error(503, "codex_unavailable");
    gateway.fake_codex().set_mode("normal");
    assert_eq!(last_turn_status(&session.run_turn("Hello").await), "completed");
    gateway.stop().await;
}

#[tokio::test]
async fn overloaded_request_is_retried() {
    let gateway = Gateway::fake("overloaded").await;
    let session = gateway.create().await;
    assert_eq!(last_turn_status(&session.run_turn("Hello").await), "completed");
    gateway.stop().await;
}

/// Asserts that a turn with an invalid reply fails, and that the next turn completes.
async fn assert_turn_fails_and_next_completes(mode: &str) -> (Gateway, Session, String) {
    let gateway = Gateway::fake(mode).await;
    let session = gateway.create().await;
    let reply = session.client.post_json(&session.path("/turn"), &json!({ "prompt": "Hello" })).await;
    let error = reply.expect_error(500, "codex_bad_reply");
    assert_eq!(session.state().await["activeTurn"], false);
    gateway.fake_codex().set_mode("normal");
    assert_eq!(last_turn_status(&session.run_turn("Hello").await), "completed");
    (gateway, session, error)
}

#[tokio::test]
async fn oversized_reply_fails_only_its_request() {
    let (gateway, _, error) = assert_turn_fails_and_next_completes("long-reply").await;
    assert!(error.contains("longer than 64 MiB"), "{error}");
    gateway.stop().await;
}

#[tokio::test]
async fn malformed_reply_fails_only_its_request() {
    let (gateway, _, error) = assert_turn_fails_and_next_completes("bad-reply").await;
    assert!(error.contains("turn/start"), "{error}");
    gateway.stop().await;
}

#[tokio::test]
async fn oversized_notification_is_skipped_with_a_warning() {
    let gateway = Gateway::fake("long-notification").await;
    let turn = gateway.create().await.run_turn("Hello").await;
    let [warning] = warnings(&turn).try_into().unwrap();
    assert_eq!(warning["type"], "lineTooLong");
    assert!(warning["message"].as_str().unwrap().contains("65 MiB"), "{warning}");
    let detail = warning["detail"].as_str().unwrap();
    assert!(detail.contains("item/agentMessage/delta") && detail.len() < 1000, "{detail}");
    assert_eq!(last_turn_status(&turn), "completed");
    gateway.stop().await;
}

#[tokio::test]
async fn lines_that_are_not_messages_are_skipped_with_warnings() {
    let gateway = Gateway::fake("malformed").await;
    let turn = gateway.create().await.run_turn("Hello").await;
    let received = warnings(&turn);
    let details: Vec<&str> = received.iter().map(|warning| warning["detail"].as_str().unwrap()).collect();
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
    assert!(received.iter().all(|warning| warning["type"] == "malformedLine"));
    assert_eq!(last_turn_status(&turn), "completed");
    gateway.stop().await;
}

#[tokio::test]
async fn unknown_notifications_and_items_pass_through() {
    let gateway = Gateway::fake("unknown-methods").await;
    let session = gateway.create().await;
    let turn = session.run_turn("Hello").await;
    assert_eq!(warnings(&turn), [] as [Value; 0]);
    let landed = turn.iter().find(|event| event.is_notification("moon/landed")).unwrap();
    assert_eq!(landed.json()["params"], json!({ "crew": 2 }));
    let left = turn.iter().find(|event| event.is_notification("moon/left")).unwrap();
    assert_eq!(left.json()["params"], Value::Null);
    assert_eq!(last_turn_status(&turn), "completed");
    let snapshot = session.client.get(&session.path("/snapshot")).await.ok();
    let entries = snapshot["transcript"]["entries"].as_array().unwrap();
    let kinds: Vec<&Value> = entries.iter().map(|entry| &entry["content"]["item"]["type"]).collect();
    assert_eq!(kinds, ["userMessage", "commandExecution", "plan", "agentMessage"]);
    gateway.stop().await;
}

#[tokio::test]
async fn item_of_every_kind_is_streamed_stored_and_listed() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let turn = session.run_turn("Hello").await;
    let streamed: Vec<Value> = turn
        .iter()
        .filter(|event| event.is_notification("item/completed"))
        .map(|event| event.json()["params"]["item"]["type"].clone())
        .collect();
    assert_eq!(streamed.len(), 21, "the user's message, 18 other kinds, an unknown kind, the answer");
    let snapshot = session.client.get(&session.path("/snapshot")).await.ok();
    let entries = snapshot["transcript"]["entries"].as_array().unwrap();
    let stored: Vec<Value> = entries.iter().map(|entry| entry["content"]["item"]["type"].clone()).collect();
    assert_eq!(stored, streamed);
    let state = turn.last().unwrap().json();
    let listed: Vec<Value> =
        state["transcript"].as_array().unwrap().iter().map(|entry| entry["source"].clone()).collect();
    assert_eq!(listed, streamed);
    gateway.stop().await;
}

#[tokio::test]
async fn codex_that_ignores_sigterm_is_killed() {
    let gateway = Gateway::fake("ignores-sigterm").await;
    let session = gateway.create().await;
    gateway.fake_codex().set_mode("normal");
    session.delete().await;
    eventually("the process that loaded the catalog exits as well", || gateway.processes().is_empty()).await;
    gateway.stop().await;
}

#[tokio::test]
async fn orphan_of_a_codex_process_is_killed() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    gateway.fake_codex().set_mode("leaves-orphan");
    let session = gateway.create().await;
    eventually("the orphan runs", || gateway.is_running("sleep 600")).await;
    session.delete().await;
    assert_eq!(gateway.processes(), [], "the orphan is gone when the session is deleted");

    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    eventually("the orphan runs", || gateway.is_running("sleep 600")).await;
    gateway.codex_processes()[0].kill();
    events.find(|event| event.name == "warning").await;
    eventually("the orphan of the killed process is gone", || !gateway.is_running("sleep 600")).await;
    gateway.stop().await;
}

#[tokio::test]
async fn api_key_is_passed_to_login_and_not_logged() {
    let key = "sk-a-very-secret-key";
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_OPENAI_API_KEY", key).start().await;
    let login: Value = serde_json::from_str(&gateway.fake_codex().login()).unwrap();
    assert_eq!(login["input"], key);
    assert!(!login["arguments"].to_string().contains(key), "the key must not be in the arguments: {login}");
    gateway.create().await.run_turn("Hello").await;
    assert!(!gateway.log().contains(key));
    gateway.stop().await;

    let setup = Setup::fake("normal").set("CODEX_GATEWAY_OPENAI_API_KEY", "sk-revoked");
    let (status, log) = setup.start_expecting_failure().await;
    assert!(!status.success());
    assert!(log.contains("CODEX_GATEWAY_OPENAI_API_KEY") && log.contains("was revoked"), "{log}");
    assert!(!log.contains("sk-revoked"), "{log}");
}
