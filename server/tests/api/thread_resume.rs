//! `/api/sessions/{id}/thread/resume`, and `resumeThreadId`: sessions that resume an existing thread.

use codex_gateway_mock_openai::{MockServer, Options};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    sessions::UNKNOWN_THREAD,
    support::{Gateway, RecordingProxy, Reply, Session, Setup, eventually, pending_until},
    threads_read::thread_id,
};

async fn resume(session: &Session, thread: &str) -> Reply {
    session.client.post_json(&session.path("/thread/resume"), &json!({ "threadId": thread })).await
}

async fn create(gateway: &Gateway, thread: &str) -> Reply {
    gateway.client.post_json("/api/sessions", &json!({ "resumeThreadId": thread })).await
}

async fn snapshot(session: &Session) -> Value {
    session.client.get(&session.path("/snapshot")).await.ok()
}

/// Creates a thread with one turn and no session.
async fn thread_without_session(gateway: &Gateway) -> String {
    let session = gateway.create().await;
    session.run_turn("Hello").await;
    session.delete().await;
    thread_id(&session)
}

/// Returns the ids, kinds and texts of a snapshot's entries.
fn entries(snapshot: &Value) -> Vec<(String, String, Value)> {
    let entries = snapshot["transcript"]["entries"].as_array().unwrap().iter();
    let entry = |entry: &Value| {
        let item = &entry["content"]["item"];
        let text =
            if item["text"].is_null() { item["aggregatedOutput"].clone() } else { item["text"].clone() };
        (entry["id"].as_str().unwrap().to_owned(), item["type"].as_str().unwrap().to_owned(), text)
    };
    entries.map(entry).collect()
}

#[tokio::test]
async fn thread_is_resumed_in_another_session_with_its_history() {
    let mock_server = MockServer::start(Options::default()).await.unwrap();
    let upstream = RecordingProxy::start(mock_server.base_url()).await;
    let gateway = Setup::upstream(&upstream.base_url()).start().await.catalog_loaded().await;
    let before = gateway.create_with(&gateway.client, &json!({ "model": "gpt-5.5" })).await;
    before.run_turn("My favourite colour is heliotrope. Reply with exactly the single word noted").await;
    before.run_turn("!standin command, patch").await;
    let (old_state, old) = (before.state().await, snapshot(&before).await);
    before.delete().await;

    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    let reply = resume(&session, &thread_id(&before)).await.ok();
    let state = &reply["state"];
    assert_eq!(state["threadId"], json!(thread_id(&before)));
    assert_eq!(state["selectedModel"], "gpt-5.5", "the thread keeps its model");
    let messages = |state: &Value| {
        let list = state["transcript"].as_array().unwrap().clone();
        list.iter()
            .map(|entry| (entry["id"].clone(), entry["role"].clone(), entry["text"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(messages(state), messages(&old_state));
    let thread = events.find(|event| event.name == "thread").await.json();
    assert_eq!(thread["history"]["entries"].as_array().unwrap().len(), messages(&old_state).len());
    let new = snapshot(&session).await;
    assert_eq!(entries(&new), entries(&old), "the same items, under the same ids");
    assert_eq!(new["transcript"]["title"], old["transcript"]["title"]);
    assert_eq!(new["older"], false);
    // The token usage of a turn is not in the history.
    let turns = |snapshot: &Value| -> Vec<Value> {
        let turns = snapshot["transcript"]["turns"].as_array().unwrap().iter();
        turns.map(|turn| json!([turn["id"], turn["status"], turn["startedAt"], turn["durationMs"]])).collect()
    };
    assert_eq!(turns(&new), turns(&old));
    eventually("the process of the previous thread exits", || gateway.codex_processes().len() == 1).await;

    upstream.clear();
    session.start_turn("Reply with exactly the single word again").await;
    let turn = events.rest_of_turn().await;
    assert_eq!(
        turn.last().unwrap().json()["transcript"].as_array().unwrap().last().unwrap()["text"],
        "again"
    );
    assert!(upstream.recorded().contains("heliotrope"), "the model receives the history");
    session.delete().await;

    let third = Session::new(&gateway.client, create(&gateway, &thread_id(&before)).await.ok());
    assert_eq!(messages(&third.reply["state"]).len(), messages(&old_state).len() + 2);
    assert_eq!(third.reply["state"]["selectedModel"], "gpt-5.5");
    gateway.stop().await;
}

#[tokio::test]
async fn session_resumes_thread_that_its_previous_process_locked() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn("Reply with exactly the single word first").await;
    let first = thread_id(&session);
    session.client.post(&session.path("/thread/new")).await.ok();
    // The previous process may still be exiting with the thread lock, which codex would report.
    let back = resume(&session, &first).await.ok();
    assert_eq!(back["state"]["transcript"][1]["text"], "first");
    session.run_turn("Reply with exactly the single word second").await;
    gateway.stop().await;
}

#[tokio::test]
async fn resuming_the_current_thread_changes_nothing() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn("Hello").await;
    let [process] = gateway.codex_processes().try_into().unwrap();
    let before = session.client.get(&session.path("/state")).await.ok();
    let reply = resume(&session, &thread_id(&session)).await.ok();
    assert_eq!((&reply["state"], &reply["lastEventId"]), (&before["state"], &before["lastEventId"]));
    let [same] = gateway.codex_processes().try_into().unwrap();
    assert_eq!(same.pid, process.pid);
    gateway.stop().await;
}

#[tokio::test]
async fn invalid_and_unknown_threads_cannot_be_resumed() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    let silent = gateway.create().await;
    silent.delete().await;
    let session = gateway.create().await;
    let path = session.path("/thread/resume");
    let (post, id) = (&session.client, thread_without_session(&gateway).await);
    post.post(&path).await.expect_error(400, "bad_body");
    for body in [json!({}), json!({ "threadId": null }), json!({ "threadId": 7 }), json!([]), json!("x")] {
        post.post_json(&path, &body).await.expect_error(400, "bad_body");
    }
    let long = "x".repeat(60_000);
    for bad in ["", " ", "nonsense", "../../etc/passwd", "/etc/passwd", "\0", &id.replace('-', ""), &long] {
        resume(&session, bad).await.expect_error(400, "bad_thread_id");
        create(&gateway, bad).await.expect_error(400, "bad_thread_id");
    }
    for unknown in [UNKNOWN_THREAD, &thread_id(&silent)] {
        resume(&session, unknown).await.expect_error(404, "not_found");
        create(&gateway, unknown).await.expect_error(404, "not_found");
    }
    let process_count = || gateway.codex_processes().len();
    eventually("only the session's process and the thread reader are left", || process_count() == 2).await;
    assert_eq!(session.state().await["threadId"], json!(thread_id(&session)), "the session keeps its thread");
    session.run_turn("Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn resume_is_refused_while_a_turn_runs() {
    let gateway = Gateway::fake("normal").await;
    let thread = thread_without_session(&gateway).await;
    gateway.fake_codex().set_mode("endless-turn");
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    session.start_turn("Hello").await;
    for thread in [&thread, &thread_id(&session)] {
        resume(&session, thread).await.expect_error(409, "turn_active");
    }
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    events.rest_of_turn().await;
    resume(&session, &thread).await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn thread_is_locked_by_one_session_at_a_time() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    let thread = thread_without_session(&gateway).await;
    let holder = Session::new(&gateway.client, create(&gateway, &thread).await.ok());
    let other = gateway.create().await;
    let assert_locked = async || {
        for reply in [resume(&other, &thread).await, create(&gateway, &thread).await] {
            let error = reply.expect_error(409, "thread_held");
            assert!(error.contains(&holder.id), "{error}");
            assert_eq!(reply.json()["sessionId"], json!(holder.id));
        }
    };
    assert_locked().await;
    gateway.fake_codex().set_mode("exits-in-turn");
    holder.run_crashing_turn().await;
    gateway.fake_codex().set_mode("normal");
    assert_locked().await;
    holder.run_turn("Hello again").await;
    assert_locked().await;

    holder.client.post(&holder.path("/thread/new")).await.ok();
    resume(&other, &thread).await.ok();
    let refused = resume(&holder, &thread).await;
    refused.expect_error(409, "thread_held");
    assert_eq!(refused.json()["sessionId"], json!(other.id));
    other.delete().await;
    resume(&holder, &thread).await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn exactly_one_of_concurrent_resumes_gets_the_thread() {
    let gateway = Gateway::fake("normal").await;
    let thread = thread_without_session(&gateway).await;
    let sessions = join_all((0..3).map(|_| gateway.create())).await;
    let resumes = join_all(sessions.iter().map(|session| resume(session, &thread)));
    let creates = join_all((0..3).map(|_| create(&gateway, &thread)));
    let (mut replies, more) = tokio::join!(resumes, creates);
    replies.extend(more);
    let (won, lost): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 5));
    for reply in lost {
        reply.expect_error(409, "thread_held");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn second_concurrent_resume_in_a_session_is_refused() {
    let gateway = Gateway::fake("normal").await;
    let threads = [thread_without_session(&gateway).await, thread_without_session(&gateway).await];
    let session = gateway.create().await;
    let [one, two] = [resume(&session, &threads[0]), resume(&session, &threads[1])];
    let (one, two) = tokio::join!(one, two);
    let (won, lost) = if one.status == 200 { (one, two) } else { (two, one) };
    lost.expect_error(409, "starting");
    assert_eq!(session.state().await["threadId"], won.ok()["state"]["threadId"]);
    gateway.stop().await;
}

#[tokio::test]
async fn thread_locked_by_another_program_is_refused() {
    let gateway = Gateway::fake("normal").await;
    let thread = thread_without_session(&gateway).await;
    gateway.fake_codex().lock_thread(&thread);
    let session = gateway.create().await;
    let reply = resume(&session, &thread).await;
    reply.expect_error(409, "thread_held");
    assert_eq!(reply.json().get("sessionId"), None);
    gateway.stop().await;
}

#[tokio::test]
async fn long_history_is_reduced_to_its_newest_entries_and_unfinished_items_are_cut() {
    let gateway = Gateway::fake("normal").await;
    let item = |turn: usize, n: usize| json!({ "type": "agentMessage", "id": format!("{turn}-{n}"), "text": format!("{turn}.{n}") });
    let mut turns: Vec<Value> = (0..40)
        .map(|turn| {
            let items: Vec<Value> = (0..10).map(|n| item(turn, n)).collect();
            json!({ "id": format!("turn-{turn}"), "status": "completed", "items": items })
        })
        .collect();
    let command = json!({ "type": "commandExecution", "id": "cut", "command": "ls", "cwd": "/", "status": "inProgress" });
    turns.push(json!({ "id": "turn-40", "status": "inProgress", "items": [command] }));
    let thread = "00000000-0000-0000-0000-00000000cafe";
    gateway.fake_codex().write_thread(thread, 1, &json!(turns));
    let session = Session::new(&gateway.client, create(&gateway, thread).await.ok());

    let transcript = session.reply["state"]["transcript"].as_array().unwrap();
    let newest = transcript.last().unwrap();
    assert_eq!(
        (transcript.len(), &newest["id"], &newest["status"]),
        (100, &json!("cut"), &json!("interrupted"))
    );
    assert_eq!(session.reply["state"]["lastTurnStatus"], "interrupted");
    let snapshot = snapshot(&session).await;
    assert_eq!(snapshot["older"], true);
    let ids = entries(&snapshot);
    assert_eq!((ids.len(), ids[0].0.as_str(), ids[199].0.as_str()), (200, "20-1", "cut"));
    assert_eq!(snapshot["transcript"]["turns"][0]["id"], "turn-20");
    assert_eq!(snapshot["transcript"]["title"], "From elsewhere");
    session.client.post(&session.path("/thread/new")).await.ok();
    assert_eq!(snapshot_older(&session).await, json!(false));
    gateway.stop().await;
}

async fn snapshot_older(session: &Session) -> Value {
    snapshot(session).await["older"].clone()
}

#[tokio::test]
async fn session_deleted_during_resume_leaves_no_process() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    let thread = thread_without_session(&gateway).await;
    let session = gateway.create().await;
    gateway.fake_codex().set_mode("silent-until-sigterm");
    let resuming = resume(&session, &thread);
    tokio::pin!(resuming);
    let process = eventually("the second process starts", || gateway.codex_processes().len() == 2);
    pending_until(&mut resuming, process).await;
    create(&gateway, &thread).await.expect_error(409, "thread_held");
    session.delete().await;
    assert_eq!(gateway.processes(), [], "both processes are gone when the session is deleted");
    resuming.await.expect_error(404, "not_found");
    gateway.fake_codex().set_mode("normal");
    create(&gateway, &thread).await.ok();
    gateway.stop().await;
}
