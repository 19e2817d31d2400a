//! A codex process that does not react any more: it was stopped (SIGSTOP), or is stuck. Stop works all the same, every
//! request ends in a bounded time, and the next message starts another process.

use codex_gateway_wire::{Phase, Transcript, codex::TurnStatus};
use serde_json::{Value, json};

use super::{Codex, say, turn_of};
use crate::{
    support::{Event, Gateway, Process, Reader, Reply, Session, Setup, eventually},
    threads_read::ids,
};

async fn interrupt(session: &Session) -> Reply {
    session.client.post(&session.path("/turn/interrupt")).await
}

fn is_warning(event: &Event, kind: &str) -> bool {
    event.name == "warning" && event.json()["type"] == kind
}

/// Begins a turn whose command sleeps, and waits until it does.
async fn begin_sleeping(gateway: &Gateway, session: &Session, reader: &mut Reader) -> String {
    let turn = turn_of(&say(session, "!standin slow-command").await.ok());
    reader.until(|event| event.is("item/commandExecution/outputDelta")).await;
    eventually("the command runs", || gateway.runs("sleep 25")).await;
    turn
}

/// Lets all codex processes hang; all processes that there were.
fn freeze(gateway: &Gateway) -> Vec<Process> {
    let all = gateway.processes();
    gateway.codexes().iter().for_each(Process::freeze);
    all
}

async fn gone(processes: &[Process]) {
    eventually("the processes are gone", || processes.iter().all(|process| !process.is_alive())).await;
}

fn status(transcript: &Transcript, turn: &str) -> TurnStatus {
    transcript.turn(&turn.into()).unwrap_or_else(|| panic!("{turn} is not there")).status
}

/// Waits until the session says that a turn is active.
async fn busy(session: &Session) {
    while session.state().await["activeTurn"] != true {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn stop_of_a_turn_whose_process_hangs_replaces_it_and_the_queue_goes_on() {
    let gateway = Setup::demo().set("CODEX_GATEWAY_MAX_SESSIONS", "1").start().await.settled().await;
    let session = gateway.create().await;
    let mut reader = Reader::of(&session).await;
    let turn = begin_sleeping(&gateway, &session, &mut reader).await;
    let queued = json!({ "prompt": Codex::Real.short(), "whenBusy": "queue" });
    assert_eq!(session.client.post_json(&session.path("/turn"), &queued).await.ok()["outcome"], "queued");
    let hung = freeze(&gateway);

    let reply = interrupt(&session).await.ok();
    assert_eq!(reply["state"]["lastTurnStatus"], "interrupted");
    let warning = reader.until(|event| is_warning(event, "stopForced")).await.json();
    assert_eq!(warning["message"], "Codex did not react to Stop. Its process was replaced.");
    assert_eq!(status(&reader.transcript, &turn), TurnStatus::Interrupted);
    gone(&hung).await;

    // The message of the queue, in another process.
    let completed = reader.until(|event| event.is("turn/completed")).await.json();
    assert_eq!(completed["params"]["turn"]["status"], "completed", "{completed}");
    hung.iter().for_each(Process::thaw);
    let kept = reader.has_what_the_gateway_has().await.transcript;
    assert!(kept.queue.is_empty());
    assert_eq!((kept.turns.len(), status(&kept, &turn)), (2, TurnStatus::Interrupted));
    assert!(kept.entries.iter().all(|entry| entry.phase != Phase::Running), "{:?}", kept.entries);
    gateway.stop().await;
}

#[tokio::test]
async fn stop_by_force_is_no_crash_however_often_and_stops_a_turn_before_it_begins() {
    let gateway = Gateway::demo().await.settled().await;
    let session = gateway.create().await;
    session.turn(&Codex::Real.short()).await;
    let hung = freeze(&gateway);
    let sender = session.again();
    let sent = tokio::spawn(async move { say(&sender, "Hello").await });
    busy(&session).await;
    assert_eq!(interrupt(&session).await.ok()["state"]["activeTurn"], false);
    let refused = sent.await.unwrap().refused(504, "codex_timeout");
    assert!(refused.contains("codex did not react"), "{refused}");
    gone(&hung).await;
    let turn = session.turn(&Codex::Real.short()).await;
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");

    // More often than a process may crash without a completed turn between.
    for _ in 0..4 {
        let mut reader = Reader::of(&session).await;
        begin_sleeping(&gateway, &session, &mut reader).await;
        freeze(&gateway);
        interrupt(&session).await.ok();
    }
    session.turn(&Codex::Real.short()).await;
    gateway.stop().await;
}

#[tokio::test]
async fn message_to_a_process_that_hangs_is_refused_and_the_next_one_starts_another() {
    let gateway = Gateway::demo().await.settled().await;
    let session = gateway.create().await;
    session.turn(&Codex::Real.short()).await;
    let mut reader = Reader::of(&session).await;
    let hung = freeze(&gateway);
    let refused = say(&session, "Hello").await.refused(504, "codex_timeout");
    assert_eq!(refused, "codex did not react, so its process was ended; try again");
    let warning = reader.until(|event| is_warning(event, "processUnresponsive")).await.json();
    assert!(warning["message"].as_str().unwrap().contains("did not react"), "{warning}");
    gone(&hung).await;
    let turn = session.turn(&Codex::Real.short()).await;
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");
    gateway.stop().await;
}

#[tokio::test]
async fn message_to_a_turn_whose_process_hangs_is_refused_and_the_turn_has_failed() {
    let gateway = Gateway::demo().await.settled().await;
    let session = gateway.create().await;
    let mut reader = Reader::of(&session).await;
    let turn = begin_sleeping(&gateway, &session, &mut reader).await;
    let hung = freeze(&gateway);
    let steer = json!({ "prompt": "And this", "whenBusy": "steer" });
    session.client.post_json(&session.path("/turn"), &steer).await.refused(504, "codex_timeout");
    reader.until(|event| is_warning(event, "processUnresponsive")).await;
    assert_eq!(status(&reader.transcript, &turn), TurnStatus::Failed);
    gone(&hung).await;
    gateway.stop().await;
}

#[tokio::test]
async fn thread_list_of_a_process_that_hangs_comes_from_another() {
    let gateway = Gateway::demo().await.settled().await;
    let session = gateway.create().await;
    session.turn(&Codex::Real.short()).await;
    let before = ids(&gateway.client.get("/api/threads").await.ok());
    let hung = freeze(&gateway);
    assert_eq!(ids(&gateway.client.get("/api/threads").await.ok()), before);
    // What the session's own process does not tell, that one tells, too.
    let path = format!("/api/threads/{}", before[0]);
    let turns: Value = gateway.client.get(&path).await.ok()["thread"]["turns"].clone();
    assert_eq!(turns.as_array().unwrap().len(), 1);
    gone(&hung).await;
    gateway.stop().await;
}

#[tokio::test]
async fn sessions_whose_processes_hang_are_deleted_parked_and_end_with_the_gateway() {
    let mut gateway = Setup::demo().set("CODEX_GATEWAY_PARK_AFTER_MS", "1000").start().await.settled().await;
    let session = gateway.create().await;
    session.turn(&Codex::Real.short()).await;
    let hung = freeze(&gateway);
    eventually("the session is parked", || hung.iter().all(|process| !process.is_alive())).await;
    session.turn(&Codex::Real.short()).await;

    let mut reader = Reader::of(&session).await;
    begin_sleeping(&gateway, &session, &mut reader).await;
    let hung = freeze(&gateway);
    session.delete().await;
    assert!(hung.iter().all(|process| !process.is_alive()), "they are gone when it is answered");

    let session = gateway.create().await;
    let mut reader = Reader::of(&session).await;
    begin_sleeping(&gateway, &session, &mut reader).await;
    gateway.client.get("/api/threads").await.ok();
    freeze(&gateway);
    gateway.terminate();
    gateway.ended().await;
}

#[tokio::test]
async fn stop_ends_a_command_that_ignores_its_termination() {
    let gateway = Gateway::demo().await.settled().await;
    let session = gateway.create().await;
    let mut reader = Reader::of(&session).await;
    let turn = turn_of(&say(&session, "!standin stubborn-command").await.ok());
    reader.until(|event| event.is("item/commandExecution/outputDelta")).await;
    eventually("the command runs", || gateway.runs("sleep 27")).await;
    interrupt(&session).await.ok();
    eventually("the command ends", || {
        !gateway.processes().iter().any(|one| one.command.contains("sleep 27"))
    })
    .await;
    let kept = reader.has_what_the_gateway_has().await.transcript;
    assert_eq!(status(&kept, &turn), TurnStatus::Interrupted);
    session.turn(&Codex::Real.short()).await;
    gateway.stop().await;
}
