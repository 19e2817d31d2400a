//! A store that cannot be written: because the disk is full, because it is read-only, because somebody keeps it locked.
//! The gateway goes on, and writes everything down once it can.

use codex_gateway_wire::transcript::Content;
use serde_json::json;

use super::{all_written, say, text, turn_of};
use crate::{
    support::{Disk, Gateway, Reader, Session, Setup, Unchangeable, eventually, snapshot},
    uploads,
};

/// How large the disks are, in KiB: room for the store, and not for much else.
const SIZE: usize = 2048;

/// A fake codex whose gateway has its files there.
fn on(disk: &Disk) -> Setup {
    Setup::fake("counts").set("CODEX_GATEWAY_DATA_DIR", disk.path())
}

/// Sessions that have said something, each with its reader.
async fn sessions(gateway: &Gateway, count: usize) -> Vec<(Session, Reader)> {
    let mut sessions = Vec::new();
    for _ in 0..count {
        let session = gateway.create().await;
        session.turn("Count to 2").await;
        let reader = Reader::of(&session).await;
        sessions.push((session, reader));
    }
    sessions
}

/// How many files of images there are.
fn uploaded(disk: &Disk) -> usize {
    std::fs::read_dir(disk.path().join("uploads")).map_or(0, Iterator::count)
}

/// How often a reader was told something.
fn told(reader: &Reader, what: &str) -> usize {
    let entries = reader.transcript.entries.iter();
    let told = entries
        .filter(|entry| matches!(&entry.content, Content::Notice(notice) if notice.message.contains(what)));
    told.count()
}

/// Each reader is told, once, that nothing can be written.
async fn told_that_nothing_is_kept(sessions: &mut [(Session, Reader)]) {
    for (_, reader) in sessions {
        while told(reader, "cannot write") == 0 {
            reader.next().await.expect("the stream should go on");
        }
    }
}

/// Each reader is told, once, that all is written down again.
async fn told_that_it_is_kept(sessions: &mut [(Session, Reader)]) {
    for (_, reader) in sessions {
        while told(reader, "written down again") == 0 {
            reader.next().await.expect("the stream should go on");
        }
        assert_eq!((told(reader, "cannot write"), told(reader, "written down again")), (1, 1), "once each");
    }
}

/// A turn in each of them, while nothing can be written: nothing of it is lost to those who read it.
async fn go_on(sessions: &mut [(Session, Reader)]) {
    for (session, reader) in sessions {
        let reply = say(session, "Count to 60").await.ok();
        reader.end_of(&turn_of(&reply)).await;
        reader.has_what_the_gateway_has().await;
        assert!(reader.gaps.is_empty());
    }
}

/// Everything is written down in the end: a gateway that starts anew has it all.
async fn nothing_was_lost(gateway: &mut Gateway, database: &std::path::Path, sessions: &[(Session, Reader)]) {
    let mut before = Vec::new();
    for (session, _) in sessions {
        all_written(database, session).await;
        before.push(snapshot(session).await.transcript);
    }
    gateway.kill_and_start().await;
    for ((session, _), mut before) in sessions.iter().zip(before) {
        let mut after = snapshot(&session.on(gateway)).await.transcript;
        (before.as_of, after.as_of) = (0, 0);
        assert_eq!(after, before);
    }
}

#[tokio::test]
async fn a_full_disk_stops_nobody_and_all_is_written_once_there_is_room() {
    let Some(disk) = Disk::mount(SIZE) else { return };
    let mut gateway = on(&disk).start().await.settled().await;
    let mut sessions = sessions(&gateway, 3).await;
    for (session, _) in &sessions {
        all_written(&disk.path().join("gateway.db"), session).await;
    }
    disk.fill();
    go_on(&mut sessions).await;
    told_that_nothing_is_kept(&mut sessions).await;
    assert!(gateway.log().contains("full"), "and why");
    gateway.client.get("/healthz").await.ok();
    let listed = gateway.client.get("/api/sessions").await.ok();
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 3);

    // What cannot be done without it is refused, with the reason; nothing is left of the attempt.
    let processes = gateway.codexes().len();
    let error = gateway.client.post_json("/api/sessions", &json!({})).await.refused(500, "store");
    assert!(error.contains("full"), "{error}");
    assert_eq!(gateway.codexes().len(), processes);
    let image = uploads::send(&gateway.client, "image/png", &uploads::pixel()).await;
    assert_eq!(image.status, 500, "{}", image.text());
    assert_eq!(uploaded(&disk), 0, "no part of it is left");
    go_on(&mut sessions).await;
    disk.make_room();
    uploads::upload(&gateway.client).await;
    assert_eq!(uploaded(&disk), 1);
    told_that_it_is_kept(&mut sessions).await;
    nothing_was_lost(&mut gateway, &disk.path().join("gateway.db"), &sessions).await;
    gateway.stop().await;
}

/// Codex has its own files, which are on the same disk here: a turn goes on without them, too.
#[tokio::test]
async fn a_full_disk_under_the_real_codex_stops_nobody_either() {
    let Some(disk) = Disk::mount(64 * 1024) else { return };
    let setup = Setup::demo().set("CODEX_GATEWAY_DATA_DIR", disk.path());
    let mut gateway = setup.start().await.settled().await;
    let mut session = gateway.create().await;
    let mut reader = Reader::of(&session).await;
    let prompt = |word: &str| format!("Reply with exactly the single word {word}");
    let turn = turn_of(&say(&session, &prompt("before")).await.ok());
    reader.end_of(&turn).await;
    disk.fill();
    let turn = turn_of(&say(&session, &prompt("during")).await.ok());
    reader.end_of(&turn).await;
    disk.make_room();
    let turn = turn_of(&say(&session, &prompt("after")).await.ok());
    reader.end_of(&turn).await;
    let said = reader.has_what_the_gateway_has().await.transcript.entries;
    all_written(&disk.path().join("demo/gateway.db"), &session).await;
    gateway.kill_and_start().await;
    session = session.on(&gateway);
    let turn = turn_of(&say(&session, &prompt("again")).await.ok());
    let mut reader = Reader::of(&session).await;
    while reader.transcript.turn(&turn.as_str().into()).is_none_or(|turn| turn.duration_ms.is_none()) {
        reader.next().await.expect("the stream should go on");
    }
    let kept = reader.has_what_the_gateway_has().await.transcript.entries;
    assert!(said.iter().all(|entry| kept.get(&entry.id) == Some(entry)));
    let answers: Vec<&str> = kept.iter().filter_map(text).collect();
    assert_eq!(answers, ["before", "during", "after", "again"]);
    gateway.stop().await;
}

/// A row that cannot be taken out of the store would bring its session back: whoever deletes it hears of it.
#[tokio::test]
async fn a_session_that_cannot_be_forgotten_is_not_said_to_be_deleted() {
    let Some(disk) = Disk::mount(SIZE) else { return };
    let mut gateway = on(&disk).start().await.settled().await;
    let session = gateway.create().await;
    session.turn("Count to 2").await;
    all_written(&disk.path().join("gateway.db"), &session).await;
    disk.fill();
    let error = gateway.client.delete(&session.path("")).await.refused(500, "store");
    assert!(error.contains("full"), "{error}");
    eventually("its process has ended", || gateway.codexes().is_empty()).await;
    disk.make_room();
    session.delete().await;
    gateway.kill_and_start().await;
    gateway.client.get(&session.path("/state")).await.refused(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn a_store_that_nobody_may_write_any_more_stops_nobody() {
    let mut gateway = Gateway::fake("counts").await.settled().await;
    let mut sessions = sessions(&gateway, 2).await;
    for (session, _) in &sessions {
        all_written(&gateway.database(), session).await;
    }
    let files = ["gateway.db", "gateway.db-wal"].map(|name| gateway.data_dir().join(name));
    let database = gateway.database();
    if let Some(unchangeable) = Unchangeable::make(files.into()) {
        go_on(&mut sessions).await;
        told_that_nothing_is_kept(&mut sessions).await;
        drop(unchangeable);
        told_that_it_is_kept(&mut sessions).await;
    }
    nothing_was_lost(&mut gateway, &database, &sessions).await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_store_that_is_locked_stops_nobody_and_can_be_read() {
    let mut gateway = Gateway::fake("counts").await.settled().await;
    let mut sessions = sessions(&gateway, 4).await;
    let unused = gateway.create().await;
    let other = rusqlite::Connection::open(gateway.database()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    go_on(&mut sessions).await;
    // Those who wait for their turn to write keep nobody from reading.
    let listed = gateway.client.get("/api/sessions").await.ok();
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 5);
    gateway.client.get("/api/threads").await.ok();
    told_that_nothing_is_kept(&mut sessions).await;
    assert!(gateway.log().contains("locked"), "and why");
    go_on(&mut sessions).await;
    other.execute_batch("COMMIT").unwrap();
    drop(other);
    told_that_it_is_kept(&mut sessions).await;
    let database = gateway.database();
    nothing_was_lost(&mut gateway, &database, &sessions).await;
    unused.on(&gateway).state().await;
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_in_the_way_of_a_start_is_named_with_what_to_do() {
    let locked = Setup::fake("counts");
    let other = rusqlite::Connection::open(locked.data_dir().join("gateway.db")).unwrap();
    other.execute_batch("PRAGMA journal_mode = wal; BEGIN EXCLUSIVE").unwrap();
    let (status, log) = locked.start_badly().await;
    assert!(!status.success());
    assert!(log.contains("gateway.db") && log.contains("locked") && log.contains("another program"), "{log}");

    let Some(disk) = Disk::mount(SIZE) else { return };
    let first = on(&disk).start().await;
    first.create().await.turn("Count to 2").await;
    first.stop().await;
    disk.set_read_only(true);
    let (status, log) = on(&disk).start_badly().await;
    assert!(!status.success());
    assert!(log.contains(disk.path().to_str().unwrap()) && log.contains("Read-only"), "{log}");
    assert!(log.contains("make it writable") && log.contains("CODEX_GATEWAY_DATA_DIR"), "{log}");
    disk.set_read_only(false);

    disk.fill();
    let (status, log) = on(&disk).start_badly().await;
    assert!(!status.success());
    assert!(log.contains("gateway.db") && log.contains("make room"), "{log}");
    assert!(!log.contains("codex process started"), "{log}");
    disk.make_room();
    let again = on(&disk).start().await;
    assert_eq!(again.client.get("/api/sessions").await.ok()["sessions"].as_array().unwrap().len(), 1);
    again.stop().await;
}
