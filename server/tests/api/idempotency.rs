//! `Idempotency-Key`: a retried request is executed once, and gets the first response.

use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::{
    auth::{SECRET, token_for},
    support::{Client, Gateway, Session, Setup, eventually},
};

fn with_key(client: &Client, key: &str) -> Client {
    client.with_header("idempotency-key", key)
}

async fn gateway_with_session(mode: &str) -> (Gateway, Session) {
    let gateway = Gateway::fake(mode).await.catalog_loaded().await;
    let session = gateway.create().await;
    (gateway, session)
}

#[tokio::test]
async fn create_with_same_key_returns_same_session() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    let client = with_key(&gateway.client, "one");
    let [first, second] = [client.clone(), client.clone()];
    let body = json!({ "sandbox": "read-only" });
    let (first, second) =
        tokio::join!(first.post_json("/api/sessions", &body), second.post_json("/api/sessions", &body));
    let (first, second) = (first.ok(), second.ok());
    assert_eq!(first["sessionId"], second["sessionId"], "concurrent requests get the same session");
    assert_eq!(client.post_json("/api/sessions", &body).await.ok()["sessionId"], first["sessionId"]);
    assert_eq!(gateway.codex_processes().len(), 1);
    client
        .post_json("/api/sessions", &json!({ "sandbox": "workspace-write" }))
        .await
        .expect_error(422, "key_reused");
    client.post("/api/sessions").await.expect_error(422, "key_reused");
    for bad in ["", "a b", &"x".repeat(256)] {
        with_key(&gateway.client, bad).post("/api/sessions").await.expect_error(400, "bad_key");
    }
    with_key(&client, "two").post("/api/sessions").await.expect_error(400, "bad_key");

    // A rejected request can be sent again with its key.
    let client = with_key(&gateway.client, "two");
    client.post_json("/api/sessions", &json!({ "cwd": "/" })).await.expect_error(403, "outside_workspaces");
    client.post_json("/api/sessions", &json!({ "cwd": "/" })).await.expect_error(403, "outside_workspaces");
    client.post("/api/sessions").await.ok();
    let path = format!("/api/sessions/{}", first["sessionId"].as_str().unwrap());
    gateway.client.delete(&path).await.ok();
    with_key(&gateway.client, "one").post_json("/api/sessions", &body).await.expect_error(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn message_with_same_key_is_sent_once_across_restart() {
    let (mut gateway, mut session) = gateway_with_session("normal").await;
    let body = json!({ "prompt": "Hello", "wait": true });
    let path = session.path("/turn");
    let first = with_key(&session.client, "a").post_json(&path, &body).await.ok();
    let again = with_key(&session.client, "a").post_json(&path, &body).await.ok();
    for name in ["outcome", "turnId", "turn", "text"] {
        assert_eq!(again[name], first[name], "{name}");
    }
    // The session is a part of the request.
    let other = gateway.create().await;
    with_key(&session.client, "a")
        .post_json(&other.path("/turn"), &body)
        .await
        .expect_error(422, "key_reused");

    gateway.kill_and_restart().await;
    session.client = gateway.client.clone();
    let again = with_key(&session.client, "a").post_json(&path, &body).await.ok();
    for name in ["outcome", "turnId", "turn", "text"] {
        assert_eq!(again[name], first[name], "{name}");
    }
    let stream = with_key(&session.client, "a").with_header("accept", "text/event-stream");
    let stream = stream.post_json(&path, &body).await.text();
    assert!(
        stream.contains("event: turn\n") && stream.contains(first["turnId"].as_str().unwrap()),
        "{stream}"
    );
    assert_eq!(gateway.fake_codex().received().len(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn retry_after_disconnect_waits_for_the_same_turn() {
    let (gateway, session) = gateway_with_session("late-start").await;
    let mut events = session.subscribe().await;
    let body = json!({ "prompt": "Hello", "wait": true });
    let path = session.path("/turn");
    let text = body.to_string();
    let mut disconnected = session.client.connect().await;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{text}",
        text.len()
    );
    disconnected.write_all(head.as_bytes()).await.unwrap();
    eventually("codex receives the message", || !gateway.fake_codex().received().is_empty()).await;
    drop(disconnected);
    gateway.fake_codex().open_gate();
    events.notification("turn/started").await;
    let client = with_key(&session.client, "k");
    let (again, ()) = tokio::join!(client.post_json(&path, &body), async {
        session.client.post(&session.path("/turn/interrupt")).await.ok();
    });
    assert_eq!(again.ok()["turn"]["status"], "interrupted");
    assert_eq!(gateway.fake_codex().received().len(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn keys_are_separate_per_owner() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET).start().await;
    let create = async |owner: &str| {
        let client = with_key(&gateway.client.with_token(&token_for(owner)), "k");
        client.post("/api/sessions").await.ok()["sessionId"].clone()
    };
    assert_ne!(create("ada").await, create("bob").await);
    assert_eq!(create("ada").await, create("ada").await);
    gateway.stop().await;
}

#[tokio::test]
async fn unfinished_request_is_not_repeated_after_restart() {
    let (mut gateway, mut session) = gateway_with_session("normal").await;
    let body = json!({ "prompt": "Hello" });
    let path = session.path("/turn");
    with_key(&session.client, "k").post_json(&path, &body).await.ok();
    // The state that a gateway leaves which is killed before it answers.
    let store = rusqlite::Connection::open(gateway.data_dir().join("gateway.db")).unwrap();
    assert_eq!(store.execute("UPDATE idempotency_keys SET outcome = NULL", []).unwrap(), 1);
    drop(store);
    gateway.kill_and_restart().await;
    session.client = gateway.client.clone();
    with_key(&session.client, "k").post_json(&path, &body).await.expect_error(409, "key_unfinished");
    assert_eq!(gateway.fake_codex().received().len(), 1);
    gateway.stop().await;
}

/// Codex received the message, but the gateway has no valid reply.
#[tokio::test]
async fn message_that_codex_may_have_accepted_is_not_repeated() {
    for (mode, status, code) in [
        ("exits-on-turn-start", 503, "codex_unavailable"),
        ("bad-reply", 500, "codex_bad_reply"),
        ("no-turn-reply", 503, "shutting_down"),
    ] {
        let (mut gateway, mut session) = gateway_with_session(mode).await;
        let (path, body) = (session.path("/turn"), json!({ "prompt": "Hello" }));
        let client = with_key(&session.client, "k");
        let send = client.post_json(&path, &body);
        let stop = async {
            if mode == "no-turn-reply" {
                eventually("codex receives the message", || !gateway.fake_codex().received().is_empty())
                    .await;
                gateway.restart().await;
            }
        };
        let (reply, ()) = tokio::join!(send, stop);
        reply.expect_error(status, code);
        gateway.fake_codex().set_mode("normal");
        session.client = gateway.client.clone();
        with_key(&session.client, "k").post_json(&path, &body).await.expect_error(409, "key_unfinished");
        assert_eq!(gateway.fake_codex().received().len(), 1, "{mode}");
        with_key(&session.client, "another").post_json(&path, &body).await.ok();
        gateway.stop().await;
    }
}

#[tokio::test]
async fn message_that_codex_refused_can_be_sent_again() {
    let (gateway, session) = gateway_with_session("refuses-turns").await;
    let mut events = session.subscribe().await;
    let (path, body) = (session.path("/turn"), json!({ "prompt": "Hello", "wait": true }));
    let client = with_key(&session.client, "k");
    client.post_json(&path, &body).await.expect_error(422, "codex_refused");
    // The session has no process, and none can be started.
    gateway.fake_codex().set_mode("exits-in-turn");
    session.start_turn("Goodbye").await;
    events.find(|event| event.name == "warning").await;
    gateway.fake_codex().set_mode("exits-at-start");
    client.post_json(&path, &body).await.expect_error(503, "codex_unavailable");
    gateway.fake_codex().set_mode("normal");
    assert_eq!(client.post_json(&path, &body).await.ok()["turn"]["status"], "completed");
    assert_eq!(
        gateway.fake_codex().received().len(),
        3,
        "the refused message, the one whose process died, and this one"
    );
    gateway.stop().await;
}

#[tokio::test]
async fn retry_of_queued_message_returns_its_turn() {
    let (mut gateway, mut session) = gateway_with_session("waits").await;
    let mut events = session.subscribe().await;
    session.start_turn("first").await;
    events.notification("turn/started").await;
    let path = session.path("/turn");
    let own = json!({ "prompt": "own", "whenBusy": "queue", "wait": true, "clientMessageId": "mine" });
    let bodies = [json!({ "prompt": "ours", "whenBusy": "queue", "wait": true }), own];
    for (key, body) in ["ours", "own"].into_iter().zip(&bodies) {
        let text = body.to_string();
        let mut disconnected = session.client.connect().await;
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: {key}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{text}",
            text.len()
        );
        disconnected.write_all(head.as_bytes()).await.unwrap();
        events.find(|event| event.name == "queue" && event.data.contains(key)).await;
        drop(disconnected);
    }
    let mut turns = Vec::new();
    for _ in 0..3 {
        gateway.fake_codex().release_turn().await;
        let ended = events.notification("turn/completed").await.json();
        turns.push(ended["params"]["turn"]["id"].clone());
    }
    for restarted in [false, true] {
        if restarted {
            gateway.kill_and_restart().await;
            session.client = gateway.client.clone();
        }
        for ((key, body), turn) in ["ours", "own"].into_iter().zip(&bodies).zip(&turns[1..]) {
            let again = with_key(&session.client, key).post_json(&path, body).await.ok();
            assert_eq!(again["outcome"], "queued");
            let result = (&again["turn"]["id"], &again["turn"]["status"], &again["text"]);
            assert_eq!(result, (turn, &json!("completed"), &json!("Done.")), "{key}, restarted: {restarted}");
        }
    }
    assert_eq!(gateway.fake_codex().received().len(), 3);
    gateway.stop().await;
}

#[tokio::test]
async fn retry_of_removed_turn_returns_without_turn() {
    let (gateway, session) = gateway_with_session("normal").await;
    let (path, body) = (session.path("/turn"), json!({ "prompt": "Hello", "wait": true }));
    let client = with_key(&session.client, "k");
    let first = client.post_json(&path, &body).await.ok();
    assert_eq!(first["turn"]["status"], "completed");
    session.client.post(&session.path("/thread/new")).await.ok();
    let again = client.post_json(&path, &body).await.ok();
    assert_eq!((&again["turnId"], &again["turn"]), (&first["turnId"], &json!(null)));
    // The request does not wait for another turn either.
    gateway.fake_codex().set_mode("endless-turn");
    let mut events = session.subscribe().await;
    session.start_turn("Goodbye").await;
    events.notification("turn/started").await;
    let again = client.post_json(&path, &body).await.ok();
    assert_eq!((&again["turn"], &again["state"]["activeTurn"]), (&json!(null), &json!(true)));
    gateway.stop().await;
}

#[tokio::test]
async fn page_message_with_same_client_id_is_sent_once() {
    let (mut gateway, mut session) = gateway_with_session("normal").await;
    let turn = json!({ "prompt": "Hello", "clientMessageId": "mine" });
    let send = json!({ "id": session.id, "turn": turn });
    let mut events = session.subscribe().await;
    let [first, second] = [session.client.clone(), session.client.clone()];
    let (first, second) =
        tokio::join!(first.post_json("/_fn/send", &send), second.post_json("/_fn/send", &send));
    first.ok();
    second.ok();
    events.rest_of_turn().await;
    gateway.kill_and_restart().await;
    session.client = gateway.client.clone();
    session.client.post_json("/_fn/send", &send).await.ok();
    let snapshot = session.client.get(&session.path("/snapshot")).await.ok();
    let messages = snapshot["transcript"]["entries"].as_array().unwrap();
    let messages = messages.iter().filter(|entry| entry["content"]["item"]["type"] == "userMessage");
    assert_eq!(messages.count(), 1);

    let start = json!({ "cwd": null, "turn": { "prompt": "Hello", "clientMessageId": "first" } });
    let created = gateway.client.post_json("/_fn/start", &start).await.ok();
    assert_eq!(gateway.client.post_json("/_fn/start", &start).await.ok(), created);
    gateway.stop().await;
}

#[tokio::test]
async fn bodies_are_compared_by_value_ignoring_wait() {
    let (gateway, session) = gateway_with_session("normal").await;
    let client = with_key(&session.client, "k").with_header("content-type", "application/json");
    let path = session.path("/turn");
    let first = client.send("POST", &path, br#"{"prompt":"Hello","wait":false}"#).await.ok();
    for same in [
        r#"{"prompt": "Hello", "wait": true}"#,
        r#"{ "wait" : 30, "whenBusy":"reject", "model":null, "prompt":"\u0048ello" }"#,
    ] {
        let again = client.send("POST", &path, same.as_bytes()).await.ok();
        assert_eq!((&again["turnId"], &again["text"]), (&first["turnId"], &json!("Done.")), "{same}");
    }
    client.send("POST", &path, br#"{"prompt":"Hello","effort":"low"}"#).await.expect_error(422, "key_reused");
    assert_eq!(gateway.fake_codex().received().len(), 1);

    let create = with_key(&gateway.client, "c");
    let created = create.post("/api/sessions").await.ok();
    for same in [json!({}), json!(null), json!({ "model": null })] {
        assert_eq!(create.post_json("/api/sessions", &same).await.ok()["sessionId"], created["sessionId"]);
    }
    gateway.stop().await;
}

#[tokio::test]
async fn fork_with_same_key_returns_same_session() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn("Reply with exactly the single word one").await;
    let path = session.path("/thread/fork");
    let client = with_key(&session.client, "k");
    let body = json!({});
    let (first, second) = tokio::join!(client.post(&path), client.post_json(&path, &body));
    let (first, second) = (first.ok(), second.ok());
    assert_eq!(first["sessionId"], second["sessionId"]);
    assert_ne!(first["sessionId"], json!(session.id));
    assert_eq!(client.post(&path).await.ok()["state"]["threadId"], first["state"]["threadId"]);
    let sessions = gateway.client.get("/api/sessions").await.ok();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 2);
    client.post_json(&path, &json!({ "lastTurnId": "x" })).await.expect_error(422, "key_reused");
    gateway.stop().await;
}

#[tokio::test]
async fn every_creating_request_with_same_key_is_executed_once() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn("Reply with exactly the single word one").await;
    let turns = async || {
        let snapshot = session.client.get(&session.path("/snapshot")).await.ok();
        snapshot["transcript"]["turns"].as_array().unwrap().len()
    };
    let review =
        json!({ "target": { "type": "custom", "instructions": "Reply with exactly the single word good" } });
    for (path, body) in [("/thread/compact", json!({})), ("/thread/review", review)] {
        let mut events = session.subscribe().await;
        let client = with_key(&session.client, path);
        client.post_json(&session.path(path), &body).await.ok();
        events.rest_of_turn().await;
        let turn_count = turns().await;
        let again = client.post_json(&session.path(path), &body).await.ok();
        assert_eq!((&again["state"]["activeTurn"], turns().await), (&json!(false), turn_count), "{path}");
    }
    let client = with_key(&session.client, "new");
    let thread = client.post(&session.path("/thread/new")).await.ok()["state"]["threadId"].clone();
    assert_eq!(client.post(&session.path("/thread/new")).await.ok()["state"]["threadId"], thread);

    let png = include_bytes!("../../../public/assets/icon-192.png");
    let client = with_key(&gateway.client, "upload").with_header("content-type", "image/png");
    let upload = client.send("POST", "/api/uploads", png).await.ok();
    assert_eq!(client.send("POST", "/api/uploads", png).await.ok(), upload);
    client.send("POST", "/api/uploads", &png[..99]).await.expect_error(422, "key_reused");
    gateway.stop().await;
}
