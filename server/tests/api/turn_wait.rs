//! `POST /api/sessions/{id}/turn` for scripts: `wait` delays the reply until the turn ends, and
//! `Accept: text/event-stream` makes the reply a stream of the turn's events.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::{
    auth::{SECRET, sign, token_for},
    limits::read_to_end,
    sign_in::sign_in,
    support::{Event, EventStream, Gateway, Session, Setup, eventually, within},
};

/// Sends a message with `wait` and further fields. Returns the reply.
async fn send_and_wait(session: &Session, prompt: &str, more: Value) -> Value {
    let mut body = json!({ "prompt": prompt, "wait": true });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    session.client.post_json(&session.path("/turn"), &body).await.ok()
}

/// Sends a message whose reply is an event stream.
async fn send_and_stream(session: &Session, body: &Value) -> EventStream {
    let client = session
        .client
        .with_header("accept", "text/event-stream")
        .with_header("content-type", "application/json");
    let (path, body) = (session.path("/turn"), body.to_string());
    let response = within("the stream opens", client.open("POST", &path, body.as_bytes())).await;
    assert_eq!(
        (response.status.as_u16(), &response.headers["content-type"]),
        (200, &"text/event-stream".parse().unwrap())
    );
    EventStream::new(response)
}

async fn gateway_with_session(mode: &str) -> (Gateway, Session) {
    let gateway = Gateway::fake(mode).await.catalog_loaded().await;
    let session = gateway.create().await;
    (gateway, session)
}

#[tokio::test]
async fn reply_has_the_answer_and_the_completed_turn() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let reply = send_and_wait(&session, "Reply with exactly the single word ready", json!({})).await;
    let turn = &reply["turn"];
    assert_eq!(
        (&reply["text"], &turn["status"], &turn["error"]),
        (&json!("ready"), &json!("completed"), &Value::Null)
    );
    assert_eq!((&reply["outcome"], &reply["turnId"]), (&json!("started"), &turn["id"]));
    assert!(turn["usage"]["totalTokens"].as_u64().unwrap() > 0 && turn["durationMs"].is_u64(), "{turn}");
    let state = &reply["state"];
    assert_eq!((&state["activeTurn"], &state["lastTurnStatus"]), (&json!(false), &json!("completed")));
    gateway.stop().await;
}

#[tokio::test]
async fn reply_after_the_wait_limit_has_the_running_turn() {
    let (gateway, session) = gateway_with_session("endless-turn").await;
    let reply = send_and_wait(&session, "Hello", json!({ "wait": 1 })).await;
    assert_eq!(reply["turn"]["status"], "inProgress");
    assert_eq!((&reply["turnId"], &reply["state"]["activeTurn"]), (&reply["turn"]["id"], &json!(true)));
    assert!(!reply["text"].as_str().unwrap().is_empty(), "the text so far is returned");
    session
        .client
        .post_json(&session.path("/turn"), &json!({ "prompt": "x", "wait": "long" }))
        .await
        .expect_error(400, "bad_body");
    gateway.stop().await;
}

#[tokio::test]
async fn turn_continues_after_the_waiting_client_disconnects() {
    let (gateway, session) = gateway_with_session("waits").await;
    let mut events = session.subscribe().await;
    let mut disconnected = session.client.connect().await;
    let body = json!({ "prompt": "Hello", "wait": true }).to_string();
    let path = session.path("/turn");
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    disconnected.write_all(head.as_bytes()).await.unwrap();
    events.notification("turn/started").await;
    drop(disconnected);
    gateway.fake_codex().release_turn().await;
    assert_eq!(events.rest_of_turn().await.last().unwrap().json()["lastTurnStatus"], "completed");
    gateway.stop().await;
}

#[tokio::test]
async fn reply_has_failed_early_and_interrupted_turns() {
    for (mode, status, message) in
        [("exits-in-turn", "failed", "out of memory"), ("early-end", "completed", "")]
    {
        let (gateway, session) = gateway_with_session(mode).await;
        let reply = send_and_wait(&session, "Hello", json!({})).await;
        assert_eq!(reply["turn"]["status"], status, "{mode}");
        assert!(reply["turn"]["error"].to_string().contains(message), "{reply}");
        gateway.stop().await;
    }
    let (gateway, session) = gateway_with_session("late-start").await;
    let mut events = session.subscribe().await;
    let waiting = send_and_wait(&session, "Hello", json!({}));
    let interrupts = async {
        eventually("codex receives the message", || !gateway.fake_codex().received().is_empty()).await;
        gateway.fake_codex().open_gate();
        events.notification("turn/started").await;
        session.client.post(&session.path("/turn/interrupt")).await.ok();
    };
    let (reply, ()) = tokio::join!(waiting, interrupts);
    assert_eq!(reply["turn"]["status"], "interrupted");
    gateway.stop().await;
}

#[tokio::test]
async fn wait_covers_the_turn_of_a_queued_message() {
    let (gateway, session) = gateway_with_session("waits").await;
    let mut events = session.subscribe().await;
    let first = send_and_wait(&session, "first", json!({}));
    let queued = async {
        events.notification("turn/started").await;
        send_and_wait(&session, "second", json!({ "whenBusy": "queue" })).await
    };
    let steered = async {
        eventually("codex receives the first message", || !gateway.fake_codex().received().is_empty()).await;
        let mut events = session.subscribe().await;
        let waiting = send_and_wait(&session, "third", json!({ "whenBusy": "queue" }));
        let remove = async {
            let item = events
                .find(|event| {
                    event.name == "queue" && event.data.contains("third") && event.data.contains("second")
                })
                .await;
            let items = item.json()["items"].as_array().unwrap().clone();
            let third =
                items.iter().find(|item| item["text"] == "third").unwrap()["id"].as_str().unwrap().to_owned();
            session.client.delete(&session.path(&format!("/queue/{third}"))).await.ok();
            gateway.fake_codex().release_turn().await;
            gateway.fake_codex().release_turn().await;
        };
        tokio::join!(waiting, remove).0
    };
    let (first, second, third) = tokio::join!(first, queued, steered);
    assert_eq!((&first["outcome"], &first["turn"]["status"]), (&json!("started"), &json!("completed")));
    assert_eq!((&second["outcome"], &second["turn"]["status"]), (&json!("queued"), &json!("completed")));
    assert_ne!(first["turn"]["id"], second["turn"]["id"]);
    assert_eq!(
        (&third["outcome"], &third["turn"]),
        (&json!("queued"), &Value::Null),
        "the message was removed from the queue"
    );
    gateway.stop().await;
}

#[tokio::test]
async fn wait_for_a_queued_message_ends_when_the_queue_halts() {
    let (gateway, session) = gateway_with_session("waits").await;
    let mut events = session.subscribe().await;
    session.start_turn("first").await;
    let queued = send_and_wait(&session, "second", json!({ "whenBusy": "queue" }));
    let interrupt = async {
        events.find(|event| event.name == "queue").await;
        session.client.post(&session.path("/turn/interrupt")).await.ok();
    };
    let (second, ()) = tokio::join!(queued, interrupt);
    assert_eq!((&second["outcome"], &second["turn"]), (&json!("queued"), &Value::Null));
    assert_eq!(second["state"]["queue"][0]["text"], "second", "the queue waits for the user");
    gateway.stop().await;
}

/// In both orders: codex accepts the turn first, or reports its failure first.
#[tokio::test]
async fn queued_message_whose_turn_fails_before_it_starts_halts_the_queue() {
    for mode in ["error-after-accept", "error-before-accept"] {
        let (gateway, session) = gateway_with_session("waits").await;
        let mut events = session.subscribe().await;
        let first = session.start_turn("first").await;
        let second = send_and_wait(&session, "second", json!({ "whenBusy": "queue" }));
        let release = async {
            events.find(|event| event.name == "queue" && event.data.contains("second")).await;
            let third = json!({ "prompt": "third", "whenBusy": "queue" });
            session.client.post_json(&session.path("/turn"), &third).await.ok();
            gateway.fake_codex().set_mode(mode);
            gateway.fake_codex().release_turn().await;
        };
        let (second, ()) = tokio::join!(second, release);
        assert_eq!(
            (&second["outcome"], &second["turn"]["status"]),
            (&json!("queued"), &json!("failed")),
            "{mode}"
        );
        assert_ne!(second["turn"]["id"], first["turnId"], "{mode}");
        assert_eq!(second["text"], Value::Null, "{mode}");
        let queue = &second["state"]["queue"];
        assert_eq!((queue.as_array().unwrap().len(), &queue[0]["text"]), (1, &json!("third")), "{mode}");
        assert_eq!(queue[0]["sending"], false, "{mode}: the queue waits for the user");
        assert_eq!(gateway.fake_codex().received().len(), 2, "{mode}");
        gateway.stop().await;
    }
}

#[tokio::test]
async fn wait_ends_when_the_session_is_deleted() {
    let (gateway, session) = gateway_with_session("endless-turn").await;
    let mut events = session.subscribe().await;
    let body = json!({ "prompt": "Hello", "wait": true });
    let path = session.path("/turn");
    let waiting = session.client.post_json(&path, &body);
    let delete = async {
        events.notification("turn/started").await;
        session.delete().await;
    };
    let (reply, ()) = tokio::join!(waiting, delete);
    reply.expect_error(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn stream_reply_ends_with_its_turn() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let prompt = "Reply with exactly the single word ready";
    let events = send_and_stream(&session, &json!({ "prompt": prompt })).await.rest().await;
    assert_eq!(events[0].name, "session");
    let [.., state, end] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((state.name.as_str(), end.name.as_str()), ("state", "turn"));
    assert!(events.iter().any(|event| event.is_notification("turn/started")));
    let logged: Vec<u64> = events.iter().filter(|event| event.id.is_some()).map(Event::seq).collect();
    assert!(logged.windows(2).all(|two| two[1] == two[0] + 1), "sequence numbers are contiguous: {logged:?}");
    let end = end.json();
    assert_eq!(
        (&end["outcome"], &end["text"], &end["turn"]["status"]),
        (&json!("started"), &json!("ready"), &json!("completed"))
    );

    let again = send_and_stream(&session, &json!({ "prompt": prompt })).await.rest().await;
    assert!(again[1].seq() > *logged.last().unwrap(), "the stream of the next turn starts after it");
    let client = session.client.with_header("accept", "text/event-stream");
    client
        .post_json(&session.path("/turn"), &json!({ "prompt": " " }))
        .await
        .expect_error(400, "empty_prompt");
    gateway.stop().await;
}

#[tokio::test]
async fn stream_reply_ends_after_the_wait_limit() {
    let (gateway, session) = gateway_with_session("endless-turn").await;
    let events = send_and_stream(&session, &json!({ "prompt": "Hello", "wait": 1 })).await.rest().await;
    assert_eq!(events.last().unwrap().json()["turn"]["status"], "inProgress");
    gateway.stop().await;
}

const METRICS_TOKEN: &str = "metrics-token";

/// Starts a gateway with authentication and endless turns, and creates a session of the owner Ada.
async fn gateway_with_owned_session() -> (Gateway, Session) {
    let setup = Setup::fake("endless-turn").set("CODEX_GATEWAY_JWT_SECRET", SECRET);
    let gateway =
        setup.set("CODEX_GATEWAY_METRICS_TOKEN", METRICS_TOKEN).start().await.catalog_loaded().await;
    let session = gateway.create_with(&gateway.client.with_token(&token_for("ada")), &json!({})).await;
    (gateway, session)
}

#[tokio::test]
async fn wait_ends_when_the_token_expires_and_the_turn_continues() {
    let (gateway, session) = gateway_with_owned_session().await;
    let soon = (SystemTime::now() + Duration::from_secs(2)).duration_since(UNIX_EPOCH).unwrap().as_secs();
    let short = sign(Algorithm::HS256, &json!({ "sub": "ada", "exp": soon }), SECRET);
    let client = gateway.client.with_token(&short);
    let reply = client.post_json(&session.path("/turn"), &json!({ "prompt": "Hello", "wait": true })).await;
    let message = reply.expect_error(401, "unauthorized");
    assert!(message.contains("has ended while the request waited"), "{message}");
    assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    assert_eq!(session.state().await["activeTurn"], true);
    gateway.stop().await;
}

#[tokio::test]
async fn waiting_requests_and_uploads_end_at_sign_out() {
    let (gateway, session) = gateway_with_owned_session().await;
    let mut events = session.subscribe().await;
    let browser = sign_in(&gateway, "ada").await;
    let keyed = browser.with_header("idempotency-key", "k");
    let body = json!({ "prompt": "Hello", "wait": true });
    let turn = session.path("/turn");
    let cookie = browser.header("cookie").unwrap().to_owned();
    let upload = format!(
        "POST /api/uploads HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\ncontent-type: image/png\r\ncontent-length: 1000\r\n\r\nx"
    );
    let uploading = async { read_to_end(browser.connect_with(&upload).await).await };
    let sign_out = async {
        events.notification("turn/started").await;
        // The stream, the two waiting requests, and the upload.
        within("all four connections are counted", async {
            while !gateway
                .client
                .with_token(METRICS_TOKEN)
                .get("/metrics")
                .await
                .text()
                .contains("codex_gateway_connections{caller=\"signed_in\"} 4\n")
            {}
        })
        .await;
        assert_eq!(browser.post_form("/sign-out", "").await.status, 303);
    };
    let (first, again, image, ()) =
        tokio::join!(keyed.post_json(&turn, &body), keyed.post_json(&turn, &body), uploading, sign_out);
    for reply in [first, again] {
        let message = reply.expect_error(401, "unauthorized");
        assert!(message.contains("has ended while the request waited"), "{message}");
    }
    assert!(image.starts_with("HTTP/1.1 401 "), "{image}");
    assert_eq!(session.state().await["activeTurn"], true);
    gateway.stop().await;
}
