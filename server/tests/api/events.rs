//! `GET /api/sessions/{id}/events`: content and order of event streams. Resumed streams are in `replay`.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{Event, EventStream, Gateway, Setup, within};

#[tokio::test]
async fn stream_starts_with_session_and_state() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let mut events = session.events("").await;
    assert_eq!(events.response.headers["content-type"], "text/event-stream");
    assert_eq!(events.response.headers["cache-control"], "no-store");

    let first = events.expect("session").await;
    assert_eq!(first.id, None);
    let data = first.json();
    assert_eq!((&data["sessionId"], &data["id"]), (&json!(session.id), &json!(session.id)));
    assert!(
        ["createdAt", "lastAccessAt", "expiresAt", "buildId"].iter().all(|name| data[name].is_string()),
        "{data}"
    );

    let second = events.expect("state").await;
    let reply = gateway.client.get(&session.path("/state")).await.ok();
    assert_eq!(second.json(), reply["state"]);
    assert_eq!(json!(second.id), reply["lastEventId"]);
    gateway.stop().await;
}

#[tokio::test]
async fn events_of_a_turn_are_in_order_and_end_with_state() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    let before = session.state().await;
    let reply = session.start_turn("!standin reasoning, command, text").await;
    let turn = events.rest_of_turn().await;

    let numbers: Vec<u64> = turn.iter().map(Event::seq).collect();
    assert!(
        numbers.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "sequence numbers are contiguous: {numbers:?}"
    );
    let epoch = |id: &str| id.split_once(':').unwrap().0.to_owned();
    let own = epoch(reply["lastEventId"].as_str().unwrap());
    assert!(turn.iter().all(|event| epoch(event.id.as_deref().unwrap()) == own));

    let (last, notifications) = turn.split_last().unwrap();
    assert!(
        notifications.iter().all(|event| event.name == "notification"),
        "there is no state within a turn"
    );
    assert_eq!(last.name, "state");
    for event in notifications {
        let data = event.json();
        assert_eq!(data.as_object().unwrap().len(), 2, "method and params: {data}");
        assert!(data["params"]["threadId"].as_str().is_none_or(|thread| before["threadId"] == thread));
    }

    let position = |wanted: &dyn Fn(&Value) -> bool| {
        notifications
            .iter()
            .position(|event| wanted(&event.json()))
            .unwrap_or_else(|| panic!("no such event: {notifications:#?}"))
    };
    let item = |method: &'static str, kind: &'static str| {
        position(&move |event| event["method"] == method && event["params"]["item"]["type"] == kind)
    };
    let of = |method: &'static str| position(&move |event| event["method"] == method);
    let order = [
        of("turn/started"),
        item("item/started", "userMessage"),
        item("item/completed", "userMessage"),
        item("item/started", "reasoning"),
        of("item/reasoning/summaryTextDelta"),
        item("item/completed", "reasoning"),
        item("item/started", "commandExecution"),
        of("item/commandExecution/outputDelta"),
        item("item/completed", "commandExecution"),
        item("item/started", "agentMessage"),
        of("item/agentMessage/delta"),
        item("item/completed", "agentMessage"),
        of("turn/completed"),
    ];
    assert!(order.is_sorted(), "{order:?}");
    gateway.stop().await;
}

#[tokio::test]
async fn events_query_filters_the_stream() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let names = async |query: &str| {
        let mut events = session.events(query).await;
        session.run_turn("Hello").await;
        let marker = session.client.post(&session.path("/thread/new")).await.ok();
        let last = marker["lastEventId"].as_str().unwrap().to_owned();
        // A filter without threads and states is read up to the end of the turn.
        let mut names = Vec::new();
        loop {
            let event = events.next().await.unwrap();
            let done = event.id.as_ref() == Some(&last) || event.is_notification("turn/completed");
            names.push(event.name);
            if done {
                names.dedup();
                return names;
            }
        }
    };
    assert_eq!(names("?events=notification").await, ["session", "notification"]);
    assert_eq!(names("?events=state").await, ["session", "state"]);
    assert_eq!(names("?events=thread,state").await, ["session", "state", "thread", "state"]);
    assert_eq!(names("?events=").await, ["session", "state", "notification"]);
    assert_eq!(names("?events=%20notification%20,,").await, ["session", "notification"]);
    for (query, word) in
        [("nonsense", "nonsense"), ("state,Notification", "Notification"), ("state%2C%22", "\\\"")]
    {
        let reply = session.client.get(&session.path(&format!("/events?events={query}"))).await;
        let error = reply.expect_error(400, "bad_query");
        assert!(error.contains(word), "{error}");
    }
    let mut filtered = session.events("?events=state").await;
    filtered.expect("session").await;
    filtered.expect("state").await;
    session.delete().await;
    filtered.expect("session-closed").await;
    gateway.stop().await;
}

#[tokio::test]
async fn all_readers_receive_the_same_bytes() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let mut readers = join_all((0..20).map(|_| session.subscribe())).await;
    session.start_turn("Hello").await;
    let received = join_all(readers.iter_mut().map(EventStream::rest_of_turn)).await;
    assert!(received[0].len() > 40);
    for other in &received[1..] {
        assert_eq!(other, &received[0]);
    }
    gateway.stop().await;
}

#[tokio::test]
async fn raw_events_are_sent_only_in_debug_mode() {
    for debug in [false, true] {
        let setup = Setup::fake("normal").set("CODEX_GATEWAY_DEBUG", if debug { "1" } else { "0" });
        let gateway = setup.start().await;
        let session = gateway.create().await;
        let raw: Vec<Event> =
            session.run_turn("Hello").await.into_iter().filter(|event| event.name == "raw").collect();
        assert_eq!(raw.is_empty(), !debug);
        if debug {
            let lines: Vec<Value> = raw.iter().map(Event::json).collect();
            for direction in ["in", "out"] {
                let line = lines.iter().find(|line| line["direction"] == direction).unwrap();
                assert!(serde_json::from_str::<Value>(line["line"].as_str().unwrap()).unwrap().is_object());
            }
        }
        gateway.stop().await;
    }
}

/// Waits for the ping, which is sent after 15 s of silence.
#[tokio::test]
async fn silent_stream_sends_ping_with_id_of_last_event() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let mut filtered = session.events("?events=session").await;
    filtered.expect("session").await;
    let last = session.run_turn("Hello").await.pop().unwrap();
    let ping = within("a ping", filtered.next()).await.unwrap();
    assert_eq!((ping.name.as_str(), ping.data.as_str()), ("ping", "{}"));
    assert_eq!(ping.id, last.id, "a ping has the id of the last filtered event");

    let mut resumed = session.events_after(ping.id.as_deref().unwrap()).await;
    resumed.expect("session").await;
    session.start_turn("And on").await;
    assert_eq!(resumed.next().await.unwrap().seq(), last.seq() + 1);
    gateway.stop().await;
}

#[tokio::test]
async fn wait_query_returns_new_events_and_ends() {
    let gateway = Gateway::fake("waits").await;
    let session = gateway.create().await;
    let at = gateway.client.get(&session.path("/state")).await.ok()["lastEventId"].clone();
    let at = at.as_str().unwrap();
    let names = "session,notification,ping";
    let mut nothing = session.events(&format!("?since={at}&wait=0&events={names}")).await;
    let nothing = nothing.rest().await;
    let received: Vec<&str> = nothing.iter().map(|event| event.name.as_str()).collect();
    assert_eq!((received, nothing[1].id.as_deref()), (vec!["session", "ping"], Some(at)));

    // The request waits for the turn that starts meanwhile.
    let query = format!("?since={at}&wait=30&events={names}");
    let (mut waiting, _) = tokio::join!(session.events(&query), session.start_turn("Hello"));
    let received = waiting.rest().await;
    assert!(received.iter().any(|event| event.name == "notification"), "{received:?}");
    assert_eq!(received.last().unwrap().name, "ping");

    let fresh = session.events("?wait=0").await.rest().await;
    let received: Vec<&str> = fresh.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(received, ["session", "state", "ping"]);
    gateway.client.get(&session.path("/events?wait=61")).await.expect_error(400, "bad_query");
    gateway.client.get(&session.path("/events?wait=soon")).await.expect_error(400, "bad_query");
    gateway.fake_codex().release_turn().await;
    gateway.stop().await;
}

#[tokio::test]
async fn ping_query_sets_ping_interval() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let mut events = session.events("?ping=1&events=session,ping").await;
    events.expect("session").await;
    events.expect("ping").await;
    events.expect("ping").await;
    for query in ["ping=0", "ping=16", "ping=often"] {
        gateway.client.get(&session.path(&format!("/events?{query}"))).await.expect_error(400, "bad_query");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn wait_query_can_return_plain_text() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let plain = gateway.client.with_header("accept", "text/plain");
    let reply = plain.get(&session.path("/events?wait=0")).await;
    assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(reply.text().contains("event: session\n"));
    let accepts_all = gateway.client.with_header("accept", "text/plain, */*");
    let reply = accepts_all.get(&session.path("/events?wait=0")).await;
    assert_eq!(reply.header("content-type"), Some("text/event-stream"));
    gateway.stop().await;
}

#[tokio::test]
async fn wait_query_takes_no_stream_slot_and_counts_as_presence() {
    let gateway = Setup::fake("asks-together").set("CODEX_GATEWAY_MAX_STREAMS", "1").start().await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    session.events("?wait=0&interactive=1").await.rest().await;
    session.start_turn("Hello").await;
    for _ in 0..5 {
        events.find(|event| event.name == "request").await;
    }
    assert_eq!(session.state().await["pendingRequests"].as_array().unwrap().len(), 5);
    gateway.stop().await;
}
