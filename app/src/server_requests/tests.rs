//! The cards as the server renders them.
#![allow(clippy::unwrap_used)]

use codex_gateway_wire::{Entry, Transcript, TurnRecord, codex::TurnStatus};
use serde_json::{Value, json};
use view::prelude::*;

use super::PendingRequests;
use crate::state::test_chat::test_chat;

fn entry(id: &str, kind: &str, summary: &Value, decisions: &Value) -> Entry {
    let request = json!({
        "id": id, "kind": kind, "method": "m", "params": {"odd": true}, "summary": summary,
        "availableDecisions": decisions, "createdAt": 7, "deadline": null,
    });
    let content = json!({"question": {"request": request, "resolved": null}});
    let entry = json!({"id": id, "asOf": 1, "turnId": "u", "phase": "running", "content": content});
    serde_json::from_value(entry).unwrap()
}

/// Returns the HTML of the active request among some that are pending.
fn html(entries: Vec<Entry>) -> String {
    let turn = TurnRecord { id: "u".into(), status: TurnStatus::InProgress, ..TurnRecord::default() };
    let transcript = Transcript {
        turns: vec![turn],
        entries: entries.into_iter().collect(),
        process: true,
        ..Transcript::default()
    };
    Owner::new().with(|| {
        let chat = test_chat("s", transcript, false);
        view! { <PendingRequests chat/> }.to_html()
    })
}

/// Returns the tags of the buttons that answer.
fn answer_buttons(html: &str) -> Vec<&str> {
    let (_, choices) = html.split_once(r#"class="choices""#).unwrap();
    choices.split("<button").skip(1).map(|button| button.split('>').next().unwrap()).collect()
}

#[test]
fn buttons_of_a_new_card_are_disabled_and_those_that_accept_are_locked() {
    let decisions = json!(["accept", "acceptForSession", "ofTheFuture", "decline", "cancel"]);
    let html = html(vec![entry("r", "command", &json!({"command": "rm x"}), &decisions)]);
    let buttons = answer_buttons(&html);
    assert!(buttons.iter().all(|button| button.contains(" disabled")), "{buttons:?}");
    let is_locked: Vec<bool> =
        buttons.iter().map(|button| button.contains(r#"aria-disabled="true""#)).collect();
    assert_eq!(is_locked, [true, true, true, false, false, false], "{buttons:?}");
}

#[test]
fn form_is_locked_and_can_always_be_declined() {
    let fields = json!([{"name": "a", "label": "Which?", "input": "text"}]);
    let decisions = json!(["accept", "decline", "cancel"]);
    let html = html(vec![entry("r", "elicitation", &json!({"fields": fields}), &decisions)]);
    let is_locked: Vec<bool> =
        answer_buttons(&html).iter().map(|button| button.contains(r#"aria-disabled="true""#)).collect();
    assert_eq!(is_locked, [true, false, false], "{html}");
}

#[test]
fn first_nine_choices_have_digits_and_declining_has_escape() {
    let kinds: Vec<String> = (1..=10).map(|number| format!("kind{number}")).collect();
    let mut decisions = json!(kinds);
    decisions.as_array_mut().unwrap().insert(2, json!("decline"));
    let html = html(vec![entry("r", "command", &json!({"command": "ls"}), &decisions)]);
    let buttons = answer_buttons(&html);
    assert!(buttons[1].contains(r#"data-choice="2""#) && buttons[3].contains(r#"data-choice="3""#));
    assert!(buttons[2].contains("data-decline") && !buttons[2].contains("data-choice"));
    assert!(buttons[9].contains(r#"data-choice="9""#) && !buttons[10].contains("data-choice"));
}

#[test]
fn request_without_details_is_shown_as_json() {
    let decisions = json!(["accept", "decline"]);
    let of_kind = |kind: &str| html(vec![entry("r", kind, &json!({}), &decisions)]);
    for kind in ["command", "fileChange", "permissions", "elicitation", "other"] {
        assert!(of_kind(kind).contains("odd"), "{kind}");
    }
}

#[test]
fn oldest_of_several_requests_is_shown_first_with_its_position() {
    let decisions = json!(["accept", "decline"]);
    let entry = |id: &str, command: &str| entry(id, "command", &json!({"command": command}), &decisions);
    let html = html(vec![entry("a", "first"), entry("b", "second")]);
    assert!(html.contains("first") && !html.contains("second") && html.contains("1 of 2"), "{html}");
}
