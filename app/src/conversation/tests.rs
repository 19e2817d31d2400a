//! Conversations as the server writes them.

use codex_gateway_wire::{
    ApprovalMode, Entry, EventId, Snapshot, Transcript, TurnRecord,
    api::SessionInfo,
    codex::{ItemStatus, TurnError, TurnStatus},
};
use leptos::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    i18n::Lang,
    node::Node,
    server_fns::{Conversation, SiteConfig},
};

/// One item of each kind that codex 0.171.0 has, one that it has not, and what the gateway adds; each with a
/// word that its row must say.
fn kinds() -> Vec<(Value, &'static str)> {
    let item = |item: Value, word| (json!({"item": item}), word);
    vec![
        item(json!({"type": "userMessage", "content": [{"type": "text", "text": "Do it all"}]}), "Do it all"),
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
        item(json!({"type": "contextCompaction"}), "Summed up"),
        item(json!({"type": "hologram", "beams": 3}), "hologram"),
        (
            json!({"plan": {"threadId": "t", "turnId": "u", "plan": [{"step": "Dig", "status": "inProgress"}]}}),
            "Dig",
        ),
        (
            json!({"notice": {"message": "ModelChoice the step", "detail": null, "failure": false}}),
            "ModelChoice the step",
        ),
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

/// What codex asked of the user, and how it ended; it waits if that is `null`.
fn question(summary: &Value, end: &Value) -> Value {
    let mut end = end.clone();
    if let Some(end) = end.as_object_mut() {
        end.insert("id".to_owned(), json!("r"));
        end.insert("at".to_owned(), json!(9));
    }
    let request = json!({
        "id": "r", "kind": "elicitation", "method": "mcpServer/elicitation/request", "params": {}, "summary": summary,
        "availableDecisions": ["accept", "decline", "cancel"], "createdAt": 7, "deadline": null,
    });
    json!({"question": {"request": request, "resolved": end}})
}

fn entry(at: usize, content: &Value) -> Entry {
    let mut content = content.clone();
    let id = format!("i{at}");
    if let Some(item) = content.get_mut("item") {
        item["id"] = json!(id);
    }
    let entry = json!({"id": id, "asOf": 1, "turnId": "u", "phase": "done", "content": content});
    serde_json::from_value(entry).unwrap()
}

fn html(status: TurnStatus, entries: Vec<Entry>) -> String {
    html_of("s", status, entries, false)
}

/// No session (an empty id) is in a past conversation.
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
    let session = SessionInfo {
        id: session.into(),
        created_at: String::new(),
        last_access_at: String::new(),
        expires_at: None,
        approvals: ApprovalMode::Ask,
    };
    let at = EventId { epoch: "e".into(), seq: 7 };
    let snapshot = Snapshot { at, session, models: Vec::new(), older, transcript };
    let owner = Owner::new();
    owner.set();
    provide_context(Lang::En);
    let chat = Chat::open(Conversation { site: SiteConfig::default(), snapshot, project: None }, None);
    Node::from(conversation_view(chat, Vec::new(), SiteConfig::default())).to_html()
}

#[test]
fn every_kind_of_item_has_its_place() {
    let kinds = kinds();
    let entries = kinds.iter().enumerate().map(|(at, (content, _))| entry(at, content)).collect();
    let html = html(TurnStatus::InProgress, entries);
    for (at, (content, word)) in kinds.iter().enumerate() {
        let (_, rest) = html.split_once(&format!("data-item=\"i{at}\"")).unwrap();
        let own = rest.split("data-item=").next().unwrap();
        assert!(own.contains(word), "{content} says {own}");
    }
    assert!(html.contains(r#"data-at="e:7""#));
}

#[test]
fn the_work_of_an_ended_turn_is_folded_but_not_what_failed_or_was_asked() {
    let kinds = kinds();
    let entries: Vec<_> = kinds.iter().enumerate().map(|(at, (content, _))| entry(at, content)).collect();
    let html = html(TurnStatus::Completed, entries);
    assert!(html.contains("Worked 14 s"));
    let is_there = |at: usize| html.contains(&format!("data-item=\"i{at}\""));
    let shown: Vec<&str> =
        kinds.iter().enumerate().filter(|(at, _)| is_there(*at)).map(|(_, (_, word))| *word).collect();
    assert_eq!(
        shown,
        [
            "Do it all",
            "<em>proposal</em>",
            "make all",
            "<em>fine</em>",
            "rm x",
            "rm y",
            "<strong>done</strong>"
        ]
    );
}

#[test]
fn a_turn_that_failed_says_why_and_can_be_tried_again() {
    let html = html(TurnStatus::Failed, vec![entry(0, &kinds()[0].0)]);
    assert!(html.contains("The turn failed") && html.contains("It broke") && html.contains("Retry"));
}

#[test]
fn what_a_command_printed_is_shown_as_text() {
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
fn a_link_of_a_server_shows_where_it_goes_and_only_links_to_the_web_are_links() {
    let asked = |url: &str| {
        let summary = json!({"server": "maps", "reason": "Sign in.", "url": url});
        let html = html(TurnStatus::InProgress, vec![entry(0, &question(&summary, &Value::Null))]);
        html.split_once("data-kind=\"elicitation\"").unwrap().1.split("</section>").next().unwrap().to_owned()
    };
    let box_ = asked("https://maps.example/in?x=1");
    assert!(box_.contains("maps asks") && box_.contains("Sign in."), "{box_}");
    let link = r#"<a href="https://maps.example/in?x=1" target="_blank" rel="noopener noreferrer"><code translate="no">https://maps.example/in?x=1</code></a>"#;
    assert!(box_.contains(link), "{box_}");
    for url in ["javascript:alert(1)", "data:text/html,x", " https://x", "//x.example"] {
        let box_ = asked(url);
        assert!(!box_.contains("<a ") && box_.contains("<code "), "{url}: {box_}");
    }
}

#[test]
fn what_says_nothing_that_is_known_is_shown_as_it_came() {
    let asked = |kind: &str, summary: Value| {
        let mut asked = question(&summary, &Value::Null);
        let request = &mut asked["question"]["request"];
        (request["kind"], request["params"]) = (json!(kind), json!({"novelty": "dig a tunnel"}));
        let html = html(TurnStatus::InProgress, vec![entry(0, &asked)]);
        html.split_once("class=\"question\"").unwrap().1.split("</section>").next().unwrap().to_owned()
    };
    for kind in ["command", "fileChange", "permissions", "other"] {
        let box_ = asked(kind, json!({}));
        assert!(box_.contains("dig a tunnel"), "{kind}: {box_}");
    }
    for (kind, summary) in [
        ("command", json!({"command": "ls"})),
        ("command", json!({"host": "a.example"})),
        ("permissions", json!({"permissions": [{"access": "network", "target": null}]})),
    ] {
        assert!(!asked(kind, summary).contains("dig a tunnel"), "{kind}");
    }
}

#[test]
fn what_asks_is_shown_as_text() {
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
fn the_way_to_older_entries_is_there_while_there_are_some() {
    let entries = || vec![entry(0, &kinds()[0].0)];
    let html = html_of("s", TurnStatus::Completed, entries(), true);
    let (before, after) = html.split_once("Load older messages").unwrap();
    assert!(before.ends_with(r#"<button type="button" class="link" aria-disabled="false">"#), "{before}");
    assert!(after.contains("data-item"), "it stands before the entries");
    assert!(!html_of("s", TurnStatus::Completed, entries(), false).contains("Load older messages"));
}

#[test]
fn older_entries_of_a_past_conversation_are_to_be_had_once_one_goes_on() {
    let entries = || vec![entry(0, &kinds()[0].0)];
    let (once_resumed, load) = ("Older messages can be loaded once you go on", "Load older messages");
    let html = html_of("", TurnStatus::Completed, entries(), true);
    assert!(html.contains(once_resumed) && !html.contains(load), "{html}");
    assert!(!html_of("", TurnStatus::Completed, entries(), false).contains(once_resumed));
}
