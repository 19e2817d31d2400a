//! Lean replies (`Prefer: return=minimal`, `?state=none`) and compressed ones.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::support::{Event, Gateway, Reply, Session};

const LEFT_OUT: [&str; 3] = ["models", "recentEvents", "transcript"];

/// A session whose conversation is long, and answers to three words.
async fn long(gateway: &Gateway) -> Session {
    let session = gateway.create().await;
    session.turn(&"a long message ".repeat(5_000)).await;
    session
}

#[track_caller]
fn is_lean(state: &Value) {
    for name in LEFT_OUT {
        assert!(state.get(name).is_none(), "{name}: {state}");
    }
    for name in ["threadId", "activeTurn", "account", "queue", "pendingRequests"] {
        assert!(state.get(name).is_some(), "{name}: {state}");
    }
}

#[track_caller]
fn is_full(state: &Value) {
    for name in LEFT_OUT {
        assert!(state[name].is_array(), "{name}: {state}");
    }
}

#[tokio::test]
async fn lean_reply_has_what_a_script_needs_and_not_the_conversation() {
    let gateway = Gateway::fake("normal").await;
    let session = long(&gateway).await;
    let turn = json!({ "prompt": "And now?", "wait": true });
    let whole = session.client.post_json(&session.path("/turn"), &turn).await;
    is_full(&whole.ok()["state"]);
    assert!(whole.body.len() > 70_000 && whole.header("preference-applied").is_none());

    let prefers = session.client.with("prefer", "return=minimal");
    let lean = prefers.post_json(&session.path("/turn"), &turn).await;
    assert!(lean.body.len() < 3_000, "{}", lean.text());
    assert_eq!(lean.header("preference-applied"), Some("return=minimal"));
    assert!(lean.header("vary").is_some_and(|vary| vary.contains("prefer")));
    let reply = lean.ok();
    is_lean(&reply["state"]);
    assert_eq!((&reply["outcome"], &reply["text"]), (&json!("started"), &json!("Done.")));
    assert_eq!(reply["turn"]["id"], reply["turnId"]);
    assert!(reply["lastEventId"].is_string());

    let query = |path: &str| session.path(&format!("{path}?state=none"));
    is_lean(&session.client.post_json(&query("/turn"), &turn).await.ok()["state"]);
    is_lean(&session.client.get(&query("/state")).await.ok()["state"]);
    is_lean(&session.client.post(&query("/thread/new")).await.ok()["state"]);
    is_lean(&prefers.post("/api/sessions").await.ok()["state"]);
    is_full(&prefers.get(&session.path("/state?state=full")).await.ok()["state"]);
    session.client.get(&session.path("/state?state=some")).await.refused(400, "bad_query");
    gateway.stop().await;
}

#[tokio::test]
async fn lean_stream_has_lean_states_and_all_other_events() {
    let gateway = Gateway::fake("normal").await;
    let session = long(&gateway).await;
    let mut full = session.events("").await;
    let mut lean = session.events("?state=none").await;
    let minimal = session.client.with("prefer", "return=minimal");
    let mut preferred = session.events_with("", &minimal).await;
    for events in [&mut full, &mut lean, &mut preferred] {
        events.expect("session").await;
    }
    is_full(&full.expect("state").await.json());
    is_lean(&lean.expect("state").await.json());
    is_lean(&preferred.expect("state").await.json());

    session.start_turn("And now?").await;
    let (full, lean) = (full.turn().await, lean.turn().await);
    let ids = |events: &[Event]| events.iter().map(|event| event.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&full), ids(&lean));
    is_full(&full.last().unwrap().json());
    is_lean(&lean.last().unwrap().json());

    // A replay, and a gap.
    let last = lean[0].id.clone().unwrap();
    let mut replayed = session.events(&format!("?state=none&since={last}")).await;
    replayed.expect("session").await;
    is_lean(&replayed.find(|event| event.name == "state").await.json());
    let mut gap = session.events("?state=none&since=other:1").await;
    gap.expect("session").await;
    gap.expect("gap").await;
    is_lean(&gap.expect("state").await.json());

    let stream = minimal.with("accept", "text/event-stream");
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
async fn json_is_compressed_where_the_client_takes_it_and_streams_never_are() {
    let gateway = Gateway::fake("normal").await;
    let session = long(&gateway).await;
    let path = session.path("/state");
    let plain = session.client.get(&path).await;
    assert!(plain.header("content-encoding").is_none());

    let open = async |accepts: &str, path: &str| {
        let client = session.client.with("accept-encoding", accepts);
        client.open("GET", path, &[]).await.whole().await
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

    // The body of an error is written twice.
    let error = open("gzip", &format!("/api/sessions?{}=1", "x".repeat(3_000))).await;
    assert!(error.header("content-encoding").is_none());
    error.refused(400, "bad_query");
    for path in [session.path("/events?wait=0"), session.path("/events?wait=0&state=none")] {
        let stream = open("gzip, br", &path).await;
        assert!(stream.header("content-encoding").is_none() && stream.text().contains("event: state"));
    }
    gateway.stop().await;
}
