//! `GET /api/events`: the stream of session summaries.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use codex_gateway_wire::Timestamp;
use serde_json::{Value, json};

use crate::{
    auth::{SECRET, token_expiring_at, token_for},
    support::{Client, Event, EventStream, Gateway, Setup, within},
};

async fn summaries(client: &Client, query: &str) -> EventStream {
    let client = client.with_header("accept", "text/event-stream");
    let response = within("the stream opens", client.open("GET", &format!("/api/events{query}"), &[])).await;
    assert_eq!(response.status, 200);
    EventStream::new(response)
}

/// Returns the next summary of a session that matches.
async fn summary(events: &mut EventStream, id: &str, matches: impl Fn(&Value) -> bool) -> Value {
    let is_match =
        |event: &Event| event.name == "summary" && event.json()["id"] == id && matches(&event.json());
    events.find(is_match).await.json()
}

fn ids(sessions: &Event) -> Vec<String> {
    let sessions = sessions.json()["sessions"].clone();
    sessions.as_array().unwrap().iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn summary_stream_starts_with_all_sessions_and_sends_changes() {
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

    second.run_turn("Hello").await;
    let ended = summary(&mut events, &second.id, |summary| summary["newsMs"] != 0).await;
    assert_eq!((&ended["running"], &ended["title"]), (&json!(false), &json!("Hello")));
    assert!(ended["newsAt"].is_string() && ms(&ended, "newsAt") == ended["newsMs"], "{ended}");
    let newest = gateway.client.get(&second.path("/state")).await.ok()["lastEventId"].clone();
    let updated = summary(&mut events, &second.id, |summary| summary["lastEventId"] == newest).await;
    assert_eq!(updated["threadId"], second.state().await["threadId"]);

    second.delete().await;
    let removed = events.find(|event| event.name == "removed").await;
    assert_eq!(removed.json(), json!({ "id": second.id }));
    assert_eq!(ids(&summaries(&gateway.client, "").await.expect("sessions").await), [first.id]);
    gateway.stop().await;
}

/// Reads the reply to a poll: its events, and the id for the next poll.
async fn poll(client: &Client, query: &str) -> (Vec<Event>, String) {
    let client = client.with_header("accept", "text/plain");
    let path = format!("/api/events?{query}");
    let mut events = EventStream::new(within("the poll answers", client.open("GET", &path, &[])).await);
    assert_eq!(events.response.status, 200);
    assert_eq!(events.response.headers["content-type"], "text/plain; charset=utf-8");
    let mut all = Vec::new();
    while let Some(event) = events.next().await {
        all.push(event);
    }
    let last = all.last().unwrap();
    assert_eq!(last.name, "ping");
    let id = last.id.clone().unwrap();
    (all, id)
}

fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.name.as_str()).collect()
}

#[tokio::test]
async fn summaries_can_be_polled() {
    let gateway = Gateway::fake("normal").await;
    let first = gateway.create().await;
    let (events, start) = poll(&gateway.client, "wait=60").await;
    assert_eq!(names(&events), ["sessions", "ping"], "a poll without an id ends at once");
    assert_eq!(ids(&events[0]), std::slice::from_ref(&first.id));
    assert_eq!(events[0].id.as_deref(), Some(start.as_str()));

    let (events, id) = poll(&gateway.client, &format!("since={start}&wait=0")).await;
    assert_eq!((names(&events), &id), (vec!["ping"], &start), "nothing has changed");
    let (events, _) = poll(&gateway.client, &format!("since={start}&wait=1")).await;
    assert_eq!(names(&events), ["ping"]);
    let header = gateway.client.with_header("last-event-id", &start);
    assert_eq!(names(&poll(&header, "since=other&wait=0").await.0), ["ping"]);

    let query = format!("since={start}&wait=60");
    let (waiting, second) = tokio::join!(poll(&gateway.client, &query), gateway.create());
    let (events, id) = waiting;
    assert_eq!(names(&events), ["sessions", "ping"], "a change ends the poll");
    assert!(ids(&events[0]).contains(&second.id) && id != start);
    let (events, _) = poll(&gateway.client, "since=unknown&wait=60").await;
    assert_eq!(ids(&events[0]).len(), 2, "an unknown id gets the list at once");

    gateway.client.get("/api/events?wait=61").await.expect_error(400, "bad_query");
    gateway.client.get("/api/events?since=x").await.expect_error(410, "gone");
    gateway.stop().await;
}

#[tokio::test]
async fn summary_shows_running_turn_and_pending_request() {
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
async fn interactive_query_counts_as_presence_for_the_named_sessions() {
    let gateway = Gateway::fake("asks-together").await;
    let session = gateway.create().await;
    let mut summaries = summaries(&gateway.client, &format!("?interactive={},unknown", session.id)).await;
    summaries.expect("sessions").await;
    let mut events = session.subscribe().await;
    session.start_turn("Hello").await;
    for _ in 0..5 {
        events.find(|event| event.name == "request").await;
    }
    let waiting = session.state().await["pendingRequests"].as_array().unwrap().len();
    assert_eq!(waiting, 5, "the stream counts as presence");
    gateway.stop().await;
}

#[tokio::test]
async fn summary_stream_has_only_own_sessions_and_ends_with_its_token() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET).start().await;
    let [ada, bob] = ["ada", "bob"].map(|name| gateway.client.with_token(&token_for(name)));
    let ada_session = gateway.create_with(&ada, &json!({})).await;
    let soon = SystemTime::now() + Duration::from_secs(3);
    let short = token_expiring_at("bob", soon.duration_since(UNIX_EPOCH).unwrap().as_secs());
    // `interactive` only counts for the owner's own sessions.
    let query = format!("?interactive={}&access_token={short}", ada_session.id);
    let mut events = summaries(&gateway.client, &query).await;
    assert_eq!(ids(&events.expect("sessions").await), [""; 0]);
    ada_session.run_turn("Adas secret").await;
    let bob_session = gateway.create_with(&bob, &json!({})).await;
    let received = events.rest().await;
    assert!(
        received.iter().all(|event| event.name == "ping" || event.json()["id"] == bob_session.id),
        "{received:?}"
    );
    gateway.stop().await;
}

#[tokio::test]
async fn summary_stream_takes_a_stream_slot_and_ends_at_shutdown() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_MAX_STREAMS", "1").start().await;
    let mut events = summaries(&gateway.client, "").await;
    events.expect("sessions").await;
    let accepts = gateway.client.with_header("accept", "text/event-stream");
    accepts.get("/api/events").await.expect_error(429, "rate_limited");
    gateway.client.get("/api/events").await.expect_error(410, "gone");
    accepts
        .get(&format!("/api/events?interactive={}", "a,".repeat(201)))
        .await
        .expect_error(400, "bad_query");
    gateway.terminate();
    events.rest().await;
    gateway.stop().await;
}
