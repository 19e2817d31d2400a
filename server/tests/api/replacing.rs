//! `replacesTurnId` of a message: it takes the place of a turn and all later ones, or nothing is removed.

use serde_json::{Value, json};

use crate::{
    sessions::NO_THREAD,
    support::{Gateway, Reply, Session},
    thread_actions::{said, snapshot, talked, turns, word},
    threads_read::{ids, thread_of},
};

/// A message that takes the place of a turn, with more in its body.
async fn replace(session: &Session, turn: &str, prompt: &str, more: Value) -> Reply {
    let mut body = json!({ "prompt": prompt, "replacesTurnId": turn });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    session.client.post_json(&session.path("/turn"), &body).await
}

fn both(words: &[&str]) -> Vec<String> {
    words.iter().flat_map(|said| [word(said), (*said).to_owned()]).collect()
}

#[tokio::test]
async fn message_takes_the_place_of_a_turn_and_all_later_ones() {
    let gateway = Gateway::demo().await.settled().await;
    let mut session = talked(&gateway, &["one", "two", "three"]).await;
    let [_, second, third] = turns(&snapshot(&session).await).try_into().unwrap();
    let mut events = session.live().await;

    let keyed = Session { client: session.client.with("idempotency-key", "edit"), ..session.again() };
    let more = json!({ "expectedLastTurnId": third, "clientMessageId": "mine", "wait": true });
    let reply = replace(&keyed, &second, &word("edited"), more.clone()).await.ok();
    assert_eq!((&reply["outcome"], &reply["text"]), (&json!("started"), &json!("edited")));
    assert_eq!(said(&snapshot(&session).await), both(&["one", "edited"]));
    let thread = events.find(|event| event.name == "thread").await;
    assert_eq!(said(&json!({ "transcript": thread.json()["history"] })), both(&["one"]));
    let listed = session.client.get(&format!("/api/threads/{}", thread_of(&session))).await.ok();
    assert_eq!(listed["thread"]["turns"].as_array().unwrap().len(), 2, "codex has them no more");
    assert!(session.state().await["queue"].as_array().unwrap().is_empty());

    // Sent again with its key, it removes nothing again.
    let again = replace(&keyed, &second, &word("edited"), more).await.ok();
    assert_eq!(again["turnId"], reply["turnId"]);
    assert_eq!(said(&snapshot(&session).await), both(&["one", "edited"]));

    // The first turn, by the call of the page, when there is no process.
    let [first, _] = turns(&snapshot(&session).await).try_into().unwrap();
    session.delete().await;
    let body =
        json!({ "id": thread_of(&session), "turn": { "prompt": word("anew"), "replacesTurnId": first } });
    let id = session.client.post_json("/_fn/resume", &body).await.ok();
    session.id = id.as_str().unwrap().to_owned();
    let next = json!({ "prompt": word("next"), "whenBusy": "queue", "wait": true });
    session.client.post_json(&session.path("/turn"), &next).await.ok();
    assert_eq!(said(&snapshot(&session).await), both(&["anew", "next"]));
    gateway.stop().await;
}

#[tokio::test]
async fn message_that_cannot_be_sent_removes_nothing() {
    let gateway = Gateway::demo().await.settled().await;
    let session = talked(&gateway, &["one", "two"]).await;
    let [first, second] = turns(&snapshot(&session).await).try_into().unwrap();
    let image = json!({ "input": [{ "type": "image", "upload": NO_THREAD }] });
    let file = json!({ "input": [{ "type": "mention", "path": "gone.txt" }] });
    let outside = json!({ "input": [{ "type": "mention", "path": "../x" }] });
    for (turn, prompt, more, status, code) in [
        (first.as_str(), " ", json!({}), 400, "empty_prompt"),
        (&first, "x", image, 400, "no_such_upload"),
        (&first, "x", file, 400, "no_such_file"),
        (&first, "x", outside, 403, "outside_session"),
        (&first, "x", json!({ "sandbox": "danger-full-access" }), 403, "over_ceiling"),
        (&first, "x", json!({ "effort": "heroic" }), 400, "bad_effort"),
        (&first, "x", json!({ "expectedLastTurnId": first }), 409, "conversation_changed"),
        (NO_THREAD, "x", json!({}), 404, "not_found"),
        ("", "x", json!({ "expectedLastTurnId": second }), 404, "not_found"),
    ] {
        replace(&session, turn, prompt, more).await.refused(status, code);
    }
    assert_eq!(said(&snapshot(&session).await), both(&["one", "two"]));
    assert_eq!(session.state().await["activeTurn"], false);
    let empty = gateway.create().await;
    replace(&empty, NO_THREAD, "x", json!({})).await.refused(409, "empty_thread");
    session.turn(&word("three")).await;
    gateway.stop().await;
}

#[tokio::test]
async fn message_waits_in_the_queue_if_codex_refuses_it_after_the_turns_are_gone() {
    let gateway = Gateway::fake("normal").await.settled().await;
    let session = gateway.create().await;
    session.turn("First").await;
    session.turn("Second").await;
    let [_, second] = turns(&snapshot(&session).await).try_into().unwrap();
    gateway.codex().set_mode("reverts");
    let reply =
        replace(&session, &second, "Edited", json!({ "clientMessageId": "mine", "wait": true })).await.ok();
    assert_eq!((&reply["outcome"], &reply["turn"]), (&json!("queued"), &Value::Null));
    let queue = &session.state().await["queue"];
    assert_eq!((&queue[0]["text"], &queue[0]["id"]), (&json!("Edited"), &reply["queueItemId"]));
    assert!(queue[0]["error"].as_str().unwrap().contains("holiday"), "{queue}");
    assert_eq!((&queue[0]["sending"], &queue[0]["clientMessageId"]), (&json!(false), &json!("mine")));
    assert_eq!(turns(&snapshot(&session).await).len(), 1);

    gateway.codex().set_mode("normal");
    let path = format!("/queue/{}/send", queue[0]["id"].as_str().unwrap());
    let mut events = session.live().await;
    session.client.post(&session.path(&path)).await.ok();
    events.turn().await;
    assert_eq!(turns(&snapshot(&session).await).len(), 2);
    assert!(session.state().await["queue"].as_array().unwrap().is_empty());

    // One that does not know how to take turns back takes none, and the message is the client's.
    replace(&session, &turns(&snapshot(&session).await)[1], "x", json!({})).await.refused(501, "codex_lacks");
    assert_eq!(turns(&snapshot(&session).await).len(), 2);
    assert!(session.state().await["queue"].as_array().unwrap().is_empty());
    gateway.stop().await;
}

#[tokio::test]
async fn message_that_replaces_a_turn_is_refused_while_another_turn_runs() {
    let gateway = Gateway::fake("normal").await.settled().await;
    let session = gateway.create().await;
    session.turn("First").await;
    let [first] = turns(&snapshot(&session).await).try_into().unwrap();
    gateway.codex().set_mode("hangs");
    let mut events = session.live().await;
    session.start_turn("Second").await;
    events.notification("turn/started").await;
    for when_busy in ["reject", "queue", "steer"] {
        replace(&session, &first, "x", json!({ "whenBusy": when_busy })).await.refused(409, "turn_active");
    }
    assert!(session.state().await["queue"].as_array().unwrap().is_empty());
    assert_eq!(turns(&snapshot(&session).await).len(), 2);
    gateway.stop().await;
}

#[tokio::test]
async fn message_in_a_fork_leaves_the_conversation_as_it_is() {
    let gateway = Gateway::demo().await.settled().await;
    let session = talked(&gateway, &["one", "two"]).await;
    let [first, second] = turns(&snapshot(&session).await).try_into().unwrap();
    let fork = async |turn: &str, more: Value| {
        let mut message = json!({ "prompt": word("edited"), "replacesTurnId": turn });
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let body = json!({ "thread": thread_of(&session), "turn": message });
        session.client.post_json("/_fn/fork-and-send", &body).await
    };
    for (turn, kept) in [(&first, 0), (&second, 2)] {
        let id = fork(turn, json!({})).await.ok();
        let forked = format!("/api/sessions/{}", id.as_str().unwrap());
        let snapshot = session.client.get(&format!("{forked}/snapshot")).await.ok();
        assert_eq!(said(&snapshot)[..kept], both(&["one", "two"])[..kept]);
        assert_eq!(said(&snapshot).get(kept).cloned().unwrap_or_else(|| word("edited")), word("edited"));
        session.client.delete(&forked).await.ok();
    }
    let before = ids(&session.client.get("/api/threads").await.ok());
    let image = json!({ "input": [{ "type": "image", "upload": NO_THREAD }] });
    assert_eq!(fork(&first, image).await.json()["code"], "no_such_upload");
    assert_eq!(fork(NO_THREAD, json!({})).await.status, 404);
    assert_eq!(ids(&session.client.get("/api/threads").await.ok()), before, "no fork is left behind");
    assert_eq!(said(&snapshot(&session).await), both(&["one", "two"]));
    gateway.stop().await;
}

#[tokio::test]
async fn answer_is_the_last_message_where_work_comes_behind_it() {
    let mut gateway = Gateway::fake("late-work").await.settled().await;
    let mut session = gateway.create().await;
    let reply =
        session.client.post_json(&session.path("/turn"), &json!({ "prompt": "Go", "wait": true })).await.ok();
    assert_eq!(reply["text"], "Done.");
    let kinds = |snapshot: &Value| -> Vec<String> {
        let entries = snapshot["transcript"]["entries"].as_array().unwrap().iter();
        entries.map(|entry| entry["content"]["item"]["type"].as_str().unwrap().to_owned()).collect()
    };
    let all = ["userMessage", "subAgentActivity", "agentMessage", "subAgentActivity", "contextCompaction"];
    assert_eq!(kinds(&snapshot(&session).await), all);
    gateway.restart().await;
    session.client = gateway.client.clone();
    assert_eq!(kinds(&snapshot(&session).await), all);
    let export = format!("/api/threads/{}/export?format=markdown", thread_of(&session));
    let export = session.client.get(&export).await.text();
    assert!(export.contains("## Codex\n\nDone.\n"), "{export}");
    gateway.stop().await;
}
