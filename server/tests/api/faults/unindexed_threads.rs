//! Threads that codex has a file of but has not indexed, because the file was copied in or its databases were removed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    support::{Client, Gateway, Reply, Session, Setup, eventually, snapshot},
    threads_read::{thread_id, thread_ids},
};

/// Text of the agent that is not in the prompt.
const ANSWER: &str = "there is no language model behind this page";

/// Creates a thread of the real codex without a session.
async fn thread_without_session(gateway: &Gateway) -> String {
    let session = gateway.create().await;
    session.run_turn("Hello there").await;
    let thread = thread_id(&session);
    session.delete().await;
    thread
}

fn codex_home(gateway: &Gateway) -> PathBuf {
    gateway.data_dir().join("demo/codex-home")
}

fn remove_databases(home: &Path) {
    for file in fs::read_dir(home).unwrap().map(|file| file.unwrap().path()) {
        if file.file_name().unwrap().to_str().unwrap().contains(".sqlite") {
            fs::remove_file(file).unwrap();
        }
    }
}

/// Returns the file of a thread.
fn rollout(dir: &Path, thread: &str) -> Option<PathBuf> {
    fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()).find_map(|path| {
        if path.is_dir() {
            return rollout(&path, thread);
        }
        path.to_str().unwrap().ends_with(&format!("{thread}.jsonl")).then_some(path)
    })
}

/// Sends a request, and repeats it while codex is indexing.
async fn read(client: &Client, path: &str) -> Reply {
    loop {
        let reply = client.get(path).await;
        if reply.status != 503 {
            assert_eq!(reply.status, 200, "{path}: {}", reply.text());
            return reply;
        }
        assert!(reply.text().contains("indexing"), "{}", reply.text());
    }
}

/// Asserts that the sidebar, the page, the API and the export show the threads.
///
/// Each of the last three is the first to read its own thread.
async fn assert_shown(gateway: &Gateway, threads: &[String; 3]) {
    let list =
        gateway.client.post_json("/_fn/conversations", &json!({ "search": "", "cursor": null })).await.ok();
    assert_eq!(list["rows"].as_array().unwrap().len(), 3, "{list}");
    assert_eq!(list["rows"][0]["title"], "Hello there");
    let [page, api, export] = threads;
    assert!(read(&gateway.client, &format!("/t/{page}")).await.text().contains(ANSWER));
    let thread = read(&gateway.client, &format!("/api/threads/{api}")).await.json();
    assert!(thread["thread"]["turns"].to_string().contains(ANSWER), "{thread}");
    let file = read(&gateway.client, &format!("/api/threads/{export}/export?format=markdown")).await;
    assert!(file.text().contains(ANSWER));
}

#[tokio::test]
async fn threads_are_shown_after_codex_databases_are_removed() {
    let mut gateway = Setup::demo().with_pages().start().await.catalog_loaded().await;
    let threads = [
        thread_without_session(&gateway).await,
        thread_without_session(&gateway).await,
        thread_without_session(&gateway).await,
    ];
    let codex_home = codex_home(&gateway);
    gateway.restart_after(|| remove_databases(&codex_home)).await;
    assert_shown(&gateway, &threads).await;

    // The threads are not locked: a session can resume one.
    let body = json!({ "resumeThreadId": threads[0] });
    let session = gateway.create_with(&gateway.client, &body).await;
    session.run_turn("Reply with exactly the single word ready").await;
    assert_eq!(snapshot(&session).await.transcript.turns.len(), 2);
    gateway.stop().await;
}

#[tokio::test]
async fn threads_whose_files_are_copied_in_are_shown() {
    let gateway = Setup::demo().with_pages().start().await.catalog_loaded().await;
    let threads = [
        thread_without_session(&gateway).await,
        thread_without_session(&gateway).await,
        thread_without_session(&gateway).await,
    ];
    for thread in &threads {
        let file = rollout(&codex_home(&gateway).join("sessions"), thread).unwrap();
        let content = fs::read(&file).unwrap();
        gateway.client.delete(&format!("/api/threads/{thread}")).await.ok();
        gateway.client.get(&format!("/api/threads/{thread}")).await.expect_error(404, "not_found");
        fs::write(&file, content).unwrap();
    }
    let mut listed = thread_ids(&gateway.client.get("/api/threads").await.ok());
    listed.sort();
    assert_eq!(listed, threads);
    assert_shown(&gateway, &threads).await;
    gateway.stop().await;
}

/// The session has the newest entries itself, and reads older ones from codex.
#[tokio::test]
async fn older_entries_of_a_dormant_session_are_indexed() {
    let mut gateway = Setup::demo().with_pages().start().await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn("Hello there").await;
    // Larger than the session's window, but each turn fits into the event log, so that a slow reader misses nothing.
    for _ in 0..2 {
        session.run_turn("!standin deltas count=4 size=300000").await;
    }
    let codex_home = codex_home(&gateway);
    gateway.restart_after(|| remove_databases(&codex_home)).await;
    let session = session.via(&gateway);
    let kept = snapshot(&session).await;
    assert!(kept.older, "{:?}", kept.transcript.entries);
    let first = kept.transcript.entries.iter().next().unwrap().id.clone();
    let page = read(&gateway.client, &session.path(&format!("/items?before={first}"))).await;
    assert!(page.text().contains(ANSWER), "{}", page.text());
    gateway.stop().await;
}

const THREAD: &str = "00000000-0000-7000-8000-00000000000a";

fn turns() -> Value {
    let item = json!({ "type": "agentMessage", "id": "a", "text": "What was said long ago." });
    json!([{ "id": "u", "status": "completed", "items": [item] }])
}

#[tokio::test]
async fn slow_indexing_is_reported_and_thread_is_shown_afterwards() {
    let gateway = Setup::fake("normal").with_pages().start().await.catalog_loaded().await;
    gateway.fake_codex().write_unindexed_thread(THREAD, &turns());
    let (page, api) = (format!("/t/{THREAD}"), format!("/api/threads/{THREAD}"));
    let reply = gateway.client.get(&api).await;
    assert!(reply.headers.contains_key("retry-after"));
    assert_eq!(
        reply.expect_error(503, "indexing"),
        "codex is indexing this conversation; try again in a moment"
    );
    let reply = gateway.client.get(&page).await;
    assert_eq!(reply.status, 503);
    assert!(reply.text().contains("Codex is indexing this conversation"), "{}", reply.text());

    // Resuming the thread waits for the indexing.
    let (client, body) = (gateway.client.clone(), json!({ "resumeThreadId": THREAD }));
    let resuming = tokio::spawn(async move { client.post_json("/api/sessions", &body).await });
    gateway.fake_codex().open_gate();
    let session = Session::new(&gateway.client, resuming.await.unwrap().ok());
    session.delete().await;
    assert!(read(&gateway.client, &page).await.text().contains("What was said long ago."));
    read(&gateway.client, &api).await;
    gateway.stop().await;
}

#[tokio::test]
async fn gateway_stops_while_codex_is_indexing() {
    let mut gateway = Setup::fake("normal").with_pages().start().await.catalog_loaded().await;
    gateway.fake_codex().write_unindexed_thread(THREAD, &turns());
    gateway.client.get(&format!("/api/threads/{THREAD}")).await.expect_error(503, "indexing");
    eventually("two processes are reading", || gateway.codex_processes().len() == 2).await;
    gateway.terminate();
    gateway.wait_for_clean_exit().await;
}
