//! What codex asks of its client.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Event, Gateway};

#[tokio::test]
async fn everything_is_answered_at_once_and_shown_as_it_was_answered() {
    let gateway = Gateway::fake("asks").await;
    let session = gateway.create().await;
    let turn = session.turn("Hello").await;
    let shown: BTreeMap<String, Value> = turn
        .iter()
        .filter(|event| event.name == "server-request")
        .map(|event| (event.method(), event.json()))
        .collect();
    let handled = |result: Value| (true, result);
    let denied = json!({ "decision": { "denied": { "rejection": "The gateway declines requests for approval in this version." } } });
    let refused = |method: &str| {
        (false, json!({ "code": -32601, "message": format!("{method} is not supported by this client") }))
    };
    let expected = BTreeMap::from([
        ("item/commandExecution/requestApproval", handled(json!({ "decision": "decline" }))),
        ("item/fileChange/requestApproval", handled(json!({ "decision": "decline" }))),
        ("item/permissions/requestApproval", handled(json!({ "permissions": {}, "scope": "turn" }))),
        ("item/tool/requestUserInput", handled(json!({ "answers": {} }))),
        (
            "mcpServer/elicitation/request",
            handled(json!({ "action": "cancel", "content": null, "_meta": null })),
        ),
        (
            "item/tool/call",
            handled(json!({
                "contentItems": [{ "type": "inputText", "text": "This client offers no tools." }],
                "success": false,
            })),
        ),
        ("applyPatchApproval", handled(denied.clone())),
        ("execCommandApproval", handled(denied)),
        ("account/chatgptAuthTokens/refresh", refused("account/chatgptAuthTokens/refresh")),
        ("attestation/generate", refused("attestation/generate")),
        ("currentTime/read", refused("currentTime/read")),
        ("moon/land", refused("moon/land")),
    ]);
    assert_eq!(shown.len(), expected.len(), "{shown:#?}");
    for (method, (handled, answer)) in &expected {
        let event = &shown[*method];
        let outcome = if *handled { "result" } else { "error" };
        assert_eq!((&event["handled"], &event[outcome]), (&json!(handled), answer), "{method}");
        assert_eq!(event["params"], json!({ "about": method }));
        assert_eq!(event.as_object().unwrap().len(), 5, "{event}");
    }

    let state = turn.last().unwrap().json();
    let said = state["transcript"].as_array().unwrap().last().unwrap()["text"].as_str().unwrap().to_owned();
    let received: Value = serde_json::from_str(&said).unwrap();
    for (method, (_, answer)) in &expected {
        assert_eq!(&received[*method], answer, "what codex received for {method}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_command_outside_the_sandbox_is_declined_and_the_turn_goes_on() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let turn = session.turn("!standin escalate").await;
    let request = turn.iter().find(|event| event.name == "server-request").unwrap().json();
    assert_eq!(request["method"], "item/commandExecution/requestApproval");
    assert_eq!(request["params"]["threadId"], session.reply["state"]["threadId"]);
    assert_eq!((&request["handled"], &request["result"]), (&json!(true), &json!({ "decision": "decline" })));
    let command = completed(&turn, "commandExecution");
    assert_eq!(command["status"], "declined");
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");
    gateway.stop().await;
}

#[tokio::test]
async fn a_question_is_answered_with_nothing_and_the_turn_goes_on() {
    let gateway = Gateway::demo().await;
    let turn = gateway.create().await.turn("!standin question").await;
    let request = turn.iter().find(|event| event.name == "server-request").unwrap().json();
    assert_eq!(request["method"], "item/tool/requestUserInput");
    assert_eq!(request["result"], json!({ "answers": {} }));
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");
    gateway.stop().await;
}

fn completed(turn: &[Event], kind: &str) -> Value {
    let items = turn.iter().filter(|event| event.is("item/completed"));
    let item = items.map(|event| event.json()["params"]["item"].clone()).find(|item| item["type"] == kind);
    item.unwrap_or_else(|| panic!("no {kind} was completed"))
}
