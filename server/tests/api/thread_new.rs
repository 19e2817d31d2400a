//! `/api/sessions/{id}/thread/new`.

use serde_json::json;

use crate::support::{Gateway, eventually, pending_until};

#[tokio::test]
async fn new_thread_has_a_new_process_and_the_stream_continues() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn("Remember me").await;
    let old = session.state().await;
    let [old_process] = gateway.codex_processes().try_into().unwrap();
    let mut events = session.subscribe().await;

    let reply = session.client.post(&session.path("/thread/new")).await.ok();
    let state = &reply["state"];
    assert_ne!(state["threadId"], old["threadId"]);
    assert_eq!((&state["transcript"], &state["ready"]), (&json!([]), &json!(true)));
    assert_eq!(state["selectedModel"], old["selectedModel"]);
    eventually("the old process exits", || !old_process.is_alive()).await;
    let [new_process] = gateway.codex_processes().try_into().unwrap();
    assert_ne!(new_process.pid, old_process.pid);

    let thread = events.find(|event| event.name == "thread").await;
    assert_eq!(thread.json()["threadId"], state["threadId"]);
    let state_event = events.find(|event| event.name == "state").await;
    assert!(state_event.seq() > thread.seq());
    assert_eq!(&state_event.json(), state);

    session.start_turn("Reply with exactly the single word fresh").await;
    let turn = events.rest_of_turn().await;
    assert_eq!(turn.last().unwrap().json()["transcript"][1]["text"], "fresh");
    gateway.stop().await;
}

#[tokio::test]
async fn new_thread_accepts_a_model() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create_with(&gateway.client, &json!({ "model": "fake-7" })).await;
    let path = session.path("/thread/new");
    let chosen = session.client.post_json(&path, &json!({ "model": "fake-8" })).await.ok();
    assert_eq!(chosen["state"]["selectedModel"], "fake-8");
    let again = session.client.post_json(&path, &json!({})).await.ok();
    assert_eq!(again["state"]["selectedModel"], "fake-7", "without a model, the session's own");
    session.client.post_json(&path, &json!({ "model": 8 })).await.expect_error(400, "bad_body");
    gateway.stop().await;
}

#[tokio::test]
async fn new_thread_is_refused_while_a_turn_runs() {
    let gateway = Gateway::fake("endless-turn").await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    session.start_turn("Hello").await;
    session.client.post(&session.path("/thread/new")).await.expect_error(409, "turn_active");
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    events.rest_of_turn().await;
    session.client.post(&session.path("/thread/new")).await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn failed_new_thread_leaves_the_old_one_usable() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    let session = gateway.create().await;
    gateway.fake_codex().set_mode("exits-at-start");
    let error =
        session.client.post(&session.path("/thread/new")).await.expect_error(503, "codex_unavailable");
    assert!(error.contains("the disk is full"), "{error}");
    gateway.fake_codex().set_mode("normal");
    let turn = session.run_turn("Hello").await;
    assert_eq!(turn.last().unwrap().json()["threadId"], session.reply["state"]["threadId"]);
    assert_eq!(gateway.codex_processes().len(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn session_deleted_during_thread_switch_leaves_no_process() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    let session = gateway.create().await;
    gateway.fake_codex().set_mode("silent-until-sigterm");
    let path = session.path("/thread/new");
    let swap = session.client.post(&path);
    tokio::pin!(swap);
    let process = eventually("the second process starts", || gateway.codex_processes().len() == 2);
    pending_until(&mut swap, process).await;
    session
        .client
        .post_json(&session.path("/turn"), &json!({ "prompt": "Hello" }))
        .await
        .expect_error(409, "starting");

    session.delete().await;
    assert_eq!(gateway.processes(), [], "both processes are gone when the session is deleted");
    swap.await.expect_error(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn session_deleted_after_thread_switch_leaves_no_process() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    gateway.fake_codex().set_mode("ignores-sigterm");
    let session = gateway.create().await;
    gateway.fake_codex().set_mode("normal");
    session.client.post(&session.path("/thread/new")).await.ok();
    session.delete().await;
    assert_eq!(gateway.processes(), [], "the first process is gone as well when the session is deleted");
    gateway.stop().await;
}
