//! The file of a thread is gone, or damaged, while no process has the thread open.

use std::{
    fs,
    path::{Path, PathBuf},
};

use codex_gateway_wire::{Content, Transcript};

use super::{Codex, say, text, turn_of};
use crate::{
    support::{Gateway, Reader, Session, Setup, eventually, snapshot},
    threads_read::thread_of,
};

/// A gateway that parks soon.
async fn start(codex: Codex) -> Gateway {
    let setup = match codex {
        Codex::Fake => Setup::fake("counts"),
        Codex::Real => Setup::demo(),
    };
    setup.set("CODEX_GATEWAY_PARK_AFTER_MS", "500").start().await.settled().await
}

/// A session that has said something, and has no process.
async fn parked(codex: Codex, gateway: &Gateway) -> Session {
    let session = gateway.create().await;
    session.turn(&codex.short()).await;
    eventually("its process ends", || gateway.processes().is_empty()).await;
    session
}

/// The file of a session's thread.
fn file_of(codex: Codex, gateway: &Gateway, session: &Session) -> PathBuf {
    let root = match codex {
        Codex::Fake => gateway.data_dir().join("../fake/threads"),
        Codex::Real => gateway.data_dir().join("demo/codex-home/sessions"),
    };
    let thread = thread_of(session);
    let is_its = |path: &Path| {
        let name = path.file_stem().unwrap().to_str().unwrap();
        name.ends_with(&thread) && path.extension().is_some_and(|kind| kind == "json" || kind == "jsonl")
    };
    let found: Vec<PathBuf> = files(&root).into_iter().filter(|path| is_its(path)).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// What the agent has said and the gateway has told, in order.
fn lines(transcript: &Transcript) -> Vec<String> {
    let line = |content: &Content| match content {
        Content::Notice(notice) => Some(notice.message.clone()),
        _ => None,
    };
    transcript
        .entries
        .iter()
        .filter_map(|entry| text(entry).map(str::to_owned).or(line(&entry.content)))
        .collect()
}

async fn goes_on_without(codex: Codex) {
    let mut gateway = start(codex).await;
    let session = parked(codex, &gateway).await;
    let before = snapshot(&session).await.transcript;
    fs::remove_file(file_of(codex, &gateway, &session)).unwrap();
    let mut reader = Reader::of(&session).await;
    assert_eq!(reader.transcript.entries, before.entries, "the session shows what it has");

    let reply = say(&session, &codex.short()).await.ok();
    let warning = reader.until(|event| event.name == "warning").await.json();
    assert_eq!(warning["type"], "threadLost");
    reader.end_of(&turn_of(&reply)).await;
    let after = reader.has_what_the_gateway_has().await.transcript;
    let [said, told, again] = &lines(&after)[..] else { panic!("{after:?}") };
    assert_eq!((said, again), (&lines(&before)[0], &lines(&before)[0]));
    assert!(told.contains("does not remember what was said above"), "{told}");
    assert_ne!(after.thread_id, before.thread_id);
    assert_eq!((&after.title, after.turns.len()), (&before.title, 2));

    // It is told once, and it stays told.
    session.turn(&codex.short()).await;
    gateway.kill_and_start().await;
    let session = session.on(&gateway);
    session.turn(&codex.short()).await;
    let kept = lines(&snapshot(&session).await.transcript);
    assert_eq!(kept[..3], [said.clone(), told.clone(), again.clone()]);
    assert_eq!(kept.iter().filter(|line| line.contains("does not remember")).count(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn what_was_said_in_a_thread_that_is_gone_stays_and_its_loss_is_told() {
    goes_on_without(Codex::Fake).await;
}

#[tokio::test]
async fn what_was_said_in_a_thread_that_the_real_codex_has_lost_stays_and_its_loss_is_told() {
    goes_on_without(Codex::Real).await;
}

/// Who repairs it finds nothing overwritten: a thread that cannot be read is not given up.
#[tokio::test]
async fn a_thread_that_is_damaged_is_named_and_goes_on_once_it_is_repaired() {
    let gateway = start(Codex::Real).await;
    let session = parked(Codex::Real, &gateway).await;
    let before = snapshot(&session).await.transcript;
    let file = file_of(Codex::Real, &gateway, &session);
    let whole = fs::read(&file).unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    let marked = format!("\u{feff}{text}");
    let headless = text.split_once('\n').unwrap().1;
    for (damaged, how) in [
        ("", "is empty"),
        ("{\"half\": \"a li", "has no line that codex can read"),
        ("no JSON at all\n", "has no line that codex can read"),
        (headless, "does not start with session metadata"),
        (&marked, "begins with a byte order mark"),
    ] {
        fs::write(&file, damaged).unwrap();
        let error = say(&session, &Codex::Real.short()).await.refused(422, "thread_damaged");
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(error.contains(&format!("its file {name} {how}; restore the file, or go on")), "{error}");
        assert!(!error.contains('/'), "the paths of the machine help nobody: {error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), damaged);
        assert_eq!(snapshot(&session).await.transcript.entries, before.entries);
    }
    // All but the end of the last line, as a machine leaves it that loses its power.
    fs::write(&file, &whole[..whole.len() - 10]).unwrap();
    session.turn(&Codex::Real.short()).await;
    let after = snapshot(&session).await.transcript;
    assert_eq!((&after.thread_id, after.turns.len()), (&before.thread_id, 2));
    assert_eq!(lines(&after), ["ready", "ready"]);
    gateway.stop().await;
}
