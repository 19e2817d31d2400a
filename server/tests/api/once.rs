//! `Idempotency-Key`: a request that is sent again is done once, and answered again.

use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::{
    auth::{SECRET, token_of},
    support::{Client, Gateway, Session, Setup, eventually},
};

fn keyed(client: &Client, key: &str) -> Client {
    client.with("idempotency-key", key)
}

async fn session(mode: &str) -> (Gateway, Session) {
    let gateway = Gateway::fake(mode).await.settled().await;
    let session = gateway.create().await;
    (gateway, session)
}

#[tokio::test]
async fn a_session_is_made_once() {
    let gateway = Gateway::fake("normal").await.settled().await;
    let client = keyed(&gateway.client, "one");
    let [first, second] = [client.clone(), client.clone()];
    let body = json!({ "sandbox": "read-only" });
    let (first, second) =
        tokio::join!(first.post_json("/api/sessions", &body), second.post_json("/api/sessions", &body));
    let (first, second) = (first.ok(), second.ok());
    assert_eq!(first["sessionId"], second["sessionId"], "also at the same time");
    assert_eq!(client.post_json("/api/sessions", &body).await.ok()["sessionId"], first["sessionId"]);
    assert_eq!(gateway.codexes().len(), 1);
    client
        .post_json("/api/sessions", &json!({ "sandbox": "workspace-write" }))
        .await
        .refused(422, "key_reused");
    client.post("/api/sessions").await.refused(422, "key_reused");
    for bad in ["", "a b", &"x".repeat(256)] {
        keyed(&gateway.client, bad).post("/api/sessions").await.refused(400, "bad_key");
    }
    keyed(&client, "two").post("/api/sessions").await.refused(400, "bad_key");

    // One that was refused can be sent again.
    let client = keyed(&gateway.client, "two");
    client.post_json("/api/sessions", &json!({ "cwd": "/" })).await.refused(403, "outside_workspaces");
    client.post_json("/api/sessions", &json!({ "cwd": "/" })).await.refused(403, "outside_workspaces");
    client.post("/api/sessions").await.ok();
    let path = format!("/api/sessions/{}", first["sessionId"].as_str().unwrap());
    gateway.client.delete(&path).await.ok();
    keyed(&gateway.client, "one").post_json("/api/sessions", &body).await.refused(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn a_message_is_sent_once_also_over_a_restart() {
    let (mut gateway, mut session) = session("normal").await;
    let body = json!({ "prompt": "Hello", "wait": true });
    let path = session.path("/turn");
    let first = keyed(&session.client, "a").post_json(&path, &body).await.ok();
    let again = keyed(&session.client, "a").post_json(&path, &body).await.ok();
    for name in ["outcome", "turnId", "turn", "text"] {
        assert_eq!(again[name], first[name], "{name}");
    }
    // What it is for is a part of it.
    let other = gateway.create().await;
    keyed(&session.client, "a").post_json(&other.path("/turn"), &body).await.refused(422, "key_reused");

    gateway.kill_and_start().await;
    session.client = gateway.client.clone();
    let again = keyed(&session.client, "a").post_json(&path, &body).await.ok();
    for name in ["outcome", "turnId", "turn", "text"] {
        assert_eq!(again[name], first[name], "{name}");
    }
    let stream = keyed(&session.client, "a").with("accept", "text/event-stream");
    let stream = stream.post_json(&path, &body).await.text();
    assert!(
        stream.contains("event: turn\n") && stream.contains(first["turnId"].as_str().unwrap()),
        "{stream}"
    );
    assert_eq!(gateway.codex().told().len(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn a_message_of_who_went_away_is_the_same_when_it_comes_again() {
    let (gateway, session) = session("late-start").await;
    let mut events = session.live().await;
    let body = json!({ "prompt": "Hello", "wait": true });
    let path = session.path("/turn");
    let text = body.to_string();
    let mut gone = session.client.connect().await;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{text}",
        text.len()
    );
    gone.write_all(head.as_bytes()).await.unwrap();
    eventually("it is told", || !gateway.codex().told().is_empty()).await;
    drop(gone);
    gateway.codex().open_gate();
    events.notification("turn/started").await;
    let client = keyed(&session.client, "k");
    let (again, ()) = tokio::join!(client.post_json(&path, &body), async {
        session.client.post(&session.path("/turn/interrupt")).await.ok();
    });
    assert_eq!(again.ok()["turn"]["status"], "interrupted");
    assert_eq!(gateway.codex().told().len(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn keys_are_their_owners() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET).start().await;
    let made = async |owner: &str| {
        let client = keyed(&gateway.client.with_token(&token_of(owner)), "k");
        client.post("/api/sessions").await.ok()["sessionId"].clone()
    };
    assert_ne!(made("ada").await, made("bob").await);
    assert_eq!(made("ada").await, made("ada").await);
    gateway.stop().await;
}

#[tokio::test]
async fn nobody_does_again_what_may_have_been_done() {
    let (mut gateway, mut session) = session("normal").await;
    let body = json!({ "prompt": "Hello" });
    let path = session.path("/turn");
    keyed(&session.client, "k").post_json(&path, &body).await.ok();
    // As a gateway that was killed before the answer has left it.
    let store = rusqlite::Connection::open(gateway.data_dir().join("gateway.db")).unwrap();
    assert_eq!(store.execute("UPDATE once SET outcome = NULL", []).unwrap(), 1);
    drop(store);
    gateway.kill_and_start().await;
    session.client = gateway.client.clone();
    keyed(&session.client, "k").post_json(&path, &body).await.refused(409, "key_unfinished");
    assert_eq!(gateway.codex().told().len(), 1);
    gateway.stop().await;
}

/// Codex was told, and nobody knows whether it has taken it.
#[tokio::test]
async fn nobody_does_again_what_codex_may_have_taken() {
    for (mode, status, code) in [
        ("dies-told", 503, "codex_unavailable"),
        ("bad-reply", 500, "codex_bad_reply"),
        ("mute", 503, "shutting_down"),
    ] {
        let (mut gateway, mut session) = session(mode).await;
        let (path, body) = (session.path("/turn"), json!({ "prompt": "Hello" }));
        let client = keyed(&session.client, "k");
        let sends = client.post_json(&path, &body);
        let stops = async {
            if mode == "mute" {
                eventually("it is told", || !gateway.codex().told().is_empty()).await;
                gateway.restart().await;
            }
        };
        let (sent, ()) = tokio::join!(sends, stops);
        sent.refused(status, code);
        gateway.codex().set_mode("normal");
        session.client = gateway.client.clone();
        keyed(&session.client, "k").post_json(&path, &body).await.refused(409, "key_unfinished");
        assert_eq!(gateway.codex().told().len(), 1, "{mode}");
        keyed(&session.client, "another").post_json(&path, &body).await.ok();
        gateway.stop().await;
    }
}

#[tokio::test]
async fn what_codex_did_not_take_can_be_sent_again() {
    let (gateway, session) = session("refuses").await;
    let mut events = session.live().await;
    let (path, body) = (session.path("/turn"), json!({ "prompt": "Hello", "wait": true }));
    let client = keyed(&session.client, "k");
    client.post_json(&path, &body).await.refused(422, "codex_refused");
    // No process, and none that can be started.
    gateway.codex().set_mode("dies");
    session.start_turn("Goodbye").await;
    events.find(|event| event.name == "warning").await;
    gateway.codex().set_mode("exits");
    client.post_json(&path, &body).await.refused(503, "codex_unavailable");
    gateway.codex().set_mode("normal");
    assert_eq!(client.post_json(&path, &body).await.ok()["turn"]["status"], "completed");
    assert_eq!(gateway.codex().told().len(), 3, "refused, the one that died, and this");
    gateway.stop().await;
}

#[tokio::test]
async fn a_message_that_has_waited_is_answered_with_the_turn_that_it_became() {
    let (mut gateway, mut session) = session("waits").await;
    let mut events = session.live().await;
    session.start_turn("first").await;
    events.notification("turn/started").await;
    let path = session.path("/turn");
    let own = json!({ "prompt": "own", "whenBusy": "queue", "wait": true, "clientMessageId": "mine" });
    let bodies = [json!({ "prompt": "ours", "whenBusy": "queue", "wait": true }), own];
    for (key, body) in ["ours", "own"].into_iter().zip(&bodies) {
        let text = body.to_string();
        let mut gone = session.client.connect().await;
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: {key}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{text}",
            text.len()
        );
        gone.write_all(head.as_bytes()).await.unwrap();
        events.find(|event| event.name == "queue" && event.data.contains(key)).await;
        drop(gone);
    }
    let mut turns = Vec::new();
    for _ in 0..3 {
        gateway.codex().let_end().await;
        let ended = events.notification("turn/completed").await.json();
        turns.push(ended["params"]["turn"]["id"].clone());
    }
    for restarted in [false, true] {
        if restarted {
            gateway.kill_and_start().await;
            session.client = gateway.client.clone();
        }
        for ((key, body), turn) in ["ours", "own"].into_iter().zip(&bodies).zip(&turns[1..]) {
            let again = keyed(&session.client, key).post_json(&path, body).await.ok();
            assert_eq!(again["outcome"], "queued");
            let told = (&again["turn"]["id"], &again["turn"]["status"], &again["text"]);
            assert_eq!(told, (turn, &json!("completed"), &json!("Done.")), "{key}, restarted: {restarted}");
        }
    }
    assert_eq!(gateway.codex().told().len(), 3);
    gateway.stop().await;
}

#[tokio::test]
async fn of_a_turn_that_is_not_known_any_more_nothing_is_said() {
    let (gateway, session) = session("normal").await;
    let (path, body) = (session.path("/turn"), json!({ "prompt": "Hello", "wait": true }));
    let client = keyed(&session.client, "k");
    let first = client.post_json(&path, &body).await.ok();
    assert_eq!(first["turn"]["status"], "completed");
    session.client.post(&session.path("/thread/new")).await.ok();
    let again = client.post_json(&path, &body).await.ok();
    assert_eq!((&again["turnId"], &again["turn"]), (&first["turnId"], &json!(null)));
    // Nor does it wait for the end of another one.
    gateway.codex().set_mode("hangs");
    let mut events = session.live().await;
    session.start_turn("Goodbye").await;
    events.notification("turn/started").await;
    let again = client.post_json(&path, &body).await.ok();
    assert_eq!((&again["turn"], &again["state"]["activeTurn"]), (&json!(null), &json!(true)));
    gateway.stop().await;
}

#[tokio::test]
async fn message_of_the_page_is_taken_once_however_often_it_is_sent() {
    let (mut gateway, mut session) = session("normal").await;
    let turn = json!({ "prompt": "Hello", "clientMessageId": "mine" });
    let send = json!({ "id": session.id, "turn": turn });
    let mut events = session.live().await;
    let [first, second] = [session.client.clone(), session.client.clone()];
    let (first, second) =
        tokio::join!(first.post_json("/_fn/send", &send), second.post_json("/_fn/send", &send));
    first.ok();
    second.ok();
    events.turn().await;
    gateway.kill_and_start().await;
    session.client = gateway.client.clone();
    session.client.post_json("/_fn/send", &send).await.ok();
    let snapshot = session.client.get(&session.path("/snapshot")).await.ok();
    let said = snapshot["transcript"]["entries"].as_array().unwrap();
    let said = said.iter().filter(|entry| entry["content"]["item"]["type"] == "userMessage");
    assert_eq!(said.count(), 1);

    let start = json!({ "cwd": null, "turn": { "prompt": "Hello", "clientMessageId": "first" } });
    let made = gateway.client.post_json("/_fn/start", &start).await.ok();
    assert_eq!(gateway.client.post_json("/_fn/start", &start).await.ok(), made);
    gateway.stop().await;
}

#[tokio::test]
async fn bodies_are_compared_by_meaning_and_without_their_wait() {
    let (gateway, session) = session("normal").await;
    let client = keyed(&session.client, "k").with("content-type", "application/json");
    let path = session.path("/turn");
    let first = client.send("POST", &path, br#"{"prompt":"Hello","wait":false}"#).await.ok();
    for same in [
        r#"{"prompt": "Hello", "wait": true}"#,
        r#"{ "wait" : 30, "whenBusy":"reject", "model":null, "prompt":"\u0048ello" }"#,
    ] {
        let again = client.send("POST", &path, same.as_bytes()).await.ok();
        assert_eq!((&again["turnId"], &again["text"]), (&first["turnId"], &json!("Done.")), "{same}");
    }
    client.send("POST", &path, br#"{"prompt":"Hello","effort":"low"}"#).await.refused(422, "key_reused");
    assert_eq!(gateway.codex().told().len(), 1);

    let create = keyed(&gateway.client, "c");
    let made = create.post("/api/sessions").await.ok();
    for same in [json!({}), json!(null), json!({ "model": null })] {
        assert_eq!(create.post_json("/api/sessions", &same).await.ok()["sessionId"], made["sessionId"]);
    }
    gateway.stop().await;
}

#[tokio::test]
async fn thread_is_forked_once() {
    let gateway = Gateway::demo().await.settled().await;
    let session = gateway.create().await;
    session.turn("Reply with exactly the single word one").await;
    let path = session.path("/thread/fork");
    let client = keyed(&session.client, "k");
    let body = json!({});
    let (first, second) = tokio::join!(client.post(&path), client.post_json(&path, &body));
    let (first, second) = (first.ok(), second.ok());
    assert_eq!(first["sessionId"], second["sessionId"]);
    assert_ne!(first["sessionId"], json!(session.id));
    assert_eq!(client.post(&path).await.ok()["state"]["threadId"], first["state"]["threadId"]);
    let sessions = gateway.client.get("/api/sessions").await.ok();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 2);
    client.post_json(&path, &json!({ "lastTurnId": "x" })).await.refused(422, "key_reused");
    gateway.stop().await;
}

#[tokio::test]
async fn everything_that_is_made_is_made_once() {
    let gateway = Gateway::demo().await.settled().await;
    let session = gateway.create().await;
    session.turn("Reply with exactly the single word one").await;
    let turns = async || {
        let snapshot = session.client.get(&session.path("/snapshot")).await.ok();
        snapshot["transcript"]["turns"].as_array().unwrap().len()
    };
    let review =
        json!({ "target": { "type": "custom", "instructions": "Reply with exactly the single word good" } });
    for (path, body) in [("/thread/compact", json!({})), ("/thread/review", review)] {
        let mut events = session.live().await;
        let client = keyed(&session.client, path);
        client.post_json(&session.path(path), &body).await.ok();
        events.turn().await;
        let made = turns().await;
        let again = client.post_json(&session.path(path), &body).await.ok();
        assert_eq!((&again["state"]["activeTurn"], turns().await), (&json!(false), made), "{path}");
    }
    let client = keyed(&session.client, "new");
    let thread = client.post(&session.path("/thread/new")).await.ok()["state"]["threadId"].clone();
    assert_eq!(client.post(&session.path("/thread/new")).await.ok()["state"]["threadId"], thread);

    let png = include_bytes!("../../../public/assets/icon-192.png");
    let client = keyed(&gateway.client, "upload").with("content-type", "image/png");
    let upload = client.send("POST", "/api/uploads", png).await.ok();
    assert_eq!(client.send("POST", "/api/uploads", png).await.ok(), upload);
    client.send("POST", "/api/uploads", &png[..99]).await.refused(422, "key_reused");
    gateway.stop().await;
}
