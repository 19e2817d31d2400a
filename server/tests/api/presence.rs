//! Sessions that ask whoever is there, and decline while nobody is.

use serde_json::{Value, json};

use crate::support::{Event, Gateway};

fn ends(turn: &[Event]) -> Vec<(Value, Value)> {
    let ends = turn.iter().filter(|event| event.name == "request-resolved").map(Event::json);
    ends.map(|end| (end["outcome"].clone(), end["by"].clone())).collect()
}

#[tokio::test]
async fn while_nobody_can_answer_everything_is_declined() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    assert_eq!(session.reply["session"]["approvals"], "ask-or-decline");
    // The stream of a reader that does not say that it answers.
    let turn = session.turn("!standin escalate").await;
    assert_eq!(ends(&turn), [(json!("declined"), json!("absence"))]);
    let request = turn.iter().find(|event| event.name == "server-request").unwrap().json();
    assert_eq!(request["method"], "item/commandExecution/requestApproval");
    assert_eq!((&request["handled"], &request["result"]), (&json!(true), &json!({ "decision": "decline" })));
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");

    let turn = session.turn("!standin question").await;
    assert_eq!(ends(&turn), [(json!("declined"), json!("absence"))]);
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");
    gateway.stop().await;
}

#[tokio::test]
async fn while_somebody_can_answer_they_are_asked_and_waited_for() {
    let gateway = Gateway::fake("asks-together").await;
    let session = gateway.create().await;
    let mut events = session.events("?interactive=1").await;
    session.start_turn("Hello").await;
    for _ in 0..5 {
        events.find(|event| event.name == "request").await;
    }
    // They leave, and are back at once: as a page does that is loaded anew.
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
    let turn = events.turn().await;
    assert!(ends(&turn).iter().all(|end| *end == (json!("declined"), json!("user"))));
    gateway.stop().await;
}

#[tokio::test]
async fn what_was_asked_waits_half_a_minute_for_somebody_who_left() {
    let gateway = Gateway::fake("asks-together").await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    let answering = session.events("?interactive=1").await;
    session.start_turn("Hello").await;
    for _ in 0..5 {
        events.find(|event| event.name == "request").await;
    }
    drop(answering);
    let turn = events.turn().await;
    let ends = ends(&turn);
    assert_eq!(ends.len(), 5);
    assert!(ends.iter().all(|end| *end == (json!("declined"), json!("absence"))));
    gateway.stop().await;
}
