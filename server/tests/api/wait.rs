//! `POST /api/sessions/{id}/turn` for scripts: with `wait` it answers when the turn has ended, and for whoever accepts an
//! event stream it is one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::{
    auth::{SECRET, sign, token_of},
    limits::all_that_comes,
    sign_in::signed_in,
    support::{Event, Events, Gateway, Session, Setup, eventually, within},
};

/// A message whose reply waits, with more in its body.
async fn waits(session: &Session, prompt: &str, more: Value) -> Value {
    let mut body = json!({ "prompt": prompt, "wait": true });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    session.client.post_json(&session.path("/turn"), &body).await.ok()
}

/// A message whose reply is a stream.
async fn streams(session: &Session, body: &Value) -> Events {
    let client = session.client.with("accept", "text/event-stream").with("content-type", "application/json");
    let (path, body) = (session.path("/turn"), body.to_string());
    let response = within("the stream opens", client.open("POST", &path, body.as_bytes())).await;
    assert_eq!(
        (response.status.as_u16(), &response.headers["content-type"]),
        (200, &"text/event-stream".parse().unwrap())
    );
    Events::new(response)
}

async fn session(mode: &str) -> (Gateway, Session) {
    let gateway = Gateway::fake(mode).await.settled().await;
    let session = gateway.create().await;
    (gateway, session)
}

#[tokio::test]
async fn the_reply_has_the_answer() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let reply = waits(&session, "Reply with exactly the single word ready", json!({})).await;
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
async fn one_waits_only_so_long_and_the_turn_goes_on() {
    let (gateway, session) = session("hangs").await;
    let reply = waits(&session, "Hello", json!({ "wait": 1 })).await;
    assert_eq!(reply["turn"]["status"], "inProgress");
    assert_eq!((&reply["turnId"], &reply["state"]["activeTurn"]), (&reply["turn"]["id"], &json!(true)));
    assert!(!reply["text"].as_str().unwrap().is_empty(), "as far as it has come");
    session
        .client
        .post_json(&session.path("/turn"), &json!({ "prompt": "x", "wait": "long" }))
        .await
        .refused(400, "bad_body");
    gateway.stop().await;
}

#[tokio::test]
async fn the_turn_of_who_goes_away_goes_on() {
    let (gateway, session) = session("waits").await;
    let mut events = session.live().await;
    let mut gone = session.client.connect().await;
    let body = json!({ "prompt": "Hello", "wait": true }).to_string();
    let path = session.path("/turn");
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    gone.write_all(head.as_bytes()).await.unwrap();
    events.notification("turn/started").await;
    drop(gone);
    gateway.codex().let_end().await;
    assert_eq!(events.turn().await.last().unwrap().json()["lastTurnStatus"], "completed");
    gateway.stop().await;
}

#[tokio::test]
async fn turns_that_end_in_other_ways_are_told() {
    for (mode, status, says) in [("dies", "failed", "out of memory"), ("early-end", "completed", "")] {
        let (gateway, session) = session(mode).await;
        let reply = waits(&session, "Hello", json!({})).await;
        assert_eq!(reply["turn"]["status"], status, "{mode}");
        assert!(reply["turn"]["error"].to_string().contains(says), "{reply}");
        gateway.stop().await;
    }
    let (gateway, session) = session("late-start").await;
    let mut events = session.live().await;
    let waiting = waits(&session, "Hello", json!({}));
    let interrupts = async {
        eventually("it is asked", || !gateway.codex().told().is_empty()).await;
        gateway.codex().open_gate();
        events.notification("turn/started").await;
        session.client.post(&session.path("/turn/interrupt")).await.ok();
    };
    let (reply, ()) = tokio::join!(waiting, interrupts);
    assert_eq!(reply["turn"]["status"], "interrupted");
    gateway.stop().await;
}

#[tokio::test]
async fn one_waits_for_the_turn_of_a_message_that_waits() {
    let (gateway, session) = session("waits").await;
    let mut events = session.live().await;
    let first = waits(&session, "first", json!({}));
    let queued = async {
        events.notification("turn/started").await;
        waits(&session, "second", json!({ "whenBusy": "queue" })).await
    };
    let steered = async {
        eventually("the first is told", || !gateway.codex().told().is_empty()).await;
        let mut events = session.live().await;
        let stays = waits(&session, "third", json!({ "whenBusy": "queue" }));
        let leaves = async {
            let item = events
                .find(|event| {
                    event.name == "queue" && event.data.contains("third") && event.data.contains("second")
                })
                .await;
            let items = item.json()["items"].as_array().unwrap().clone();
            let third =
                items.iter().find(|item| item["text"] == "third").unwrap()["id"].as_str().unwrap().to_owned();
            session.client.delete(&session.path(&format!("/queue/{third}"))).await.ok();
            gateway.codex().let_end().await;
            gateway.codex().let_end().await;
        };
        tokio::join!(stays, leaves).0
    };
    let (first, second, third) = tokio::join!(first, queued, steered);
    assert_eq!((&first["outcome"], &first["turn"]["status"]), (&json!("started"), &json!("completed")));
    assert_eq!((&second["outcome"], &second["turn"]["status"]), (&json!("queued"), &json!("completed")));
    assert_ne!(first["turn"]["id"], second["turn"]["id"]);
    assert_eq!((&third["outcome"], &third["turn"]), (&json!("queued"), &Value::Null), "it was taken out");
    gateway.stop().await;
}

#[tokio::test]
async fn nobody_waits_for_a_queue_that_stands_still() {
    let (gateway, session) = session("waits").await;
    let mut events = session.live().await;
    session.start_turn("first").await;
    let queued = waits(&session, "second", json!({ "whenBusy": "queue" }));
    let stops = async {
        events.find(|event| event.name == "queue").await;
        session.client.post(&session.path("/turn/interrupt")).await.ok();
    };
    let (second, ()) = tokio::join!(queued, stops);
    assert_eq!((&second["outcome"], &second["turn"]), (&json!("queued"), &Value::Null));
    assert_eq!(second["state"]["queue"][0]["text"], "second", "it waits for its user");
    gateway.stop().await;
}

/// Whichever codex tells first: that it has the message, or that its turn fails.
#[tokio::test]
async fn a_turn_that_fails_before_it_begins_is_no_other_and_the_queue_waits() {
    for mode in ["never-begins", "fails-first"] {
        let (gateway, session) = session("waits").await;
        let mut events = session.live().await;
        let first = session.start_turn("first").await;
        let second = waits(&session, "second", json!({ "whenBusy": "queue" }));
        let ends = async {
            events.find(|event| event.name == "queue" && event.data.contains("second")).await;
            let third = json!({ "prompt": "third", "whenBusy": "queue" });
            session.client.post_json(&session.path("/turn"), &third).await.ok();
            gateway.codex().set_mode(mode);
            gateway.codex().let_end().await;
        };
        let (second, ()) = tokio::join!(second, ends);
        assert_eq!(
            (&second["outcome"], &second["turn"]["status"]),
            (&json!("queued"), &json!("failed")),
            "{mode}"
        );
        assert_ne!(second["turn"]["id"], first["turnId"], "{mode}");
        assert_eq!(second["text"], Value::Null, "{mode}");
        let queue = &second["state"]["queue"];
        assert_eq!((queue.as_array().unwrap().len(), &queue[0]["text"]), (1, &json!("third")), "{mode}");
        assert_eq!(queue[0]["sending"], false, "{mode}: it waits for its user");
        assert_eq!(gateway.codex().told().len(), 2, "{mode}");
        gateway.stop().await;
    }
}

#[tokio::test]
async fn whoever_waits_hears_of_the_end_of_the_session() {
    let (gateway, session) = session("hangs").await;
    let mut events = session.live().await;
    let body = json!({ "prompt": "Hello", "wait": true });
    let path = session.path("/turn");
    let waiting = session.client.post_json(&path, &body);
    let deletes = async {
        events.notification("turn/started").await;
        session.delete().await;
    };
    let (reply, ()) = tokio::join!(waiting, deletes);
    reply.refused(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn a_stream_of_the_turn_ends_with_it() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let prompt = "Reply with exactly the single word ready";
    let events = streams(&session, &json!({ "prompt": prompt })).await.rest().await;
    assert_eq!(events[0].name, "session");
    let [.., state, end] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((state.name.as_str(), end.name.as_str()), ("state", "turn"));
    assert!(events.iter().any(|event| event.is("turn/started")));
    let logged: Vec<u64> = events.iter().filter(|event| event.id.is_some()).map(Event::seq).collect();
    assert!(logged.windows(2).all(|two| two[1] == two[0] + 1), "without a gap: {logged:?}");
    let end = end.json();
    assert_eq!(
        (&end["outcome"], &end["text"], &end["turn"]["status"]),
        (&json!("started"), &json!("ready"), &json!("completed"))
    );

    let again = streams(&session, &json!({ "prompt": prompt })).await.rest().await;
    assert!(again[1].seq() > *logged.last().unwrap(), "another turn's is its own");
    let client = session.client.with("accept", "text/event-stream");
    client.post_json(&session.path("/turn"), &json!({ "prompt": " " })).await.refused(400, "empty_prompt");
    gateway.stop().await;
}

#[tokio::test]
async fn a_stream_lasts_as_long_as_it_shall() {
    let (gateway, session) = session("hangs").await;
    let events = streams(&session, &json!({ "prompt": "Hello", "wait": 1 })).await.rest().await;
    assert_eq!(events.last().unwrap().json()["turn"]["status"], "inProgress");
    gateway.stop().await;
}

const WATCH: &str = "of those who watch";

/// A session of Ada's, in a gateway that wants tokens, and whose turns do not end.
async fn session_with_owner() -> (Gateway, Session) {
    let setup = Setup::fake("hangs").set("CODEX_GATEWAY_JWT_SECRET", SECRET);
    let gateway = setup.set("CODEX_GATEWAY_METRICS_TOKEN", WATCH).start().await.settled().await;
    let session = gateway.create_with(&gateway.client.with_token(&token_of("ada")), &json!({})).await;
    (gateway, session)
}

#[tokio::test]
async fn wait_ends_with_its_token_and_the_turn_goes_on() {
    let (gateway, session) = session_with_owner().await;
    let soon = (SystemTime::now() + Duration::from_secs(2)).duration_since(UNIX_EPOCH).unwrap().as_secs();
    let short = sign(Algorithm::HS256, &json!({ "sub": "ada", "exp": soon }), SECRET);
    let client = gateway.client.with_token(&short);
    let reply = client.post_json(&session.path("/turn"), &json!({ "prompt": "Hello", "wait": true })).await;
    let message = reply.refused(401, "unauthorized");
    assert!(message.contains("has ended while the request waited"), "{message}");
    assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    assert_eq!(session.state().await["activeTurn"], true);
    gateway.stop().await;
}

#[tokio::test]
async fn whatever_waits_ends_with_the_sign_in() {
    let (gateway, session) = session_with_owner().await;
    let mut events = session.live().await;
    let browser = signed_in(&gateway, "ada").await;
    let keyed = browser.with("idempotency-key", "k");
    let body = json!({ "prompt": "Hello", "wait": true });
    let turn = session.path("/turn");
    let cookie = browser.header("cookie").unwrap().to_owned();
    let upload = format!(
        "POST /api/uploads HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\ncontent-type: image/png\r\ncontent-length: 1000\r\n\r\nx"
    );
    let uploading = async { all_that_comes(browser.connect_with(&upload).await).await };
    let signs_out = async {
        events.notification("turn/started").await;
        // The stream, two that wait, and the image.
        within("all are waiting", async {
            while !gateway
                .client
                .with_token(WATCH)
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
        tokio::join!(keyed.post_json(&turn, &body), keyed.post_json(&turn, &body), uploading, signs_out);
    for reply in [first, again] {
        let message = reply.refused(401, "unauthorized");
        assert!(message.contains("has ended while the request waited"), "{message}");
    }
    assert!(image.starts_with("HTTP/1.1 401 "), "{image}");
    assert_eq!(session.state().await["activeTurn"], true);
    gateway.stop().await;
}
