//! `/_fn/search`: where a text stands in a conversation.

use serde_json::{Value, json};

use crate::{support::Gateway, threads_read::thread_of};

const THREAD: &str = "00000000-0000-0000-0000-00000000f19d";

fn ids(found: &Value) -> Vec<&str> {
    found["matches"].as_array().unwrap().iter().map(|found| found["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn all_of_a_conversation_is_searched_the_newest_first() {
    let gateway = Gateway::fake("normal").await.settled().await;
    gateway.codex().put_long_thread(THREAD, 350);
    let search = async |words: &str| {
        gateway.client.post_json("/_fn/search", &json!({ "thread": THREAD, "words": words })).await.ok()
    };
    let past = search("NEEDLE").await;
    assert_eq!(ids(&past), ["300-answer"], "of a conversation that nobody is in, what can be shown");

    let body = json!({ "resumeThreadId": THREAD, "cwd": gateway.workspace() });
    let session = gateway.create_with(&gateway.client, &body).await;
    let found = search(" needle ").await;
    assert_eq!(ids(&found), ["300-answer", "200-answer", "100-answer", "0-answer"]);
    let first = &found["matches"][0];
    assert_eq!((&first["turn"], &found["more"]), (&json!("turn-300"), &json!(false)));
    assert!(first["excerpt"].as_str().unwrap().contains("A needle is in it."));
    assert_eq!(ids(&search("wc -l part-7").await).last(), Some(&"7-command"));
    let many = search("Neither short nor long").await;
    assert_eq!((ids(&many).len(), &many["more"]), (200, &json!(true)));

    session.turn("A needle in what is said now").await;
    assert_eq!(thread_of(&session), THREAD);
    assert_eq!(ids(&search("needle").await).len(), 5);
    gateway.stop().await;
}
