//! Sessions that outlive the gateway: after its end, however it comes about, they go on where they were.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    support::{DEADLINE, Gateway, Session, Setup, eventually},
    threads_read::thread_of,
};

async fn snapshot(session: &Session) -> Value {
    session.client.get(&session.path("/snapshot")).await.ok()
}

async fn listed(gateway: &Gateway) -> Vec<Value> {
    gateway.client.get("/api/sessions").await.ok()["sessions"].as_array().unwrap().clone()
}

/// Waits until what the session has is written down: a gateway that is killed does not say goodbye.
async fn written(gateway: &Gateway, session: &Session) {
    // A demo has a directory of its own.
    let places = ["demo/gateway.db", "gateway.db"].map(|place| gateway.data_dir().join(place));
    let file = places.into_iter().find(|file| file.exists()).unwrap();
    let store = rusqlite::Connection::open(file).unwrap();
    let json = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    let stored = || -> rusqlite::Result<[Value; 3]> {
        let transcript = "SELECT transcript FROM sessions WHERE id = ?1";
        let transcript = json(store.query_row(transcript, [&session.id], |row| row.get(0))?);
        let entries = "SELECT entry FROM session_entries WHERE session = ?1 ORDER BY place";
        let mut entries = store.prepare(entries)?;
        let entries = entries.query_map([&session.id], |row| row.get(0).map(json))?;
        let entries = entries.collect::<rusqlite::Result<_>>()?;
        Ok([transcript["turns"].clone(), transcript["queue"].clone(), Value::Array(entries)])
    };
    let start = Instant::now();
    loop {
        let transcript = snapshot(session).await["transcript"].clone();
        let wanted = ["turns", "queue", "entries"].map(|name| transcript[name].clone());
        if stored().is_ok_and(|stored| stored == wanted) {
            return;
        }
        assert!(start.elapsed() < DEADLINE, "it is not written down: {wanted:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The entry of a message that was cut off.
fn cut(snapshot: &Value) -> Option<&Value> {
    snapshot["transcript"]["entries"].as_array().unwrap().iter().find(|entry| entry["phase"] == "cut")
}

/// Ends the gateway in one way or the other, and starts it again.
async fn end(gateway: &mut Gateway, killed: bool) {
    if killed { gateway.kill_and_start().await } else { gateway.restart().await }
}

#[tokio::test]
async fn a_session_is_after_a_restart_what_it_was_before() {
    for killed in [false, true] {
        let setup = Setup::fake("normal");
        // Pages are shown once the browser files are there.
        let site = setup.path("site");
        fs::create_dir_all(site.join("pkg")).unwrap();
        fs::write(site.join("pkg/codex-gateway.wasm"), "").unwrap();
        let mut gateway = setup.set("CODEX_GATEWAY_SITE_DIR", &site).start().await;
        let session = gateway.create().await;
        let mut events = session.live().await;
        session.start_turn("Hello").await;
        events.turn().await;
        let before = snapshot(&session).await;
        let list = listed(&gateway).await;
        let state = session.state().await;
        written(&gateway, &session).await;
        end(&mut gateway, killed).await;

        let session = session.on(&gateway);
        assert_eq!(listed(&gateway).await[0]["id"], list[0]["id"]);
        for name in ["title", "threadId", "cwd", "approvals", "createdAt", "running", "waiting"] {
            assert_eq!(listed(&gateway).await[0][name], list[0][name], "{name}");
        }
        let after = snapshot(&session).await;
        assert_eq!(after["transcript"], before["transcript"]);
        assert_eq!((&after["models"], &after["older"]), (&before["models"], &before["older"]));
        assert_ne!(after["at"], before["at"], "its events are of another life");
        let mut state_after = session.state().await;
        assert_eq!((&state_after["ready"], gateway.codex().opened().len()), (&json!(false), 1));
        for name in ["recentEvents", "ready", "startedAt"] {
            state_after[name] = state[name].clone();
        }
        assert_eq!(state_after, state);
        gateway.client.get(&session.path("/items")).await.ok();
        assert_eq!(gateway.client.get(&format!("/c/{}", session.id)).await.status, 200);

        let mut events = session.events_after(before["at"].as_str().unwrap()).await;
        events.expect("session").await;
        assert_eq!(events.expect("gap").await.json()["from"], before["at"]);
        events.expect("state").await;
        session.start_turn("And on").await;
        let turn = events.turn().await;
        assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");
        assert_eq!(session.state().await["threadId"], json!(thread_of(&session)));
        let opened = gateway.codex().opened();
        assert_eq!((opened.len(), &opened[1]["threadId"]), (2, &json!(thread_of(&session))));
        gateway.stop().await;
    }
}

#[tokio::test]
async fn a_turn_that_was_running_is_told_as_failed_and_what_it_said_is_kept() {
    for killed in [false, true] {
        let mut gateway = Gateway::fake("hangs").await;
        let session = gateway.create().await;
        let mut events = session.live().await;
        session.start_turn("Hello").await;
        events.notification("item/agentMessage/delta").await;
        session
            .client
            .post_json(&session.path("/turn"), &json!({ "prompt": "Later", "whenBusy": "queue" }))
            .await
            .ok();
        written(&gateway, &session).await;
        end(&mut gateway, killed).await;
        gateway.codex().set_mode("normal");

        let session = session.on(&gateway);
        let kept = snapshot(&session).await;
        let said = cut(&kept).unwrap_or_else(|| panic!("{kept}"));
        assert_eq!(said["content"]["item"]["text"], "I was about to say");
        let turn = &kept["transcript"]["turns"][0];
        assert_eq!(turn["status"], "failed");
        assert!(turn["error"]["message"].as_str().unwrap().contains("gateway was stopped"), "{turn}");
        let state = session.state().await;
        assert_eq!((&state["activeTurn"], &state["lastTurnStatus"]), (&json!(false), &json!("failed")));
        assert_eq!(state["queue"][0]["text"], "Later", "it waits for its user");
        session.turn("And on").await;
        // It follows a turn that has ended well.
        while session.state().await["queue"] != json!([]) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        gateway.stop().await;
    }
}

#[tokio::test]
async fn the_real_codex_goes_on_after_a_kill_in_the_middle_of_a_turn() {
    let mut gateway = Gateway::demo().await;
    let session = gateway.create().await;
    session.turn("Reply with exactly the single word first").await;
    let mut events = session.live().await;
    session.start_turn("!standin slow-command").await;
    events.notification("item/commandExecution/outputDelta").await;
    written(&gateway, &session).await;
    end(&mut gateway, true).await;

    let session = session.on(&gateway);
    let kept = snapshot(&session).await;
    assert_eq!(cut(&kept).unwrap()["content"]["item"]["type"], "commandExecution");
    session.turn("Reply with exactly the single word second").await;
    let state = session.state().await;
    assert_eq!(state["threadId"], json!(thread_of(&session)));
    assert_eq!(state["lastTurnStatus"], "completed");
    end(&mut gateway, false).await;
    let session = session.on(&gateway);
    session.turn("Reply with exactly the single word third").await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_question_that_waited_is_withdrawn() {
    for killed in [false, true] {
        let mut gateway = Gateway::fake("asks").await;
        let session = gateway.create_with(&gateway.client, &json!({ "approvals": "ask" })).await;
        let mut events = session.live().await;
        session.start_turn("Ask").await;
        events.find(|event| event.name == "request").await;
        written(&gateway, &session).await;
        end(&mut gateway, killed).await;

        let session = session.on(&gateway);
        let requests = gateway.client.get(&session.path("/requests")).await.ok();
        assert_eq!(requests["requests"], json!([]));
        let entries = snapshot(&session).await["transcript"]["entries"].clone();
        let questions: Vec<&Value> =
            entries.as_array().unwrap().iter().filter_map(|entry| entry["content"].get("question")).collect();
        assert!(!questions.is_empty());
        for question in questions {
            assert_eq!(question["resolved"]["outcome"], "withdrawn", "{question}");
        }
        assert_eq!(listed(&gateway).await[0]["waiting"], false);
        gateway.stop().await;
    }
}

#[tokio::test]
async fn what_is_deleted_or_has_expired_stays_so() {
    let mut gateway = Gateway::fake("normal").await;
    let [one, other] = [gateway.create().await, gateway.create().await];
    one.turn("Hello").await;
    one.delete().await;
    end(&mut gateway, false).await;
    assert_eq!(listed(&gateway).await.len(), 1);
    one.on(&gateway).client.get(&one.path("/state")).await.refused(404, "not_found");
    other.on(&gateway).delete().await;
    end(&mut gateway, true).await;
    assert_eq!(listed(&gateway).await.len(), 0);
    let read = gateway.client.get(&format!("/api/threads/{}", thread_of(&one))).await.ok();
    assert_eq!(read["thread"]["id"], json!(thread_of(&one)), "the conversation stays");
    gateway.stop().await;

    let setup = Setup::fake("normal").set("CODEX_GATEWAY_SESSION_TTL_MS", "700");
    let mut gateway = setup.set("CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS", "20").start().await;
    let session = gateway.create().await;
    end(&mut gateway, true).await;
    // To ask for the session would be use of it; to list it is none.
    while !listed(&gateway).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    gateway.client.get(&session.path("/state")).await.refused(404, "not_found");
    eventually("its row is gone", || gateway.log().contains("stored sessions have expired")).await;
    gateway.stop().await;
}

#[tokio::test]
async fn one_that_is_not_in_memory_stands_in_the_pages_list_once_with_its_session() {
    let mut gateway = Gateway::demo().await;
    let session = gateway.create().await;
    session.turn("Reply with exactly the single word listed").await;
    let of_the_page = async |gateway: &Gateway| {
        let body = json!({ "search": "", "cursor": null });
        gateway.client.post_json("/_fn/conversations", &body).await.ok()["rows"].clone()
    };
    let before = of_the_page(&gateway).await;
    end(&mut gateway, false).await;
    let after = of_the_page(&gateway).await;
    assert!(!gateway.log().contains("session restored"), "to list it brings nobody back");
    for rows in [before, after] {
        let own: Vec<&Value> = rows
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["thread"] == json!(thread_of(&session)))
            .collect();
        assert_eq!(own.len(), 1, "{rows}");
        assert_eq!(own[0]["session"], json!(session.id));
    }
    gateway.stop().await;
}

#[tokio::test]
async fn one_that_rests_leaves_the_memory_and_comes_back() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_PARK_AFTER_MS", "500");
    let gateway = setup.set("CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS", "20").start().await.settled().await;
    let session = gateway.create().await;
    let turn = session.turn("Hello").await;
    let epoch = |at: &Value| at.as_str().unwrap().split_once(':').unwrap().0.to_owned();
    let first = epoch(&json!(turn.last().unwrap().id));
    eventually("its process ends", || gateway.processes().is_empty()).await;
    eventually("its actor ends", || gateway.log().contains("session unloaded")).await;
    assert_eq!(listed(&gateway).await[0]["id"], json!(session.id));
    let back = snapshot(&session).await;
    assert_ne!(epoch(&back["at"]), first);
    assert!(back["transcript"]["entries"].as_array().unwrap().len() > 1);

    // Its thread is its own, also while nobody is there.
    eventually("its actor ends again", || gateway.log().matches("session unloaded").count() > 1).await;
    let other = gateway.create().await;
    let body = json!({ "threadId": thread_of(&session) });
    let error =
        other.client.post_json(&other.path("/thread/resume"), &body).await.refused(409, "thread_held");
    assert!(error.contains(&session.id), "{error}");
    let body = json!({ "resumeThreadId": thread_of(&session) });
    gateway.client.post_json("/api/sessions", &body).await.refused(409, "thread_held");
    session.turn("And on").await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_store_that_cannot_be_written_stops_nobody() {
    let mut gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let other = rusqlite::Connection::open(gateway.data_dir().join("gateway.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    session.turn("Hello").await;
    session.turn("And on").await;
    eventually("it is told", || gateway.log().contains("could not be written down")).await;
    session.turn("And on, and on").await;
    let mut events = session.live().await;
    other.execute_batch("COMMIT").unwrap();
    events.find(|event| event.name == "warning" && event.json()["type"] == "savedAgain").await;
    let before = snapshot(&session).await;
    let (said, at) = (before["transcript"].clone(), before["at"].as_str().unwrap());
    let last: i64 = at.split_once(':').unwrap().1.parse().unwrap();
    let written = || {
        let seq = other.query_row("SELECT seq FROM sessions", [], |row| row.get::<_, i64>(0));
        seq.unwrap() == last
    };
    eventually("it is written down after all", written).await;
    end(&mut gateway, true).await;
    assert_eq!(snapshot(&session.on(&gateway)).await["transcript"], said);
    gateway.stop().await;
}

#[tokio::test]
async fn a_session_that_cannot_be_read_is_named_and_can_be_deleted() {
    let mut gateway = Gateway::fake("normal").await;
    let [bad, good] = [gateway.create().await, gateway.create().await];
    end(&mut gateway, false).await;
    let store = rusqlite::Connection::open(gateway.data_dir().join("gateway.db")).unwrap();
    store.execute("UPDATE sessions SET transcript = '{' WHERE id = ?1", [&bad.id]).unwrap();
    let [bad, good] = [bad, good].map(|session| session.on(&gateway));
    let error = bad.client.get(&bad.path("/state")).await.refused(500, "store");
    assert!(error.contains("can be deleted"), "{error}");
    assert_eq!(listed(&gateway).await.len(), 2, "it is not hidden");
    bad.delete().await;
    bad.client.delete(&bad.path("")).await.refused(404, "not_found");
    good.turn("Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_second_gateway_is_refused_and_the_first_goes_on() {
    let gateway = Gateway::fake("normal").await;
    let second = Setup::fake("normal").set("CODEX_GATEWAY_DATA_DIR", gateway.data_dir());
    let (status, log) = second.start_badly().await;
    assert!(!status.success());
    assert!(log.contains("another gateway") && log.contains("CODEX_GATEWAY_DATA_DIR"), "{log}");
    assert!(log.contains(gateway.data_dir().to_str().unwrap()), "{log}");
    gateway.create().await.turn("Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_damaged_store_is_named_and_left_as_it_is() {
    let mut gateway = Gateway::fake("normal").await;
    for _ in 0..3 {
        gateway.create().await.turn("Hello").await;
    }
    end(&mut gateway, false).await;
    let data = gateway.data_dir();
    gateway.terminate();
    gateway.ended().await;
    let whole = fs::read(data.join("gateway.db")).unwrap();
    assert!(whole.len() > 16 * 1024, "{}", whole.len());
    let mut scribbled = whole.clone();
    scribbled[8 * 1024..12 * 1024].fill(0xa5);
    for damaged in [&whole[..whole.len() / 2], &scribbled] {
        let setup = Setup::fake("normal");
        let file = setup.data_dir().join("gateway.db");
        fs::write(&file, damaged).unwrap();
        let copy = setup.data_dir();
        let (status, log) = setup.start_badly().await;
        assert!(!status.success());
        assert!(log.contains("gateway.db is damaged") && log.contains(copy.to_str().unwrap()), "{log}");
        assert!(!log.contains("codex process started"), "{log}");
    }
}
