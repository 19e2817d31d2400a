//! A store that cannot be written, because the disk is full, read-only, or the database is locked.
//!
//! The gateway continues, and stores everything once it can.

use codex_gateway_wire::transcript::Content;
use serde_json::json;

use super::{agent_text, send_message, turn_id, wait_until_stored};
use crate::{
    support::{Gateway, ImmutableFiles, Session, Setup, TestDisk, TranscriptReader, eventually, snapshot},
    uploads,
};

/// Size of the test disks in KiB: enough for the store, and not for much else.
const DISK_KIB: usize = 2048;

/// Returns a setup with the fake codex and the data directory on this disk.
fn setup_on(disk: &TestDisk) -> Setup {
    Setup::fake("counts").set("CODEX_GATEWAY_DATA_DIR", disk.path())
}

/// Creates sessions with one turn each, and a reader for each.
async fn sessions_with_readers(gateway: &Gateway, count: usize) -> Vec<(Session, TranscriptReader)> {
    let mut sessions = Vec::new();
    for _ in 0..count {
        let session = gateway.create().await;
        session.run_turn("Count to 2").await;
        let reader = TranscriptReader::open(&session).await;
        sessions.push((session, reader));
    }
    sessions
}

/// Returns the number of uploaded images on the disk.
fn upload_count(disk: &TestDisk) -> usize {
    std::fs::read_dir(disk.path().join("uploads")).map_or(0, Iterator::count)
}

/// Counts the notices of a transcript that contain `message`.
fn notice_count(reader: &TranscriptReader, message: &str) -> usize {
    let entries = reader.transcript.entries.iter();
    let notices = entries.filter(
        |entry| matches!(&entry.content, Content::Notice(notice) if notice.message.contains(message)),
    );
    notices.count()
}

/// Waits until each reader has the notice that the session cannot be stored.
async fn wait_for_failure_notices(sessions: &mut [(Session, TranscriptReader)]) {
    for (_, reader) in sessions {
        while notice_count(reader, "cannot write") == 0 {
            reader.next().await.expect("the stream should continue");
        }
    }
}

/// Waits until each reader has the notice that the session is stored again. Asserts that both notices appear once.
async fn wait_for_recovery_notices(sessions: &mut [(Session, TranscriptReader)]) {
    for (_, reader) in sessions {
        while notice_count(reader, "written down again") == 0 {
            reader.next().await.expect("the stream should continue");
        }
        assert_eq!(
            (notice_count(reader, "cannot write"), notice_count(reader, "written down again")),
            (1, 1),
            "each notice appears once"
        );
    }
}

/// Runs a turn in each session while the store cannot be written. Asserts that the readers miss nothing.
async fn run_turns(sessions: &mut [(Session, TranscriptReader)]) {
    for (session, reader) in sessions {
        let reply = send_message(session, "Count to 60").await.ok();
        reader.until_turn_end(&turn_id(&reply)).await;
        reader.assert_in_sync().await;
        assert!(reader.gaps.is_empty());
    }
}

/// Asserts that a restarted gateway has the complete transcripts.
async fn assert_nothing_lost(
    gateway: &mut Gateway,
    database: &std::path::Path,
    sessions: &[(Session, TranscriptReader)],
) {
    let mut before = Vec::new();
    for (session, _) in sessions {
        wait_until_stored(database, session).await;
        before.push(snapshot(session).await.transcript);
    }
    gateway.kill_and_restart().await;
    for ((session, _), mut before) in sessions.iter().zip(before) {
        let mut after = snapshot(&session.via(gateway)).await.transcript;
        (before.as_of, after.as_of) = (0, 0);
        assert_eq!(after, before);
    }
}

#[tokio::test]
async fn full_disk_does_not_stop_sessions_which_are_stored_afterwards() {
    let Some(disk) = TestDisk::mount(DISK_KIB) else { return };
    let mut gateway = setup_on(&disk).start().await.catalog_loaded().await;
    let mut sessions = sessions_with_readers(&gateway, 3).await;
    for (session, _) in &sessions {
        wait_until_stored(&disk.path().join("gateway.db"), session).await;
    }
    disk.fill();
    run_turns(&mut sessions).await;
    wait_for_failure_notices(&mut sessions).await;
    assert!(gateway.log().contains("full"), "the log has the reason");
    gateway.client.get("/healthz").await.ok();
    let listed = gateway.client.get("/api/sessions").await.ok();
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 3);

    // Requests that need the store are refused with the reason, and leave nothing behind.
    let processes = gateway.codex_processes().len();
    let error = gateway.client.post_json("/api/sessions", &json!({})).await.expect_error(500, "store");
    assert!(error.contains("full"), "{error}");
    assert_eq!(gateway.codex_processes().len(), processes);
    let image = uploads::send_upload(&gateway.client, "image/png", &uploads::one_pixel_png()).await;
    assert_eq!(image.status, 500, "{}", image.text());
    assert_eq!(upload_count(&disk), 0, "no partial file is left");
    run_turns(&mut sessions).await;
    disk.free_space();
    uploads::upload_image(&gateway.client).await;
    assert_eq!(upload_count(&disk), 1);
    wait_for_recovery_notices(&mut sessions).await;
    assert_nothing_lost(&mut gateway, &disk.path().join("gateway.db"), &sessions).await;
    gateway.stop().await;
}

/// Codex's own files are on the same disk: its turns continue without them.
#[tokio::test]
async fn full_disk_does_not_stop_the_real_codex() {
    let Some(disk) = TestDisk::mount(64 * 1024) else { return };
    let setup = Setup::demo().set("CODEX_GATEWAY_DATA_DIR", disk.path());
    let mut gateway = setup.start().await.catalog_loaded().await;
    let mut session = gateway.create().await;
    let mut reader = TranscriptReader::open(&session).await;
    let prompt = |word: &str| format!("Reply with exactly the single word {word}");
    let turn = turn_id(&send_message(&session, &prompt("before")).await.ok());
    reader.until_turn_end(&turn).await;
    disk.fill();
    let turn = turn_id(&send_message(&session, &prompt("during")).await.ok());
    reader.until_turn_end(&turn).await;
    disk.free_space();
    let turn = turn_id(&send_message(&session, &prompt("after")).await.ok());
    reader.until_turn_end(&turn).await;
    let before = reader.assert_in_sync().await.transcript.entries;
    wait_until_stored(&disk.path().join("demo/gateway.db"), &session).await;
    gateway.kill_and_restart().await;
    session = session.via(&gateway);
    let turn = turn_id(&send_message(&session, &prompt("again")).await.ok());
    let mut reader = TranscriptReader::open(&session).await;
    while reader.transcript.turn(&turn.as_str().into()).is_none_or(|turn| turn.duration_ms.is_none()) {
        reader.next().await.expect("the stream should continue");
    }
    let after = reader.assert_in_sync().await.transcript.entries;
    assert!(before.iter().all(|entry| after.get(&entry.id) == Some(entry)));
    let answers: Vec<&str> = after.iter().filter_map(agent_text).collect();
    assert_eq!(answers, ["before", "during", "after", "again"]);
    gateway.stop().await;
}

/// A row that cannot be deleted would restore its session, so the client gets the error.
#[tokio::test]
async fn delete_fails_if_the_row_cannot_be_deleted() {
    let Some(disk) = TestDisk::mount(DISK_KIB) else { return };
    let mut gateway = setup_on(&disk).start().await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn("Count to 2").await;
    wait_until_stored(&disk.path().join("gateway.db"), &session).await;
    disk.fill();
    let error = gateway.client.delete(&session.path("")).await.expect_error(500, "store");
    assert!(error.contains("full"), "{error}");
    eventually("its process exits", || gateway.codex_processes().is_empty()).await;
    disk.free_space();
    session.delete().await;
    gateway.kill_and_restart().await;
    gateway.client.get(&session.path("/state")).await.expect_error(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn immutable_store_does_not_stop_sessions() {
    let mut gateway = Gateway::fake("counts").await.catalog_loaded().await;
    let mut sessions = sessions_with_readers(&gateway, 2).await;
    for (session, _) in &sessions {
        wait_until_stored(&gateway.database(), session).await;
    }
    let files = ["gateway.db", "gateway.db-wal"].map(|name| gateway.data_dir().join(name));
    let database = gateway.database();
    if let Some(immutable) = ImmutableFiles::new(files.into()) {
        run_turns(&mut sessions).await;
        wait_for_failure_notices(&mut sessions).await;
        drop(immutable);
        wait_for_recovery_notices(&mut sessions).await;
    }
    assert_nothing_lost(&mut gateway, &database, &sessions).await;
    gateway.stop().await;
}

#[tokio::test]
async fn locked_store_does_not_stop_sessions_and_can_be_read() {
    let mut gateway = Gateway::fake("counts").await.catalog_loaded().await;
    let mut sessions = sessions_with_readers(&gateway, 4).await;
    let unused = gateway.create().await;
    let other = rusqlite::Connection::open(gateway.database()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    run_turns(&mut sessions).await;
    // Queued writes do not block reads.
    let listed = gateway.client.get("/api/sessions").await.ok();
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 5);
    gateway.client.get("/api/threads").await.ok();
    wait_for_failure_notices(&mut sessions).await;
    assert!(gateway.log().contains("locked"), "the log has the reason");
    run_turns(&mut sessions).await;
    other.execute_batch("COMMIT").unwrap();
    drop(other);
    wait_for_recovery_notices(&mut sessions).await;
    let database = gateway.database();
    assert_nothing_lost(&mut gateway, &database, &sessions).await;
    unused.via(&gateway).state().await;
    gateway.stop().await;
}

#[tokio::test]
async fn unusable_store_prevents_start_with_advice() {
    let locked = Setup::fake("counts");
    let other = rusqlite::Connection::open(locked.data_dir().join("gateway.db")).unwrap();
    other.execute_batch("PRAGMA journal_mode = wal; BEGIN EXCLUSIVE").unwrap();
    let (status, log) = locked.start_expecting_failure().await;
    assert!(!status.success());
    assert!(log.contains("gateway.db") && log.contains("locked") && log.contains("another program"), "{log}");

    let Some(disk) = TestDisk::mount(DISK_KIB) else { return };
    let first = setup_on(&disk).start().await;
    first.create().await.run_turn("Count to 2").await;
    first.stop().await;
    disk.set_read_only(true);
    let (status, log) = setup_on(&disk).start_expecting_failure().await;
    assert!(!status.success());
    assert!(log.contains(disk.path().to_str().unwrap()) && log.contains("Read-only"), "{log}");
    assert!(log.contains("make it writable") && log.contains("CODEX_GATEWAY_DATA_DIR"), "{log}");
    disk.set_read_only(false);

    disk.fill();
    let (status, log) = setup_on(&disk).start_expecting_failure().await;
    assert!(!status.success());
    assert!(log.contains("gateway.db") && log.contains("make room"), "{log}");
    assert!(!log.contains("codex process started"), "{log}");
    disk.free_space();
    let again = setup_on(&disk).start().await;
    assert_eq!(again.client.get("/api/sessions").await.ok()["sessions"].as_array().unwrap().len(), 1);
    again.stop().await;
}
