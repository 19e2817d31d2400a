//! `/api/sessions/{id}/queue`, and messages that come while a turn runs.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Events, Gateway, Reply, Session, Setup};

async fn say(session: &Session, prompt: &str, when_busy: &str) -> Reply {
    let body = json!({ "prompt": prompt, "whenBusy": when_busy, "clientMessageId": format!("c-{prompt}") });
    session.client.post_json(&session.path("/turn"), &body).await
}

/// Lets a message wait; its id in the queue.
async fn wait_in_queue(session: &Session, prompt: &str) -> String {
    let reply = say(session, prompt, "queue").await.ok();
    assert_eq!(reply["outcome"], "queued", "{reply}");
    reply["queueItemId"].as_str().unwrap().to_owned()
}

async fn item(session: &Session, method: &str, id: &str, body: &Value) -> Reply {
    let client = session.client.with("content-type", "application/json");
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

/// What codex was told, by its method: `+` begins a turn, `>` is for the one that runs.
fn told(gateway: &Gateway) -> Vec<String> {
    let told = gateway.codex().told();
    let one = |told: &Value| {
        let mark = if told["method"] == "turn/start" { "+" } else { ">" };
        format!("{mark}{}", told["params"]["input"][0]["text"].as_str().unwrap())
    };
    told.iter().map(one).collect()
}

/// The queue as the next event tells it in which this is so.
async fn queue_when(events: &mut Events, is_so: impl Fn(&Value) -> bool) -> Value {
    let event = events.find(|event| event.name == "queue" && is_so(&event.json()["items"])).await;
    event.json()["items"].clone()
}

fn is_empty(items: &Value) -> bool {
    items.as_array().is_some_and(Vec::is_empty)
}

/// A gateway with a session in which a turn runs, and waits for the gate.
async fn at_work() -> (Gateway, Session, Events) {
    let gateway = Gateway::fake("waits").await.settled().await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    session.start_turn("first").await;
    events.notification("turn/started").await;
    (gateway, session, events)
}

#[tokio::test]
async fn a_message_waits_until_the_turn_has_ended_well() {
    let (gateway, session, mut events) = at_work().await;
    say(&session, "second", "reject").await.refused(409, "turn_active");
    let id = wait_in_queue(&session, "second").await;
    let told_of = queue_when(&mut events, |items| !is_empty(items)).await;
    assert_eq!((&told_of[0]["id"], &told_of[0]["text"]), (&json!(id), &json!("second")));
    assert_eq!((&told_of[0]["clientMessageId"], &told_of[0]["sending"]), (&json!("c-second"), &json!(false)));
    assert_eq!(
        (queue(&session).await, session.state().await["queue"].clone()),
        (told_of.clone(), told_of.clone())
    );
    let snapshot = session.client.get(&session.path("/snapshot")).await.ok();
    assert_eq!(snapshot["transcript"]["queue"], told_of);

    gateway.codex().let_end().await;
    assert_eq!(queue_when(&mut events, |_| true).await[0]["sending"], true);
    queue_when(&mut events, is_empty).await;
    let user = events.notification("item/completed").await.json();
    assert_eq!(user["params"]["item"]["clientId"], "c-second");
    gateway.codex().let_end().await;
    events.turn().await;
    assert_eq!(told(&gateway), ["+first", "+second"]);
    for method in ["PATCH", "DELETE", "POST"] {
        item(&session, method, &id, &json!({ "text": "late" })).await.refused(404, "not_found");
        item(&session, method, "nothing", &json!({ "text": "none" })).await.refused(404, "not_found");
    }
    assert_eq!(told(&gateway).len(), 2);
    gateway.stop().await;
}

#[tokio::test]
async fn what_waits_can_be_changed_moved_and_taken_out() {
    let (gateway, session, mut events) = at_work().await;
    let mut ids = Vec::new();
    for text in ["a", "b", "c", "d"] {
        ids.push(wait_in_queue(&session, text).await);
    }
    let edit = async |at: usize, body: Value| {
        let reply = item(&session, "PATCH", &ids[at], &body).await.ok();
        assert!(reply["lastEventId"].is_string());
        texts(&reply["queue"])
    };
    assert_eq!(edit(3, json!({ "text": "D", "before": ids[1] })).await, ["a", "D", "b", "c"]);
    assert_eq!(edit(0, json!({ "before": null })).await, ["D", "b", "c", "a"]);
    assert_eq!(
        edit(1, json!({ "before": ids[1] })).await,
        ["D", "b", "c", "a"],
        "before itself is where it is"
    );
    assert_eq!(edit(1, json!({})).await, ["D", "b", "c", "a"]);
    item(&session, "PATCH", &ids[1], &json!({ "before": "nothing" })).await.refused(404, "not_found");
    item(&session, "PATCH", &ids[1], &json!({ "text": "  " })).await.refused(400, "empty_prompt");
    item(&session, "PATCH", &ids[1], &json!({ "text": 7 })).await.refused(400, "bad_body");
    let long = json!({ "text": "x".repeat(300 * 1024) });
    item(&session, "PATCH", &ids[1], &long).await.refused(409, "queue_full");
    assert_eq!(texts(&item(&session, "DELETE", &ids[2], &Value::Null).await.ok()["queue"]), ["D", "b", "a"]);
    assert_eq!(texts(&queue(&session).await), ["D", "b", "a"]);
    for _ in 0..4 {
        gateway.codex().let_end().await;
        events.notification("turn/completed").await;
    }
    assert_eq!(told(&gateway), ["+first", "+D", "+b", "+a"]);
    gateway.stop().await;
}

#[tokio::test]
async fn only_so_much_can_wait() {
    let (gateway, session, _events) = at_work().await;
    for n in 0..32 {
        wait_in_queue(&session, &n.to_string()).await;
    }
    let error = say(&session, "one more", "queue").await.refused(409, "queue_full");
    assert!(error.contains("32"), "{error}");
    assert_eq!(texts(&queue(&session).await).len(), 32);
    let other = gateway.create().await;
    let mut events = other.live().await;
    other.start_turn("first").await;
    events.notification("turn/started").await;
    say(&other, &"x".repeat(300 * 1024), "queue").await.refused(409, "queue_full");
    assert!(is_empty(&queue(&other).await));
    gateway.stop().await;
}

#[tokio::test]
async fn after_a_turn_that_was_stopped_the_user_decides() {
    let (gateway, session, mut events) = at_work().await;
    let a = wait_in_queue(&session, "a").await;
    wait_in_queue(&session, "b").await;
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    events.turn().await;
    let state = session.state().await;
    assert_eq!((&state["activeTurn"], texts(&state["queue"])), (&json!(false), vec!["a".into(), "b".into()]));
    assert_eq!(told(&gateway), ["+first"]);

    let sent = item(&session, "POST", &a, &Value::Null).await.ok();
    assert_eq!((&sent["outcome"], sent["turnId"].is_string()), (&json!("started"), true));
    assert_eq!(texts(&sent["state"]["queue"]), ["b"]);
    gateway.codex().let_end().await;
    queue_when(&mut events, is_empty).await;
    gateway.codex().let_end().await;
    events.turn().await;
    assert_eq!(told(&gateway), ["+first", "+a", "+b"]);
    gateway.stop().await;
}

#[tokio::test]
async fn what_codex_refuses_waits_with_the_reason() {
    let (gateway, session, mut events) = at_work().await;
    let a = wait_in_queue(&session, "a").await;
    wait_in_queue(&session, "b").await;
    gateway.codex().set_mode("refuses");
    gateway.codex().let_end().await;
    let items = queue_when(&mut events, |items| items[0]["error"].is_string()).await;
    assert_eq!(texts(&items), ["a", "b"]);
    assert_eq!(items[0]["error"], "codex refused turn/start: the model is on holiday");
    assert_eq!((&items[0]["sending"], &items[1]["error"]), (&json!(false), &Value::Null));

    // A turn of one's own that ends well does not send what was refused.
    gateway.codex().set_mode("normal");
    session.turn("own").await;
    assert_eq!(texts(&queue(&session).await), ["a", "b"]);
    let edited = item(&session, "PATCH", &a, &json!({ "text": "A" })).await.ok();
    assert_eq!(edited["queue"][0]["error"], Value::Null);
    item(&session, "POST", &a, &Value::Null).await.ok();
    queue_when(&mut events, is_empty).await;
    events.turn().await;
    assert_eq!(told(&gateway), ["+first", "+a", "+own", "+A", "+b"]);
    gateway.stop().await;
}

#[tokio::test]
async fn a_running_turn_is_told() {
    let (gateway, session, mut events) = at_work().await;
    let reply = say(&session, "also", "steer").await.ok();
    assert_eq!((&reply["outcome"], &reply["turnId"]), (&json!("steered"), &reply["state"]["currentTurnId"]));
    let user = |event: &crate::support::Event| event.is("item/completed") && event.data.contains("c-also");
    assert_eq!(events.find(user).await.json()["params"]["turnId"], reply["turnId"]);

    let a = wait_in_queue(&session, "a").await;
    let sent = item(&session, "POST", &a, &Value::Null).await.ok();
    assert_eq!((&sent["outcome"], is_empty(&sent["state"]["queue"])), (&json!("steered"), true));
    gateway.codex().let_end().await;
    events.turn().await;
    assert_eq!(told(&gateway), ["+first", ">also", ">a"]);
    assert_eq!(say(&session, "idle", "steer").await.ok()["outcome"], "started");
    gateway.stop().await;
}

#[tokio::test]
async fn a_turn_that_takes_nothing_is_waited_for() {
    let (gateway, session, mut events) = at_work().await;
    let a = wait_in_queue(&session, "a").await;
    let b = wait_in_queue(&session, "b").await;
    gateway.codex().set_mode("refuses-all");
    let reply = say(&session, "now", "steer").await.ok();
    assert_eq!(
        (&reply["outcome"], texts(&reply["state"]["queue"])),
        (&json!("queued"), vec!["now".into(), "a".into(), "b".into()])
    );
    let sent = item(&session, "POST", &b, &Value::Null).await.ok();
    assert_eq!((&sent["outcome"], &sent["queueItemId"]), (&json!("queued"), &json!(b)));
    assert_eq!(texts(&queue(&session).await), ["b", "now", "a"]);
    gateway.codex().set_mode("normal");
    gateway.codex().let_end().await;
    queue_when(&mut events, is_empty).await;
    events.turn().await;
    assert_eq!(told(&gateway), ["+first", ">now", ">b", "+b", "+now", "+a"]);
    item(&session, "POST", &a, &Value::Null).await.refused(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn a_message_for_a_turn_that_has_not_begun_is_told_once_it_has() {
    let gateway = Gateway::fake("late-start").await;
    let session = gateway.create().await;
    session.start_turn("first").await;
    let telling = join_all([say(&session, "a", "steer"), say(&session, "b", "steer")]);
    tokio::pin!(telling);
    assert!(timeout(Duration::from_millis(300), &mut telling).await.is_err(), "they should wait");
    gateway.codex().open_gate();
    let replies = telling.await;
    for reply in replies {
        assert_eq!(reply.ok()["outcome"], "steered");
    }
    let mut all = told(&gateway);
    all.sort();
    assert_eq!(all, ["+first", ">a", ">b"]);
    gateway.stop().await;
}

#[tokio::test]
async fn the_queue_outlives_the_process() {
    let (gateway, session, mut events) = at_work().await;
    let a = wait_in_queue(&session, "a").await;
    wait_in_queue(&session, "b").await;
    gateway.codex().set_mode("dies-steered");
    item(&session, "POST", &a, &Value::Null).await.refused(503, "codex_unavailable");
    let items = queue(&session).await;
    assert_eq!(texts(&items), ["a", "b"]);
    assert!(items[0]["error"].is_string() && items[0]["sending"] == false, "{items}");
    assert_eq!(session.state().await["ready"], false);

    gateway.codex().set_mode("normal");
    assert_eq!(item(&session, "POST", &a, &Value::Null).await.ok()["outcome"], "started");
    queue_when(&mut events, is_empty).await;
    events.turn().await;
    assert_eq!(told(&gateway), ["+first", ">a", "+a", "+b"]);
    gateway.stop().await;
}

#[tokio::test]
async fn the_queue_outlives_a_thread_that_never_had_a_turn() {
    let gateway = Gateway::fake("late-start").await.settled().await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    session.start_turn("first").await;
    let a = wait_in_queue(&session, "a").await;
    gateway.codexes()[0].kill();
    events.find(|event| event.name == "warning").await;
    gateway.codex().set_mode("normal");
    let before = session.state().await["threadId"].clone();
    item(&session, "POST", &a, &Value::Null).await.ok();
    events.turn().await;
    assert_ne!(session.state().await["threadId"], before, "there was nothing to go on with");
    assert!(is_empty(&queue(&session).await));
    assert_eq!(told(&gateway), ["+first", "+a"]);
    gateway.stop().await;
}

#[tokio::test]
async fn what_waits_was_written_for_its_thread() {
    let (gateway, session, mut events) = at_work().await;
    let a = wait_in_queue(&session, "a").await;
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    events.turn().await;
    session.client.post(&session.path("/thread/new")).await.refused(409, "queue_waits");
    let own = json!({ "threadId": session.state().await["threadId"] });
    session.client.post_json(&session.path("/thread/resume"), &own).await.ok();
    let other = json!({ "threadId": "00000001-0000-7000-8000-000000000001" });
    session.client.post_json(&session.path("/thread/resume"), &other).await.refused(409, "queue_waits");
    item(&session, "DELETE", &a, &Value::Null).await.ok();
    session.client.post(&session.path("/thread/new")).await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn a_session_does_not_expire_while_something_waits() {
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
    let a = wait_in_queue(&session, "a").await;
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    events.turn().await;
    closed.find(|event| event.name == "session-closed").await;
    // The other one was used until now, and this one has been unused for longer than that takes.
    let third = gateway.create().await;
    third.events("").await.find(|event| event.name == "session-closed").await;
    assert_eq!(texts(&queue(&session).await), ["a"]);
    item(&session, "DELETE", &a, &Value::Null).await.ok();
    events.find(|event| event.name == "session-closed").await;
    gateway.stop().await;
}

#[tokio::test]
async fn whatever_comes_together_nothing_is_sent_twice_or_lost() {
    let (gateway, session, mut events) = at_work().await;
    let mut ids = Vec::new();
    for n in 0..16 {
        ids.push((n, wait_in_queue(&session, &n.to_string()).await));
    }
    gateway.codex().set_mode("normal");
    let tries = ids.iter().map(|(n, id)| {
        let session = &session;
        async move {
            let (method, body) = match n % 4 {
                0 => ("DELETE", Value::Null),
                1 => ("POST", Value::Null),
                2 => ("PATCH", json!({ "text": format!("{n}!") })),
                _ => ("PATCH", json!({ "before": null })),
            };
            (*n, item(session, method, id, &body).await)
        }
    });
    let ((), replies) = futures::join!(gateway.codex().let_end(), join_all(tries));
    // One that could not be taken out or sent because it was on its way has gone since, or goes next.
    loop {
        let items = queue(&session).await;
        let Some(first) = items[0]["id"].as_str() else { break };
        if items[0]["sending"] == false && session.state().await["activeTurn"] == false {
            item(&session, "POST", first, &Value::Null).await;
        }
        events.find(|event| event.name == "queue").await;
    }
    while session.state().await["activeTurn"] == true {
        events.next().await;
    }
    let path = format!("/api/threads/{}", session.state().await["threadId"].as_str().unwrap());
    let thread = session.client.get(&path).await.ok()["thread"].clone();
    let items = thread["turns"].as_array().unwrap().iter().flat_map(|turn| turn["items"].as_array().unwrap());
    let said: Vec<&Value> =
        items.filter(|item| item["type"] == "userMessage").map(|item| &item["clientId"]).collect();
    for (n, reply) in &replies {
        let count = said.iter().filter(|id| **id == &json!(format!("c-{n}"))).count();
        let removed = n % 4 == 0 && reply.status == 200;
        assert!(matches!(reply.status.as_u16(), 200 | 404 | 409), "{}", reply.text());
        assert_eq!(count, usize::from(!removed), "{n}: {} in {said:?}", reply.status);
    }
    gateway.stop().await;
}

#[tokio::test]
async fn the_real_codex_is_told_and_waited_for() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    session.start_turn("!standin deltas count=150 pace_us=10000").await;
    events.notification("item/agentMessage/delta").await;
    let steered = say(&session, "Reply with exactly the single word steered", "steer").await.ok();
    assert_eq!(steered["outcome"], "steered");
    let id = wait_in_queue(&session, "Reply with exactly the single word queued").await;
    let turn = events.turn().await;
    let said = |word: &str| {
        let of = format!("\"text\":\"{word}\"");
        turn.iter().any(|event| event.is("item/completed") && event.data.contains(&of))
    };
    assert!(said("steered"), "the turn that was told answers");
    assert!(turn.iter().any(|event| event.is("item/completed")
        && event.data.contains("c-Reply with exactly the single word steered")));
    let next = events.turn().await;
    let state = next.last().unwrap().json();
    assert_eq!(state["transcript"].as_array().unwrap().last().unwrap()["text"], "queued");
    assert!(is_empty(&state["queue"]));
    item(&session, "DELETE", &id, &Value::Null).await.refused(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn what_waits_is_not_sent_because_turns_are_taken_back() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    session.turn("Reply with exactly the single word one").await;
    let mut events = session.live().await;
    session.start_turn("!standin deltas count=3000 pace_us=10000").await;
    events.notification("item/agentMessage/delta").await;
    wait_in_queue(&session, "waiting").await;
    let running = session.state().await["currentTurnId"].clone();
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    events.turn().await;

    let revert = json!({ "beforeTurnId": running });
    let reverted = session.client.post_json(&session.path("/thread/revert"), &revert).await.ok();
    let state = &reverted["state"];
    assert_eq!((&state["activeTurn"], texts(&state["queue"])), (&json!(false), vec!["waiting".into()]));
    let instead = say(&session, "Reply with exactly the single word two", "reject").await.ok();
    assert_eq!(instead["outcome"], "started", "the message that is said instead comes first");
    gateway.stop().await;
}
