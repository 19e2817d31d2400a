//! The fold's one law: for every cut, the snapshot at it and then the events after it give what replaying
//! all events gives, whatever items there are and wherever older pages are loaded.

#![allow(clippy::unwrap_used, reason = "tests")]

mod story;

use codex_gateway_wire::{
    Content, Entry, Event, EventBody, EventName, ItemId, Notification, Phase, Transcript, TurnId, TurnRecord,
    codex::{McpServer, TurnStatus},
};
use proptest::prelude::*;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use self::story::*;

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
            prop_assert_eq!((&transcript.queue, settings(&transcript)), (&before.queue, settings(&before)));
        }
    }

    /// What waits for its turn is what the newest event of the queue says, unless another thread began since.
    #[test]
    fn the_queue_is_as_it_was_told_last(steps in proptest::collection::vec(step(), 0..60)) {
        let mut transcript = Transcript::default();
        let mut queue = Vec::new();
        for event in events(&steps) {
            if transcript.apply(&event).reset {
                queue.clear();
            }
            if let EventBody::Queue(told) = &event.body {
                queue.clone_from(&told.items);
            }
            prop_assert_eq!(&transcript.queue, &queue);
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
        let cut = cut.index(events.len());
        a_page_fits(&events, window, cut, cut + page_at.index(events.len() - cut))?;
    }
}

/// A page of older entries, as it was at one cut, is put before those that a browser has from an earlier one.
fn a_page_fits(events: &[Event], window: usize, cut: usize, page_at: usize) -> Result<(), TestCaseError> {
    let whole = replay(events);

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
        // One that runs is the stream's to tell.
        let least = usize::from(turn.status != TurnStatus::InProgress);
        prop_assert!((least..=1).contains(&records(&turn.id)), "{:?}", turn.id);
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
    Ok(())
}

/// A command is not loaded when its end comes, which leaves out what it printed: the page knows it.
#[test]
fn what_a_page_knows_of_an_announced_item_is_kept() {
    let command = |started, text: &str| Step::Item { kind: 2, item: 4, turn: 0, started, text: text.into() };
    let steps = [command(true, "printed"), Step::Request, Step::Request, command(false, "")];
    let events = events(&steps);
    let (whole, mut browser) = (replay(&events), sent(&replay(&events[..steps.len()])));
    browser.trim(1, usize::MAX);
    assert_eq!(browser.entries.len(), 1);
    browser.apply(&events[steps.len()]);
    let page: Vec<Entry> =
        whole.entries.iter().map(|entry| Entry { as_of: events.len() as u64 + 1, ..entry.clone() }).collect();
    browser.prepend(Vec::new(), page);
    let id = &ids(&whole)[0];
    assert_eq!(browser.entries.get(id).unwrap().content, whole.entries.get(id).unwrap().content);
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

/// What the thread runs with.
fn settings(transcript: &Transcript) -> impl PartialEq + std::fmt::Debug {
    let Transcript { model, effort, sandbox, approval_policy, .. } = transcript.clone();
    (model, effort, sandbox, approval_policy)
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
fn the_history_of_the_same_thread_is_what_is_left_of_it() {
    let mut transcript = replay(&events(&[Step::Request]));
    let change = transcript.apply(&Event { seq: 9, body: opened(THREAD, None) });
    assert_eq!((change.reset, transcript.entries.len()), (false, 1));
    let change =
        transcript.apply(&Event { seq: 10, body: opened(THREAD, Some(history(&[(2, 0, 1)], true))) });
    assert!(change.reset);
    assert_eq!(ids(&transcript), ["agentMessage-0".into()]);
    assert_eq!(transcript.title.as_deref(), Some("Before"));
}

#[test]
fn turn_that_was_stopped_by_force_is_interrupted_and_says_why() {
    let item = Step::Item { kind: 2, item: 0, turn: 0, started: true, text: String::new() };
    let transcript = replay(&events(&[Step::TurnStarted(0), item, Step::Warning(3)]));
    assert_eq!(transcript.turns[0].status, TurnStatus::Interrupted);
    let entries: Vec<_> = transcript.entries.iter().collect();
    assert!(entries.iter().all(|entry| entry.phase != Phase::Running), "{entries:?}");
    let last = entries.last().unwrap();
    assert!(matches!(&last.content, Content::Notice(notice) if !notice.failure), "{last:?}");
    assert_eq!(last.turn_id.as_ref(), Some(&transcript.turns[0].id), "it stands in the turn");
}

#[test]
fn turn_that_lost_the_race_to_refresh_the_sign_in_has_the_gateways_words() {
    let ended = Step::TurnCompleted(0, 2);
    let transcript = replay(&events(&[Step::TurnStarted(0), ended, Step::Warning(5)]));
    assert_eq!(transcript.turns[0].status, TurnStatus::Failed);
    assert_eq!(transcript.turns[0].error.as_ref().map(|error| error.message.as_str()), Some("So it is."));
    assert_eq!(transcript.entries.len(), 0, "once is enough");
}

#[test]
fn mcp_servers_are_those_of_the_process_that_serves_the_thread() {
    let server = |name: &str, status: &str| {
        let params = json!({ "threadId": THREAD, "name": name, "status": status, "error": null });
        let data = json!({ "method": "mcpServer/startupStatus/updated", "params": params }).to_string();
        EventBody::parse(EventName::Notification, &data).unwrap()
    };
    let mut transcript = Transcript::default();
    let mut apply = |body| {
        let seq = transcript.as_of + 1;
        transcript.apply(&Event { seq, body });
        let line = |server: &McpServer| format!("{} {}", server.name, server.status.as_str());
        transcript.mcp_servers.iter().map(line).collect::<Vec<_>>()
    };
    apply(opened(THREAD, None));
    apply(server("a", "starting"));
    apply(server("b", "starting"));
    assert_eq!(apply(server("a", "ready")), ["a ready", "b starting"]);
    let history = json!({ "title": null, "turns": [], "entries": [], "older": false });
    assert_eq!(apply(opened(THREAD, Some(history))), ["a ready", "b starting"], "turns were taken back");
    assert!(apply(opened(THREAD, None)).is_empty(), "another process goes on");
}

#[test]
fn warning_that_codex_repeats_is_told_once() {
    let warning = OTHERS.iter().find(|(method, _)| *method == "warning").unwrap();
    let data = format!(r#"{{"method":"{}","params":{}}}"#, warning.0, warning.1);
    let mut transcript = Transcript::default();
    for seq in 1..=3 {
        let body = EventBody::parse(EventName::Notification, &data).unwrap();
        transcript.apply(&Event { seq, body });
    }
    assert_eq!(transcript.entries.len(), 1);
}

#[test]
fn every_kind_of_item_is_in_the_story() {
    for kind in KINDS {
        let item: codex_gateway_wire::Item = serde_json::from_value(item(kind, "x", "text")).unwrap();
        assert_eq!(item.kind(), kind);
        assert_eq!(matches!(item, codex_gateway_wire::Item::Unknown(_)), kind == "hologram", "{kind}");
    }
}

#[test]
fn a_page_fits_wherever_it_is_loaded() {
    let item = |item, turn| Step::Item { kind: 0, item, turn, started: false, text: String::new() };
    let mut steps = vec![item(1, 1)];
    steps.extend((0..4).map(|_| item(0, 0)));
    steps.push(Step::Error { turn: 0, will_retry: false });
    steps.extend([
        item(2, 0),
        Step::Plan(0, 0),
        item(2, 0),
        item(2, 0),
        item(2, 0),
        Step::Plan(0, 0),
        Step::Warning(0),
    ]);
    steps.extend([Step::TurnStarted(0), Step::Plan(0, 0), item(0, 0), Step::Warning(1), Step::Warning(0)]);
    let events = events(&steps);
    for cut in 0..events.len() {
        for page_at in cut..events.len() {
            a_page_fits(&events, 1, cut, page_at).unwrap_or_else(|error| panic!("{cut} {page_at}: {error}"));
        }
    }
}

/// Codex tells each byte of a character that its output was cut in as U+FFFD, and has the character once the item ends.
#[test]
fn character_in_two_pieces_of_output_shows_no_replacement_character() {
    let mut transcript = Transcript::default();
    let mut seq = 0;
    let mut shown = |method: &str, rest: &str| {
        seq += 1;
        let params = format!(r#"{{"threadId":"t","turnId":"u",{rest}}}"#);
        let json = format!(r#"{{"method":"{method}","params":{params}}}"#);
        transcript.apply(&Event { seq, body: EventBody::parse(EventName::Notification, &json).unwrap() });
        let entry = transcript.entries.iter().next().unwrap();
        match &entry.content {
            Content::Item(codex_gateway_wire::Item::CommandExecution(c)) => {
                c.aggregated_output.head().to_owned()
            }
            other => panic!("{other:?}"),
        }
    };
    shown("item/started", r#""item":{"type":"commandExecution","id":"c","command":"cat"}"#);
    let mut delta =
        |text: &str| shown("item/commandExecution/outputDelta", &format!(r#""itemId":"c","delta":"{text}""#));
    assert_eq!([delta("a\u{fffd}"), delta("\u{fffd}"), delta("\u{fffd}b")], ["a", "a", "ab"]);
    let item = r#""item":{"type":"commandExecution","id":"c","command":"cat","aggregatedOutput":"a漢b"}"#;
    assert_eq!(shown("item/completed", item), "a漢b");
}
