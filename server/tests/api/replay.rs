//! Streams that go on where another one ended: nothing is missing, nothing comes twice, and what cannot be
//! replayed is announced.

use codex_gateway_wire::{
    Event as Folded, EventBody, EventId, EventName, Snapshot, Transcript,
    event::{Gap, GapReason},
};
use serde_json::json;

use crate::support::{Event, Events, Gateway, Session};

/// What the log keeps of these: of several states only the newest.
fn kept(events: &[Event]) -> Vec<Event> {
    let newest = events.iter().rposition(|event| event.name == "state");
    let keeps = |at: usize, event: &Event| event.name != "state" || Some(at) == newest;
    events
        .iter()
        .enumerate()
        .filter(|(at, event)| keeps(*at, event))
        .map(|(_, event)| event.clone())
        .collect()
}

async fn take(events: &mut Events, count: usize) -> Vec<Event> {
    let mut taken = Vec::new();
    while taken.len() < count {
        taken.push(events.next().await.expect("the stream should go on"));
    }
    taken
}

#[tokio::test]
async fn a_stream_goes_on_after_any_event_of_a_turn() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let mut all = session.turn("!standin reasoning, command, plan, patch, text").await;
    all.extend(session.turn("Reply with exactly the single word ready").await);
    let cuts = [0, 1, 2, all.len() / 4, all.len() / 2, all.len() - 9, all.len() - 2, all.len() - 1];
    let mut readers = Vec::new();
    for cut in cuts {
        let mut events = session.events_after(all[cut].id.as_deref().unwrap()).await;
        events.expect("session").await;
        let expected = kept(&all[cut + 1..]);
        let replayed = take(&mut events, expected.len()).await;
        assert_eq!(replayed, expected, "after {cut} of {}", all.len());
        readers.push(events);
    }
    let next = session.turn("Reply with exactly the single word more").await;
    for mut reader in readers {
        assert_eq!(take(&mut reader, next.len()).await, next, "the replay goes over into what is new");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_reader_that_is_cut_again_and_again_misses_nothing() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let mut whole = session.events("").await;
    whole.expect("session").await;
    let mut last = whole.expect("state").await.id.unwrap();
    session.start_turn("!standin deltas count=400 pace_us=2000").await;
    let mut pieced: Vec<Event> = Vec::new();
    'turn: for round in 1.. {
        let mut events = session.events_after(&last).await;
        events.expect("session").await;
        for _ in 0..5 + 7 * round % 40 {
            pieced.push(events.next().await.unwrap());
            if pieced.last().unwrap().name == "state" {
                break 'turn;
            }
        }
        last = pieced.last().unwrap().id.clone().unwrap();
    }
    let whole = whole.turn().await;
    assert!(whole.len() > 400);
    assert_eq!(pieced, whole);
    gateway.stop().await;
}

#[tokio::test]
async fn a_place_may_be_in_the_query_and_the_header_beats_it() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let turn = session.turn("Hello").await;
    let id = |at: usize| turn[at].id.clone().unwrap();
    let mut events = session.events(&format!("?since={}", id(3))).await;
    events.expect("session").await;
    assert_eq!(events.next().await.unwrap(), turn[4]);

    let client = session.client.with("last-event-id", &id(10));
    let mut events = session.events_with(&format!("?since={}", id(3)), &client).await;
    events.expect("session").await;
    assert_eq!(events.next().await.unwrap(), turn[11]);

    let mut filtered = session.events(&format!("?since={}&events=state", id(3))).await;
    filtered.expect("session").await;
    assert_eq!(&filtered.next().await.unwrap(), turn.last().unwrap());
    gateway.stop().await;
}

/// The gap that a stream begins with, and the `state` after it.
async fn gap(events: &mut Events) -> (Gap, Event) {
    let gap = events.expect("gap").await;
    assert_eq!(gap.id, None, "a gap is no place to go on from");
    let gap: Gap = serde_json::from_str(&gap.data).unwrap();
    let state = events.expect("state").await;
    assert_eq!(state.id, Some(gap.to.to_string()), "the state is what the gap leads to");
    (gap, state)
}

async fn gap_after(session: &Session, id: &str) -> (Gap, Event) {
    let mut events = session.events_after(id).await;
    events.expect("session").await;
    let (gap, state) = gap(&mut events).await;
    assert_eq!(state.json(), session.state().await);
    session.start_turn("Hello").await;
    let turn = events.turn().await;
    assert_eq!(turn[0].seq(), state.seq() + 1, "then it goes on");
    (gap, state)
}

#[tokio::test]
async fn a_place_that_is_not_known_gives_a_gap() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let last: EventId = session.reply["lastEventId"].as_str().unwrap().parse().unwrap();
    let ahead = EventId { seq: last.seq + 1_000_000, ..last.clone() };
    let foreign = EventId { epoch: "another".into(), seq: 1 };
    let far = EventId { seq: u64::MAX, ..last.clone() };
    for (id, reason) in
        [(&foreign, GapReason::OtherEpoch), (&ahead, GapReason::Unknown), (&far, GapReason::Unknown)]
    {
        let (gap, _) = gap_after(&session, &id.to_string()).await;
        assert_eq!((&gap.from, gap.reason), (id, reason));
        assert_eq!(gap.to.epoch, last.epoch);
    }
    for nonsense in ["nonsense", ":", "1:2:3", "99999999999999999999999"] {
        assert_eq!(gap_after(&session, nonsense).await.0.reason, GapReason::OtherEpoch, "{nonsense}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_place_that_is_no_longer_kept_gives_a_gap() {
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
        assert_eq!(events.next().await.unwrap().seq(), seq, "what is kept is replayed");
    }
    gateway.codex().set_mode("normal");
    let (gap, _) = gap_after(&session, &first.to_string()).await;
    assert_eq!((gap.from, gap.reason), (first, GapReason::TooOld));
    gateway.stop().await;
}

#[tokio::test]
async fn a_reader_that_is_too_slow_is_told_so() {
    let gateway = Gateway::fake("flood").await;
    let session = gateway.create().await;
    let mut slow = session.live().await;
    let mut fast = session.live().await;
    session.start_turn("Hello").await;
    // The other one may be too slow as well, and get a state in between.
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
                "it begins where the reader was"
            );
            let state = slow.expect("state").await;
            assert_eq!(state.id, Some(gap.to.to_string()));
            (last, gaps) = (gap.to.seq, gaps + 1);
        } else {
            assert_eq!(event.seq(), last + 1, "between gaps nothing is missing");
            last = event.seq();
        }
    }
    assert!(gaps > 0, "a log of 4 MiB cannot keep all of it");

    gateway.codex().set_mode("normal");
    session.start_turn("And on").await;
    assert_eq!(slow.next().await.unwrap().seq(), turn.seq() + 1, "then it is live again");
    gateway.stop().await;
}

/// What a browser does: it takes the snapshot, goes on with the stream, and has what the gateway has.
#[tokio::test]
async fn a_snapshot_and_what_follows_it_give_the_conversation() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let snapshot = async || -> Snapshot {
        let reply = session.client.get(&session.path("/snapshot")).await;
        reply.ok();
        serde_json::from_slice(&reply.body).unwrap()
    };
    let mut live = session.live().await;
    session.start_turn("!standin reasoning, command, plan, patch, text").await;
    let mut snapshots = vec![snapshot().await];
    for method in
        ["item/reasoning/summaryTextDelta", "item/commandExecution/outputDelta", "turn/plan/updated"]
    {
        live.notification(method).await;
        snapshots.push(snapshot().await);
    }
    let state = live.find(|event| event.name == "state").await;
    let whole = snapshot().await;
    assert_eq!(Some(whole.at.to_string()), state.id);
    for Snapshot { at, mut transcript, .. } in snapshots {
        assert!(at.seq < whole.at.seq, "the snapshot should be taken under way");
        let mut events = session.events(&format!("?since={at}")).await;
        events.expect("session").await;
        fold(&mut transcript, &events.until(|event| event.id == state.id).await);
        // A state is no event of the fold: the place it stands at is all that it changes.
        transcript.as_of = whole.transcript.as_of;
        assert_eq!(transcript, whole.transcript, "from {at}");
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
async fn replies_and_the_stream_can_be_ordered() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let mut events =
        session.events(&format!("?since={}", session.reply["lastEventId"].as_str().unwrap())).await;
    events.expect("session").await;
    session.start_turn("Hello").await;
    let turn = events.turn().await;
    let reply = session.client.get(&session.path("/state")).await.ok();
    assert_eq!(json!(turn.last().unwrap().id), reply["lastEventId"]);
    gateway.stop().await;
}
