//! `GET /api/events`: the summaries of one's sessions.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use codex_gateway_wire::Timestamp;
use serde_json::{Value, json};

use crate::{
    auth::{SECRET, sign_short, token_of},
    support::{Client, Event, Events, Gateway, Setup, within},
};

async fn summaries(client: &Client, query: &str) -> Events {
    let client = client.with("accept", "text/event-stream");
    let response = within("the stream opens", client.open("GET", &format!("/api/events{query}"), &[])).await;
    assert_eq!(response.status, 200);
    Events::new(response)
}

/// The next summary of a session that is as wanted.
async fn summary(events: &mut Events, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let is_wanted =
        |event: &Event| event.name == "summary" && event.json()["id"] == id && wanted(&event.json());
    events.find(is_wanted).await.json()
}

fn ids(sessions: &Event) -> Vec<String> {
    let sessions = sessions.json()["sessions"].clone();
    sessions.as_array().unwrap().iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn stream_of_summaries_begins_with_all_sessions_and_tells_changes() {
    let gateway = Gateway::fake("normal").await;
    let first = gateway.create().await;
    let mut events = summaries(&gateway.client, "").await;
    assert_eq!(events.response.headers["content-type"], "text/event-stream");
    assert_eq!(ids(&events.expect("sessions").await), std::slice::from_ref(&first.id));

    let second = gateway.create().await;
    let new = summary(&mut events, &second.id, |_| true).await;
    assert_eq!((&new["running"], &new["newsMs"]), (&json!(false), &json!(0)));
    assert_eq!(new["newsAt"], Value::Null);
    let ms = |summary: &Value, name: &str| {
        serde_json::from_value::<Timestamp>(summary[name].clone()).unwrap().ms()
    };
    assert!(new["lastAccessAt"].is_string() && ms(&new, "lastAccessAt") == new["lastAccessMs"], "{new}");

    second.turn("Hello").await;
    let ended = summary(&mut events, &second.id, |summary| summary["newsMs"] != 0).await;
    assert_eq!((&ended["running"], &ended["title"]), (&json!(false), &json!("Hello")));
    assert!(ended["newsAt"].is_string() && ms(&ended, "newsAt") == ended["newsMs"], "{ended}");
    let newest = gateway.client.get(&second.path("/state")).await.ok()["lastEventId"].clone();
    let told = summary(&mut events, &second.id, |summary| summary["lastEventId"] == newest).await;
    assert_eq!(told["threadId"], second.state().await["threadId"]);

    second.delete().await;
    let removed = events.find(|event| event.name == "removed").await;
    assert_eq!(removed.json(), json!({ "id": second.id }));
    assert_eq!(ids(&summaries(&gateway.client, "").await.expect("sessions").await), [first.id]);
    gateway.stop().await;
}

#[tokio::test]
async fn running_turn_and_waiting_request_are_in_the_summary() {
    let gateway = Gateway::fake("asks-together").await;
    let session = gateway.create_with(&gateway.client, &json!({ "approvals": "ask" })).await;
    let mut events = summaries(&gateway.client, "").await;
    events.expect("sessions").await;
    session.start_turn("Hello").await;
    summary(&mut events, &session.id, |summary| summary["running"] == true && summary["waiting"] == true)
        .await;
    gateway.stop().await;
}

#[tokio::test]
async fn sessions_that_the_stream_answers_for_are_asked_as_if_their_pages_were_open() {
    let gateway = Gateway::fake("asks-together").await;
    let session = gateway.create().await;
    let mut summaries = summaries(&gateway.client, &format!("?interactive={},unknown", session.id)).await;
    summaries.expect("sessions").await;
    let mut events = session.live().await;
    session.start_turn("Hello").await;
    for _ in 0..5 {
        events.find(|event| event.name == "request").await;
    }
    let waiting = session.state().await["pendingRequests"].as_array().unwrap().len();
    assert_eq!(waiting, 5, "nobody's absence has declined them");
    gateway.stop().await;
}

#[tokio::test]
async fn stream_of_summaries_has_nothing_of_other_owners_and_ends_with_its_token() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET).start().await;
    let [ada, bob] = ["ada", "bob"].map(|name| gateway.client.with_token(&token_of(name)));
    let hers = gateway.create_with(&ada, &json!({})).await;
    let soon = SystemTime::now() + Duration::from_secs(3);
    let short = sign_short("bob", soon.duration_since(UNIX_EPOCH).unwrap().as_secs());
    // A stream answers for one's own sessions only.
    let query = format!("?interactive={}&access_token={short}", hers.id);
    let mut events = summaries(&gateway.client, &query).await;
    assert_eq!(ids(&events.expect("sessions").await), [""; 0]);
    hers.turn("Adas secret").await;
    let his = gateway.create_with(&bob, &json!({})).await;
    let told = events.rest().await;
    assert!(told.iter().all(|event| event.name == "ping" || event.json()["id"] == his.id), "{told:?}");
    gateway.stop().await;
}

#[tokio::test]
async fn stream_of_summaries_counts_as_a_stream_and_ends_when_the_gateway_stops() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_MAX_STREAMS", "1").start().await;
    let mut events = summaries(&gateway.client, "").await;
    events.expect("sessions").await;
    let accepts = gateway.client.with("accept", "text/event-stream");
    accepts.get("/api/events").await.refused(429, "rate_limited");
    gateway.client.get("/api/events").await.refused(410, "gone");
    accepts.get(&format!("/api/events?interactive={}", "a,".repeat(201))).await.refused(400, "bad_query");
    gateway.terminate();
    events.rest().await;
    gateway.stop().await;
}
