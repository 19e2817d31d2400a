//! `/api/sessions/{id}/thread`: a new one.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use crate::support::{Gateway, eventually};

#[tokio::test]
async fn a_new_thread_has_a_new_process_and_the_stream_goes_on() {
    let gateway = Gateway::demo().await.settled().await;
    let session = gateway.create().await;
    session.turn("Remember me").await;
    let old = session.state().await;
    let [old_process] = gateway.codexes().try_into().unwrap();
    let mut events = session.live().await;

    let reply = session.client.post(&session.path("/thread/new")).await.ok();
    let state = &reply["state"];
    assert_ne!(state["threadId"], old["threadId"]);
    assert_eq!((&state["transcript"], &state["ready"]), (&json!([]), &json!(true)));
    assert_eq!(state["selectedModel"], old["selectedModel"]);
    eventually("the old process ends", || !old_process.is_alive()).await;
    let [new_process] = gateway.codexes().try_into().unwrap();
    assert_ne!(new_process.pid, old_process.pid);

    let thread = events.find(|event| event.name == "thread").await;
    assert_eq!(thread.json()["threadId"], state["threadId"]);
    let told = events.find(|event| event.name == "state").await;
    assert!(told.seq() > thread.seq());
    assert_eq!(&told.json(), state);

    session.start_turn("Reply with exactly the single word fresh").await;
    let turn = events.turn().await;
    assert_eq!(turn.last().unwrap().json()["transcript"][1]["text"], "fresh");
    gateway.stop().await;
}

#[tokio::test]
async fn a_new_thread_may_choose_its_model() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create_with(&gateway.client, &json!({ "model": "fake-7" })).await;
    let path = session.path("/thread/new");
    let chosen = session.client.post_json(&path, &json!({ "model": "fake-8" })).await.ok();
    assert_eq!(chosen["state"]["selectedModel"], "fake-8");
    let again = session.client.post_json(&path, &json!({})).await.ok();
    assert_eq!(again["state"]["selectedModel"], "fake-7", "without a choice, the session's own");
    session.client.post_json(&path, &json!({ "model": 8 })).await.refused(400, "bad_body");
    gateway.stop().await;
}

#[tokio::test]
async fn during_a_turn_there_is_no_new_thread() {
    let gateway = Gateway::fake("hangs").await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    session.start_turn("Hello").await;
    session.client.post(&session.path("/thread/new")).await.refused(409, "turn_active");
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    events.turn().await;
    session.client.post(&session.path("/thread/new")).await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn a_new_thread_that_cannot_be_had_leaves_the_old_one() {
    let gateway = Gateway::fake("normal").await.settled().await;
    let session = gateway.create().await;
    gateway.codex().set_mode("exits");
    let error = session.client.post(&session.path("/thread/new")).await.refused(503, "codex_unavailable");
    assert!(error.contains("the disk is full"), "{error}");
    gateway.codex().set_mode("normal");
    let turn = session.turn("Hello").await;
    assert_eq!(turn.last().unwrap().json()["threadId"], session.reply["state"]["threadId"]);
    assert_eq!(gateway.codexes().len(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn a_session_that_is_deleted_while_it_changes_threads_leaves_nothing() {
    let gateway = Gateway::fake("normal").await.settled().await;
    let session = gateway.create().await;
    gateway.codex().set_mode("deaf");
    let path = session.path("/thread/new");
    let swap = session.client.post(&path);
    tokio::pin!(swap);
    assert!(timeout(Duration::from_millis(200), &mut swap).await.is_err(), "it should wait for codex");
    eventually("the second process starts", || gateway.codexes().len() == 2).await;
    session
        .client
        .post_json(&session.path("/turn"), &json!({ "prompt": "Hello" }))
        .await
        .refused(409, "starting");

    session.delete().await;
    assert_eq!(gateway.processes(), [], "both processes are gone when the delete answers");
    swap.await.refused(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn a_session_that_is_deleted_after_it_changed_threads_leaves_nothing() {
    let gateway = Gateway::fake("normal").await.settled().await;
    gateway.codex().set_mode("stubborn");
    let session = gateway.create().await;
    gateway.codex().set_mode("normal");
    session.client.post(&session.path("/thread/new")).await.ok();
    session.delete().await;
    assert_eq!(gateway.processes(), [], "the first process is gone too when the delete answers");
    gateway.stop().await;
}
