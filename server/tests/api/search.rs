//! `/_fn/search`: text search in a conversation.

use serde_json::{Value, json};

use crate::{support::Gateway, threads_read::thread_id};

const THREAD: &str = "00000000-0000-0000-0000-00000000f19d";

/// Returns all matches, page by page, newest first.
async fn search(gateway: &Gateway, words: &str) -> Vec<Value> {
    let (mut found, mut from) = (Vec::new(), Value::Null);
    for _ in 0..100 {
        let body = json!({ "thread": THREAD, "words": words, "from": from });
        let mut page = gateway.client.post_json("/_fn/search", &body).await.ok();
        let matches = page["matches"].as_array().unwrap();
        assert!(matches.len() <= 200, "{}", matches.len());
        found.extend_from_slice(matches);
        from = page["next"].take();
        if from.is_null() {
            return found;
        }
    }
    panic!("the search should end");
}

fn ids(found: &[Value]) -> Vec<&str> {
    found.iter().map(|found| found["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn search_covers_the_whole_conversation_newest_first() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    gateway.fake_codex().write_long_thread(THREAD, 350);
    let past = search(&gateway, "NEEDLE").await;
    assert_eq!(ids(&past), ["300-answer"], "without a session, only the entries that the page can show");

    let body = json!({ "resumeThreadId": THREAD, "cwd": gateway.workspace() });
    let session = gateway.create_with(&gateway.client, &body).await;
    let found = search(&gateway, " needle ").await;
    assert_eq!(ids(&found), ["300-answer", "200-answer", "100-answer", "0-answer"]);
    assert_eq!(found[0]["turn"], "turn-300");
    assert!(found[0]["excerpt"].as_str().unwrap().contains("A needle is in it."));
    assert_eq!(ids(&search(&gateway, "wc -l part-7").await).last(), Some(&"7-command"));

    session.run_turn("A needle in what is said now").await;
    assert_eq!(thread_id(&session), THREAD);
    assert_eq!(ids(&search(&gateway, "needle").await).len(), 5);
    gateway.stop().await;
}

#[tokio::test]
async fn search_with_several_pages_returns_each_match_once() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    gateway.fake_codex().write_long_thread(THREAD, 350);
    let body = json!({ "resumeThreadId": THREAD, "cwd": gateway.workspace() });
    gateway.create_with(&gateway.client, &body).await;
    let found = search(&gateway, "Neither short nor long").await;
    let of_turn = |turn: u32| [format!("{turn}-answer"), format!("{turn}-more")];
    let expected: Vec<String> = (0..350).rev().flat_map(of_turn).collect();
    assert!(ids(&found) == expected, "{} found", found.len());

    let body = json!({ "thread": THREAD, "words": "x", "from": { "cursor": "nonsense" } });
    assert_eq!(gateway.client.post_json("/_fn/search", &body).await.status, 400);
    gateway.stop().await;
}
