//! `/_fn/rename` and `/_fn/remove`: actions on the page's list of conversations.

use serde_json::json;

use crate::{
    support::{Gateway, Session},
    threads_read::{thread_id, thread_ids},
};

async fn name_on_disk(session: &Session) -> String {
    let reply = session.client.get(&format!("/api/threads/{}", thread_id(session))).await.ok();
    reply["thread"]["name"].as_str().unwrap_or_default().to_owned()
}

async fn rename(session: &Session, name: &str) {
    let body = json!({ "thread": thread_id(session), "name": name });
    session.client.post_json("/_fn/rename", &body).await.ok();
}

#[tokio::test]
async fn conversation_is_renamed_with_and_without_a_process_and_removed() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn("Reply with exactly the single word ready. Do not call tools.").await;
    let mut events = session.subscribe().await;
    rename(&session, "Zanzibar").await;
    events.notification("thread/name/updated").await;
    assert_eq!(name_on_disk(&session).await, "Zanzibar");

    let [process] = gateway.codex_processes().try_into().unwrap();
    process.kill();
    events.find(|event| event.name == "warning").await;
    rename(&session, "Pemba").await;
    assert_eq!(name_on_disk(&session).await, "Pemba");
    let renamed = events.notification("thread/name/updated").await;
    assert_eq!(
        renamed.json()["params"]["threadName"],
        "Pemba",
        "without a process, the gateway sends the notification itself"
    );
    let list =
        gateway.client.post_json("/_fn/conversations", &json!({ "search": "", "cursor": null })).await.ok();
    assert_eq!(list["rows"][0]["title"], "Pemba");

    gateway.client.post_json("/_fn/remove", &json!({ "thread": thread_id(&session) })).await.ok();
    assert_eq!(gateway.client.get(&session.path("/state")).await.status, 404, "its session is closed");
    assert!(thread_ids(&gateway.client.get("/api/threads").await.ok()).is_empty());
    gateway.client.get(&format!("/api/threads/{}", thread_id(&session))).await.expect_error(404, "not_found");
    gateway.stop().await;
}
