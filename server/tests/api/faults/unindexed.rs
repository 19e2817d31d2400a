//! Conversations that codex has a file of and has not indexed: the file was copied into its home, or its databases were
//! removed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    support::{Client, Gateway, Reply, Session, Setup, eventually, snapshot},
    threads_read::{ids, thread_of},
};

/// What the agent says and the user has not.
const SAID: &str = "there is no language model behind this page";

/// A conversation of the real codex that no session is in.
async fn past(gateway: &Gateway) -> String {
    let session = gateway.create().await;
    session.turn("Hello there").await;
    let thread = thread_of(&session);
    session.delete().await;
    thread
}

fn home(gateway: &Gateway) -> PathBuf {
    gateway.data_dir().join("demo/codex-home")
}

fn remove_databases(home: &Path) {
    for file in fs::read_dir(home).unwrap().map(|file| file.unwrap().path()) {
        if file.file_name().unwrap().to_str().unwrap().contains(".sqlite") {
            fs::remove_file(file).unwrap();
        }
    }
}

/// The file of a thread.
fn rollout(dir: &Path, thread: &str) -> Option<PathBuf> {
    fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()).find_map(|path| {
        if path.is_dir() {
            return rollout(&path, thread);
        }
        path.to_str().unwrap().ends_with(&format!("{thread}.jsonl")).then_some(path)
    })
}

/// Reads something; while codex indexes it, again.
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

/// Whether the sidebar, the page, the API and the export show a conversation. Each is asked first of one of its own.
async fn assert_shown(gateway: &Gateway, threads: &[String; 3]) {
    let list =
        gateway.client.post_json("/_fn/conversations", &json!({ "search": "", "cursor": null })).await.ok();
    assert_eq!(list["rows"].as_array().unwrap().len(), 3, "{list}");
    assert_eq!(list["rows"][0]["title"], "Hello there");
    let [page, api, export] = threads;
    assert!(read(&gateway.client, &format!("/t/{page}")).await.text().contains(SAID));
    let thread = read(&gateway.client, &format!("/api/threads/{api}")).await.json();
    assert!(thread["thread"]["turns"].to_string().contains(SAID), "{thread}");
    let file = read(&gateway.client, &format!("/api/threads/{export}/export?format=markdown")).await;
    assert!(file.text().contains(SAID));
}

#[tokio::test]
async fn conversations_are_shown_after_codexs_databases_were_removed() {
    let mut gateway = Setup::demo().with_pages().start().await.settled().await;
    let threads = [past(&gateway).await, past(&gateway).await, past(&gateway).await];
    let codex_home = home(&gateway);
    gateway.restart_after(|| remove_databases(&codex_home)).await;
    assert_shown(&gateway, &threads).await;

    // Nobody holds them: a session goes on with one.
    let body = json!({ "resumeThreadId": threads[0] });
    let session = gateway.create_with(&gateway.client, &body).await;
    session.turn("Reply with exactly the single word ready").await;
    assert_eq!(snapshot(&session).await.transcript.turns.len(), 2);
    gateway.stop().await;
}

#[tokio::test]
async fn conversations_are_shown_whose_files_were_copied_in() {
    let gateway = Setup::demo().with_pages().start().await.settled().await;
    let threads = [past(&gateway).await, past(&gateway).await, past(&gateway).await];
    for thread in &threads {
        let file = rollout(&home(&gateway).join("sessions"), thread).unwrap();
        let content = fs::read(&file).unwrap();
        gateway.client.delete(&format!("/api/threads/{thread}")).await.ok();
        gateway.client.get(&format!("/api/threads/{thread}")).await.refused(404, "not_found");
        fs::write(&file, content).unwrap();
    }
    let mut listed = ids(&gateway.client.get("/api/threads").await.ok());
    listed.sort();
    assert_eq!(listed, threads);
    assert_shown(&gateway, &threads).await;
    gateway.stop().await;
}

/// The session keeps the newest part itself. What is older is codex's to tell.
#[tokio::test]
async fn older_entries_of_a_session_without_a_process_are_indexed() {
    let mut gateway = Setup::demo().with_pages().start().await.settled().await;
    let session = gateway.create().await;
    session.turn("Hello there").await;
    // More than a session keeps, in turns that are less than its log keeps: a slow reader misses nothing.
    for _ in 0..2 {
        session.turn("!standin deltas count=4 size=300000").await;
    }
    let codex_home = home(&gateway);
    gateway.restart_after(|| remove_databases(&codex_home)).await;
    let session = session.on(&gateway);
    let kept = snapshot(&session).await;
    assert!(kept.older, "{:?}", kept.transcript.entries);
    let first = kept.transcript.entries.iter().next().unwrap().id.clone();
    let page = read(&gateway.client, &session.path(&format!("/items?before={first}"))).await;
    assert!(page.text().contains(SAID), "{}", page.text());
    gateway.stop().await;
}

const THREAD: &str = "00000000-0000-7000-8000-00000000000a";

fn turns() -> Value {
    let item = json!({ "type": "agentMessage", "id": "a", "text": "What was said long ago." });
    json!([{ "id": "u", "status": "completed", "items": [item] }])
}

#[tokio::test]
async fn conversation_that_takes_long_to_index_is_told_to_be_indexed_and_shown_then() {
    let gateway = Setup::fake("normal").with_pages().start().await.settled().await;
    gateway.codex().put_unindexed_thread(THREAD, &turns());
    let (page, api) = (format!("/t/{THREAD}"), format!("/api/threads/{THREAD}"));
    let reply = gateway.client.get(&api).await;
    assert!(reply.headers.contains_key("retry-after"));
    assert_eq!(reply.refused(503, "indexing"), "codex is indexing this conversation; try again in a moment");
    let reply = gateway.client.get(&page).await;
    assert_eq!(reply.status, 503);
    assert!(reply.text().contains("Codex is indexing this conversation"), "{}", reply.text());

    // Who wants to go on with it waits for that.
    let (client, body) = (gateway.client.clone(), json!({ "resumeThreadId": THREAD }));
    let resuming = tokio::spawn(async move { client.post_json("/api/sessions", &body).await });
    gateway.codex().open_gate();
    let session = Session::new(&gateway.client, resuming.await.unwrap().ok());
    session.delete().await;
    assert!(read(&gateway.client, &page).await.text().contains("What was said long ago."));
    read(&gateway.client, &api).await;
    gateway.stop().await;
}

#[tokio::test]
async fn gateway_ends_while_codex_indexes() {
    let mut gateway = Setup::fake("normal").with_pages().start().await.settled().await;
    gateway.codex().put_unindexed_thread(THREAD, &turns());
    gateway.client.get(&format!("/api/threads/{THREAD}")).await.refused(503, "indexing");
    eventually("two processes read", || gateway.codexes().len() == 2).await;
    gateway.terminate();
    gateway.ended().await;
}
