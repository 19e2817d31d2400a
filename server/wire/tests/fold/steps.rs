//! Generator of random conversations, as events in JSON.

use std::collections::{HashMap, HashSet};

use codex_gateway_wire::{Entry, Event, EventBody, EventName, ItemId, Transcript};
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) const THREAD: &str = "thread-1";

/// All types of items of codex 0.171.0, and an unknown one.
pub(crate) const KINDS: [&str; 20] = [
    "userMessage",
    "hookPrompt",
    "agentMessage",
    "functionCallOutput",
    "plan",
    "reasoning",
    "commandExecution",
    "fileChange",
    "mcpToolCall",
    "dynamicToolCall",
    "collabAgentToolCall",
    "subAgentActivity",
    "webSearch",
    "imageView",
    "sleep",
    "imageGeneration",
    "enteredReviewMode",
    "exitedReviewMode",
    "contextCompaction",
    "hologram",
];

/// An event of a random conversation. There are few different items and turns, so that events often refer to the same.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Item {
        kind: usize,
        item: u8,
        turn: u8,
        started: bool,
        text: String,
    },
    Delta {
        method: usize,
        item: u8,
        index: u8,
        text: String,
    },
    TurnStarted(u8),
    TurnCompleted(u8, usize),
    Plan(u8, u8),
    Error {
        turn: u8,
        will_retry: bool,
    },
    Other(usize),
    Thread(u8),
    /// A resumed thread with its history: the type, number and turn of each item.
    Resumed {
        thread: u8,
        items: Vec<(usize, u8, u8)>,
        older: bool,
    },
    Warning(usize),
    Request,
    Ask(u8, Option<u8>),
    Resolve(u8, usize),
    /// The queued messages.
    Queue(Vec<u8>),
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let text = "[a-z é漢]{0,12}";
    prop_oneof![
        6 => (0..KINDS.len(), 0..12u8, 0..3u8, any::<bool>(), text)
            .prop_map(|(kind, item, turn, started, text)| Step::Item { kind, item, turn, started, text }),
        8 => (0..DELTAS.len(), 0..12u8, 0..3u8, text)
            .prop_map(|(method, item, index, text)| Step::Delta { method, item, index, text }),
        2 => (0..3u8).prop_map(Step::TurnStarted),
        2 => (0..3u8, 0..4usize).prop_map(|(turn, status)| Step::TurnCompleted(turn, status)),
        1 => (0..3u8, 0..4u8).prop_map(|(turn, steps)| Step::Plan(turn, steps)),
        1 => (0..3u8, any::<bool>()).prop_map(|(turn, will_retry)| Step::Error { turn, will_retry }),
        1 => (0..OTHERS.len()).prop_map(Step::Other),
        1 => (0..8u8).prop_map(Step::Thread),
        1 => (0..3u8, proptest::collection::vec((0..KINDS.len(), 0..12u8, 0..3u8), 0..6), any::<bool>())
            .prop_map(|(thread, items, older)| Step::Resumed { thread, items, older }),
        1 => (0..6usize).prop_map(Step::Warning),
        1 => Just(Step::Request),
        2 => (0..4u8, prop::option::of(0..4u8)).prop_map(|(request, turn)| Step::Ask(request, turn)),
        2 => (0..4u8, 0..6usize).prop_map(|(request, how)| Step::Resolve(request, how)),
        2 => proptest::collection::vec(0..8u8, 0..5).prop_map(Step::Queue),
    ]
}

pub(crate) const DELTAS: [&str; 8] = [
    "item/agentMessage/delta",
    "item/plan/delta",
    "item/commandExecution/outputDelta",
    "item/reasoning/summaryTextDelta",
    "item/reasoning/summaryPartAdded",
    "item/reasoning/textDelta",
    "item/fileChange/patchUpdated",
    "item/mcpToolCall/progress",
];

pub(crate) const OTHERS: [(&str, &str); 13] = [
    (
        "thread/tokenUsage/updated",
        r#"{"threadId":"thread-1","tokenUsage":{"total":{"totalTokens":7},"last":{"totalTokens":3},"modelContextWindow":100}}"#,
    ),
    (
        "thread/tokenUsage/updated",
        r#"{"threadId":"thread-1","tokenUsage":{"total":{"totalTokens":12},"last":{"totalTokens":5},"modelContextWindow":100}}"#,
    ),
    (
        "account/rateLimits/updated",
        r#"{"rateLimits":{"primary":{"usedPercent":12,"windowDurationMins":300,"resetsAt":1795464000},"secondary":null}}"#,
    ),
    (
        "thread/status/changed",
        r#"{"threadId":"thread-1","status":{"type":"active","activeFlags":["waitingOnApproval"]}}"#,
    ),
    ("thread/name/updated", r#"{"threadId":"thread-1","threadName":"A name"}"#),
    (
        "thread/settings/updated",
        r#"{"threadId":"thread-1","threadSettings":{"model":"m2","effort":"high","approvalPolicy":"never","sandboxPolicy":{"type":"readOnly"}}}"#,
    ),
    ("model/rerouted", r#"{"threadId":"thread-1","toModel":"m3"}"#),
    ("warning", r#"{"threadId":null,"message":"Careful."}"#),
    (
        "item/started",
        r#"{"threadId":"a-sub-agent","turnId":"x","item":{"type":"plan","id":"p","text":"not ours"},"startedAtMs":1}"#,
    ),
    (
        "mcpServer/startupStatus/updated",
        r#"{"threadId":"thread-1","name":"tracker","status":"starting","error":null}"#,
    ),
    (
        "mcpServer/startupStatus/updated",
        r#"{"threadId":"thread-1","name":"tracker","status":"failed","error":"it ended"}"#,
    ),
    ("some/thing/new", r#"{"threadId":"thread-1","itemId":"i1","delta":"?"}"#),
    ("turn/started", r#"{"threadId":"thread-1","turn":"of another shape"}"#),
];

pub(crate) fn item(kind: &str, id: &str, text: &str) -> Value {
    let mut item = json!({
        "type": kind, "id": id, "text": text, "phase": null, "command": text, "cwd": "/w", "processId": "7",
        "status": if text.len().is_multiple_of(2) { "inProgress" } else { "completed" },
        "aggregatedOutput": if text.is_empty() { Value::Null } else { json!(text) }, "exitCode": null,
        "server": "s", "tool": "t", "arguments": { "a": text }, "result": null, "error": null,
        "changes": [{ "path": text, "kind": { "type": "update", "move_path": null }, "diff": "+x" }],
        "content": [{ "type": "text", "text": text, "text_elements": [] }], "clientId": "c",
        "fragments": [{ "text": text, "hookRunId": "h" }], "name": "f", "output": [text],
        "query": text, "action": { "type": "search" }, "path": text, "durationMs": 5, "review": text,
        "kind": "started", "agentThreadId": "a", "agentPath": "p", "receiverThreadIds": ["r"], "success": true,
    });
    match kind {
        "reasoning" => {
            item["summary"] = json!([text]);
            item["content"] = json!([]);
        }
        "imageGeneration" => item["status"] = json!("completed"),
        _ => {}
    }
    item
}

/// The data of a `request` event.
pub(crate) fn ask(request: u8, turn: Option<u8>) -> Value {
    let kind = ["command", "fileChange", "userInput", "brandNew"][usize::from(request)];
    let turn_id = turn.map(|turn| format!("turn-{turn}"));
    json!({
        "id": format!("request-{request}"), "kind": kind, "method": "item/commandExecution/requestApproval",
        "params": { "threadId": THREAD, "command": "x" },
        "summary": { "turnId": turn_id, "command": "x", "fields": [{ "name": "n", "input": "one" }] },
        "availableDecisions": ["accept", { "acceptWithExecpolicyAmendment": { "execpolicy_amendment": ["x"] } }, "decline"],
        "createdAt": 7, "deadline": turn.map(i64::from),
    })
}

/// The data of a `request-resolved` event.
pub(crate) fn resolve(request: u8, how: usize) -> Value {
    json!({
        "id": format!("request-{request}"),
        "outcome": (["accepted", "declined", "cancelled", "answered", "withdrawn", "brandNew"][how]),
        "by": (["user", "policy", "absence", "deadline", "codex", "brandNew"][how]),
        "result": { "decision": "accept" }, "at": 9,
    })
}

/// A queued message.
pub(crate) fn queued(item: u8) -> Value {
    let mut queued = json!({
        "id": format!("queued-{item}"), "clientMessageId": format!("c-{item}"), "text": "next", "sending": item == 0,
        "input": [], "error": if item == 1 { json!("the model is on holiday") } else { Value::Null },
    });
    match item {
        2 => {
            queued["input"] = json!([
                { "type": "text", "text": "and" }, { "type": "image", "upload": "u" },
                { "type": "mention", "path": "src" }, { "type": "skill", "name": "s", "path": "s/SKILL.md" },
            ]);
        }
        3 => {
            queued["model"] = json!("m2");
            queued["effort"] = json!("low");
            queued["sandbox"] = json!("read-only");
            queued["approvalPolicy"] = json!("never");
            queued["outputSchema"] = json!({ "type": "object" });
        }
        _ => {}
    }
    queued
}

/// Types of warnings, and an unknown one.
const WARNINGS: [&str; 6] =
    ["processExited", "malformedLine", "brandNew", "stopForced", "processUnresponsive", "signInRefreshed"];

/// The name and the data of a step's event.
pub(crate) fn event(step: &Step) -> (EventName, String) {
    let notification = |method: &str, params: Value| {
        (EventName::Notification, json!({ "method": method, "params": params }).to_string())
    };
    match step {
        Step::Item { kind, item: id, turn, started, text } => {
            let method = if *started { "item/started" } else { "item/completed" };
            // Items with the same id have the same type.
            let kind = KINDS[(kind + usize::from(*id)) % KINDS.len()];
            let item = item(kind, &format!("{kind}-{id}"), text);
            notification(
                method,
                json!({ "threadId": THREAD, "turnId": format!("turn-{turn}"), "item": item, "startedAtMs": 10, "completedAtMs": 20 }),
            )
        }
        Step::Delta { method, item, index, text } => {
            let kinds = [
                "agentMessage",
                "plan",
                "commandExecution",
                "reasoning",
                "reasoning",
                "reasoning",
                "fileChange",
                "mcpToolCall",
            ];
            notification(
                DELTAS[*method],
                json!({
                    "threadId": THREAD, "turnId": "turn-0", "itemId": format!("{}-{item}", kinds[*method]),
                    "delta": text, "message": text, "summaryIndex": index,
                    "changes": [{ "path": text, "kind": { "type": "add" }, "diff": text }],
                }),
            )
        }
        Step::TurnStarted(turn) => notification(
            "turn/started",
            json!({ "threadId": THREAD, "turn": { "id": format!("turn-{turn}"), "status": "inProgress", "startedAt": 1 } }),
        ),
        Step::TurnCompleted(turn, status) => {
            let status = ["completed", "interrupted", "failed", "brandNew"][*status];
            notification(
                "turn/completed",
                json!({ "threadId": THREAD, "turn": { "id": format!("turn-{turn}"), "status": status, "durationMs": 9 } }),
            )
        }
        Step::Plan(turn, steps) => {
            let plan: Vec<Value> =
                (0..*steps).map(|n| json!({ "step": format!("step {n}"), "status": "pending" })).collect();
            notification(
                "turn/plan/updated",
                json!({ "threadId": THREAD, "turnId": format!("turn-{turn}"), "explanation": null, "plan": plan }),
            )
        }
        Step::Error { turn, will_retry } => notification(
            "error",
            json!({
                "error": { "message": "Reconnecting... 1/5", "codexErrorInfo": { "responseStreamDisconnected": { "httpStatusCode": null } } },
                "willRetry": will_retry, "threadId": THREAD, "turnId": format!("turn-{turn}"),
            }),
        ),
        Step::Other(which) => {
            let (method, params) = OTHERS[*which];
            (EventName::Notification, format!(r#"{{"method":"{method}","params":{params}}}"#))
        }
        Step::Thread(which) => {
            // Usually the same thread in a new process, sometimes another thread.
            let thread = if *which == 0 { "thread-2" } else { THREAD };
            (EventName::Thread, json!({ "threadId": thread, "model": "m", "effort": "low", "sandbox": "workspace-write", "approvalPolicy": "on-request", "cwd": "/w" }).to_string())
        }
        Step::Resumed { thread, items, older } => {
            let thread = if *thread == 0 { THREAD.to_owned() } else { format!("thread-{}", thread + 1) };
            (
                EventName::Thread,
                json!({ "threadId": thread, "model": "m", "cwd": "/w", "history": history(items, *older) })
                    .to_string(),
            )
        }
        Step::Warning(kind) => (
            EventName::Warning,
            json!({ "type": WARNINGS[*kind], "message": "So it is.", "detail": "why" }).to_string(),
        ),
        Step::Queue(items) => {
            let items: Vec<Value> = items.iter().map(|item| queued(*item)).collect();
            (EventName::Queue, json!({ "items": items }).to_string())
        }
        Step::Ask(request, turn) => (EventName::Request, ask(*request, *turn).to_string()),
        Step::Resolve(request, how) => (EventName::RequestResolved, resolve(*request, *how).to_string()),
        Step::Request => (
            EventName::ServerRequest,
            json!({
                "method": "item/tool/call", "params": { "a": [1, 2] }, "handled": true,
                "result": { "success": false }, "error": null,
            })
            .to_string(),
        ),
    }
}

/// The `history` of a `thread` event.
pub(crate) fn history(items: &[(usize, u8, u8)], older: bool) -> Value {
    let entry = |(kind, id, turn): &(usize, u8, u8)| {
        let kind = KINDS[(kind + usize::from(*id)) % KINDS.len()];
        let phase = if id.is_multiple_of(3) { "cut" } else { "done" };
        json!({
            "id": format!("{kind}-{id}"), "asOf": 0, "turnId": format!("turn-{turn}"), "phase": phase,
            "startedAtMs": 1, "completedAtMs": 2, "content": { "item": item(kind, &format!("{kind}-{id}"), "before") },
        })
    };
    let turns: Vec<Value> = (0..3)
        .map(|turn| json!({ "id": format!("turn-{turn}"), "status": "interrupted", "startedAt": 1, "durationMs": null, "error": null }))
        .collect();
    let entries: Vec<Value> = items.iter().map(entry).collect();
    json!({ "title": "Before", "turns": turns, "entries": entries, "older": older })
}

/// The events of a conversation. No turn starts twice, and request ids are unique.
pub(crate) fn events(steps: &[Step]) -> Vec<Event> {
    let (mut turns, mut requests) = (HashSet::new(), HashSet::new());
    let possible = steps.iter().filter(|step| match step {
        Step::TurnStarted(turn) => turns.insert(*turn),
        Step::TurnCompleted(turn, _) => {
            turns.insert(*turn);
            true
        }
        Step::Ask(request, _) => requests.insert(*request),
        _ => true,
    });
    let opened = json!({ "threadId": THREAD, "model": "m", "cwd": "/w" }).to_string();
    let lines = std::iter::once((EventName::Thread, opened)).chain(possible.map(event));
    let body = |name, data: &str| EventBody::parse(name, data).unwrap();
    (1..).zip(lines).map(|(seq, (name, data))| Event { seq, body: body(name, &data) }).collect()
}

pub(crate) fn replay(events: &[Event]) -> Transcript {
    let mut transcript = Transcript::default();
    for event in events {
        transcript.apply(event);
    }
    transcript
}

/// Serializes and deserializes a transcript.
pub(crate) fn round_trip(transcript: &Transcript) -> Transcript {
    serde_json::from_str(&serde_json::to_string(transcript).unwrap()).unwrap()
}

pub(crate) fn ids(transcript: &Transcript) -> Vec<ItemId> {
    transcript.entries.iter().map(|entry| entry.id.clone()).collect()
}

pub(crate) fn by_id(transcript: &Transcript) -> HashMap<&str, &Entry> {
    transcript.entries.iter().map(|entry| (entry.id.as_str(), entry)).collect()
}
