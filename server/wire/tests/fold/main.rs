//! Property tests of the fold: a snapshot at any event, followed by the events after it, equals a replay of all events.
//! This holds for all types of items, and for pages of older entries that are loaded at any time.

#![allow(clippy::unwrap_used, reason = "tests")]

mod steps;

use codex_gateway_wire::{
    Content, Entry, Event, EventBody, EventName, ItemId, Notification, Phase, Transcript, TurnId, TurnRecord,
    codex::{McpServer, TurnStatus},
    event::WarningKind,
};
use proptest::prelude::*;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use self::steps::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(target_arch = "wasm32") { 16 } else { 192 }))]

    /// Compares the whole transcript, for a snapshot after every event.
    #[test]
    fn snapshot_and_tail_equal_a_replay(steps in proptest::collection::vec(step(), 0..60)) {
        let events = events(&steps);
        let whole = replay(&events);
        let mut so_far = Transcript::default();
        for cut in 0..=events.len() {
            let mut resumed = round_trip(&so_far);
            prop_assert_eq!(&resumed, &so_far, "round trip at {}", cut);
            for event in &events[cut..] {
                resumed.apply(event);
            }
            prop_assert_eq!(&resumed, &whole, "cut at {}", cut);
            if let Some(event) = events.get(cut) {
                so_far.apply(event);
            }
        }
    }

    /// Events that are already included change nothing, as after a reconnection.
    #[test]
    fn repeated_events_change_nothing(steps in proptest::collection::vec(step(), 0..60), back in 0usize..20) {
        let events = events(&steps);
        let whole = replay(&events);
        let mut resumed = whole.clone();
        for event in &events[events.len().saturating_sub(back)..] {
            prop_assert!(resumed.apply(event).is_none());
        }
        prop_assert_eq!(resumed, whole);
    }

    /// Nothing changes that the returned `Change` does not name.
    #[test]
    fn change_names_everything_that_changed(steps in proptest::collection::vec(step(), 0..60)) {
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

    /// The queue is that of the newest `queue` event, or empty after a reset.
    #[test]
    fn queue_is_that_of_the_newest_queue_event(steps in proptest::collection::vec(step(), 0..60)) {
        let mut transcript = Transcript::default();
        let mut queue = Vec::new();
        for event in events(&steps) {
            if transcript.apply(&event).reset {
                queue.clear();
            }
            if let EventBody::Queue(newest) = &event.body {
                queue.clone_from(&newest.items);
            }
            prop_assert_eq!(&transcript.queue, &queue);
        }
    }

    /// A request is pending from its `request` until its `request-resolved`, whatever happens in between.
    #[test]
    fn request_is_pending_until_it_is_resolved(steps in proptest::collection::vec(step(), 0..60)) {
        let mut transcript = Transcript::default();
        let mut expected = Vec::new();
        for event in events(&steps) {
            if transcript.apply(&event).reset {
                expected.clear();
            }
            match &event.body {
                EventBody::Request(request) => expected.push(request.id.clone()),
                EventBody::RequestResolved(resolved) => expected.retain(|id| *id != resolved.id),
                _ => {}
            }
            let pending: Vec<_> = transcript.pending_requests().map(|request| request.id.clone()).collect();
            prop_assert_eq!(&pending, &expected);
        }
    }

    /// A snapshot has the newest entries only. A page of older entries, made at a later event, is prepended. Then the
    /// tail leads to the same transcript as a replay.
    #[test]
    fn page_of_older_entries_is_merged_at_any_time(
        steps in proptest::collection::vec(step(), 10..80),
        window in 1usize..6,
        cut in any::<prop::sample::Index>(),
        page_at in any::<prop::sample::Index>(),
    ) {
        // Another thread would reset the transcript, and pages belong to one thread.
        let steps: Vec<Step> = steps.into_iter().filter(|step| !matches!(step, Step::Thread(0) | Step::Resumed { .. })).collect();
        let events = events(&steps);
        let cut = cut.index(events.len());
        check_page(&events, window, cut, cut + page_at.index(events.len() - cut))?;
    }
}

/// Checks that a page of older entries, made at `page_at`, is merged into the transcript of a browser, whose snapshot
/// was made at `cut`.
fn check_page(events: &[Event], window: usize, cut: usize, page_at: usize) -> Result<(), TestCaseError> {
    let whole = replay(events);

    let full = replay(&events[..cut]);
    let mut browser = round_trip(&full);
    browser.trim(window, usize::MAX);
    let loaded = ids(&browser);
    // The page has the entries as of the later event.
    let later = replay(&events[..page_at]);
    let older = full.entries.iter().filter(|entry| !loaded.contains(&entry.id));
    let page: Vec<Entry> = older
        .map(|entry| Entry { as_of: page_at as u64, ..later.entries.get(&entry.id).unwrap().clone() })
        .collect();

    // When the page arrives, the browser has applied a part of the events between the snapshot and the page.
    let middle = usize::midpoint(cut, page_at);
    // The steps may start an old turn again, which the browser does not have any more. A refreshed sign-in is told at
    // the newest turn, which is another one then: no law holds.
    let newest_turn = |transcript: &Transcript| transcript.turns.last().map(|turn| turn.id.clone());
    let is_told_elsewhere = |browser: &Transcript, at: usize| {
        matches!(&events[at].body, EventBody::Warning(warning) if warning.kind == WarningKind::SignInRefreshed)
            && newest_turn(browser) != newest_turn(&replay(&events[..at]))
    };
    for (at, event) in events.iter().enumerate().take(middle).skip(cut) {
        if is_told_elsewhere(&browser, at) {
            return Ok(());
        }
        browser.apply(event);
    }
    let of_page = |turn: &&TurnRecord| page.iter().any(|entry| entry.turn_id.as_ref() == Some(&turn.id));
    let turns: Vec<TurnRecord> = later.turns.iter().filter(of_page).cloned().collect();
    browser.prepend(turns.clone(), page.clone());
    // Prepending the page again changes nothing.
    let before = browser.clone();
    browser.prepend(turns.clone(), page.clone());
    prop_assert_eq!(&browser, &before);
    for (at, event) in events.iter().enumerate().skip(middle) {
        if is_told_elsewhere(&browser, at) {
            return Ok(());
        }
        browser.apply(event);
    }
    let all = by_id(&whole);
    for entry in browser.entries.iter() {
        let Some(same) = all.get(entry.id.as_str()) else {
            return Err(TestCaseError::fail(format!("{:?} is not in a replay", entry.id)));
        };
        // Only the contents are equal: the end of a turn before the page may have interrupted an entry of the page.
        prop_assert_eq!(&entry.content, &same.content, "{:?}", entry.id);
    }
    let records = |id: &TurnId| browser.turns.iter().filter(|turn| turn.id == *id).count();
    for turn in browser.turns.iter().chain(&turns) {
        // A running turn of the page is left to the stream.
        let minimum = usize::from(turn.status != TurnStatus::InProgress);
        prop_assert!((minimum..=1).contains(&records(&turn.id)), "{:?}", turn.id);
    }
    // An item of the page that the stream announces before the page arrives keeps the position of that announcement.
    let is_announced = {
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
    // Trimming keeps a pending request, but not the entries after it. The page then puts those before the request.
    let has_kept_request = !ids(&full).ends_with(&loaded);
    if has_kept_request {
        let sorted = |transcript: &Transcript| {
            let mut ids: Vec<String> = ids(transcript).iter().map(ToString::to_string).collect();
            ids.sort();
            ids
        };
        prop_assert_eq!(sorted(&browser), sorted(&whole));
    } else if !is_announced {
        prop_assert_eq!(ids(&browser), ids(&whole));
    }
    Ok(())
}

/// The command is not loaded when it completes, and `item/completed` omits its output. Only the page has the output.
#[test]
fn streamed_output_in_a_page_is_kept_for_a_completed_command() {
    let command = |started, text: &str| Step::Item { kind: 2, item: 4, turn: 0, started, text: text.into() };
    let steps = [command(true, "printed"), Step::Request, Step::Request, command(false, "")];
    let events = events(&steps);
    let (whole, mut browser) = (replay(&events), round_trip(&replay(&events[..steps.len()])));
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
fn pending_requests_are_never_trimmed() {
    let mut steps = vec![Step::TurnStarted(0), Step::Ask(0, Some(0)), Step::Ask(1, Some(0))];
    steps.extend((0..40).map(|_| Step::Request));
    let mut transcript = replay(&events(&steps));
    assert!(transcript.trim(5, usize::MAX));
    assert_eq!((transcript.pending_requests().count(), transcript.entries.len()), (2, 7));
    transcript.trim(5, 0);
    assert_eq!(
        (transcript.pending_requests().count(), transcript.entries.len()),
        (2, 3),
        "not for their size either"
    );

    let data = resolve(0, 0).to_string();
    let body = EventBody::parse(EventName::RequestResolved, &data).unwrap();
    transcript.apply(&Event { seq: 1000, body });
    assert_eq!(transcript.pending_requests().count(), 1, "a kept request can be resolved");
    transcript.trim(1, usize::MAX);
    assert_eq!(transcript.entries.len(), 2, "a resolved request is trimmed");
}

/// The settings of the thread.
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
fn resumed_thread_has_its_history_and_continues_from_it() {
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
fn history_of_the_same_thread_replaces_its_entries() {
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
fn turn_stopped_by_force_is_interrupted_with_a_notice() {
    let item = Step::Item { kind: 2, item: 0, turn: 0, started: true, text: String::new() };
    let transcript = replay(&events(&[Step::TurnStarted(0), item, Step::Warning(3)]));
    assert_eq!(transcript.turns[0].status, TurnStatus::Interrupted);
    let entries: Vec<_> = transcript.entries.iter().collect();
    assert!(entries.iter().all(|entry| entry.phase != Phase::Running), "{entries:?}");
    let last = entries.last().unwrap();
    assert!(matches!(&last.content, Content::Notice(notice) if !notice.failure), "{last:?}");
    assert_eq!(last.turn_id.as_ref(), Some(&transcript.turns[0].id), "the notice belongs to the turn");
}

#[test]
fn sign_in_refreshed_warning_replaces_the_error_of_the_turn() {
    let ended = Step::TurnCompleted(0, 2);
    let transcript = replay(&events(&[Step::TurnStarted(0), ended, Step::Warning(5)]));
    assert_eq!(transcript.turns[0].status, TurnStatus::Failed);
    assert_eq!(transcript.turns[0].error.as_ref().map(|error| error.message.as_str()), Some("So it is."));
    assert_eq!(transcript.entries.len(), 0, "there is no additional notice");
}

#[test]
fn mcp_servers_are_those_of_the_current_process() {
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
    assert_eq!(
        apply(opened(THREAD, Some(history))),
        ["a ready", "b starting"],
        "the process is the same after turns were removed"
    );
    assert!(apply(opened(THREAD, None)).is_empty(), "another process continues the thread");
}

#[test]
fn repeated_warning_has_one_notice() {
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
fn generator_has_all_item_types() {
    for kind in KINDS {
        let item: codex_gateway_wire::Item = serde_json::from_value(item(kind, "x", "text")).unwrap();
        assert_eq!(item.kind(), kind);
        assert_eq!(matches!(item, codex_gateway_wire::Item::Unknown(_)), kind == "hologram", "{kind}");
    }
}

#[test]
fn page_is_merged_wherever_it_is_loaded() {
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
            check_page(&events, 1, cut, page_at).unwrap_or_else(|error| panic!("{cut} {page_at}: {error}"));
        }
    }
}

/// Codex sends each byte of a split character as U+FFFD. Only the completed item has the character.
#[test]
fn split_character_in_output_has_no_replacement_characters() {
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
