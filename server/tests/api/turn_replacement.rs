//! `replacesTurnId`: a message replaces a turn and all later ones, or nothing is removed.

use serde_json::{Value, json};

use crate::{
    sessions::UNKNOWN_THREAD,
    support::{Gateway, Reply, Session},
    thread_actions::{reply_with, session_with_turns, snapshot, texts, turn_ids},
    threads_read::{thread_id, thread_ids},
};

/// Sends a message that replaces a turn, with further fields in its body.
async fn replace(session: &Session, turn: &str, prompt: &str, more: Value) -> Reply {
    let mut body = json!({ "prompt": prompt, "replacesTurnId": turn });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    session.client.post_json(&session.path("/turn"), &body).await
}

fn prompts_and_answers(words: &[&str]) -> Vec<String> {
    words.iter().flat_map(|word| [reply_with(word), (*word).to_owned()]).collect()
}

#[tokio::test]
async fn message_replaces_a_turn_and_all_later_ones() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let mut session = session_with_turns(&gateway, &["one", "two", "three"]).await;
    let [_, second, third] = turn_ids(&snapshot(&session).await).try_into().unwrap();
    let mut events = session.subscribe().await;

    let keyed = Session { client: session.client.with_header("idempotency-key", "edit"), ..session.clone() };
    let more = json!({ "expectedLastTurnId": third, "clientMessageId": "mine", "wait": true });
    let reply = replace(&keyed, &second, &reply_with("edited"), more.clone()).await.ok();
    assert_eq!((&reply["outcome"], &reply["text"]), (&json!("started"), &json!("edited")));
    assert_eq!(texts(&snapshot(&session).await), prompts_and_answers(&["one", "edited"]));
    let thread = events.find(|event| event.name == "thread").await;
    assert_eq!(texts(&json!({ "transcript": thread.json()["history"] })), prompts_and_answers(&["one"]));
    let listed = session.client.get(&format!("/api/threads/{}", thread_id(&session))).await.ok();
    assert_eq!(listed["thread"]["turns"].as_array().unwrap().len(), 2, "codex has removed the turns");
    assert!(session.state().await["queue"].as_array().unwrap().is_empty());

    // A retry with the same key removes nothing.
    let again = replace(&keyed, &second, &reply_with("edited"), more).await.ok();
    assert_eq!(again["turnId"], reply["turnId"]);
    assert_eq!(texts(&snapshot(&session).await), prompts_and_answers(&["one", "edited"]));

    // Replaces the first turn by the page's function, without a process.
    let [first, _] = turn_ids(&snapshot(&session).await).try_into().unwrap();
    session.delete().await;
    let body = json!({ "id": thread_id(&session), "turn": { "prompt": reply_with("anew"), "replacesTurnId": first } });
    let id = session.client.post_json("/_fn/resume", &body).await.ok();
    session.id = id.as_str().unwrap().to_owned();
    let next = json!({ "prompt": reply_with("next"), "whenBusy": "queue", "wait": true });
    session.client.post_json(&session.path("/turn"), &next).await.ok();
    assert_eq!(texts(&snapshot(&session).await), prompts_and_answers(&["anew", "next"]));
    gateway.stop().await;
}

#[tokio::test]
async fn rejected_message_removes_no_turns() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = session_with_turns(&gateway, &["one", "two"]).await;
    let [first, second] = turn_ids(&snapshot(&session).await).try_into().unwrap();
    let image = json!({ "input": [{ "type": "image", "upload": UNKNOWN_THREAD }] });
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
        (UNKNOWN_THREAD, "x", json!({}), 404, "not_found"),
        ("", "x", json!({ "expectedLastTurnId": second }), 404, "not_found"),
    ] {
        replace(&session, turn, prompt, more).await.expect_error(status, code);
    }
    assert_eq!(texts(&snapshot(&session).await), prompts_and_answers(&["one", "two"]));
    assert_eq!(session.state().await["activeTurn"], false);
    let empty = gateway.create().await;
    replace(&empty, UNKNOWN_THREAD, "x", json!({})).await.expect_error(409, "empty_thread");
    session.run_turn(&reply_with("three")).await;
    gateway.stop().await;
}

#[tokio::test]
async fn message_is_queued_if_codex_refuses_it_after_the_revert() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn("First").await;
    session.run_turn("Second").await;
    let [_, second] = turn_ids(&snapshot(&session).await).try_into().unwrap();
    gateway.fake_codex().set_mode("reverts");
    let reply =
        replace(&session, &second, "Edited", json!({ "clientMessageId": "mine", "wait": true })).await.ok();
    assert_eq!((&reply["outcome"], &reply["turn"]), (&json!("queued"), &Value::Null));
    let queue = &session.state().await["queue"];
    assert_eq!((&queue[0]["text"], &queue[0]["id"]), (&json!("Edited"), &reply["queueItemId"]));
    assert!(queue[0]["error"].as_str().unwrap().contains("holiday"), "{queue}");
    assert_eq!((&queue[0]["sending"], &queue[0]["clientMessageId"]), (&json!(false), &json!("mine")));
    assert_eq!(turn_ids(&snapshot(&session).await).len(), 1);

    gateway.fake_codex().set_mode("normal");
    let path = format!("/queue/{}/send", queue[0]["id"].as_str().unwrap());
    let mut events = session.subscribe().await;
    session.client.post(&session.path(&path)).await.ok();
    events.rest_of_turn().await;
    assert_eq!(turn_ids(&snapshot(&session).await).len(), 2);
    assert!(session.state().await["queue"].as_array().unwrap().is_empty());

    // Without `thread/revert`, no turn is removed and the message is not queued.
    replace(&session, &turn_ids(&snapshot(&session).await)[1], "x", json!({}))
        .await
        .expect_error(501, "codex_lacks");
    assert_eq!(turn_ids(&snapshot(&session).await).len(), 2);
    assert!(session.state().await["queue"].as_array().unwrap().is_empty());
    gateway.stop().await;
}

#[tokio::test]
async fn replacement_is_refused_while_a_turn_runs() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn("First").await;
    let [first] = turn_ids(&snapshot(&session).await).try_into().unwrap();
    gateway.fake_codex().set_mode("endless-turn");
    let mut events = session.subscribe().await;
    session.start_turn("Second").await;
    events.notification("turn/started").await;
    for when_busy in ["reject", "queue", "steer"] {
        replace(&session, &first, "x", json!({ "whenBusy": when_busy }))
            .await
            .expect_error(409, "turn_active");
    }
    assert!(session.state().await["queue"].as_array().unwrap().is_empty());
    assert_eq!(turn_ids(&snapshot(&session).await).len(), 2);
    gateway.stop().await;
}

#[tokio::test]
async fn replacement_in_a_fork_leaves_the_original_unchanged() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = session_with_turns(&gateway, &["one", "two"]).await;
    let [first, second] = turn_ids(&snapshot(&session).await).try_into().unwrap();
    let fork = async |turn: &str, more: Value| {
        let mut message = json!({ "prompt": reply_with("edited"), "replacesTurnId": turn });
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let body = json!({ "thread": thread_id(&session), "turn": message });
        session.client.post_json("/_fn/fork-and-send", &body).await
    };
    for (turn, kept) in [(&first, 0), (&second, 2)] {
        let id = fork(turn, json!({})).await.ok();
        let forked = format!("/api/sessions/{}", id.as_str().unwrap());
        let snapshot = session.client.get(&format!("{forked}/snapshot")).await.ok();
        assert_eq!(texts(&snapshot)[..kept], prompts_and_answers(&["one", "two"])[..kept]);
        assert_eq!(
            texts(&snapshot).get(kept).cloned().unwrap_or_else(|| reply_with("edited")),
            reply_with("edited")
        );
        session.client.delete(&forked).await.ok();
    }
    let before = thread_ids(&session.client.get("/api/threads").await.ok());
    let image = json!({ "input": [{ "type": "image", "upload": UNKNOWN_THREAD }] });
    assert_eq!(fork(&first, image).await.json()["code"], "no_such_upload");
    assert_eq!(fork(UNKNOWN_THREAD, json!({})).await.status, 404);
    assert_eq!(thread_ids(&session.client.get("/api/threads").await.ok()), before, "no fork is left behind");
    assert_eq!(texts(&snapshot(&session).await), prompts_and_answers(&["one", "two"]));
    gateway.stop().await;
}

#[tokio::test]
async fn answer_is_the_last_message_even_if_other_items_follow() {
    let mut gateway = Gateway::fake("late-work").await.catalog_loaded().await;
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
    let export = format!("/api/threads/{}/export?format=markdown", thread_id(&session));
    let export = session.client.get(&export).await.text();
    assert!(export.contains("## Codex\n\nDone.\n"), "{export}");
    gateway.stop().await;
}
