//! Thread files that are removed or damaged while no process has the thread open.

use std::{
    fs,
    path::{Path, PathBuf},
};

use codex_gateway_wire::{Content, Transcript};

use super::{Codex, agent_text, send_message, turn_id};
use crate::{
    support::{Gateway, Session, Setup, TranscriptReader, eventually, snapshot},
    threads_read::thread_id,
};

/// Starts a gateway that parks sessions soon.
async fn start(codex: Codex) -> Gateway {
    let setup = match codex {
        Codex::Fake => Setup::fake("counts"),
        Codex::Real => Setup::demo(),
    };
    setup.set("CODEX_GATEWAY_PARK_AFTER_MS", "500").start().await.catalog_loaded().await
}

/// Creates a session with one turn, and waits until it is parked.
async fn parked_session(codex: Codex, gateway: &Gateway) -> Session {
    let session = gateway.create().await;
    session.run_turn(&codex.short_prompt()).await;
    eventually("its process exits", || gateway.processes().is_empty()).await;
    session
}

/// Returns the file of a session's thread.
fn thread_file(codex: Codex, gateway: &Gateway, session: &Session) -> PathBuf {
    let root = match codex {
        Codex::Fake => gateway.data_dir().join("../fake/threads"),
        Codex::Real => gateway.data_dir().join("demo/codex-home/sessions"),
    };
    let thread = thread_id(session);
    let is_match = |path: &Path| {
        let name = path.file_stem().unwrap().to_str().unwrap();
        name.ends_with(&thread) && path.extension().is_some_and(|kind| kind == "json" || kind == "jsonl")
    };
    let found: Vec<PathBuf> = files(&root).into_iter().filter(|path| is_match(path)).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Returns the texts of the agent and the notices of the gateway, in order.
fn lines(transcript: &Transcript) -> Vec<String> {
    let line = |content: &Content| match content {
        Content::Notice(notice) => Some(notice.message.clone()),
        _ => None,
    };
    transcript
        .entries
        .iter()
        .filter_map(|entry| agent_text(entry).map(str::to_owned).or(line(&entry.content)))
        .collect()
}

async fn assert_continues_in_a_new_thread(codex: Codex) {
    let mut gateway = start(codex).await;
    let session = parked_session(codex, &gateway).await;
    let before = snapshot(&session).await.transcript;
    fs::remove_file(thread_file(codex, &gateway, &session)).unwrap();
    let mut reader = TranscriptReader::open(&session).await;
    assert_eq!(reader.transcript.entries, before.entries, "the session still has its transcript");

    let reply = send_message(&session, &codex.short_prompt()).await.ok();
    let warning = reader.until(|event| event.name == "warning").await.json();
    assert_eq!(warning["type"], "threadLost");
    reader.until_turn_end(&turn_id(&reply)).await;
    let after = reader.assert_in_sync().await.transcript;
    let [answer, notice, again] = &lines(&after)[..] else { panic!("{after:?}") };
    assert_eq!((answer, again), (&lines(&before)[0], &lines(&before)[0]));
    assert!(notice.contains("does not remember what was said above"), "{notice}");
    assert_ne!(after.thread_id, before.thread_id);
    assert_eq!((&after.title, after.turns.len()), (&before.title, 2));

    // The notice appears once, and is kept across a restart.
    session.run_turn(&codex.short_prompt()).await;
    gateway.kill_and_restart().await;
    let session = session.via(&gateway);
    session.run_turn(&codex.short_prompt()).await;
    let kept = lines(&snapshot(&session).await.transcript);
    assert_eq!(kept[..3], [answer.clone(), notice.clone(), again.clone()]);
    assert_eq!(kept.iter().filter(|line| line.contains("does not remember")).count(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn session_with_missing_thread_keeps_its_transcript_and_warns() {
    assert_continues_in_a_new_thread(Codex::Fake).await;
}

#[tokio::test]
async fn session_with_missing_thread_of_the_real_codex_keeps_its_transcript_and_warns() {
    assert_continues_in_a_new_thread(Codex::Real).await;
}

/// A damaged thread is neither replaced nor overwritten, so that it can be repaired.
#[tokio::test]
async fn damaged_thread_is_reported_and_usable_after_repair() {
    let gateway = start(Codex::Real).await;
    let session = parked_session(Codex::Real, &gateway).await;
    let before = snapshot(&session).await.transcript;
    let file = thread_file(Codex::Real, &gateway, &session);
    let intact = fs::read(&file).unwrap();
    let text = String::from_utf8(intact.clone()).unwrap();
    let with_byte_order_mark = format!("\u{feff}{text}");
    let headless = text.split_once('\n').unwrap().1;
    for (damaged, how) in [
        ("", "is empty"),
        ("{\"half\": \"a li", "has no line that codex can read"),
        ("no JSON at all\n", "has no line that codex can read"),
        (headless, "does not start with session metadata"),
        (&with_byte_order_mark, "begins with a byte order mark"),
    ] {
        fs::write(&file, damaged).unwrap();
        let error =
            send_message(&session, &Codex::Real.short_prompt()).await.expect_error(422, "thread_damaged");
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(error.contains(&format!("its file {name} {how}; restore the file, or go on")), "{error}");
        assert!(!error.contains('/'), "the error must not have paths of the machine: {error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), damaged);
        assert_eq!(snapshot(&session).await.transcript.entries, before.entries);
    }
    // A truncated last line, as after a power failure.
    fs::write(&file, &intact[..intact.len() - 10]).unwrap();
    session.run_turn(&Codex::Real.short_prompt()).await;
    let after = snapshot(&session).await.transcript;
    assert_eq!((&after.thread_id, after.turns.len()), (&before.thread_id, 2));
    assert_eq!(lines(&after), ["ready", "ready"]);
    gateway.stop().await;
}
