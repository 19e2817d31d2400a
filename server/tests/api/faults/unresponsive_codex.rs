//! Codex processes that do not react, because of SIGSTOP.
//!
//! Interrupts work all the same, every request ends in bounded time, and the next message starts another process.

use codex_gateway_wire::{Phase, Transcript, codex::TurnStatus};
use serde_json::{Value, json};

use super::{Codex, send_message, turn_id};
use crate::{
    support::{Event, Gateway, Process, Reply, Session, Setup, TranscriptReader, eventually},
    threads_read::thread_ids,
};

async fn interrupt(session: &Session) -> Reply {
    session.client.post(&session.path("/turn/interrupt")).await
}

fn is_warning(event: &Event, kind: &str) -> bool {
    event.name == "warning" && event.json()["type"] == kind
}

/// Starts a turn whose command sleeps, and waits until it does. Returns the id of the turn.
async fn start_sleeping_turn(gateway: &Gateway, session: &Session, reader: &mut TranscriptReader) -> String {
    let turn = turn_id(&send_message(session, "!standin slow-command").await.ok());
    reader.until(|event| event.is_notification("item/commandExecution/outputDelta")).await;
    eventually("the command runs", || gateway.is_running("sleep 25")).await;
    turn
}

/// Freezes all codex processes. Returns all processes of the gateway.
fn freeze_codex(gateway: &Gateway) -> Vec<Process> {
    let all = gateway.processes();
    gateway.codex_processes().iter().for_each(Process::freeze);
    all
}

async fn wait_until_gone(processes: &[Process]) {
    eventually("the processes are gone", || processes.iter().all(|process| !process.is_alive())).await;
}

fn turn_status(transcript: &Transcript, turn: &str) -> TurnStatus {
    transcript.turn(&turn.into()).unwrap_or_else(|| panic!("there is no turn {turn}")).status
}

/// Waits until the session has an active turn.
async fn wait_until_busy(session: &Session) {
    while session.state().await["activeTurn"] != true {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn interrupt_of_unresponsive_process_replaces_it_and_the_queue_continues() {
    let gateway = Setup::demo().set("CODEX_GATEWAY_MAX_SESSIONS", "1").start().await.catalog_loaded().await;
    let session = gateway.create().await;
    let mut reader = TranscriptReader::open(&session).await;
    let turn = start_sleeping_turn(&gateway, &session, &mut reader).await;
    let queued = json!({ "prompt": Codex::Real.short_prompt(), "whenBusy": "queue" });
    assert_eq!(session.client.post_json(&session.path("/turn"), &queued).await.ok()["outcome"], "queued");
    let frozen = freeze_codex(&gateway);

    let reply = interrupt(&session).await.ok();
    assert_eq!(reply["state"]["lastTurnStatus"], "interrupted");
    let warning = reader.until(|event| is_warning(event, "stopForced")).await.json();
    assert_eq!(warning["message"], "Codex did not react to Stop. Its process was replaced.");
    assert_eq!(turn_status(&reader.transcript, &turn), TurnStatus::Interrupted);
    wait_until_gone(&frozen).await;

    // The queued message runs in another process.
    let completed = reader.until(|event| event.is_notification("turn/completed")).await.json();
    assert_eq!(completed["params"]["turn"]["status"], "completed", "{completed}");
    frozen.iter().for_each(Process::thaw);
    let kept = reader.assert_in_sync().await.transcript;
    assert!(kept.queue.is_empty());
    assert_eq!((kept.turns.len(), turn_status(&kept, &turn)), (2, TurnStatus::Interrupted));
    assert!(kept.entries.iter().all(|entry| entry.phase != Phase::Running), "{:?}", kept.entries);
    gateway.stop().await;
}

#[tokio::test]
async fn forced_interrupts_do_not_count_as_crashes_and_stop_a_turn_before_it_starts() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn(&Codex::Real.short_prompt()).await;
    let frozen = freeze_codex(&gateway);
    let sender = session.clone();
    let sent = tokio::spawn(async move { send_message(&sender, "Hello").await });
    wait_until_busy(&session).await;
    assert_eq!(interrupt(&session).await.ok()["state"]["activeTurn"], false);
    let refused = sent.await.unwrap().expect_error(504, "codex_timeout");
    assert!(refused.contains("codex did not react"), "{refused}");
    wait_until_gone(&frozen).await;
    let turn = session.run_turn(&Codex::Real.short_prompt()).await;
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");

    // More often than a process may crash between completed turns.
    for _ in 0..4 {
        let mut reader = TranscriptReader::open(&session).await;
        start_sleeping_turn(&gateway, &session, &mut reader).await;
        freeze_codex(&gateway);
        interrupt(&session).await.ok();
    }
    session.run_turn(&Codex::Real.short_prompt()).await;
    gateway.stop().await;
}

#[tokio::test]
async fn message_to_unresponsive_process_times_out_and_next_one_starts_another() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn(&Codex::Real.short_prompt()).await;
    let mut reader = TranscriptReader::open(&session).await;
    let frozen = freeze_codex(&gateway);
    let refused = send_message(&session, "Hello").await.expect_error(504, "codex_timeout");
    assert_eq!(refused, "codex did not react, so its process was ended; try again");
    let warning = reader.until(|event| is_warning(event, "processUnresponsive")).await.json();
    assert!(warning["message"].as_str().unwrap().contains("did not react"), "{warning}");
    wait_until_gone(&frozen).await;
    let turn = session.run_turn(&Codex::Real.short_prompt()).await;
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");
    gateway.stop().await;
}

#[tokio::test]
async fn steering_an_unresponsive_process_times_out_and_fails_the_turn() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = gateway.create().await;
    let mut reader = TranscriptReader::open(&session).await;
    let turn = start_sleeping_turn(&gateway, &session, &mut reader).await;
    let frozen = freeze_codex(&gateway);
    let steer = json!({ "prompt": "And this", "whenBusy": "steer" });
    session.client.post_json(&session.path("/turn"), &steer).await.expect_error(504, "codex_timeout");
    reader.until(|event| is_warning(event, "processUnresponsive")).await;
    assert_eq!(turn_status(&reader.transcript, &turn), TurnStatus::Failed);
    wait_until_gone(&frozen).await;
    gateway.stop().await;
}

#[tokio::test]
async fn threads_of_unresponsive_process_are_read_by_another() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn(&Codex::Real.short_prompt()).await;
    let before = thread_ids(&gateway.client.get("/api/threads").await.ok());
    let frozen = freeze_codex(&gateway);
    assert_eq!(thread_ids(&gateway.client.get("/api/threads").await.ok()), before);
    // That process also reads the session's own thread.
    let path = format!("/api/threads/{}", before[0]);
    let turns: Value = gateway.client.get(&path).await.ok()["thread"]["turns"].clone();
    assert_eq!(turns.as_array().unwrap().len(), 1);
    wait_until_gone(&frozen).await;
    gateway.stop().await;
}

#[tokio::test]
async fn sessions_with_unresponsive_processes_can_be_parked_deleted_and_shut_down() {
    let mut gateway =
        Setup::demo().set("CODEX_GATEWAY_PARK_AFTER_MS", "1000").start().await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn(&Codex::Real.short_prompt()).await;
    let frozen = freeze_codex(&gateway);
    eventually("the session is parked", || frozen.iter().all(|process| !process.is_alive())).await;
    session.run_turn(&Codex::Real.short_prompt()).await;

    let mut reader = TranscriptReader::open(&session).await;
    start_sleeping_turn(&gateway, &session, &mut reader).await;
    let frozen = freeze_codex(&gateway);
    session.delete().await;
    assert!(
        frozen.iter().all(|process| !process.is_alive()),
        "the processes are gone when the session is deleted"
    );

    let session = gateway.create().await;
    let mut reader = TranscriptReader::open(&session).await;
    start_sleeping_turn(&gateway, &session, &mut reader).await;
    gateway.client.get("/api/threads").await.ok();
    freeze_codex(&gateway);
    gateway.terminate();
    gateway.wait_for_clean_exit().await;
}

#[tokio::test]
async fn interrupt_kills_a_command_that_ignores_its_termination() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = gateway.create().await;
    let mut reader = TranscriptReader::open(&session).await;
    let turn = turn_id(&send_message(&session, "!standin stubborn-command").await.ok());
    reader.until(|event| event.is_notification("item/commandExecution/outputDelta")).await;
    eventually("the command runs", || gateway.is_running("sleep 27")).await;
    interrupt(&session).await.ok();
    eventually("the command exits", || {
        !gateway.processes().iter().any(|process| process.command.contains("sleep 27"))
    })
    .await;
    let kept = reader.assert_in_sync().await.transcript;
    assert_eq!(turn_status(&kept, &turn), TurnStatus::Interrupted);
    session.run_turn(&Codex::Real.short_prompt()).await;
    gateway.stop().await;
}
