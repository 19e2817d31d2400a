//! Minimal replies (`Prefer: return=minimal`, `?state=none`) and compression.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::support::{Event, Gateway, Reply, Session};

const OMITTED_FIELDS: [&str; 3] = ["models", "recentEvents", "transcript"];

/// Creates a session with a long first message.
async fn session_with_long_message(gateway: &Gateway) -> Session {
    let session = gateway.create().await;
    session.run_turn(&"a long message ".repeat(5_000)).await;
    session
}

#[track_caller]
fn assert_minimal(state: &Value) {
    for name in OMITTED_FIELDS {
        assert!(state.get(name).is_none(), "{name}: {state}");
    }
    for name in ["threadId", "activeTurn", "account", "queue", "pendingRequests"] {
        assert!(state.get(name).is_some(), "{name}: {state}");
    }
}

#[track_caller]
fn assert_full(state: &Value) {
    for name in OMITTED_FIELDS {
        assert!(state[name].is_array(), "{name}: {state}");
    }
}

#[tokio::test]
async fn minimal_reply_omits_the_conversation() {
    let gateway = Gateway::fake("normal").await;
    let session = session_with_long_message(&gateway).await;
    let turn = json!({ "prompt": "And now?", "wait": true });
    let full_reply = session.client.post_json(&session.path("/turn"), &turn).await;
    assert_full(&full_reply.ok()["state"]);
    assert!(full_reply.body.len() > 70_000 && full_reply.header("preference-applied").is_none());

    let prefers = session.client.with_header("prefer", "return=minimal");
    let minimal_reply = prefers.post_json(&session.path("/turn"), &turn).await;
    assert!(minimal_reply.body.len() < 3_000, "{}", minimal_reply.text());
    assert_eq!(minimal_reply.header("preference-applied"), Some("return=minimal"));
    assert!(minimal_reply.header("vary").is_some_and(|vary| vary.contains("prefer")));
    let reply = minimal_reply.ok();
    assert_minimal(&reply["state"]);
    assert_eq!((&reply["outcome"], &reply["text"]), (&json!("started"), &json!("Done.")));
    assert_eq!(reply["turn"]["id"], reply["turnId"]);
    assert!(reply["lastEventId"].is_string());

    let query = |path: &str| session.path(&format!("{path}?state=none"));
    assert_minimal(&session.client.post_json(&query("/turn"), &turn).await.ok()["state"]);
    assert_minimal(&session.client.get(&query("/state")).await.ok()["state"]);
    assert_minimal(&session.client.post(&query("/thread/new")).await.ok()["state"]);
    assert_minimal(&prefers.post("/api/sessions").await.ok()["state"]);
    assert_full(&prefers.get(&session.path("/state?state=full")).await.ok()["state"]);
    session.client.get(&session.path("/state?state=some")).await.expect_error(400, "bad_query");
    gateway.stop().await;
}

#[tokio::test]
async fn minimal_stream_has_minimal_states_and_all_other_events() {
    let gateway = Gateway::fake("normal").await;
    let session = session_with_long_message(&gateway).await;
    let mut full = session.events("").await;
    let mut minimal_reply = session.events("?state=none").await;
    let minimal = session.client.with_header("prefer", "return=minimal");
    let mut preferred = session.events_with("", &minimal).await;
    for events in [&mut full, &mut minimal_reply, &mut preferred] {
        events.expect("session").await;
    }
    assert_full(&full.expect("state").await.json());
    assert_minimal(&minimal_reply.expect("state").await.json());
    assert_minimal(&preferred.expect("state").await.json());

    session.start_turn("And now?").await;
    let (full, minimal_reply) = (full.rest_of_turn().await, minimal_reply.rest_of_turn().await);
    let ids = |events: &[Event]| events.iter().map(|event| event.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&full), ids(&minimal_reply));
    assert_full(&full.last().unwrap().json());
    assert_minimal(&minimal_reply.last().unwrap().json());

    // A resumed stream, and a gap.
    let last = minimal_reply[0].id.clone().unwrap();
    let mut replayed = session.events(&format!("?state=none&since={last}")).await;
    replayed.expect("session").await;
    assert_minimal(&replayed.find(|event| event.name == "state").await.json());
    let mut gap = session.events("?state=none&since=other:1").await;
    gap.expect("session").await;
    gap.expect("gap").await;
    assert_minimal(&gap.expect("state").await.json());

    let stream = minimal.with_header("accept", "text/event-stream");
    let turn = stream.post_json(&session.path("/turn"), &json!({ "prompt": "And then?" })).await.text();
    assert!(turn.contains("event: turn\n") && !turn.contains("\"recentEvents\""), "{turn}");
    gateway.stop().await;
}

fn gunzipped(reply: &Reply) -> Value {
    let mut text = String::new();
    GzDecoder::new(&*reply.body).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn json_is_compressed_on_request_and_streams_are_not() {
    let gateway = Gateway::fake("normal").await;
    let session = session_with_long_message(&gateway).await;
    let path = session.path("/state");
    let plain = session.client.get(&path).await;
    assert!(plain.header("content-encoding").is_none());

    let open = async |accepts: &str, path: &str| {
        let client = session.client.with_header("accept-encoding", accepts);
        client.open("GET", path, &[]).await.into_reply().await
    };
    let gzip = open("gzip", &path).await;
    assert_eq!(gzip.header("content-encoding"), Some("gzip"));
    assert!(gzip.body.len() * 10 < plain.body.len(), "{} of {}", gzip.body.len(), plain.body.len());
    assert_eq!(gunzipped(&gzip)["state"]["transcript"], plain.json()["state"]["transcript"]);
    let brotli = open("gzip;q=0.5, br", &path).await;
    assert_eq!(brotli.header("content-encoding"), Some("br"));
    let mut text = String::new();
    brotli::Decompressor::new(&*brotli.body, 4096).read_to_string(&mut text).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["sessionId"], json!(session.id));
    assert_eq!(open("br", "/api/openapi.json").await.header("content-encoding"), Some("br"));

    // Errors are not compressed, because the request id is added to their body later.
    let error = open("gzip", &format!("/api/sessions?{}=1", "x".repeat(3_000))).await;
    assert!(error.header("content-encoding").is_none());
    error.expect_error(400, "bad_query");
    for path in [session.path("/events?wait=0"), session.path("/events?wait=0&state=none")] {
        let stream = open("gzip, br", &path).await;
        assert!(stream.header("content-encoding").is_none() && stream.text().contains("event: state"));
    }
    gateway.stop().await;
}

/// A reply with the status 406 would hide that the request has had its effect.
#[tokio::test]
async fn client_that_refuses_every_coding_gets_a_plain_reply() {
    let gateway = Gateway::fake("normal").await;
    for accepts in ["*;q=0", "identity;q=0", "identity;q=0, *;q=0", "zstd, *;q=0.0"] {
        let client = gateway.client.with_header("accept-encoding", accepts);
        let reply = client.post("/api/sessions").await;
        assert!(reply.header("content-encoding").is_none(), "{accepts}");
        reply.ok();
    }
    let client = gateway.client.with_header("accept-encoding", "br, identity;q=0");
    let reply = client.open("GET", "/api/openapi.json", &[]).await.into_reply().await;
    assert_eq!((reply.status.as_u16(), reply.header("content-encoding")), (200, Some("br")));
    gateway.stop().await;
}
