//! `/api/sessions/{id}/thread/…` and `/api/threads/{id}/…`: actions on threads.

use serde_json::{Value, json};

use crate::{
    sessions::UNKNOWN_THREAD,
    support::{Event, EventStream, Gateway, Reply, Session, Setup},
    threads_read::{thread_id, thread_ids},
};

async fn post(session: &Session, path: &str, body: &Value) -> Reply {
    session.client.post_json(&session.path(&format!("/thread/{path}")), body).await
}

async fn page_action(session: &Session, action: &str, about: &Value) -> Reply {
    let body = json!({ "thread": thread_id(session), "action": action, "about": about });
    session.client.post_json("/_fn/act", &body).await
}

pub(crate) async fn snapshot(session: &Session) -> Value {
    session.client.get(&session.path("/snapshot")).await.ok()
}

/// Returns the texts of the user and the agent.
pub(crate) fn texts(snapshot: &Value) -> Vec<String> {
    let entries = snapshot["transcript"]["entries"].as_array().unwrap().iter();
    let text = |entry: &Value| {
        let item = &entry["content"]["item"];
        let text = if item["text"].is_string() { &item["text"] } else { &item["content"][0]["text"] };
        text.as_str().map(str::to_owned)
    };
    entries.filter_map(text).collect()
}

pub(crate) fn turn_ids(snapshot: &Value) -> Vec<String> {
    let turns = snapshot["transcript"]["turns"].as_array().unwrap().iter();
    turns.map(|turn| turn["id"].as_str().unwrap().to_owned()).collect()
}

/// Returns a prompt that the mock model answers with this word.
pub(crate) fn reply_with(word: &str) -> String {
    format!("Reply with exactly the single word {word}")
}

/// Creates a session with a turn for each word, which is its answer.
pub(crate) async fn session_with_turns(gateway: &Gateway, words: &[&str]) -> Session {
    let session = gateway.create().await;
    for word in words {
        session.run_turn(&reply_with(word)).await;
    }
    session
}

fn history(event: &Event) -> Vec<String> {
    texts(&json!({ "transcript": event.json()["history"] }))
}

async fn thread_event(events: &mut EventStream) -> Event {
    events.find(|event| event.name == "thread").await
}

#[tokio::test]
async fn revert_removes_turns_for_all_readers_and_next_message_runs() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = session_with_turns(&gateway, &["one", "two", "three"]).await;
    let before = snapshot(&session).await;
    let [_, second, _] = turn_ids(&before).try_into().unwrap();
    let mut readers = [session.subscribe().await, session.subscribe().await];

    let reply = post(&session, "revert", &json!({ "beforeTurnId": second })).await.ok();
    let left = [reply_with("one"), "one".to_owned()];
    let state_texts = |state: &Value| -> Vec<Value> {
        state["transcript"].as_array().unwrap().iter().map(|entry| entry["text"].clone()).collect()
    };
    assert_eq!(state_texts(&reply["state"]), left);
    assert_eq!(reply["state"]["threadId"], json!(thread_id(&session)));
    for events in &mut readers {
        let thread = thread_event(events).await;
        assert_eq!(
            (history(&thread), &thread.json()["threadId"]),
            (left.to_vec(), &json!(thread_id(&session)))
        );
    }
    let after = snapshot(&session).await;
    assert_eq!((texts(&after), turn_ids(&after).len()), (left.to_vec(), 1));

    session.run_turn(&reply_with("again")).await;
    let edited = [reply_with("one"), "one".to_owned(), reply_with("again"), "again".to_owned()];
    assert_eq!(texts(&snapshot(&session).await), edited);
    let listed = session.client.get(&format!("/api/threads/{}", thread_id(&session))).await.ok();
    assert_eq!(listed["thread"]["turns"].as_array().unwrap().len(), 2, "codex has removed the turns");

    // A message also replaces turns after the process has died.
    let [process] = gateway
        .codex_processes()
        .into_iter()
        .filter(|codex| is_session_process(codex, &gateway))
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    process.kill();
    readers[0].find(|event| event.name == "warning").await;
    let last = turn_ids(&snapshot(&session).await).pop().unwrap();
    let instead = json!({ "prompt": reply_with("instead"), "replacesTurnId": last, "wait": true });
    session.client.post_json(&session.path("/turn"), &instead).await.ok();
    let replaced = [reply_with("one"), "one".to_owned(), reply_with("instead"), "instead".to_owned()];
    assert_eq!(texts(&snapshot(&session).await), replaced);
    gateway.stop().await;
}

/// Returns `true` for the session's own process, which is the oldest. The other one is the shared thread reader.
fn is_session_process(codex: &crate::support::Process, gateway: &Gateway) -> bool {
    gateway.codex_processes().iter().all(|other| codex.pid <= other.pid)
}

#[tokio::test]
async fn fork_from_any_turn_leaves_original_thread_usable() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = session_with_turns(&gateway, &["one", "two"]).await;
    let before = snapshot(&session).await;
    let [first, _] = turn_ids(&before).try_into().unwrap();

    let full_fork =
        Session::new(&session.client, session.client.post(&session.path("/thread/fork")).await.ok());
    let partial_fork =
        Session::new(&session.client, post(&session, "fork", &json!({ "lastTurnId": first })).await.ok());
    let page_fork = page_action(&session, "fork", &json!(first)).await.ok();
    assert_eq!(texts(&snapshot(&full_fork).await), texts(&before));
    assert_eq!(texts(&snapshot(&partial_fork).await), texts(&before)[..2]);
    let page_fork =
        session.client.get(&format!("/api/sessions/{}/snapshot", page_fork.as_str().unwrap())).await.ok();
    assert_eq!(texts(&page_fork), texts(&before)[..2]);
    assert_eq!(turn_ids(&page_fork), [first.as_str()], "under the same ids");
    assert_eq!(page_fork["session"]["approvals"], before["session"]["approvals"]);
    assert_eq!(page_fork["transcript"]["cwd"], before["transcript"]["cwd"]);

    partial_fork.run_turn(&reply_with("three")).await;
    session.run_turn(&reply_with("four")).await;
    assert_eq!(texts(&snapshot(&partial_fork).await)[2..], [reply_with("three"), "three".to_owned()]);
    assert_eq!(texts(&snapshot(&session).await)[4..], [reply_with("four"), "four".to_owned()]);
    assert_eq!(texts(&snapshot(&full_fork).await).len(), 4);

    // A thread without a session can be forked as well.
    session.delete().await;
    let later = page_action(&session, "fork", &Value::Null).await.ok();
    let later = session.client.get(&format!("/api/sessions/{}/snapshot", later.as_str().unwrap())).await.ok();
    assert_eq!(texts(&later).len(), 6);
    gateway.stop().await;
}

#[tokio::test]
async fn compaction_and_review_run_as_turns() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = session_with_turns(&gateway, &["one"]).await;
    let mut events = session.subscribe().await;
    let reply = post(&session, "compact", &json!({})).await.ok();
    assert_eq!(reply["state"]["activeTurn"], true);
    let compacted = events.rest_of_turn().await;
    assert!(compacted.iter().any(|event| event.data.contains("contextCompaction")), "{compacted:?}");

    let target = json!({ "type": "custom", "instructions": reply_with("fine") });
    post(&session, "review", &json!({ "target": target })).await.ok();
    post(&session, "compact", &json!({})).await.expect_error(409, "turn_active");
    let reviewed = events.rest_of_turn().await;
    assert!(reviewed.iter().any(|event| event.data.contains("exitedReviewMode")), "{reviewed:?}");
    assert_eq!(session.state().await["activeTurn"], false);

    assert_eq!(page_action(&session, "compact", &Value::Null).await.ok(), json!(session.id));
    events.rest_of_turn().await;
    assert_eq!(page_action(&session, "review", &json!(reply_with("good"))).await.ok(), json!(session.id));
    events.rest_of_turn().await;
    session.run_turn(&reply_with("two")).await;
    gateway.stop().await;
}

#[tokio::test]
async fn thread_is_renamed_archived_unarchived_and_deleted() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = session_with_turns(&gateway, &["one"]).await;
    let (client, thread) = (&session.client, thread_id(&session));
    let of_thread = |rest: &str| format!("/api/threads/{thread}{rest}");
    let mut events = session.subscribe().await;
    post(&session, "name", &json!({ "name": " Zanzibar " })).await.ok();
    events.notification("thread/name/updated").await;
    assert_eq!(client.get(&of_thread("")).await.ok()["thread"]["name"], "Zanzibar");
    post(&session, "name", &json!({ "name": " " })).await.expect_error(400, "bad_body");

    client.post(&of_thread("/unarchive")).await.expect_error(404, "not_found");
    assert_eq!(client.post(&of_thread("/archive")).await.ok(), json!({ "ok": true, "threadId": thread }));
    let closed = events.find(|event| event.name == "session-closed").await.json();
    assert_eq!(closed["reason"], "archived");
    client.post(&of_thread("/archive")).await.expect_error(404, "not_found");
    assert!(thread_ids(&client.get("/api/threads").await.ok()).is_empty());
    assert_eq!(thread_ids(&client.get("/api/threads?archived=true").await.ok()), [thread.as_str()]);
    client.get(&of_thread("")).await.ok();
    let resume = json!({ "resumeThreadId": thread });
    client.post_json("/api/sessions", &resume).await.expect_error(409, "archived");
    assert_eq!(page_action(&session, "fork", &Value::Null).await.status, 409);

    assert_eq!(page_action(&session, "unarchive", &Value::Null).await.ok(), Value::Null);
    assert_eq!(thread_ids(&client.get("/api/threads").await.ok()), [thread.as_str()]);
    let again = Session::new(client, client.post_json("/api/sessions", &resume).await.ok());
    again.run_turn(&reply_with("two")).await;
    assert_eq!(page_action(&again, "archive", &Value::Null).await.ok(), Value::Null);
    client.post(&of_thread("/unarchive")).await.ok();

    assert_eq!(client.delete(&of_thread("")).await.ok(), json!({ "ok": true, "threadId": thread }));
    client.delete(&of_thread("")).await.expect_error(404, "not_found");
    client.get(&of_thread("")).await.expect_error(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn refused_deletion_leaves_the_session_unchanged() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = session_with_turns(&gateway, &["one"]).await;
    let forked = Session::new(&session.client, session.client.post(&session.path("/thread/fork")).await.ok());
    let (client, thread) = (&session.client, format!("/api/threads/{}", thread_id(&session)));
    let mut events = session.subscribe().await;
    // Codex refuses to delete a thread that has forks.
    let error = client.delete(&thread).await.expect_error(422, "codex_refused");
    assert!(error.contains("fork"), "{error}");
    assert_eq!(texts(&snapshot(&session).await), [reply_with("one"), "one".to_owned()]);
    session.start_turn(&reply_with("two")).await;
    let turn = events.rest_of_turn().await;
    assert!(turn.iter().all(|event| event.name != "session-closed"));
    assert_eq!(session.state().await["lastTurnStatus"], "completed");

    // A running turn is not ended for a deletion that codex may refuse.
    session.start_turn("!standin slow-command").await;
    events.notification("item/commandExecution/outputDelta").await;
    client.delete(&thread).await.expect_error(409, "turn_active");
    assert_eq!(session.state().await["activeTurn"], true);
    client.post(&session.path("/turn/interrupt")).await.ok();
    events.rest_of_turn().await;

    // Without forks, the thread is deleted and its session is closed.
    client.delete(&format!("/api/threads/{}", thread_id(&forked))).await.ok();
    client.get(&forked.path("/state")).await.expect_error(404, "not_found");
    client.delete(&thread).await.ok();
    let closed = events.find(|event| event.name == "session-closed").await.json();
    assert_eq!(closed["reason"], "deleted");
    client.get(&session.path("/state")).await.expect_error(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn refused_archiving_leaves_the_session_unchanged() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn("Hello").await;
    // This codex cannot archive.
    let archive = format!("/api/threads/{}/archive", thread_id(&session));
    session.client.post(&archive).await.expect_error(501, "codex_lacks");
    assert_eq!(turn_ids(&snapshot(&session).await).len(), 1);
    session.run_turn("Hello again").await;
    gateway.stop().await;
}

#[tokio::test]
async fn actions_on_empty_threads_and_unknown_turns_are_rejected() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let empty = gateway.create().await;
    let turn = json!({ "beforeTurnId": UNKNOWN_THREAD });
    for (path, body) in [("fork", json!({})), ("compact", json!({})), ("revert", turn.clone())] {
        post(&empty, path, &body).await.expect_error(409, "empty_thread");
    }
    let archive = format!("/api/threads/{}/archive", thread_id(&empty));
    empty.client.post(&archive).await.expect_error(409, "empty_thread");
    assert_eq!(empty.state().await["ready"], true, "its session stays usable");

    let session = session_with_turns(&gateway, &["one"]).await;
    for id in [UNKNOWN_THREAD, "nonsense", "", "../../x"] {
        post(&session, "revert", &json!({ "beforeTurnId": id })).await.expect_error(404, "not_found");
        post(&session, "fork", &json!({ "lastTurnId": id })).await.expect_error(404, "not_found");
    }
    for body in [json!({}), json!({ "target": {} }), json!({ "target": { "type": "x" } }), json!([])] {
        post(&session, "review", &body).await.expect_error(400, "bad_body");
    }
    post(&session, "revert", &json!({})).await.expect_error(400, "bad_body");
    assert_eq!(texts(&snapshot(&session).await).len(), 2);
    assert_eq!(session.state().await["activeTurn"], false);
    session.run_turn(&reply_with("two")).await;
    for path in ["", "/archive", "/unarchive", "/export"] {
        for id in [UNKNOWN_THREAD, "nonsense", "..%2F..%2Fetc"] {
            let method = match path {
                "" => "DELETE",
                "/export" => "GET",
                _ => "POST",
            };
            let reply = session.client.send(method, &format!("/api/threads/{id}{path}"), &[]).await;
            // Deleting a thread that never existed succeeds.
            if !(path.is_empty() && id == UNKNOWN_THREAD) {
                reply.expect_error(404, "not_found");
            }
        }
    }
    gateway.stop().await;
}

#[tokio::test]
async fn actions_are_refused_while_a_turn_runs() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn("Hello").await;
    let [first] = turn_ids(&snapshot(&session).await).try_into().unwrap();
    gateway.fake_codex().set_mode("endless-turn");
    let mut events = session.subscribe().await;
    session.start_turn("Hello").await;
    events.notification("turn/started").await;
    let running = turn_ids(&snapshot(&session).await).pop().unwrap();
    let review = json!({ "target": { "type": "uncommittedChanges" } });
    for (path, body) in [
        ("revert", json!({ "beforeTurnId": first })),
        ("compact", json!({})),
        ("review", review.clone()),
        ("fork", json!({})),
        ("fork", json!({ "lastTurnId": running })),
    ] {
        post(&session, path, &body).await.expect_error(409, "turn_active");
    }
    let archive = format!("/api/threads/{}/archive", thread_id(&session));
    session.client.post(&archive).await.expect_error(409, "turn_active");
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    events.rest_of_turn().await;

    // A method that codex does not support leaves the session usable.
    for (path, body) in
        [("compact", json!({})), ("review", review), ("revert", json!({ "beforeTurnId": first }))]
    {
        let error = post(&session, path, &body).await.expect_error(501, "codex_lacks");
        assert!(error.contains(path) && !error.contains("initialize"), "{error}");
        assert_eq!(session.state().await["activeTurn"], false, "{path}");
    }
    gateway.fake_codex().set_mode("normal");
    session.run_turn("Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn fork_keeps_sandbox_and_approval_policy() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let message = json!({ "prompt": reply_with("one"), "sandbox": "read-only", "approvalPolicy": "never", "wait": true });
    let reply = session.client.post_json(&session.path("/turn"), &message).await.ok();
    let settings = |state: &Value| (state["sandbox"].clone(), state["approvalPolicy"].clone());
    let strict = (json!("read-only"), json!("never"));
    assert_eq!(settings(&reply["state"]), strict);
    let forked = Session::new(&session.client, session.client.post(&session.path("/thread/fork")).await.ok());
    assert_eq!(settings(&forked.state().await), strict);
    forked.client.post(&forked.path("/thread/new")).await.ok();
    assert_eq!(settings(&forked.state().await), strict, "new threads of the fork have the same settings");
    gateway.stop().await;
}

#[tokio::test]
async fn fork_counts_against_the_limit_and_belongs_to_its_owner() {
    let gateway = Setup::demo()
        .set("CODEX_GATEWAY_MAX_SESSIONS", "1")
        .set("CODEX_GATEWAY_JWT_SECRET", crate::auth::SECRET)
        .start()
        .await;
    let [ada, bob] = ["ada", "bob"].map(|name| gateway.client.with_token(&crate::auth::token_for(name)));
    let session = gateway.create_with(&ada, &json!({})).await;
    session.run_turn(&reply_with("one")).await;
    let forked = Session::new(&ada, ada.post(&session.path("/thread/fork")).await.ok());
    assert_eq!(session.state().await["ready"], false, "the original session is parked");
    let mut events = forked.subscribe().await;
    forked.start_turn("!standin slow-command").await;
    events.notification("item/commandExecution/outputDelta").await;
    ada.post(&session.path("/thread/fork")).await.expect_error(503, "session_limit");
    ada.get(&format!("/api/threads/{}", thread_id(&forked))).await.ok();
    bob.get(&format!("/api/threads/{}", thread_id(&forked))).await.expect_error(404, "not_found");
    bob.get(&format!("/api/threads/{}/export", thread_id(&forked))).await.expect_error(404, "not_found");
    gateway.stop().await;
}
