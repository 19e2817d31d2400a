//! `ask-or-decline`: requests are declined while no interactive client is present.

use serde_json::{Value, json};

use crate::support::{Event, Gateway};

fn outcomes(turn: &[Event]) -> Vec<(Value, Value)> {
    let outcomes = turn.iter().filter(|event| event.name == "request-resolved").map(Event::json);
    outcomes.map(|end| (end["outcome"].clone(), end["by"].clone())).collect()
}

#[tokio::test]
async fn requests_are_declined_without_an_interactive_client() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    assert_eq!(session.reply["session"]["approvals"], "ask-or-decline");
    // The only stream is not interactive.
    let turn = session.run_turn("!standin escalate").await;
    assert_eq!(outcomes(&turn), [(json!("declined"), json!("absence"))]);
    let request = turn.iter().find(|event| event.name == "server-request").unwrap().json();
    assert_eq!(request["method"], "item/commandExecution/requestApproval");
    assert_eq!((&request["handled"], &request["result"]), (&json!(true), &json!({ "decision": "decline" })));
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");

    let turn = session.run_turn("!standin question").await;
    assert_eq!(outcomes(&turn), [(json!("declined"), json!("absence"))]);
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");
    gateway.stop().await;
}

#[tokio::test]
async fn requests_wait_for_an_interactive_client_across_a_reconnect() {
    let gateway = Gateway::fake("asks-together").await;
    let session = gateway.create().await;
    let mut events = session.events("?interactive=1").await;
    session.start_turn("Hello").await;
    for _ in 0..5 {
        events.find(|event| event.name == "request").await;
    }
    // The client disconnects and reconnects at once, as a reloaded page does.
    drop(events);
    let mut events = session.events("?interactive=1").await;
    events.expect("session").await;
    let state = events.expect("state").await.json();
    let waiting = state["pendingRequests"].as_array().unwrap();
    assert_eq!(waiting.len(), 5);
    for request in waiting {
        let path = session.path(&format!("/requests/{}", request["id"].as_str().unwrap()));
        session.client.post_json(&path, &json!({ "decision": "decline" })).await.ok();
    }
    let turn = events.rest_of_turn().await;
    assert!(outcomes(&turn).iter().all(|end| *end == (json!("declined"), json!("user"))));
    gateway.stop().await;
}

#[tokio::test]
async fn pending_requests_are_declined_half_a_minute_after_the_client_leaves() {
    let gateway = Gateway::fake("asks-together").await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    let answering = session.events("?interactive=1").await;
    session.start_turn("Hello").await;
    for _ in 0..5 {
        events.find(|event| event.name == "request").await;
    }
    drop(answering);
    let turn = events.rest_of_turn().await;
    let outcomes = outcomes(&turn);
    assert_eq!(outcomes.len(), 5);
    assert!(outcomes.iter().all(|end| *end == (json!("declined"), json!("absence"))));
    gateway.stop().await;
}
