//! `/_fn/rename` and `/_fn/remove`: what the page does with the conversations in its list.

use serde_json::json;

use crate::{
    support::{Gateway, Session},
    threads_read::{ids, thread_of},
};

async fn name_on_disk(session: &Session) -> String {
    let reply = session.client.get(&format!("/api/threads/{}", thread_of(session))).await.ok();
    reply["thread"]["name"].as_str().unwrap_or_default().to_owned()
}

async fn rename(session: &Session, name: &str) {
    let body = json!({ "thread": thread_of(session), "name": name });
    session.client.post_json("/_fn/rename", &body).await.ok();
}

#[tokio::test]
async fn one_is_renamed_whether_its_process_lives_or_not_and_deleted() {
    let gateway = Gateway::demo().await.settled().await;
    let session = gateway.create().await;
    session.turn("Reply with exactly the single word ready. Do not call tools.").await;
    let mut events = session.live().await;
    rename(&session, "Zanzibar").await;
    events.notification("thread/name/updated").await;
    assert_eq!(name_on_disk(&session).await, "Zanzibar");

    let [process] = gateway.codexes().try_into().unwrap();
    process.kill();
    events.find(|event| event.name == "warning").await;
    rename(&session, "Pemba").await;
    assert_eq!(name_on_disk(&session).await, "Pemba");
    let told = events.notification("thread/name/updated").await;
    assert_eq!(told.json()["params"]["threadName"], "Pemba", "codex cannot tell it, so the gateway does");
    let list =
        gateway.client.post_json("/_fn/conversations", &json!({ "search": "", "cursor": null })).await.ok();
    assert_eq!(list["rows"][0]["title"], "Pemba");

    gateway.client.post_json("/_fn/remove", &json!({ "thread": thread_of(&session) })).await.ok();
    assert_eq!(gateway.client.get(&session.path("/state")).await.status, 404, "its session ends first");
    assert!(ids(&gateway.client.get("/api/threads").await.ok()).is_empty());
    gateway.client.get(&format!("/api/threads/{}", thread_of(&session))).await.refused(404, "not_found");
    gateway.stop().await;
}
