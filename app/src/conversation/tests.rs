//! Conversations as the server renders them.

use codex_gateway_wire::{
    Entry, Transcript, TurnRecord,
    codex::{ItemStatus, TurnError, TurnStatus},
};
use serde_json::{Value, json};

use super::*;
use crate::{server_fns::SiteConfig, state::test_chat::test_chat};

/// One entry of each kind: the items of codex 0.171.0, an unknown item, and what the gateway adds. Each comes with a text
/// that its row must have.
fn kinds() -> Vec<(Value, &'static str)> {
    let item = |item: Value, text| (json!({"item": item}), text);
    vec![
        item(
            json!({"type": "userMessage", "clientId": "c1", "content": [{"type": "text", "text": "Do it all"}]}),
            "Do it all",
        ),
        item(json!({"type": "hookPrompt", "fragments": [{"text": "mind the gap"}]}), "mind the gap"),
        item(json!({"type": "functionCallOutput", "name": "lookup", "output": {"a": 1}}), "lookup"),
        item(json!({"type": "plan", "text": "A *proposal*"}), "<em>proposal</em>"),
        item(json!({"type": "reasoning", "summary": ["**Weighing it**\n\nhm"]}), "Weighing it"),
        item(
            json!({"type": "commandExecution", "command": "bash -lc 'make all'", "status": "completed", "exitCode": 2}),
            "make all",
        ),
        item(
            json!({"type": "fileChange", "status": "completed", "changes": [{"path": "/w/a.rs", "kind": {"type": "add"}, "diff": "x\n"}]}),
            "a.rs",
        ),
        item(
            json!({"type": "mcpToolCall", "server": "maps", "tool": "route", "status": "completed", "arguments": {}}),
            "maps.route",
        ),
        item(
            json!({"type": "dynamicToolCall", "tool": "paint", "arguments": {}, "status": "completed"}),
            "paint",
        ),
        item(
            json!({"type": "collabAgentToolCall", "tool": "spawnAgent", "prompt": "help me", "status": "completed"}),
            "Started an agent",
        ),
        item(
            json!({"type": "subAgentActivity", "kind": "started", "agentPath": "/helper", "agentThreadId": "t2"}),
            "/helper",
        ),
        item(json!({"type": "webSearch", "query": "rust folds"}), "rust folds"),
        item(json!({"type": "imageView", "path": "/w/pic.png"}), "pic.png"),
        item(json!({"type": "sleep", "durationMs": 65000}), "1 m 5 s"),
        item(json!({"type": "imageGeneration", "status": "completed", "savedPath": "/w/sun.png"}), "sun.png"),
        item(json!({"type": "enteredReviewMode", "review": "the last commit"}), "the last commit"),
        item(json!({"type": "exitedReviewMode", "review": "It is *fine*"}), "<em>fine</em>"),
        item(json!({"type": "contextCompaction"}), "Conversation compacted"),
        item(json!({"type": "hologram", "beams": 3}), "hologram"),
        (
            json!({"plan": {"threadId": "t", "turnId": "u", "plan": [{"step": "Dig", "status": "inProgress"}]}}),
            "Dig",
        ),
        (json!({"notice": {"message": "Mind the step", "detail": null, "failure": false}}), "Mind the step"),
        (
            json!({"request": {"method": "item/commandExecution/requestApproval", "params": {"command": "rm x"}, "handled": true, "result": {"decision": "decline"}}}),
            "rm x",
        ),
        (
            question(
                &json!({"command": "bash -lc 'rm y'"}),
                &json!({"outcome": "declined", "by": "deadline"}),
            ),
            "rm y",
        ),
        (question(&json!({"reason": "to see"}), &json!({"outcome": "accepted", "by": "user"})), "to see"),
        item(json!({"type": "agentMessage", "text": "All **done**"}), "<strong>done</strong>"),
    ]
}

/// A request to the user and its resolution, which is `null` while the request is pending.
fn question(summary: &Value, resolution: &Value) -> Value {
    let mut resolution = resolution.clone();
    if let Some(resolution) = resolution.as_object_mut() {
        resolution.insert("id".to_owned(), json!("r"));
        resolution.insert("at".to_owned(), json!(9));
    }
    let request = json!({
        "id": "r", "kind": "elicitation", "method": "mcpServer/elicitation/request", "params": {}, "summary": summary,
        "availableDecisions": ["accept", "decline", "cancel"], "createdAt": 7, "deadline": null,
    });
    json!({"question": {"request": request, "resolved": resolution}})
}

fn entry(index: usize, content: &Value) -> Entry {
    let mut content = content.clone();
    let id = format!("i{index}");
    if let Some(item) = content.get_mut("item") {
        item["id"] = json!(id);
    }
    let entry = json!({"id": id, "asOf": 1, "turnId": "u", "phase": "done", "content": content});
    serde_json::from_value(entry).unwrap()
}

fn html(status: TurnStatus, entries: Vec<Entry>) -> String {
    html_of("s", status, entries, false)
}

/// Renders a conversation. A past conversation has no session: its id is empty.
fn html_of(session: &str, status: TurnStatus, entries: Vec<Entry>, older: bool) -> String {
    let error = (status == TurnStatus::Failed)
        .then(|| TurnError { message: "It broke".into(), ..Default::default() });
    let turn = TurnRecord { id: "u".into(), status, duration_ms: Some(14_000), error, ..Default::default() };
    let transcript = Transcript {
        cwd: Some("/w".to_owned()),
        turns: vec![turn],
        entries: entries.into_iter().collect(),
        process: true,
        ..Default::default()
    };
    let owner = Owner::new();
    owner.set();
    let chat = test_chat(session, transcript, older);
    view! { <ConversationPane chat models=Vec::new() site=SiteConfig::default()/> }.to_html()
}

#[test]
fn every_kind_of_entry_is_rendered() {
    let kinds = kinds();
    let entries = kinds.iter().enumerate().map(|(index, (content, _))| entry(index, content)).collect();
    let html = html(TurnStatus::InProgress, entries);
    for (index, (content, text)) in kinds.iter().enumerate() {
        let (_, rest) = html.split_once(&format!("data-item=\"i{index}\"")).unwrap();
        let row = rest.split("data-item=").next().unwrap();
        assert!(row.contains(text), "{content} is rendered as {row}");
    }
    assert!(html.contains(r#"data-at="e:7""#));
}

#[test]
fn completed_turn_folds_its_work_but_no_declined_requests() {
    let kinds = kinds();
    let entries: Vec<_> =
        kinds.iter().enumerate().map(|(index, (content, _))| entry(index, content)).collect();
    let html = html(TurnStatus::Completed, entries);
    assert!(html.contains("Worked 14 s"));
    let is_shown = |index: usize| html.contains(&format!("data-item=\"i{index}\""));
    let shown: Vec<&str> =
        kinds.iter().enumerate().filter(|(index, _)| is_shown(*index)).map(|(_, (_, text))| *text).collect();
    assert_eq!(
        shown,
        ["Do it all", "<em>proposal</em>", "<em>fine</em>", "rm x", "rm y", "<strong>done</strong>"]
    );
}

#[test]
fn failed_turn_shows_its_reason_and_retry() {
    let html = html(TurnStatus::Failed, vec![entry(0, &kinds()[0].0)]);
    assert!(html.contains("The turn failed") && html.contains("It broke") && html.contains("Retry"));
}

#[test]
fn command_output_is_escaped() {
    let item = json!({"item": {
        "type": "commandExecution",
        "command": "x",
        "status": ItemStatus::Failed,
        "exitCode": 1,
        "aggregatedOutput": "\u{1b}[31m<b>red</b>\u{1b}[0m\n",
    }});
    let html = html(TurnStatus::Completed, vec![entry(0, &item)]);
    assert!(html.contains(r#"<span class="fg1">&lt;b&gt;red&lt;/b&gt;</span>"#), "{html}");
    assert!(html.contains("exit 1"));
}

#[test]
fn elicitation_address_is_shown_and_linked_only_if_it_is_a_web_address() {
    let card_with = |url: &str| {
        let summary = json!({"server": "maps", "reason": "Sign in.", "url": url});
        let html = html(TurnStatus::InProgress, vec![entry(0, &question(&summary, &Value::Null))]);
        html.split_once("data-kind=\"elicitation\"").unwrap().1.split("</section>").next().unwrap().to_owned()
    };
    let card = card_with("https://maps.example/in?x=1");
    assert!(card.contains("maps needs input") && card.contains("Sign in."), "{card}");
    let link = r#"<a href="https://maps.example/in?x=1" target="_blank" rel="noopener noreferrer"><code translate="no">https://maps.example/in?x=1</code></a>"#;
    assert!(card.contains(link), "{card}");
    for url in ["javascript:alert(1)", "data:text/html,x", " https://x", "//x.example"] {
        let card = card_with(url);
        assert!(!card.contains("<a ") && card.contains("<code "), "{url}: {card}");
    }
}

#[test]
fn request_without_known_details_shows_its_parameters() {
    let card_of = |kind: &str, summary: Value| {
        let mut content = question(&summary, &Value::Null);
        let request = &mut content["question"]["request"];
        (request["kind"], request["params"]) = (json!(kind), json!({"novelty": "dig a tunnel"}));
        let html = html(TurnStatus::InProgress, vec![entry(0, &content)]);
        html.split_once("class=\"question\"").unwrap().1.split("</section>").next().unwrap().to_owned()
    };
    for kind in ["command", "fileChange", "permissions", "other"] {
        let card = card_of(kind, json!({}));
        assert!(card.contains("dig a tunnel"), "{kind}: {card}");
    }
    for (kind, summary) in [
        ("command", json!({"command": "ls"})),
        ("command", json!({"host": "a.example"})),
        ("permissions", json!({"permissions": [{"access": "network", "target": null}]})),
    ] {
        assert!(!card_of(kind, summary).contains("dig a tunnel"), "{kind}");
    }
}

#[test]
fn elicitation_texts_are_escaped() {
    let summary = json!({
        "server": "<b>x</b>", "reason": "<img src=x onerror=alert(1)>",
        "fields": [{"name": "<i>", "label": "<script>", "input": "one", "choices": [{"value": "<u>", "label": "<u>"}]}],
    });
    let html = html(TurnStatus::InProgress, vec![entry(0, &question(&summary, &Value::Null))]);
    for tag in ["<img", "<script>", "<b>x", "<u>"] {
        assert!(!html.contains(tag), "{tag}");
    }
    assert!(html.contains("&lt;u&gt;"));
}

#[test]
fn older_button_is_rendered_before_the_entries_if_there_are_older_ones() {
    let entries = || vec![entry(0, &kinds()[0].0)];
    let html = html_of("s", TurnStatus::Completed, entries(), true);
    let (before, after) = html.split_once("Load older messages").unwrap();
    assert!(before.ends_with(r#"<button type="button" class="link" aria-disabled="false">"#), "{before}");
    assert!(after.contains("data-item"), "the button stands before the entries");
    assert!(!html_of("s", TurnStatus::Completed, entries(), false).contains("Load older messages"));
}

#[test]
fn past_conversation_says_that_older_entries_need_a_session() {
    let entries = || vec![entry(0, &kinds()[0].0)];
    let (once_resumed, load) = ("Older messages can be loaded once you go on", "Load older messages");
    let html = html_of("", TurnStatus::Completed, entries(), true);
    assert!(html.contains(once_resumed) && !html.contains(load), "{html}");
    assert!(!html_of("", TurnStatus::Completed, entries(), false).contains(once_resumed));
}
