//! `/api/sessions/{id}/queue`, and messages during a running turn.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{EventStream, Gateway, Reply, Session, Setup, pending_until};

async fn send_message(session: &Session, prompt: &str, when_busy: &str) -> Reply {
    let body = json!({ "prompt": prompt, "whenBusy": when_busy, "clientMessageId": format!("c-{prompt}") });
    session.client.post_json(&session.path("/turn"), &body).await
}

/// Queues a message. Returns its id in the queue.
async fn enqueue(session: &Session, prompt: &str) -> String {
    let reply = send_message(session, prompt, "queue").await.ok();
    assert_eq!(reply["outcome"], "queued", "{reply}");
    reply["queueItemId"].as_str().unwrap().to_owned()
}

/// Sends a request about a queued message. `POST` sends it now.
async fn queue_item(session: &Session, method: &str, id: &str, body: &Value) -> Reply {
    let client = session.client.with_header("content-type", "application/json");
    let body = if method == "PATCH" { body.to_string() } else { String::new() };
    let rest = if method == "POST" { "/send" } else { "" };
    client.send(method, &session.path(&format!("/queue/{id}{rest}")), body.as_bytes()).await
}

fn texts(queue: &Value) -> Vec<String> {
    let items = queue.as_array().unwrap_or_else(|| panic!("{queue}"));
    items.iter().map(|item| item["text"].as_str().unwrap().to_owned()).collect()
}

async fn queue(session: &Session) -> Value {
    session.client.get(&session.path("/queue")).await.ok()["queue"].clone()
}

/// Returns the messages that codex received: `+text` for `turn/start`, `>text` for `turn/steer`.
fn received(gateway: &Gateway) -> Vec<String> {
    let messages = gateway.fake_codex().received();
    let describe = |message: &Value| {
        let mark = if message["method"] == "turn/start" { "+" } else { ">" };
        format!("{mark}{}", message["params"]["input"][0]["text"].as_str().unwrap())
    };
    messages.iter().map(describe).collect()
}

/// Returns the queue of the next `queue` event that matches.
async fn next_queue(events: &mut EventStream, matches: impl Fn(&Value) -> bool) -> Value {
    let event = events.find(|event| event.name == "queue" && matches(&event.json()["items"])).await;
    event.json()["items"].clone()
}

fn is_empty(items: &Value) -> bool {
    items.as_array().is_some_and(Vec::is_empty)
}

/// Starts a gateway with a session whose running turn waits for the gate.
async fn gateway_with_running_turn() -> (Gateway, Session, EventStream) {
    let gateway = Gateway::fake("waits").await.catalog_loaded().await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    session.start_turn("first").await;
    events.notification("turn/started").await;
    (gateway, session, events)
}

#[tokio::test]
async fn queued_message_is_sent_after_the_turn_completes() {
    let (gateway, session, mut events) = gateway_with_running_turn().await;
    send_message(&session, "second", "reject").await.expect_error(409, "turn_active");
    let id = enqueue(&session, "second").await;
    let queued = next_queue(&mut events, |items| !is_empty(items)).await;
    assert_eq!((&queued[0]["id"], &queued[0]["text"]), (&json!(id), &json!("second")));
    assert_eq!((&queued[0]["clientMessageId"], &queued[0]["sending"]), (&json!("c-second"), &json!(false)));
    assert_eq!(
        (queue(&session).await, session.state().await["queue"].clone()),
        (queued.clone(), queued.clone())
    );
    let snapshot = session.client.get(&session.path("/snapshot")).await.ok();
    assert_eq!(snapshot["transcript"]["queue"], queued);

    gateway.fake_codex().release_turn().await;
    assert_eq!(next_queue(&mut events, |_| true).await[0]["sending"], true);
    next_queue(&mut events, is_empty).await;
    let user = events.notification("item/completed").await.json();
    assert_eq!(user["params"]["item"]["clientId"], "c-second");
    gateway.fake_codex().release_turn().await;
    events.rest_of_turn().await;
    assert_eq!(received(&gateway), ["+first", "+second"]);
    for method in ["PATCH", "DELETE", "POST"] {
        queue_item(&session, method, &id, &json!({ "text": "late" })).await.expect_error(404, "not_found");
        queue_item(&session, method, "nothing", &json!({ "text": "none" }))
            .await
            .expect_error(404, "not_found");
    }
    assert_eq!(received(&gateway).len(), 2);
    gateway.stop().await;
}

#[tokio::test]
async fn queued_messages_can_be_edited_moved_and_removed() {
    let (gateway, session, mut events) = gateway_with_running_turn().await;
    let mut ids = Vec::new();
    for text in ["a", "b", "c", "d"] {
        ids.push(enqueue(&session, text).await);
    }
    let edit = async |at: usize, body: Value| {
        let reply = queue_item(&session, "PATCH", &ids[at], &body).await.ok();
        assert!(reply["lastEventId"].is_string());
        texts(&reply["queue"])
    };
    assert_eq!(edit(3, json!({ "text": "D", "before": ids[1] })).await, ["a", "D", "b", "c"]);
    assert_eq!(edit(0, json!({ "before": null })).await, ["D", "b", "c", "a"]);
    assert_eq!(
        edit(1, json!({ "before": ids[1] })).await,
        ["D", "b", "c", "a"],
        "moving an item before itself changes nothing"
    );
    assert_eq!(edit(1, json!({})).await, ["D", "b", "c", "a"]);
    queue_item(&session, "PATCH", &ids[1], &json!({ "before": "nothing" }))
        .await
        .expect_error(404, "not_found");
    queue_item(&session, "PATCH", &ids[1], &json!({ "text": "  " })).await.expect_error(400, "empty_prompt");
    queue_item(&session, "PATCH", &ids[1], &json!({ "text": 7 })).await.expect_error(400, "bad_body");
    let long = json!({ "text": "x".repeat(300 * 1024) });
    queue_item(&session, "PATCH", &ids[1], &long).await.expect_error(409, "queue_full");
    assert_eq!(
        texts(&queue_item(&session, "DELETE", &ids[2], &Value::Null).await.ok()["queue"]),
        ["D", "b", "a"]
    );
    assert_eq!(texts(&queue(&session).await), ["D", "b", "a"]);
    for _ in 0..4 {
        gateway.fake_codex().release_turn().await;
        events.notification("turn/completed").await;
    }
    assert_eq!(received(&gateway), ["+first", "+D", "+b", "+a"]);
    gateway.stop().await;
}

#[tokio::test]
async fn queue_is_limited_in_items_and_bytes() {
    let (gateway, session, _events) = gateway_with_running_turn().await;
    for n in 0..32 {
        enqueue(&session, &n.to_string()).await;
    }
    let error = send_message(&session, "one more", "queue").await.expect_error(409, "queue_full");
    assert!(error.contains("32"), "{error}");
    assert_eq!(texts(&queue(&session).await).len(), 32);
    let other = gateway.create().await;
    let mut events = other.subscribe().await;
    other.start_turn("first").await;
    events.notification("turn/started").await;
    send_message(&other, &"x".repeat(300 * 1024), "queue").await.expect_error(409, "queue_full");
    assert!(is_empty(&queue(&other).await));
    gateway.stop().await;
}

#[tokio::test]
async fn queue_waits_for_the_user_after_an_interrupt() {
    let (gateway, session, mut events) = gateway_with_running_turn().await;
    let a = enqueue(&session, "a").await;
    enqueue(&session, "b").await;
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    events.rest_of_turn().await;
    let state = session.state().await;
    assert_eq!((&state["activeTurn"], texts(&state["queue"])), (&json!(false), vec!["a".into(), "b".into()]));
    assert_eq!(received(&gateway), ["+first"]);

    let sent = queue_item(&session, "POST", &a, &Value::Null).await.ok();
    assert_eq!((&sent["outcome"], sent["turnId"].is_string()), (&json!("started"), true));
    assert_eq!(texts(&sent["state"]["queue"]), ["b"]);
    gateway.fake_codex().release_turn().await;
    next_queue(&mut events, is_empty).await;
    gateway.fake_codex().release_turn().await;
    events.rest_of_turn().await;
    assert_eq!(received(&gateway), ["+first", "+a", "+b"]);
    gateway.stop().await;
}

#[tokio::test]
async fn refused_message_stays_in_the_queue_with_its_error() {
    let (gateway, session, mut events) = gateway_with_running_turn().await;
    let a = enqueue(&session, "a").await;
    enqueue(&session, "b").await;
    gateway.fake_codex().set_mode("refuses-turns");
    gateway.fake_codex().release_turn().await;
    let items = next_queue(&mut events, |items| items[0]["error"].is_string()).await;
    assert_eq!(texts(&items), ["a", "b"]);
    assert_eq!(items[0]["error"], "codex refused turn/start: the model is on holiday");
    assert_eq!((&items[0]["sending"], &items[1]["error"]), (&json!(false), &Value::Null));

    // A completed turn does not send the message that was refused.
    gateway.fake_codex().set_mode("normal");
    session.run_turn("own").await;
    assert_eq!(texts(&queue(&session).await), ["a", "b"]);
    let edited = queue_item(&session, "PATCH", &a, &json!({ "text": "A" })).await.ok();
    assert_eq!(edited["queue"][0]["error"], Value::Null);
    queue_item(&session, "POST", &a, &Value::Null).await.ok();
    next_queue(&mut events, is_empty).await;
    events.rest_of_turn().await;
    assert_eq!(received(&gateway), ["+first", "+a", "+own", "+A", "+b"]);
    gateway.stop().await;
}

#[tokio::test]
async fn steered_message_reaches_the_running_turn() {
    let (gateway, session, mut events) = gateway_with_running_turn().await;
    let reply = send_message(&session, "also", "steer").await.ok();
    assert_eq!((&reply["outcome"], &reply["turnId"]), (&json!("steered"), &reply["state"]["currentTurnId"]));
    let user = |event: &crate::support::Event| {
        event.is_notification("item/completed") && event.data.contains("c-also")
    };
    assert_eq!(events.find(user).await.json()["params"]["turnId"], reply["turnId"]);

    let a = enqueue(&session, "a").await;
    let sent = queue_item(&session, "POST", &a, &Value::Null).await.ok();
    assert_eq!((&sent["outcome"], is_empty(&sent["state"]["queue"])), (&json!("steered"), true));
    gateway.fake_codex().release_turn().await;
    events.rest_of_turn().await;
    assert_eq!(received(&gateway), ["+first", ">also", ">a"]);
    assert_eq!(send_message(&session, "idle", "steer").await.ok()["outcome"], "started");
    gateway.stop().await;
}

#[tokio::test]
async fn message_is_queued_if_the_turn_cannot_be_steered() {
    let (gateway, session, mut events) = gateway_with_running_turn().await;
    let a = enqueue(&session, "a").await;
    let b = enqueue(&session, "b").await;
    gateway.fake_codex().set_mode("refuses-turns-and-steers");
    let reply = send_message(&session, "now", "steer").await.ok();
    assert_eq!(
        (&reply["outcome"], texts(&reply["state"]["queue"])),
        (&json!("queued"), vec!["now".into(), "a".into(), "b".into()])
    );
    let sent = queue_item(&session, "POST", &b, &Value::Null).await.ok();
    assert_eq!((&sent["outcome"], &sent["queueItemId"]), (&json!("queued"), &json!(b)));
    assert_eq!(texts(&queue(&session).await), ["b", "now", "a"]);
    gateway.fake_codex().set_mode("normal");
    gateway.fake_codex().release_turn().await;
    next_queue(&mut events, is_empty).await;
    events.rest_of_turn().await;
    assert_eq!(received(&gateway), ["+first", ">now", ">b", "+b", "+now", "+a"]);
    queue_item(&session, "POST", &a, &Value::Null).await.expect_error(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn steered_message_waits_until_the_turn_starts() {
    let gateway = Gateway::fake("late-start").await;
    let session = gateway.create().await;
    session.start_turn("first").await;
    let sending = join_all([send_message(&session, "a", "steer"), send_message(&session, "b", "steer")]);
    tokio::pin!(sending);
    pending_until(&mut sending, session.state()).await;
    gateway.fake_codex().open_gate();
    let replies = sending.await;
    for reply in replies {
        assert_eq!(reply.ok()["outcome"], "steered");
    }
    let mut all = received(&gateway);
    all.sort();
    assert_eq!(all, ["+first", ">a", ">b"]);
    gateway.stop().await;
}

#[tokio::test]
async fn queue_is_kept_when_the_process_dies() {
    let (gateway, session, mut events) = gateway_with_running_turn().await;
    let a = enqueue(&session, "a").await;
    enqueue(&session, "b").await;
    gateway.fake_codex().set_mode("exits-on-steer");
    queue_item(&session, "POST", &a, &Value::Null).await.expect_error(503, "codex_unavailable");
    let items = queue(&session).await;
    assert_eq!(texts(&items), ["a", "b"]);
    assert!(items[0]["error"].is_string() && items[0]["sending"] == false, "{items}");
    assert_eq!(session.state().await["ready"], false);

    gateway.fake_codex().set_mode("normal");
    assert_eq!(queue_item(&session, "POST", &a, &Value::Null).await.ok()["outcome"], "started");
    next_queue(&mut events, is_empty).await;
    events.rest_of_turn().await;
    assert_eq!(received(&gateway), ["+first", ">a", "+a", "+b"]);
    gateway.stop().await;
}

#[tokio::test]
async fn queue_is_kept_when_a_thread_without_a_turn_is_lost() {
    let gateway = Gateway::fake("late-start").await.catalog_loaded().await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    session.start_turn("first").await;
    let a = enqueue(&session, "a").await;
    gateway.codex_processes()[0].kill();
    events.find(|event| event.name == "warning").await;
    gateway.fake_codex().set_mode("normal");
    let before = session.state().await["threadId"].clone();
    queue_item(&session, "POST", &a, &Value::Null).await.ok();
    events.rest_of_turn().await;
    assert_ne!(session.state().await["threadId"], before, "a thread without a turn cannot be resumed");
    assert!(is_empty(&queue(&session).await));
    assert_eq!(received(&gateway), ["+first", "+a"]);
    gateway.stop().await;
}

#[tokio::test]
async fn thread_cannot_be_changed_while_messages_are_queued() {
    let (gateway, session, mut events) = gateway_with_running_turn().await;
    let a = enqueue(&session, "a").await;
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    events.rest_of_turn().await;
    session.client.post(&session.path("/thread/new")).await.expect_error(409, "queue_waits");
    let own = json!({ "threadId": session.state().await["threadId"] });
    session.client.post_json(&session.path("/thread/resume"), &own).await.ok();
    let other = json!({ "threadId": "00000001-0000-7000-8000-000000000001" });
    session.client.post_json(&session.path("/thread/resume"), &other).await.expect_error(409, "queue_waits");
    queue_item(&session, "DELETE", &a, &Value::Null).await.ok();
    session.client.post(&session.path("/thread/new")).await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn session_with_queued_message_does_not_expire() {
    let gateway = Setup::fake("waits")
        .set("CODEX_GATEWAY_SESSION_TTL_MS", "200")
        .set("CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS", "10")
        .start()
        .await;
    let [session, other] = [gateway.create().await, gateway.create().await];
    let mut closed = other.events("").await;
    let mut events = session.events("").await;
    session.start_turn("first").await;
    events.notification("turn/started").await;
    let a = enqueue(&session, "a").await;
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    events.rest_of_turn().await;
    closed.find(|event| event.name == "session-closed").await;
    // A third session expires in the same time, during which this one is not used.
    let third = gateway.create().await;
    third.events("").await.find(|event| event.name == "session-closed").await;
    assert_eq!(texts(&queue(&session).await), ["a"]);
    queue_item(&session, "DELETE", &a, &Value::Null).await.ok();
    events.find(|event| event.name == "session-closed").await;
    gateway.stop().await;
}

#[tokio::test]
async fn concurrent_queue_operations_send_each_message_exactly_once() {
    let (gateway, session, mut events) = gateway_with_running_turn().await;
    let mut ids = Vec::new();
    for n in 0..16 {
        ids.push((n, enqueue(&session, &n.to_string()).await));
    }
    gateway.fake_codex().set_mode("normal");
    let tries = ids.iter().map(|(n, id)| {
        let session = &session;
        async move {
            let (method, body) = match n % 4 {
                0 => ("DELETE", Value::Null),
                1 => ("POST", Value::Null),
                2 => ("PATCH", json!({ "text": format!("{n}!") })),
                _ => ("PATCH", json!({ "before": null })),
            };
            (*n, queue_item(session, method, id, &body).await)
        }
    });
    let ((), replies) = futures::join!(gateway.fake_codex().release_turn(), join_all(tries));
    // Items that could not be changed while they were being sent are sent now, or next.
    loop {
        let items = queue(&session).await;
        let Some(first) = items[0]["id"].as_str() else { break };
        if items[0]["sending"] == false && session.state().await["activeTurn"] == false {
            queue_item(&session, "POST", first, &Value::Null).await;
        }
        events.find(|event| event.name == "queue").await;
    }
    while session.state().await["activeTurn"] == true {
        events.next().await;
    }
    let path = format!("/api/threads/{}", session.state().await["threadId"].as_str().unwrap());
    let thread = session.client.get(&path).await.ok()["thread"].clone();
    let items = thread["turns"].as_array().unwrap().iter().flat_map(|turn| turn["items"].as_array().unwrap());
    let sent_ids: Vec<&Value> =
        items.filter(|item| item["type"] == "userMessage").map(|item| &item["clientId"]).collect();
    for (n, reply) in &replies {
        let count = sent_ids.iter().filter(|id| **id == &json!(format!("c-{n}"))).count();
        let removed = n % 4 == 0 && reply.status == 200;
        assert!(matches!(reply.status.as_u16(), 200 | 404 | 409), "{}", reply.text());
        assert_eq!(count, usize::from(!removed), "{n}: {} in {sent_ids:?}", reply.status);
    }
    gateway.stop().await;
}

#[tokio::test]
async fn real_codex_handles_steered_and_queued_messages() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    session.start_turn("!standin deltas count=150 pace_us=10000").await;
    events.notification("item/agentMessage/delta").await;
    let steered = send_message(&session, "Reply with exactly the single word steered", "steer").await.ok();
    assert_eq!(steered["outcome"], "steered");
    let id = enqueue(&session, "Reply with exactly the single word queued").await;
    let turn = events.rest_of_turn().await;
    let has_text = |word: &str| {
        let of = format!("\"text\":\"{word}\"");
        turn.iter().any(|event| event.is_notification("item/completed") && event.data.contains(&of))
    };
    assert!(has_text("steered"), "the steered turn answers");
    assert!(turn.iter().any(|event| event.is_notification("item/completed")
        && event.data.contains("c-Reply with exactly the single word steered")));
    let next = events.rest_of_turn().await;
    let state = next.last().unwrap().json();
    assert_eq!(state["transcript"].as_array().unwrap().last().unwrap()["text"], "queued");
    assert!(is_empty(&state["queue"]));
    queue_item(&session, "DELETE", &id, &Value::Null).await.expect_error(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn revert_does_not_send_the_queue() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    session.run_turn("Reply with exactly the single word one").await;
    let mut events = session.subscribe().await;
    session.start_turn("!standin deltas count=3000 pace_us=10000").await;
    events.notification("item/agentMessage/delta").await;
    enqueue(&session, "waiting").await;
    let running = session.state().await["currentTurnId"].clone();
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    events.rest_of_turn().await;

    let revert = json!({ "beforeTurnId": running });
    let reverted = session.client.post_json(&session.path("/thread/revert"), &revert).await.ok();
    let state = &reverted["state"];
    assert_eq!((&state["activeTurn"], texts(&state["queue"])), (&json!(false), vec!["waiting".into()]));
    let instead = send_message(&session, "Reply with exactly the single word two", "reject").await.ok();
    assert_eq!(instead["outcome"], "started", "the new message comes before the queue");
    gateway.stop().await;
}
