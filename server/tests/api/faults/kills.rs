//! `kill -9`, of codex and of the gateway, at any moment of a turn.

use codex_gateway_wire::{Snapshot, Transcript, codex::TurnStatus};
use serde_json::Value;
use tokio::task::JoinSet;

use super::{Codex, say, text, turn_of, written};
use crate::support::{Chance, Gateway, Reader, Reply, Session, Setup, eventually, snapshot};

/// How long the turns are in which something is killed, in pieces. Each round has one.
const PIECES: usize = 40;
/// How many events such a turn has beside them, about.
const OTHERS: usize = 12;

#[tokio::test]
async fn codex_is_killed_at_any_moment_of_a_turn() {
    kill_codex(Codex::Fake, 36).await;
}

#[tokio::test]
async fn the_real_codex_is_killed_at_any_moment_of_a_turn() {
    kill_codex(Codex::Real, 7).await;
}

#[tokio::test]
async fn the_gateway_is_killed_at_any_moment_of_a_turn() {
    kill_gateway(Codex::Fake, 30).await;
}

#[tokio::test]
async fn the_gateway_of_the_real_codex_is_killed_at_any_moment_of_a_turn() {
    kill_gateway(Codex::Real, 7).await;
}

/// What the documentation promises: what streams is written down while it does, and not at its end.
#[tokio::test]
async fn what_streams_is_written_down_meanwhile() {
    let mut gateway = Codex::Fake.start().await;
    let session = gateway.create().await;
    let mut reader = Reader::of(&session).await;
    let turn = turn_of(&say(&session, "Count to 100000").await.ok());
    for _ in 0..3 {
        let told = reader.until(|event| event.is("item/agentMessage/delta")).await.seq();
        let database = gateway.database();
        while written(&database, &session) < told {
            reader.next().await.expect("the stream should go on");
        }
    }
    assert_eq!(reader.transcript.active_turn().map(|turn| turn.id.as_str()), Some(turn.as_str()));
    let written = written(&gateway.database(), &session);
    gateway.kill_and_start().await;
    let kept = snapshot(&session.on(&gateway)).await;
    assert_kept(&reader, &kept, written);
    assert!(kept.transcript.entries.iter().filter_map(text).all(|text| !text.is_empty()));
    gateway.stop().await;
}

/// Begins a turn and reads so many events of it, or all.
async fn begin(codex: Codex, reader: &mut Reader, session: &Session, events: usize) -> Begun {
    let (sender, prompt) = (session.again(), codex.long(PIECES));
    let reply = tokio::spawn(async move { say(&sender, &prompt).await });
    for _ in 0..events {
        if reader.next().await.expect("the stream should go on").is("turn/completed") {
            break;
        }
    }
    reply
}

/// A message that was sent.
type Begun = tokio::task::JoinHandle<Reply>;

async fn kill_codex(codex: Codex, rounds: usize) {
    let mut chance = Chance::new();
    let gateway = codex.start().await;
    let session = gateway.create().await;
    let mut reader = Reader::of(&session).await;
    for round in 0..rounds {
        let reply = begin(codex, &mut reader, &session, chance.number(0..PIECES + OTHERS)).await;
        eventually("it has a process", || !gateway.codexes().is_empty()).await;
        let killed = gateway.processes();
        for process in gateway.codexes() {
            process.kill();
        }
        let reply = reply.await.unwrap();
        let turn = if reply.status == 200 {
            Some(turn_of(&reply.json()))
        } else {
            // It was killed before it had taken the message: whoever sent it knows.
            reply.refused(503, "codex_unavailable");
            None
        };
        // If it was killed before the message came, another one took that, and goes on.
        let (mut exited, mut ended) = (false, turn.is_none());
        while !(exited && ended) {
            let event = reader.next().await.expect("the stream should go on");
            exited |= event.name == "warning" && event.json()["type"] == "processExited";
            let record = turn.as_deref().and_then(|turn| reader.transcript.turn(&turn.into()));
            ended |= record.is_some_and(|record| record.status != TurnStatus::InProgress);
        }
        eventually("all that it started ends", || killed.iter().all(|process| !process.is_alive())).await;

        // The next message goes on.
        let reply = say(&session, &codex.short()).await.ok();
        reader.end_of(&turn_of(&reply)).await;
        let snapshot = reader.has_what_the_gateway_has().await;
        assert!(reader.gaps.is_empty(), "round {round}: {:?}", reader.gaps);
        assert_told(&reader, &snapshot.transcript);
    }
    gateway.stop().await;
}

/// What was told piece by piece is what the gateway has.
fn assert_told(reader: &Reader, kept: &Transcript) {
    for (id, told) in &reader.messages {
        let entry = kept.entries.get(&id.as_str().into()).unwrap_or_else(|| panic!("{id} is lost"));
        assert_eq!(text(entry), Some(told.as_str()), "{id}");
    }
}

async fn kill_gateway(codex: Codex, rounds: usize) {
    let mut chance = Chance::new();
    let mut gateway = codex.start().await;
    // One that has said something, and one that has not.
    let others = [gateway.create().await, gateway.create().await];
    others[0].turn(&codex.short()).await;
    let mut session = gateway.create().await;
    let mut all: Vec<String> = others.iter().chain([&session]).map(|session| session.id.clone()).collect();
    all.sort();
    for _ in 0..rounds {
        let mut reader = Reader::of(&session).await;
        let reply = begin(codex, &mut reader, &session, chance.number(0..PIECES + OTHERS)).await;
        let codex_too = chance.one_in(4);
        let left = gateway.processes();
        if codex_too {
            gateway.codexes().iter().for_each(crate::support::Process::kill);
        }
        let written = written(&gateway.database(), &session);
        gateway.kill_and_start().await;
        reply.abort();
        while reader.next().await.is_some() {} // What was on its way when it was killed.
        eventually("nothing of it is left", || left.iter().all(|process| !process.is_alive())).await;

        session = session.on(&gateway);
        let kept = snapshot(&session).await;
        assert_kept(&reader, &kept, written);
        assert_eq!(listed(&gateway).await, all);

        // A client that goes on where it was is told that it cannot, and where things stand.
        let mut events = session.events_after(&reader.last.to_string()).await;
        events.expect("session").await;
        assert_eq!(events.expect("gap").await.json()["reason"], "otherEpoch");
        events.expect("state").await;

        let mut reader = Reader::of(&session).await;
        let reply = say(&session, &codex.short()).await.ok();
        reader.end_of(&turn_of(&reply)).await;
        let after = reader.has_what_the_gateway_has().await;
        assert_goes_on(&kept.transcript, &after.transcript);
    }
    gateway.stop().await;
}

/// The ids of all sessions that there are, in their order.
async fn listed(gateway: &Gateway) -> Vec<String> {
    let reply = gateway.client.get("/api/sessions").await.ok();
    let sessions = reply["sessions"].as_array().unwrap().iter();
    let mut ids: Vec<String> = sessions.map(|session| session["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// Whoever was told of a session finds it.
#[tokio::test]
async fn the_gateway_is_killed_while_sessions_are_made() {
    let mut chance = Chance::new();
    let mut gateway = Setup::fake("counts").set("CODEX_GATEWAY_MAX_SESSIONS", "100").start().await;
    let mut told: Vec<String> = Vec::new();
    for _ in 0..6 {
        let mut creating = JoinSet::new();
        for _ in 0..4 {
            let client = gateway.client.clone();
            creating.spawn(async move { client.open("POST", "/api/sessions", &[]).await.whole().await });
        }
        for _ in 0..chance.number(0..4) {
            told.push(created(creating.join_next().await.unwrap().unwrap()).expect("nothing was killed yet"));
        }
        gateway.kill_and_start().await;
        // A reply that was on its way may still have come, or a half of it.
        while let Some(reply) = creating.join_next().await {
            told.extend(reply.ok().and_then(created));
        }
        let listed = listed(&gateway).await;
        for id in &told {
            assert!(listed.contains(id), "{id} is lost");
            gateway.client.get(&format!("/api/sessions/{id}/snapshot")).await.ok();
        }
    }
    gateway.stop().await;
}

/// The session of a reply, if it came.
fn created(reply: Reply) -> Option<String> {
    let body: Value = serde_json::from_slice(&reply.body).ok()?;
    body["sessionId"].as_str().map(str::to_owned)
}

/// What was written down is there, as it was told, and what is there was told so.
fn assert_kept(reader: &Reader, kept: &Snapshot, written: u64) {
    let transcript = &kept.transcript;
    for entry in reader.transcript.entries.iter().filter(|entry| entry.as_of <= written) {
        let there = transcript.entries.get(&entry.id).unwrap_or_else(|| panic!("{} is lost", entry.id));
        assert!(there.as_of >= entry.as_of, "{}: {} and {}", entry.id, there.as_of, entry.as_of);
    }
    for (id, told) in &reader.messages {
        let there = transcript.entries.get(&id.as_str().into()).and_then(text);
        let promised = reader.length_at(id, written);
        let Some(there) = there else {
            assert_eq!(promised, None, "{id} is lost");
            continue;
        };
        assert!(there.len() >= promised.unwrap_or(0), "{id}: {there:?}, and {written} was written");
        assert!(there.starts_with(told) || told.starts_with(there), "{id}: {there:?} was told as {told:?}");
    }
    for turn in &transcript.turns {
        assert_ne!(turn.status, TurnStatus::InProgress, "nobody is at work any more: {turn:?}");
    }
    assert!(transcript.queue.is_empty());
}

/// What was there is still there.
fn assert_goes_on(before: &Transcript, after: &Transcript) {
    for entry in before.entries.iter() {
        assert_eq!(after.entries.get(&entry.id), Some(entry));
    }
    assert!(after.entries.iter().count() > before.entries.iter().count());
}
