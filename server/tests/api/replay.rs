//! Resumed streams: every event is received exactly once, and a gap is announced.

use codex_gateway_wire::{
    Event as Folded, EventBody, EventId, EventName, Snapshot, Transcript,
    event::{Gap, GapReason},
};
use serde_json::json;

use crate::support::{Event, EventStream, Gateway, Session};

/// Returns the events that the event log keeps: all, but only the newest `state`.
fn kept_events(events: &[Event]) -> Vec<Event> {
    let newest = events.iter().rposition(|event| event.name == "state");
    let is_kept = |at: usize, event: &Event| event.name != "state" || Some(at) == newest;
    events
        .iter()
        .enumerate()
        .filter(|(at, event)| is_kept(*at, event))
        .map(|(_, event)| event.clone())
        .collect()
}

async fn read_events(events: &mut EventStream, count: usize) -> Vec<Event> {
    let mut taken = Vec::new();
    while taken.len() < count {
        taken.push(events.next().await.expect("the stream should continue"));
    }
    taken
}

#[tokio::test]
async fn stream_resumes_after_any_event_of_a_turn() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let mut all = session.run_turn("!standin reasoning, command, plan, patch, text").await;
    all.extend(session.run_turn("Reply with exactly the single word ready").await);
    let cuts = [0, 1, 2, all.len() / 4, all.len() / 2, all.len() - 9, all.len() - 2, all.len() - 1];
    let mut readers = Vec::new();
    for cut in cuts {
        let mut events = session.events_after(all[cut].id.as_deref().unwrap()).await;
        events.expect("session").await;
        let expected = kept_events(&all[cut + 1..]);
        let replayed = read_events(&mut events, expected.len()).await;
        assert_eq!(replayed, expected, "after {cut} of {}", all.len());
        readers.push(events);
    }
    let next = session.run_turn("Reply with exactly the single word more").await;
    for mut reader in readers {
        assert_eq!(read_events(&mut reader, next.len()).await, next, "new events follow the replay");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn repeatedly_disconnected_reader_misses_nothing() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let mut uninterrupted = session.events("").await;
    uninterrupted.expect("session").await;
    let mut last = uninterrupted.expect("state").await.id.unwrap();
    session.start_turn("!standin deltas count=400 pace_us=2000").await;
    let mut resumed_events: Vec<Event> = Vec::new();
    'turn: for round in 1.. {
        let mut events = session.events_after(&last).await;
        events.expect("session").await;
        for _ in 0..5 + 7 * round % 40 {
            resumed_events.push(events.next().await.unwrap());
            if resumed_events.last().unwrap().name == "state" {
                break 'turn;
            }
        }
        last = resumed_events.last().unwrap().id.clone().unwrap();
    }
    let uninterrupted = uninterrupted.rest_of_turn().await;
    assert!(uninterrupted.len() > 400);
    assert_eq!(resumed_events, uninterrupted);
    gateway.stop().await;
}

#[tokio::test]
async fn last_event_id_header_overrides_since_query() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let turn = session.run_turn("Hello").await;
    let id = |at: usize| turn[at].id.clone().unwrap();
    let mut events = session.events(&format!("?since={}", id(3))).await;
    events.expect("session").await;
    assert_eq!(events.next().await.unwrap(), turn[4]);

    let client = session.client.with_header("last-event-id", &id(10));
    let mut events = session.events_with(&format!("?since={}", id(3)), &client).await;
    events.expect("session").await;
    assert_eq!(events.next().await.unwrap(), turn[11]);

    let mut filtered = session.events(&format!("?since={}&events=state", id(3))).await;
    filtered.expect("session").await;
    assert_eq!(&filtered.next().await.unwrap(), turn.last().unwrap());
    gateway.stop().await;
}

/// Reads the gap with which a stream starts, and the `state` that follows.
async fn read_gap(events: &mut EventStream) -> (Gap, Event) {
    let gap = events.expect("gap").await;
    assert_eq!(gap.id, None, "a gap has no id");
    let gap: Gap = serde_json::from_str(&gap.data).unwrap();
    let state = events.expect("state").await;
    assert_eq!(state.id, Some(gap.to.to_string()), "the gap ends at the following state");
    (gap, state)
}

async fn assert_gap_after(session: &Session, id: &str) -> (Gap, Event) {
    let mut events = session.events_after(id).await;
    events.expect("session").await;
    let (gap, state) = read_gap(&mut events).await;
    assert_eq!(state.json(), session.state().await);
    session.start_turn("Hello").await;
    let turn = events.rest_of_turn().await;
    assert_eq!(turn[0].seq(), state.seq() + 1, "the stream continues after the gap");
    (gap, state)
}

#[tokio::test]
async fn unknown_event_id_gives_a_gap() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let last: EventId = session.reply["lastEventId"].as_str().unwrap().parse().unwrap();
    let ahead = EventId { seq: last.seq + 1_000_000, ..last.clone() };
    let foreign = EventId { epoch: "another".into(), seq: 1 };
    let far = EventId { seq: u64::MAX, ..last.clone() };
    for (id, reason) in
        [(&foreign, GapReason::OtherEpoch), (&ahead, GapReason::Unknown), (&far, GapReason::Unknown)]
    {
        let (gap, _) = assert_gap_after(&session, &id.to_string()).await;
        assert_eq!((&gap.from, gap.reason), (id, reason));
        assert_eq!(gap.to.epoch, last.epoch);
    }
    for nonsense in ["nonsense", ":", "1:2:3", "99999999999999999999999"] {
        assert_eq!(assert_gap_after(&session, nonsense).await.0.reason, GapReason::OtherEpoch, "{nonsense}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn event_id_older_than_the_log_gives_a_gap() {
    let gateway = Gateway::fake("flood").await;
    let session = gateway.create().await;
    let first: EventId = session.reply["lastEventId"].as_str().unwrap().parse().unwrap();
    let mut states = session.events("?events=state").await;
    states.expect("session").await;
    states.expect("state").await;
    session.start_turn("Hello").await;
    let last = states.find(|event| event.name == "state" && event.json()["activeTurn"] == false).await.seq();

    let recent = EventId { seq: last - 100, ..first.clone() };
    let mut events = session.events_after(&recent.to_string()).await;
    events.expect("session").await;
    for seq in recent.seq + 1..=last {
        assert_eq!(events.next().await.unwrap().seq(), seq, "kept events are replayed");
    }
    gateway.fake_codex().set_mode("normal");
    let (gap, _) = assert_gap_after(&session, &first.to_string()).await;
    assert_eq!((gap.from, gap.reason), (first, GapReason::TooOld));
    gateway.stop().await;
}

#[tokio::test]
async fn slow_reader_gets_gaps() {
    let gateway = Gateway::fake("flood").await;
    let session = gateway.create().await;
    let mut slow = session.subscribe().await;
    let mut fast = session.subscribe().await;
    session.start_turn("Hello").await;
    // This reader may be too slow as well, and get another state in between.
    let turn = fast.find(|event| event.name == "state" && event.json()["activeTurn"] == false).await;

    let (mut last, mut gaps) =
        (session.reply["lastEventId"].as_str().unwrap().parse::<EventId>().unwrap().seq, 0);
    while last < turn.seq() {
        let event = slow.next().await.unwrap();
        if event.name == "gap" {
            let gap: Gap = serde_json::from_str(&event.data).unwrap();
            assert_eq!(
                (gap.from.seq, gap.reason),
                (last, GapReason::SlowReader),
                "a gap starts at the reader's position"
            );
            let state = slow.expect("state").await;
            assert_eq!(state.id, Some(gap.to.to_string()));
            (last, gaps) = (gap.to.seq, gaps + 1);
        } else {
            assert_eq!(event.seq(), last + 1, "no event is missing between gaps");
            last = event.seq();
        }
    }
    assert!(gaps > 0, "a log of 4 MiB cannot keep all of it");

    gateway.fake_codex().set_mode("normal");
    session.start_turn("And on").await;
    assert_eq!(slow.next().await.unwrap().seq(), turn.seq() + 1, "the stream is live again");
    gateway.stop().await;
}

/// As a browser does: loads a snapshot, folds the stream that follows, and compares the result.
#[tokio::test]
async fn snapshot_and_following_events_equal_the_transcript() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let snapshot = async || -> Snapshot {
        let reply = session.client.get(&session.path("/snapshot")).await;
        reply.ok();
        serde_json::from_slice(&reply.body).unwrap()
    };
    let mut live = session.subscribe().await;
    session.start_turn("!standin reasoning, command, plan, patch, text").await;
    let mut snapshots = vec![snapshot().await];
    for method in
        ["item/reasoning/summaryTextDelta", "item/commandExecution/outputDelta", "turn/plan/updated"]
    {
        live.notification(method).await;
        snapshots.push(snapshot().await);
    }
    let state = live.find(|event| event.name == "state").await;
    let expected = snapshot().await;
    assert_eq!(Some(expected.at.to_string()), state.id);
    for Snapshot { at, mut transcript, .. } in snapshots {
        assert!(at.seq < expected.at.seq, "the snapshot should be taken during the turn");
        let mut events = session.events(&format!("?since={at}")).await;
        events.expect("session").await;
        fold(&mut transcript, &events.until(|event| event.id == state.id).await);
        // A `state` does not change a transcript, except for `as_of`.
        transcript.as_of = expected.transcript.as_of;
        assert_eq!(transcript, expected.transcript, "from {at}");
    }
    gateway.stop().await;
}

fn fold(transcript: &mut Transcript, events: &[Event]) {
    for event in events {
        let name = EventName::parse(&event.name).unwrap();
        if let Some(body) = EventBody::parse(name, &event.data) {
            transcript.apply(&Folded { seq: event.seq(), body });
        }
    }
}

#[tokio::test]
async fn last_event_id_of_a_reply_matches_the_stream() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let mut events =
        session.events(&format!("?since={}", session.reply["lastEventId"].as_str().unwrap())).await;
    events.expect("session").await;
    session.start_turn("Hello").await;
    let turn = events.rest_of_turn().await;
    let reply = session.client.get(&session.path("/state")).await.ok();
    assert_eq!(json!(turn.last().unwrap().id), reply["lastEventId"]);
    gateway.stop().await;
}
