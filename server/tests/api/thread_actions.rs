//! `/api/sessions/{id}/thread/…` and `/api/threads/{id}/…`: what is done with whole threads, by the real codex.

use serde_json::{Value, json};

use crate::{
    sessions::NO_THREAD,
    support::{Event, Events, Gateway, Reply, Session, Setup},
    threads_read::{ids, thread_of},
};

async fn post(session: &Session, path: &str, body: &Value) -> Reply {
    session.client.post_json(&session.path(&format!("/thread/{path}")), body).await
}

async fn act(session: &Session, action: &str, about: &Value) -> Reply {
    let body = json!({ "thread": thread_of(session), "action": action, "about": about });
    session.client.post_json("/_fn/act", &body).await
}

pub(crate) async fn snapshot(session: &Session) -> Value {
    session.client.get(&session.path("/snapshot")).await.ok()
}

/// What was said, by both.
pub(crate) fn said(snapshot: &Value) -> Vec<String> {
    let entries = snapshot["transcript"]["entries"].as_array().unwrap().iter();
    let text = |entry: &Value| {
        let item = &entry["content"]["item"];
        let text = if item["text"].is_string() { &item["text"] } else { &item["content"][0]["text"] };
        text.as_str().map(str::to_owned)
    };
    entries.filter_map(text).collect()
}

pub(crate) fn turns(snapshot: &Value) -> Vec<String> {
    let turns = snapshot["transcript"]["turns"].as_array().unwrap().iter();
    turns.map(|turn| turn["id"].as_str().unwrap().to_owned()).collect()
}

pub(crate) fn word(word: &str) -> String {
    format!("Reply with exactly the single word {word}")
}

/// A session in which these words were said, a turn for each.
pub(crate) async fn talked(gateway: &Gateway, words: &[&str]) -> Session {
    let session = gateway.create().await;
    for said in words {
        session.turn(&word(said)).await;
    }
    session
}

fn history(event: &Event) -> Vec<String> {
    said(&json!({ "transcript": event.json()["history"] }))
}

async fn thread_event(events: &mut Events) -> Event {
    events.find(|event| event.name == "thread").await
}

#[tokio::test]
async fn turns_are_taken_back_for_all_who_read_and_a_message_is_said_again() {
    let gateway = Gateway::demo().await.settled().await;
    let session = talked(&gateway, &["one", "two", "three"]).await;
    let before = snapshot(&session).await;
    let [_, second, _] = turns(&before).try_into().unwrap();
    let mut readers = [session.live().await, session.live().await];

    let reply = post(&session, "revert", &json!({ "beforeTurnId": second })).await.ok();
    let left = [word("one"), "one".to_owned()];
    let texts = |state: &Value| -> Vec<Value> {
        state["transcript"].as_array().unwrap().iter().map(|entry| entry["text"].clone()).collect()
    };
    assert_eq!(texts(&reply["state"]), left);
    assert_eq!(reply["state"]["threadId"], json!(thread_of(&session)));
    for events in &mut readers {
        let thread = thread_event(events).await;
        assert_eq!(
            (history(&thread), &thread.json()["threadId"]),
            (left.to_vec(), &json!(thread_of(&session)))
        );
    }
    let after = snapshot(&session).await;
    assert_eq!((said(&after), turns(&after).len()), (left.to_vec(), 1));

    session.turn(&word("again")).await;
    let edited = [word("one"), "one".to_owned(), word("again"), "again".to_owned()];
    assert_eq!(said(&snapshot(&session).await), edited);
    let listed = session.client.get(&format!("/api/threads/{}", thread_of(&session))).await.ok();
    assert_eq!(listed["thread"]["turns"].as_array().unwrap().len(), 2, "codex has them no more");

    // A message takes the place of turns also when the process has ended meanwhile.
    let [process] = gateway
        .codexes()
        .into_iter()
        .filter(|codex| readers_process(codex, &gateway))
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    process.kill();
    readers[0].find(|event| event.name == "warning").await;
    let last = turns(&snapshot(&session).await).pop().unwrap();
    let instead = json!({ "prompt": word("instead"), "replacesTurnId": last, "wait": true });
    session.client.post_json(&session.path("/turn"), &instead).await.ok();
    let replaced = [word("one"), "one".to_owned(), word("instead"), "instead".to_owned()];
    assert_eq!(said(&snapshot(&session).await), replaced);
    gateway.stop().await;
}

/// The session's own process: the other one reads threads that no session is in.
fn readers_process(codex: &crate::support::Process, gateway: &Gateway) -> bool {
    gateway.codexes().iter().all(|other| codex.pid <= other.pid)
}

#[tokio::test]
async fn a_thread_is_forked_from_any_turn_and_the_old_one_goes_on() {
    let gateway = Gateway::demo().await.settled().await;
    let session = talked(&gateway, &["one", "two"]).await;
    let before = snapshot(&session).await;
    let [first, _] = turns(&before).try_into().unwrap();

    let whole = Session::new(&session.client, session.client.post(&session.path("/thread/fork")).await.ok());
    let part =
        Session::new(&session.client, post(&session, "fork", &json!({ "lastTurnId": first })).await.ok());
    let paged = act(&session, "fork", &json!(first)).await.ok();
    assert_eq!(said(&snapshot(&whole).await), said(&before));
    assert_eq!(said(&snapshot(&part).await), said(&before)[..2]);
    let paged = session.client.get(&format!("/api/sessions/{}/snapshot", paged.as_str().unwrap())).await.ok();
    assert_eq!(said(&paged), said(&before)[..2]);
    assert_eq!(turns(&paged), [first.as_str()], "under the same ids");
    assert_eq!(paged["session"]["approvals"], before["session"]["approvals"]);
    assert_eq!(paged["transcript"]["cwd"], before["transcript"]["cwd"]);

    part.turn(&word("three")).await;
    session.turn(&word("four")).await;
    assert_eq!(said(&snapshot(&part).await)[2..], [word("three"), "three".to_owned()]);
    assert_eq!(said(&snapshot(&session).await)[4..], [word("four"), "four".to_owned()]);
    assert_eq!(said(&snapshot(&whole).await).len(), 4);

    // Nobody needs to be in it.
    session.delete().await;
    let later = act(&session, "fork", &Value::Null).await.ok();
    let later = session.client.get(&format!("/api/sessions/{}/snapshot", later.as_str().unwrap())).await.ok();
    assert_eq!(said(&later).len(), 6);
    gateway.stop().await;
}

#[tokio::test]
async fn a_history_is_compacted_and_a_change_reviewed_as_turns() {
    let gateway = Gateway::demo().await.settled().await;
    let session = talked(&gateway, &["one"]).await;
    let mut events = session.live().await;
    let reply = post(&session, "compact", &json!({})).await.ok();
    assert_eq!(reply["state"]["activeTurn"], true);
    let compacted = events.turn().await;
    assert!(compacted.iter().any(|event| event.data.contains("contextCompaction")), "{compacted:?}");

    let target = json!({ "type": "custom", "instructions": word("fine") });
    post(&session, "review", &json!({ "target": target })).await.ok();
    post(&session, "compact", &json!({})).await.refused(409, "turn_active");
    let reviewed = events.turn().await;
    assert!(reviewed.iter().any(|event| event.data.contains("exitedReviewMode")), "{reviewed:?}");
    assert_eq!(session.state().await["activeTurn"], false);

    assert_eq!(act(&session, "compact", &Value::Null).await.ok(), json!(session.id));
    events.turn().await;
    assert_eq!(act(&session, "review", &json!(word("good"))).await.ok(), json!(session.id));
    events.turn().await;
    session.turn(&word("two")).await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_thread_is_named_archived_brought_back_and_deleted() {
    let gateway = Gateway::demo().await.settled().await;
    let session = talked(&gateway, &["one"]).await;
    let (client, thread) = (&session.client, thread_of(&session));
    let of_thread = |rest: &str| format!("/api/threads/{thread}{rest}");
    let mut events = session.live().await;
    post(&session, "name", &json!({ "name": " Zanzibar " })).await.ok();
    events.notification("thread/name/updated").await;
    assert_eq!(client.get(&of_thread("")).await.ok()["thread"]["name"], "Zanzibar");
    post(&session, "name", &json!({ "name": " " })).await.refused(400, "bad_body");

    client.post(&of_thread("/unarchive")).await.refused(404, "not_found");
    assert_eq!(client.post(&of_thread("/archive")).await.ok(), json!({ "ok": true, "threadId": thread }));
    let closed = events.find(|event| event.name == "session-closed").await.json();
    assert_eq!(closed["reason"], "archived");
    client.post(&of_thread("/archive")).await.refused(404, "not_found");
    assert!(ids(&client.get("/api/threads").await.ok()).is_empty());
    assert_eq!(ids(&client.get("/api/threads?archived=true").await.ok()), [thread.as_str()]);
    client.get(&of_thread("")).await.ok();
    let resume = json!({ "resumeThreadId": thread });
    client.post_json("/api/sessions", &resume).await.refused(409, "archived");
    assert_eq!(act(&session, "fork", &Value::Null).await.status, 409);

    assert_eq!(act(&session, "unarchive", &Value::Null).await.ok(), Value::Null);
    assert_eq!(ids(&client.get("/api/threads").await.ok()), [thread.as_str()]);
    let again = Session::new(client, client.post_json("/api/sessions", &resume).await.ok());
    again.turn(&word("two")).await;
    assert_eq!(act(&again, "archive", &Value::Null).await.ok(), Value::Null);
    client.post(&of_thread("/unarchive")).await.ok();

    assert_eq!(client.delete(&of_thread("")).await.ok(), json!({ "ok": true, "threadId": thread }));
    client.delete(&of_thread("")).await.refused(404, "not_found");
    client.get(&of_thread("")).await.refused(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn refused_deletion_leaves_the_session_as_it_was() {
    let gateway = Gateway::demo().await.settled().await;
    let session = talked(&gateway, &["one"]).await;
    let forked = Session::new(&session.client, session.client.post(&session.path("/thread/fork")).await.ok());
    let (client, thread) = (&session.client, format!("/api/threads/{}", thread_of(&session)));
    let mut events = session.live().await;
    // Codex keeps what forks refer to.
    let error = client.delete(&thread).await.refused(422, "codex_refused");
    assert!(error.contains("fork"), "{error}");
    assert_eq!(said(&snapshot(&session).await), [word("one"), "one".to_owned()]);
    session.start_turn(&word("two")).await;
    let turn = events.turn().await;
    assert!(turn.iter().all(|event| event.name != "session-closed"));
    assert_eq!(session.state().await["lastTurnStatus"], "completed");

    // What goes on is not ended for a deletion that may be refused.
    session.start_turn("!standin slow-command").await;
    events.notification("item/commandExecution/outputDelta").await;
    client.delete(&thread).await.refused(409, "turn_active");
    assert_eq!(session.state().await["activeTurn"], true);
    client.post(&session.path("/turn/interrupt")).await.ok();
    events.turn().await;

    // Without its fork it can be deleted, and its session goes with it.
    client.delete(&format!("/api/threads/{}", thread_of(&forked))).await.ok();
    client.get(&forked.path("/state")).await.refused(404, "not_found");
    client.delete(&thread).await.ok();
    let closed = events.find(|event| event.name == "session-closed").await.json();
    assert_eq!(closed["reason"], "deleted");
    client.get(&session.path("/state")).await.refused(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn refused_archiving_leaves_the_session_as_it_was() {
    let gateway = Gateway::fake("normal").await.settled().await;
    let session = gateway.create().await;
    session.turn("Hello").await;
    // This codex cannot archive.
    let archive = format!("/api/threads/{}/archive", thread_of(&session));
    session.client.post(&archive).await.refused(501, "codex_lacks");
    assert_eq!(turns(&snapshot(&session).await).len(), 1);
    session.turn("Hello again").await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_thread_without_a_turn_and_turns_that_are_not_there() {
    let gateway = Gateway::demo().await.settled().await;
    let empty = gateway.create().await;
    let turn = json!({ "beforeTurnId": NO_THREAD });
    for (path, body) in [("fork", json!({})), ("compact", json!({})), ("revert", turn.clone())] {
        post(&empty, path, &body).await.refused(409, "empty_thread");
    }
    let archive = format!("/api/threads/{}/archive", thread_of(&empty));
    empty.client.post(&archive).await.refused(409, "empty_thread");
    assert_eq!(empty.state().await["ready"], true, "its session goes on");

    let session = talked(&gateway, &["one"]).await;
    for id in [NO_THREAD, "nonsense", "", "../../x"] {
        post(&session, "revert", &json!({ "beforeTurnId": id })).await.refused(404, "not_found");
        post(&session, "fork", &json!({ "lastTurnId": id })).await.refused(404, "not_found");
    }
    for body in [json!({}), json!({ "target": {} }), json!({ "target": { "type": "x" } }), json!([])] {
        post(&session, "review", &body).await.refused(400, "bad_body");
    }
    post(&session, "revert", &json!({})).await.refused(400, "bad_body");
    assert_eq!(said(&snapshot(&session).await).len(), 2);
    assert_eq!(session.state().await["activeTurn"], false);
    session.turn(&word("two")).await;
    for path in ["", "/archive", "/unarchive", "/export"] {
        for id in [NO_THREAD, "nonsense", "..%2F..%2Fetc"] {
            let method = match path {
                "" => "DELETE",
                "/export" => "GET",
                _ => "POST",
            };
            let reply = session.client.send(method, &format!("/api/threads/{id}{path}"), &[]).await;
            // What was never there is gone when it is deleted.
            if !(path.is_empty() && id == NO_THREAD) {
                reply.refused(404, "not_found");
            }
        }
    }
    gateway.stop().await;
}

#[tokio::test]
async fn while_a_turn_runs_its_history_stays() {
    let gateway = Gateway::fake("normal").await.settled().await;
    let session = gateway.create().await;
    session.turn("Hello").await;
    let [first] = turns(&snapshot(&session).await).try_into().unwrap();
    gateway.codex().set_mode("hangs");
    let mut events = session.live().await;
    session.start_turn("Hello").await;
    events.notification("turn/started").await;
    let running = turns(&snapshot(&session).await).pop().unwrap();
    let review = json!({ "target": { "type": "uncommittedChanges" } });
    for (path, body) in [
        ("revert", json!({ "beforeTurnId": first })),
        ("compact", json!({})),
        ("review", review.clone()),
        ("fork", json!({})),
        ("fork", json!({ "lastTurnId": running })),
    ] {
        post(&session, path, &body).await.refused(409, "turn_active");
    }
    let archive = format!("/api/threads/{}/archive", thread_of(&session));
    session.client.post(&archive).await.refused(409, "turn_active");
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    events.turn().await;

    // What codex does not know leaves the session free for the next turn.
    for (path, body) in
        [("compact", json!({})), ("review", review), ("revert", json!({ "beforeTurnId": first }))]
    {
        let error = post(&session, path, &body).await.refused(501, "codex_lacks");
        assert!(error.contains(path) && !error.contains("initialize"), "{error}");
        assert_eq!(session.state().await["activeTurn"], false, "{path}");
    }
    gateway.codex().set_mode("normal");
    session.turn("Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_forked_may_no_more_than_what_it_was_forked_from() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let said =
        json!({ "prompt": word("one"), "sandbox": "read-only", "approvalPolicy": "never", "wait": true });
    let reply = session.client.post_json(&session.path("/turn"), &said).await.ok();
    let may = |state: &Value| (state["sandbox"].clone(), state["approvalPolicy"].clone());
    let strict = (json!("read-only"), json!("never"));
    assert_eq!(may(&reply["state"]), strict);
    let forked = Session::new(&session.client, session.client.post(&session.path("/thread/fork")).await.ok());
    assert_eq!(may(&forked.state().await), strict);
    forked.client.post(&forked.path("/thread/new")).await.ok();
    assert_eq!(may(&forked.state().await), strict, "and so in its other threads");
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_forked_takes_a_place_and_belongs_to_who_forked_it() {
    let gateway = Setup::demo()
        .set("CODEX_GATEWAY_MAX_SESSIONS", "1")
        .set("CODEX_GATEWAY_JWT_SECRET", crate::auth::SECRET)
        .start()
        .await;
    let [ada, bob] = ["ada", "bob"].map(|name| gateway.client.with_token(&crate::auth::token_of(name)));
    let session = gateway.create_with(&ada, &json!({})).await;
    session.turn(&word("one")).await;
    let forked = Session::new(&ada, ada.post(&session.path("/thread/fork")).await.ok());
    assert_eq!(session.state().await["ready"], false, "the one that it was forked from has made room");
    let mut events = forked.live().await;
    forked.start_turn("!standin slow-command").await;
    events.notification("item/commandExecution/outputDelta").await;
    ada.post(&session.path("/thread/fork")).await.refused(503, "session_limit");
    ada.get(&format!("/api/threads/{}", thread_of(&forked))).await.ok();
    bob.get(&format!("/api/threads/{}", thread_of(&forked))).await.refused(404, "not_found");
    bob.get(&format!("/api/threads/{}/export", thread_of(&forked))).await.refused(404, "not_found");
    gateway.stop().await;
}
