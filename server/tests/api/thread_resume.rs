//! `/api/sessions/{id}/thread/resume`, and `resumeThreadId`: a session goes on with a thread that is there.

use std::time::Duration;

use codex_gateway_standin::{Options, Standin};
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    sessions::NO_THREAD,
    support::{Gateway, Recorder, Reply, Session, Setup, eventually},
    threads_read::thread_of,
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

/// A thread that has had a turn and that nobody is in any more.
async fn left_thread(gateway: &Gateway) -> String {
    let session = gateway.create().await;
    session.turn("Hello").await;
    session.delete().await;
    thread_of(&session)
}

/// The ids, kinds and texts of a snapshot's entries.
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
async fn a_conversation_goes_on_in_another_session() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let upstream = Recorder::start(standin.base_url()).await;
    let gateway = Setup::upstream(&upstream.base_url()).start().await.settled().await;
    let before = gateway.create_with(&gateway.client, &json!({ "model": "gpt-5.5" })).await;
    before.turn("My favourite colour is heliotrope. Reply with exactly the single word noted").await;
    before.turn("!standin command, patch").await;
    let (old_state, old) = (before.state().await, snapshot(&before).await);
    before.delete().await;

    let session = gateway.create().await;
    let mut events = session.live().await;
    let reply = resume(&session, &thread_of(&before)).await.ok();
    let state = &reply["state"];
    assert_eq!(state["threadId"], json!(thread_of(&before)));
    assert_eq!(state["selectedModel"], "gpt-5.5", "the thread keeps its model");
    let told = |state: &Value| {
        let list = state["transcript"].as_array().unwrap().clone();
        list.iter()
            .map(|entry| (entry["id"].clone(), entry["role"].clone(), entry["text"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(told(state), told(&old_state));
    let thread = events.find(|event| event.name == "thread").await.json();
    assert_eq!(thread["history"]["entries"].as_array().unwrap().len(), told(&old_state).len());
    let new = snapshot(&session).await;
    assert_eq!(entries(&new), entries(&old), "the same items, under the same ids");
    assert_eq!(new["transcript"]["title"], old["transcript"]["title"]);
    assert_eq!(new["older"], false);
    // How many tokens a turn used is in no history.
    let turns = |snapshot: &Value| -> Vec<Value> {
        let turns = snapshot["transcript"]["turns"].as_array().unwrap().iter();
        turns.map(|turn| json!([turn["id"], turn["status"], turn["startedAt"], turn["durationMs"]])).collect()
    };
    assert_eq!(turns(&new), turns(&old));
    eventually("the process of the thread before ends", || gateway.codexes().len() == 1).await;

    upstream.forget();
    session.start_turn("Reply with exactly the single word again").await;
    let turn = events.turn().await;
    assert_eq!(
        turn.last().unwrap().json()["transcript"].as_array().unwrap().last().unwrap()["text"],
        "again"
    );
    assert!(upstream.heard().contains("heliotrope"), "the model is told the history");
    session.delete().await;

    let third = Session::new(&gateway.client, create(&gateway, &thread_of(&before)).await.ok());
    assert_eq!(told(&third.reply["state"]).len(), told(&old_state).len() + 2);
    assert_eq!(third.reply["state"]["selectedModel"], "gpt-5.5");
    gateway.stop().await;
}

#[tokio::test]
async fn a_session_comes_back_to_a_thread_that_its_own_process_held() {
    let gateway = Gateway::demo().await.settled().await;
    let session = gateway.create().await;
    session.turn("Reply with exactly the single word first").await;
    let first = thread_of(&session);
    session.client.post(&session.path("/thread/new")).await.ok();
    // The process before may still be ending: it has the thread, and codex would refuse.
    let back = resume(&session, &first).await.ok();
    assert_eq!(back["state"]["transcript"][1]["text"], "first");
    session.turn("Reply with exactly the single word second").await;
    gateway.stop().await;
}

#[tokio::test]
async fn the_thread_that_a_session_has_is_resumed_by_doing_nothing() {
    let gateway = Gateway::fake("normal").await.settled().await;
    let session = gateway.create().await;
    session.turn("Hello").await;
    let [process] = gateway.codexes().try_into().unwrap();
    let before = session.client.get(&session.path("/state")).await.ok();
    let reply = resume(&session, &thread_of(&session)).await.ok();
    assert_eq!((&reply["state"], &reply["lastEventId"]), (&before["state"], &before["lastEventId"]));
    let [same] = gateway.codexes().try_into().unwrap();
    assert_eq!(same.pid, process.pid);
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_no_thread_cannot_be_resumed() {
    let gateway = Gateway::fake("normal").await.settled().await;
    let silent = gateway.create().await;
    silent.delete().await;
    let session = gateway.create().await;
    let path = session.path("/thread/resume");
    let (post, id) = (&session.client, left_thread(&gateway).await);
    post.post(&path).await.refused(400, "bad_body");
    for body in [json!({}), json!({ "threadId": null }), json!({ "threadId": 7 }), json!([]), json!("x")] {
        post.post_json(&path, &body).await.refused(400, "bad_body");
    }
    let long = "x".repeat(60_000);
    for bad in ["", " ", "nonsense", "../../etc/passwd", "/etc/passwd", "\0", &id.replace('-', ""), &long] {
        resume(&session, bad).await.refused(400, "bad_thread_id");
        create(&gateway, bad).await.refused(400, "bad_thread_id");
    }
    for unknown in [NO_THREAD, &thread_of(&silent)] {
        resume(&session, unknown).await.refused(404, "not_found");
        create(&gateway, unknown).await.refused(404, "not_found");
    }
    let left = || gateway.codexes().len();
    eventually("nothing is left of what was tried but the process that reads", || left() == 2).await;
    assert_eq!(session.state().await["threadId"], json!(thread_of(&session)), "the old thread goes on");
    session.turn("Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn during_a_turn_no_thread_is_resumed() {
    let gateway = Gateway::fake("normal").await;
    let thread = left_thread(&gateway).await;
    gateway.codex().set_mode("hangs");
    let session = gateway.create().await;
    let mut events = session.live().await;
    session.start_turn("Hello").await;
    for thread in [&thread, &thread_of(&session)] {
        resume(&session, thread).await.refused(409, "turn_active");
    }
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    events.turn().await;
    resume(&session, &thread).await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn a_thread_has_one_session_at_a_time() {
    let gateway = Gateway::fake("normal").await.settled().await;
    let thread = left_thread(&gateway).await;
    let holder = Session::new(&gateway.client, create(&gateway, &thread).await.ok());
    let other = gateway.create().await;
    let held = async || {
        for reply in [resume(&other, &thread).await, create(&gateway, &thread).await] {
            let error = reply.refused(409, "thread_held");
            assert!(error.contains(&holder.id), "{error}");
            assert_eq!(reply.json()["sessionId"], json!(holder.id));
        }
    };
    held().await;
    gateway.codex().set_mode("dies");
    holder.fatal_turn().await;
    gateway.codex().set_mode("normal");
    held().await;
    holder.turn("Hello again").await;
    held().await;

    holder.client.post(&holder.path("/thread/new")).await.ok();
    resume(&other, &thread).await.ok();
    let held = resume(&holder, &thread).await;
    held.refused(409, "thread_held");
    assert_eq!(held.json()["sessionId"], json!(other.id));
    other.delete().await;
    resume(&holder, &thread).await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn of_several_at_once_one_gets_the_thread() {
    let gateway = Gateway::fake("normal").await;
    let thread = left_thread(&gateway).await;
    let sessions = join_all((0..3).map(|_| gateway.create())).await;
    let resumes = join_all(sessions.iter().map(|session| resume(session, &thread)));
    let creates = join_all((0..3).map(|_| create(&gateway, &thread)));
    let (mut replies, more) = tokio::join!(resumes, creates);
    replies.extend(more);
    let (won, lost): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 5));
    for reply in lost {
        reply.refused(409, "thread_held");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn of_two_at_once_in_one_session_one_is_refused() {
    let gateway = Gateway::fake("normal").await;
    let threads = [left_thread(&gateway).await, left_thread(&gateway).await];
    let session = gateway.create().await;
    let [one, two] = [resume(&session, &threads[0]), resume(&session, &threads[1])];
    let (one, two) = tokio::join!(one, two);
    let (won, lost) = if one.status == 200 { (one, two) } else { (two, one) };
    lost.refused(409, "starting");
    assert_eq!(session.state().await["threadId"], won.ok()["state"]["threadId"]);
    gateway.stop().await;
}

#[tokio::test]
async fn a_program_outside_of_the_gateway_may_hold_a_thread() {
    let gateway = Gateway::fake("normal").await;
    let thread = left_thread(&gateway).await;
    gateway.codex().hold_thread(&thread);
    let session = gateway.create().await;
    let reply = resume(&session, &thread).await;
    reply.refused(409, "thread_held");
    assert_eq!(reply.json().get("sessionId"), None);
    gateway.stop().await;
}

#[tokio::test]
async fn a_long_history_is_cut_to_its_newest_part_and_what_never_ended_is_cut_off() {
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
    gateway.codex().put_thread(thread, 1, &json!(turns));
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
async fn a_session_that_is_deleted_while_it_resumes_leaves_nothing() {
    let gateway = Gateway::fake("normal").await.settled().await;
    let thread = left_thread(&gateway).await;
    let session = gateway.create().await;
    gateway.codex().set_mode("deaf");
    let resuming = resume(&session, &thread);
    tokio::pin!(resuming);
    assert!(timeout(Duration::from_millis(200), &mut resuming).await.is_err(), "it should wait for codex");
    eventually("the second process starts", || gateway.codexes().len() == 2).await;
    create(&gateway, &thread).await.refused(409, "thread_held");
    session.delete().await;
    assert_eq!(gateway.processes(), [], "both processes are gone when the delete answers");
    resuming.await.refused(404, "not_found");
    gateway.codex().set_mode("normal");
    create(&gateway, &thread).await.ok();
    gateway.stop().await;
}
