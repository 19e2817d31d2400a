//! SIGKILL of codex and of the gateway, at random moments of a turn.

use codex_gateway_wire::{Snapshot, Transcript, codex::TurnStatus};
use serde_json::Value;
use tokio::task::JoinSet;

use super::{Codex, agent_text, send_message, stored_seq, turn_id};
use crate::support::{Gateway, Reply, SeededRng, Session, Setup, TranscriptReader, eventually, snapshot};

/// Number of deltas in a turn during which a process is killed. Each round has one such turn.
const DELTAS: usize = 40;
/// Approximate number of other events in such a turn.
const OTHER_EVENTS: usize = 12;

#[tokio::test]
async fn killed_codex_loses_no_received_text() {
    kill_codex(Codex::Fake, 36).await;
}

#[tokio::test]
async fn killed_real_codex_loses_no_received_text() {
    kill_codex(Codex::Real, 7).await;
}

#[tokio::test]
async fn killed_gateway_loses_no_stored_text() {
    kill_gateway(Codex::Fake, 30).await;
}

#[tokio::test]
async fn killed_gateway_of_the_real_codex_loses_no_stored_text() {
    kill_gateway(Codex::Real, 7).await;
}

/// As documented: streamed text is stored while it streams, and not only at its end.
#[tokio::test]
async fn streamed_text_is_stored_during_the_turn() {
    let mut gateway = Codex::Fake.start().await;
    let session = gateway.create().await;
    let mut reader = TranscriptReader::open(&session).await;
    let turn = turn_id(&send_message(&session, "Count to 100000").await.ok());
    for _ in 0..3 {
        let received = reader.until(|event| event.is_notification("item/agentMessage/delta")).await.seq();
        let database = gateway.database();
        while stored_seq(&database, &session) < received {
            reader.next().await.expect("the stream should continue");
        }
    }
    assert_eq!(reader.transcript.active_turn().map(|turn| turn.id.as_str()), Some(turn.as_str()));
    let written = stored_seq(&gateway.database(), &session);
    gateway.kill_and_restart().await;
    let kept = snapshot(&session.via(&gateway)).await;
    assert_kept(&reader, &kept, written);
    assert!(kept.transcript.entries.iter().filter_map(agent_text).all(|text| !text.is_empty()));
    gateway.stop().await;
}

/// Starts a turn and reads `events` events of it, or fewer if it completes before.
async fn start_turn(
    codex: Codex,
    reader: &mut TranscriptReader,
    session: &Session,
    events: usize,
) -> PendingReply {
    let (sender, prompt) = (session.clone(), codex.long_prompt(DELTAS));
    let reply = tokio::spawn(async move { send_message(&sender, &prompt).await });
    for _ in 0..events {
        if reader.next().await.expect("the stream should continue").is_notification("turn/completed") {
            break;
        }
    }
    reply
}

/// The pending reply to a message.
type PendingReply = tokio::task::JoinHandle<Reply>;

async fn kill_codex(codex: Codex, rounds: usize) {
    let mut rng = SeededRng::new();
    let gateway = codex.start().await;
    let session = gateway.create().await;
    let mut reader = TranscriptReader::open(&session).await;
    for round in 0..rounds {
        let reply = start_turn(codex, &mut reader, &session, rng.in_range(0..DELTAS + OTHER_EVENTS)).await;
        eventually("the session has a process", || !gateway.codex_processes().is_empty()).await;
        let killed = gateway.processes();
        for process in gateway.codex_processes() {
            process.kill();
        }
        let reply = reply.await.unwrap();
        let turn = if reply.status == 200 {
            Some(turn_id(&reply.json()))
        } else {
            // The process was killed before it had accepted the message. The client gets an error.
            reply.expect_error(503, "codex_unavailable");
            None
        };
        // If the process was killed before the message was sent, another one has accepted it and continues.
        let (mut exited, mut ended) = (false, turn.is_none());
        while !(exited && ended) {
            let event = reader.next().await.expect("the stream should continue");
            exited |= event.name == "warning" && event.json()["type"] == "processExited";
            let record = turn.as_deref().and_then(|turn| reader.transcript.turn(&turn.into()));
            ended |= record.is_some_and(|record| record.status != TurnStatus::InProgress);
        }
        eventually("all killed processes are gone", || killed.iter().all(|process| !process.is_alive()))
            .await;

        // The next message works.
        let reply = send_message(&session, &codex.short_prompt()).await.ok();
        reader.until_turn_end(&turn_id(&reply)).await;
        let snapshot = reader.assert_in_sync().await;
        assert!(reader.gaps.is_empty(), "round {round}: {:?}", reader.gaps);
        assert_received(&reader, &snapshot.transcript);
    }
    gateway.stop().await;
}

/// Asserts that the gateway has the messages that the reader received as deltas.
fn assert_received(reader: &TranscriptReader, kept: &Transcript) {
    for (id, received) in &reader.messages {
        let entry = kept.entries.get(&id.as_str().into()).unwrap_or_else(|| panic!("{id} is lost"));
        assert_eq!(agent_text(entry), Some(received.as_str()), "{id}");
    }
}

async fn kill_gateway(codex: Codex, rounds: usize) {
    let mut rng = SeededRng::new();
    let mut gateway = codex.start().await;
    // One session with a turn, and one without.
    let others = [gateway.create().await, gateway.create().await];
    others[0].run_turn(&codex.short_prompt()).await;
    let mut session = gateway.create().await;
    let mut all: Vec<String> = others.iter().chain([&session]).map(|session| session.id.clone()).collect();
    all.sort();
    for _ in 0..rounds {
        let mut reader = TranscriptReader::open(&session).await;
        let reply = start_turn(codex, &mut reader, &session, rng.in_range(0..DELTAS + OTHER_EVENTS)).await;
        let codex_too = rng.one_in(4);
        let orphaned = gateway.processes();
        if codex_too {
            gateway.codex_processes().iter().for_each(crate::support::Process::kill);
        }
        let written = stored_seq(&gateway.database(), &session);
        gateway.kill_and_restart().await;
        reply.abort();
        while reader.next().await.is_some() {} // Events that were sent before the kill.
        eventually("no process of the killed gateway is left", || {
            orphaned.iter().all(|process| !process.is_alive())
        })
        .await;

        session = session.via(&gateway);
        let kept = snapshot(&session).await;
        assert_kept(&reader, &kept, written);
        assert_eq!(list_session_ids(&gateway).await, all);

        // A client that resumes its old stream gets a gap and the current state.
        let mut events = session.events_after(&reader.last.to_string()).await;
        events.expect("session").await;
        assert_eq!(events.expect("gap").await.json()["reason"], "otherEpoch");
        events.expect("state").await;

        let mut reader = TranscriptReader::open(&session).await;
        let reply = send_message(&session, &codex.short_prompt()).await.ok();
        reader.until_turn_end(&turn_id(&reply)).await;
        let after = reader.assert_in_sync().await;
        assert_extends(&kept.transcript, &after.transcript);
    }
    gateway.stop().await;
}

/// Returns the ids of all sessions, sorted.
async fn list_session_ids(gateway: &Gateway) -> Vec<String> {
    let reply = gateway.client.get("/api/sessions").await.ok();
    let sessions = reply["sessions"].as_array().unwrap().iter();
    let mut ids: Vec<String> = sessions.map(|session| session["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// Every session whose creation was answered exists after the kill.
#[tokio::test]
async fn killed_gateway_loses_no_created_session() {
    let mut rng = SeededRng::new();
    let mut gateway = Setup::fake("counts").set("CODEX_GATEWAY_MAX_SESSIONS", "100").start().await;
    let mut created: Vec<String> = Vec::new();
    for _ in 0..6 {
        let mut creating = JoinSet::new();
        for _ in 0..4 {
            let client = gateway.client.clone();
            creating.spawn(async move { client.open("POST", "/api/sessions", &[]).await.into_reply().await });
        }
        for _ in 0..rng.in_range(0..4) {
            created.push(
                session_id(creating.join_next().await.unwrap().unwrap()).expect("the gateway is running"),
            );
        }
        gateway.kill_and_restart().await;
        // Replies that were sent before the kill may arrive, complete or truncated.
        while let Some(reply) = creating.join_next().await {
            created.extend(reply.ok().and_then(session_id));
        }
        let listed = list_session_ids(&gateway).await;
        for id in &created {
            assert!(listed.contains(id), "{id} is lost");
            gateway.client.get(&format!("/api/sessions/{id}/snapshot")).await.ok();
        }
    }
    gateway.stop().await;
}

/// Returns the session id of a reply. `None` if the reply is truncated.
fn session_id(reply: Reply) -> Option<String> {
    let body: Value = serde_json::from_slice(&reply.body).ok()?;
    body["sessionId"].as_str().map(str::to_owned)
}

/// Asserts that stored entries are restored as the reader received them, and that nothing else appears in them.
fn assert_kept(reader: &TranscriptReader, kept: &Snapshot, written: u64) {
    let transcript = &kept.transcript;
    for entry in reader.transcript.entries.iter().filter(|entry| entry.as_of <= written) {
        let restored = transcript.entries.get(&entry.id).unwrap_or_else(|| panic!("{} is lost", entry.id));
        assert!(restored.as_of >= entry.as_of, "{}: {} and {}", entry.id, restored.as_of, entry.as_of);
    }
    for (id, received) in &reader.messages {
        let restored = transcript.entries.get(&id.as_str().into()).and_then(agent_text);
        let stored_length = reader.message_length_at(id, written);
        let Some(restored) = restored else {
            assert_eq!(stored_length, None, "{id} is lost");
            continue;
        };
        assert!(restored.len() >= stored_length.unwrap_or(0), "{id}: {restored:?}, and {written} was stored");
        assert!(
            restored.starts_with(received) || received.starts_with(restored),
            "{id}: {restored:?} was received as {received:?}"
        );
    }
    for turn in &transcript.turns {
        assert_ne!(turn.status, TurnStatus::InProgress, "no turn is running after a restart: {turn:?}");
    }
    assert!(transcript.queue.is_empty());
}

/// Asserts that all entries of `before` are unchanged in `after`, which has more.
fn assert_extends(before: &Transcript, after: &Transcript) {
    for entry in before.entries.iter() {
        assert_eq!(after.entries.get(&entry.id), Some(entry));
    }
    assert!(after.entries.iter().count() > before.entries.iter().count());
}
