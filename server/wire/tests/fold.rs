//! The fold's one law: for every cut, the snapshot at it and then the events after it give what replaying
//! all events gives, whatever items there are and wherever older pages are loaded.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{HashMap, HashSet};

use codex_gateway_wire::{
    Entry, Event, EventBody, EventName, ItemId, Notification, Transcript, TurnId, TurnRecord,
};
use proptest::prelude::*;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const THREAD: &str = "thread-1";

/// All kinds of items of codex 0.169.0, and one of the future.
const KINDS: [&str; 20] = [
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

/// What happens next, in a story of a few items and turns that refer to each other.
#[derive(Clone, Debug)]
enum Step {
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
    /// Another thread, with what was said in it before: these items, in these turns.
    Resumed {
        thread: u8,
        items: Vec<(usize, u8, u8)>,
        older: bool,
    },
    Warning(usize),
    Request,
    Ask(u8, Option<u8>),
    Resolve(u8, usize),
}

fn step() -> impl Strategy<Value = Step> {
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
        1 => (0..3usize).prop_map(Step::Warning),
        1 => Just(Step::Request),
        2 => (0..4u8, prop::option::of(0..4u8)).prop_map(|(request, turn)| Step::Ask(request, turn)),
        2 => (0..4u8, 0..6usize).prop_map(|(request, how)| Step::Resolve(request, how)),
    ]
}

const DELTAS: [&str; 8] = [
    "item/agentMessage/delta",
    "item/plan/delta",
    "item/commandExecution/outputDelta",
    "item/reasoning/summaryTextDelta",
    "item/reasoning/summaryPartAdded",
    "item/reasoning/textDelta",
    "item/fileChange/patchUpdated",
    "item/mcpToolCall/progress",
];

const OTHERS: [(&str, &str); 8] = [
    (
        "thread/tokenUsage/updated",
        r#"{"threadId":"thread-1","tokenUsage":{"total":{"totalTokens":7},"last":{"totalTokens":3},"modelContextWindow":100}}"#,
    ),
    (
        "thread/status/changed",
        r#"{"threadId":"thread-1","status":{"type":"active","activeFlags":["waitingOnApproval"]}}"#,
    ),
    ("thread/name/updated", r#"{"threadId":"thread-1","threadName":"A name"}"#),
    ("thread/settings/updated", r#"{"threadId":"thread-1","threadSettings":{"model":"m2"}}"#),
    ("warning", r#"{"threadId":null,"message":"Careful."}"#),
    (
        "item/started",
        r#"{"threadId":"a-sub-agent","turnId":"x","item":{"type":"plan","id":"p","text":"not ours"},"startedAtMs":1}"#,
    ),
    ("some/thing/new", r#"{"threadId":"thread-1","itemId":"i1","delta":"?"}"#),
    ("turn/started", r#"{"threadId":"thread-1","turn":"of another shape"}"#),
];

fn item(kind: &str, id: &str, text: &str) -> Value {
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

/// Something that codex asks of the user.
fn ask(request: u8, turn: Option<u8>) -> Value {
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

/// How that ends.
fn resolve(request: u8, how: usize) -> Value {
    json!({
        "id": format!("request-{request}"),
        "outcome": (["accepted", "declined", "cancelled", "answered", "withdrawn", "brandNew"][how]),
        "by": (["user", "policy", "absence", "deadline", "codex", "brandNew"][how]),
        "result": { "decision": "accept" }, "at": 9,
    })
}

/// The step as it comes over the wire: an event's name and its data.
fn event(step: &Step) -> (EventName, String) {
    let notification = |method: &str, params: Value| {
        (EventName::Notification, json!({ "method": method, "params": params }).to_string())
    };
    match step {
        Step::Item { kind, item: id, turn, started, text } => {
            let method = if *started { "item/started" } else { "item/completed" };
            // An id keeps its kind.
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
            // Mostly the same thread in a new process; now and then another one.
            let thread = if *which == 0 { "thread-2" } else { THREAD };
            (EventName::Thread, json!({ "threadId": thread, "model": "m", "cwd": "/w" }).to_string())
        }
        Step::Resumed { thread, items, older } => {
            let thread = if *thread == 0 { THREAD.to_owned() } else { format!("thread-{}", thread + 1) };
            (
                EventName::Thread,
                json!({ "threadId": thread, "model": "m", "cwd": "/w", "history": history(items, *older) })
                    .to_string(),
            )
        }
        Step::Warning(kind) => {
            let kind = ["processExited", "malformedLine", "brandNew"][*kind];
            (EventName::Warning, json!({ "type": kind, "message": "So it is.", "detail": "why" }).to_string())
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

/// What was said in a thread before, as the gateway tells it.
fn history(items: &[(usize, u8, u8)], older: bool) -> Value {
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

/// The story as it comes over the wire. No turn starts twice, and no request has the id of another.
fn events(steps: &[Step]) -> Vec<Event> {
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

fn replay(events: &[Event]) -> Transcript {
    let mut transcript = Transcript::default();
    for event in events {
        transcript.apply(event);
    }
    transcript
}

/// Over the wire and back.
fn sent(transcript: &Transcript) -> Transcript {
    serde_json::from_str(&serde_json::to_string(transcript).unwrap()).unwrap()
}

fn ids(transcript: &Transcript) -> Vec<ItemId> {
    transcript.entries.iter().map(|entry| entry.id.clone()).collect()
}

fn by_id(transcript: &Transcript) -> HashMap<&str, &Entry> {
    transcript.entries.iter().map(|entry| (entry.id.as_str(), entry)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(target_arch = "wasm32") { 16 } else { 192 }))]

    /// The whole transcript, at every cut.
    #[test]
    fn a_snapshot_and_its_tail_are_a_replay(steps in proptest::collection::vec(step(), 0..60)) {
        let events = events(&steps);
        let whole = replay(&events);
        let mut so_far = Transcript::default();
        for cut in 0..=events.len() {
            let mut resumed = sent(&so_far);
            prop_assert_eq!(&resumed, &so_far, "sent at {}", cut);
            for event in &events[cut..] {
                resumed.apply(event);
            }
            prop_assert_eq!(&resumed, &whole, "cut at {}", cut);
            if let Some(event) = events.get(cut) {
                so_far.apply(event);
            }
        }
    }

    /// A tail that begins too early, as after a reconnection, changes nothing.
    #[test]
    fn events_that_are_applied_twice_count_once(steps in proptest::collection::vec(step(), 0..60), back in 0usize..20) {
        let events = events(&steps);
        let whole = replay(&events);
        let mut resumed = whole.clone();
        for event in &events[events.len().saturating_sub(back)..] {
            prop_assert!(resumed.apply(event).is_none());
        }
        prop_assert_eq!(resumed, whole);
    }

    /// What an event says it changed is all that it changed.
    #[test]
    fn a_change_names_everything_that_changed(steps in proptest::collection::vec(step(), 0..60)) {
        let mut transcript = Transcript::default();
        for event in events(&steps) {
            let before = transcript.clone();
            let change = transcript.apply(&event);
            if change.reset || change.meta {
                continue;
            }
            let named = change.entry.map(|entry| match entry {
                codex_gateway_wire::transcript::EntryChange::Added(id)
                | codex_gateway_wire::transcript::EntryChange::Updated(id) => id,
            });
            let old = by_id(&before);
            for entry in transcript.entries.iter().filter(|entry| Some(&entry.id) != named.as_ref()) {
                prop_assert_eq!(Some(&entry), old.get(entry.id.as_str()));
            }
            prop_assert_eq!((&transcript.turns, &transcript.retrying), (&before.turns, &before.retrying));
        }
    }

    /// A request waits from its event until the event of its end, whatever happens between.
    #[test]
    fn a_request_waits_until_its_end(steps in proptest::collection::vec(step(), 0..60)) {
        let mut transcript = Transcript::default();
        let mut waiting = Vec::new();
        for event in events(&steps) {
            if transcript.apply(&event).reset {
                waiting.clear();
            }
            match &event.body {
                EventBody::Request(request) => waiting.push(request.id.clone()),
                EventBody::RequestResolved(resolved) => waiting.retain(|id| *id != resolved.id),
                _ => {}
            }
            let shown: Vec<_> = transcript.waiting().map(|request| request.id.clone()).collect();
            prop_assert_eq!(&shown, &waiting);
        }
    }

    /// A snapshot holds the newest entries only; a page of older ones, as it was at a later cut, is put
    /// before them. Then the tail gives what a replay gives.
    #[test]
    fn older_pages_loaded_later_fit(
        steps in proptest::collection::vec(step(), 10..80),
        window in 1usize..6,
        cut in any::<prop::sample::Index>(),
        page_at in any::<prop::sample::Index>(),
    ) {
        // Another thread would end the conversation that the pages are of.
        let steps: Vec<Step> = steps.into_iter().filter(|step| !matches!(step, Step::Thread(0) | Step::Resumed { .. })).collect();
        let events = events(&steps);
        let whole = replay(&events);
        let cut = cut.index(events.len());
        let page_at = cut + page_at.index(events.len() - cut);

        let full = replay(&events[..cut]);
        let mut browser = sent(&full);
        browser.trim(window, usize::MAX);
        let loaded = ids(&browser);
        // The page is what the log's owner knows at a later cut; each of its entries says so.
        let later = replay(&events[..page_at]);
        let older = full.entries.iter().filter(|entry| !loaded.contains(&entry.id));
        let page: Vec<Entry> = older
            .map(|entry| Entry { as_of: page_at as u64, ..later.entries.get(&entry.id).unwrap().clone() })
            .collect();

        // The stream is somewhere between the snapshot and the page when the page comes.
        let middle = usize::midpoint(cut, page_at);
        for event in &events[cut..middle] {
            browser.apply(event);
        }
        let of_page = |turn: &&TurnRecord| page.iter().any(|entry| entry.turn_id.as_ref() == Some(&turn.id));
        let turns: Vec<TurnRecord> = later.turns.iter().filter(of_page).cloned().collect();
        browser.prepend(turns.clone(), page.clone());
        // Asked for twice, it counts once.
        let once = browser.clone();
        browser.prepend(turns.clone(), page.clone());
        prop_assert_eq!(&browser, &once);
        for event in &events[middle..] {
            browser.apply(event);
        }
        let all = by_id(&whole);
        for entry in browser.entries.iter() {
            let Some(same) = all.get(entry.id.as_str()) else {
                return Err(TestCaseError::fail(format!("{:?} is not in a replay", entry.id)));
            };
            // What was open when its page was made may have been settled by a turn's end that came before.
            prop_assert_eq!(&entry.content, &same.content, "{:?}", entry.id);
        }
        let records = |id: &TurnId| browser.turns.iter().filter(|turn| turn.id == *id).count();
        for turn in browser.turns.iter().chain(&turns) {
            prop_assert_eq!(records(&turn.id), 1, "{:?}", turn.id);
        }
        // An item of the page that is announced whole before the page comes stands where it was announced.
        let announced = {
            let unloaded: Vec<ItemId> = page.iter().map(|entry| entry.id.clone()).collect();
            events[cut..middle].iter().any(|event| match &event.body {
                EventBody::Notification(Notification::ItemStarted(e) | Notification::ItemCompleted(e)) => {
                    unloaded.contains(e.item.id())
                }
                EventBody::Notification(Notification::PlanUpdated(plan)) => {
                    unloaded.contains(&ItemId::from(format!("plan:{}", plan.turn_id)))
                }
                _ => false,
            })
        };
        // A question that waits is kept though what followed it is not: older pages come before it.
        let kept = !ids(&full).ends_with(&loaded);
        if kept {
            let sorted = |transcript: &Transcript| {
                let mut ids: Vec<String> = ids(transcript).iter().map(ToString::to_string).collect();
                ids.sort();
                ids
            };
            prop_assert_eq!(sorted(&browser), sorted(&whole));
        } else if !announced {
            prop_assert_eq!(ids(&browser), ids(&whole));
        }
    }
}

#[test]
fn what_waits_is_never_trimmed() {
    let mut steps = vec![Step::TurnStarted(0), Step::Ask(0, Some(0)), Step::Ask(1, Some(0))];
    steps.extend((0..40).map(|_| Step::Request));
    let mut transcript = replay(&events(&steps));
    assert!(transcript.trim(5, usize::MAX));
    assert_eq!((transcript.waiting().count(), transcript.entries.len()), (2, 7));
    transcript.trim(5, 0);
    assert_eq!((transcript.waiting().count(), transcript.entries.len()), (2, 3), "nor for its length");

    let data = resolve(0, 0).to_string();
    let body = EventBody::parse(EventName::RequestResolved, &data).unwrap();
    transcript.apply(&Event { seq: 1000, body });
    assert_eq!(transcript.waiting().count(), 1, "it ends as any other");
    transcript.trim(1, usize::MAX);
    assert_eq!(transcript.entries.len(), 2, "then it goes as any other");
}

fn opened(thread: &str, history: Option<Value>) -> EventBody {
    let mut data = json!({ "threadId": thread, "model": "m", "cwd": "/w" });
    if let Some(history) = history {
        data["history"] = history;
    }
    EventBody::parse(EventName::Thread, &data.to_string()).unwrap()
}

#[test]
fn a_thread_that_is_resumed_brings_its_history_and_goes_on_from_there() {
    let events = events(&[Step::TurnStarted(0), Step::Request]);
    let mut transcript = replay(&events);
    let before = history(&[(2, 0, 1), (6, 1, 1)], true);
    let change = transcript.apply(&Event { seq: 10, body: opened("thread-2", Some(before)) });
    assert!(change.reset);
    assert_eq!(ids(&transcript), ["agentMessage-0".into(), "fileChange-1".into()]);
    assert!(transcript.entries.iter().all(|entry| entry.as_of == 10));
    assert_eq!((transcript.title.as_deref(), transcript.turns.len()), (Some("Before"), 3));
    assert!(transcript.active_turn().is_none());

    let late = json!({ "threadId": "thread-2", "turnId": "turn-1", "itemId": "agentMessage-0", "delta": " and after" });
    let data = json!({ "method": "item/agentMessage/delta", "params": late }).to_string();
    let body = EventBody::parse(EventName::Notification, &data).unwrap();
    transcript.apply(&Event { seq: 11, body });
    assert_eq!(transcript.entries.iter().next().map(|entry| entry.as_of), Some(11));
}

#[test]
fn the_history_of_a_thread_that_is_there_already_changes_nothing() {
    let mut transcript = replay(&events(&[Step::Request]));
    let before = ids(&transcript);
    let change =
        transcript.apply(&Event { seq: 10, body: opened(THREAD, Some(history(&[(2, 0, 1)], true))) });
    assert!(!change.reset);
    assert_eq!(ids(&transcript), before);
}

#[test]
fn every_kind_of_item_is_in_the_story() {
    for kind in KINDS {
        let item: codex_gateway_wire::Item = serde_json::from_value(item(kind, "x", "text")).unwrap();
        assert_eq!(item.kind(), kind);
        assert_eq!(matches!(item, codex_gateway_wire::Item::Unknown(_)), kind == "hologram", "{kind}");
    }
}
