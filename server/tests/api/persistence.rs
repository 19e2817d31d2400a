//! Sessions across restarts: after a clean stop or a kill, they continue where they were.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    support::{DEADLINE, Gateway, Session, Setup, eventually},
    threads_read::thread_id,
};

async fn snapshot(session: &Session) -> Value {
    session.client.get(&session.path("/snapshot")).await.ok()
}

async fn list_sessions(gateway: &Gateway) -> Vec<Value> {
    gateway.client.get("/api/sessions").await.ok()["sessions"].as_array().unwrap().clone()
}

/// Waits until the store has the session's current transcript, because a killed gateway saves nothing.
async fn wait_until_stored(gateway: &Gateway, session: &Session) {
    // Demo mode has its own data directory.
    let candidates = ["demo/gateway.db", "gateway.db"].map(|name| gateway.data_dir().join(name));
    let file = candidates.into_iter().find(|file| file.exists()).unwrap();
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
        assert!(start.elapsed() < DEADLINE, "the session is not stored: {wanted:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Returns the entry that was cut off by the end of the gateway.
fn cut_entry(snapshot: &Value) -> Option<&Value> {
    snapshot["transcript"]["entries"].as_array().unwrap().iter().find(|entry| entry["phase"] == "cut")
}

/// Kills or stops the gateway, and starts it again.
async fn restart(gateway: &mut Gateway, kill: bool) {
    if kill { gateway.kill_and_restart().await } else { gateway.restart().await }
}

#[tokio::test]
async fn session_is_unchanged_after_restart() {
    for killed in [false, true] {
        let setup = Setup::fake("normal");
        // Pages need the browser files.
        let site = setup.path("site");
        fs::create_dir_all(site.join("pkg")).unwrap();
        fs::write(site.join("pkg/codex-gateway.wasm"), "").unwrap();
        let mut gateway = setup.set("CODEX_GATEWAY_SITE_DIR", &site).start().await;
        let session = gateway.create().await;
        let mut events = session.subscribe().await;
        session.start_turn("Hello").await;
        events.rest_of_turn().await;
        let before = snapshot(&session).await;
        let list = list_sessions(&gateway).await;
        let state = session.state().await;
        wait_until_stored(&gateway, &session).await;
        restart(&mut gateway, killed).await;

        let session = session.via(&gateway);
        assert_eq!(list_sessions(&gateway).await[0]["id"], list[0]["id"]);
        for name in ["title", "threadId", "cwd", "approvals", "createdAt", "running", "waiting"] {
            assert_eq!(list_sessions(&gateway).await[0][name], list[0][name], "{name}");
        }
        let after = snapshot(&session).await;
        assert_eq!(after["transcript"], before["transcript"]);
        assert_eq!((&after["models"], &after["older"]), (&before["models"], &before["older"]));
        assert_ne!(after["at"], before["at"], "its events have a new epoch");
        let mut state_after = session.state().await;
        assert_eq!((&state_after["ready"], gateway.fake_codex().opened_threads().len()), (&json!(false), 1));
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
        let turn = events.rest_of_turn().await;
        assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");
        assert_eq!(session.state().await["threadId"], json!(thread_id(&session)));
        let opened = gateway.fake_codex().opened_threads();
        assert_eq!((opened.len(), &opened[1]["threadId"]), (2, &json!(thread_id(&session))));
        gateway.stop().await;
    }
}

#[tokio::test]
async fn running_turn_fails_at_restart_and_keeps_its_text() {
    for killed in [false, true] {
        let mut gateway = Gateway::fake("endless-turn").await;
        let session = gateway.create().await;
        let mut events = session.subscribe().await;
        session.start_turn("Hello").await;
        events.notification("item/agentMessage/delta").await;
        session
            .client
            .post_json(&session.path("/turn"), &json!({ "prompt": "Later", "whenBusy": "queue" }))
            .await
            .ok();
        wait_until_stored(&gateway, &session).await;
        restart(&mut gateway, killed).await;
        gateway.fake_codex().set_mode("normal");

        let session = session.via(&gateway);
        let kept = snapshot(&session).await;
        let entry = cut_entry(&kept).unwrap_or_else(|| panic!("{kept}"));
        assert_eq!(entry["content"]["item"]["text"], "I was about to say");
        let turn = &kept["transcript"]["turns"][0];
        assert_eq!(turn["status"], "failed");
        assert!(turn["error"]["message"].as_str().unwrap().contains("gateway was stopped"), "{turn}");
        let state = session.state().await;
        assert_eq!((&state["activeTurn"], &state["lastTurnStatus"]), (&json!(false), &json!("failed")));
        assert_eq!(state["queue"][0]["text"], "Later", "the queue waits for the user");
        session.run_turn("And on").await;
        // A completed turn starts the queue.
        while session.state().await["queue"] != json!([]) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        gateway.stop().await;
    }
}

#[tokio::test]
async fn real_codex_session_continues_after_gateway_is_killed_in_turn() {
    let mut gateway = Gateway::demo().await;
    let session = gateway.create().await;
    session.run_turn("Reply with exactly the single word first").await;
    let mut events = session.subscribe().await;
    session.start_turn("!standin slow-command").await;
    events.notification("item/commandExecution/outputDelta").await;
    wait_until_stored(&gateway, &session).await;
    restart(&mut gateway, true).await;

    let session = session.via(&gateway);
    let kept = snapshot(&session).await;
    assert_eq!(cut_entry(&kept).unwrap()["content"]["item"]["type"], "commandExecution");
    session.run_turn("Reply with exactly the single word second").await;
    let state = session.state().await;
    assert_eq!(state["threadId"], json!(thread_id(&session)));
    assert_eq!(state["lastTurnStatus"], "completed");
    restart(&mut gateway, false).await;
    let session = session.via(&gateway);
    session.run_turn("Reply with exactly the single word third").await;
    gateway.stop().await;
}

#[tokio::test]
async fn pending_request_is_withdrawn_at_restart() {
    for killed in [false, true] {
        let mut gateway = Gateway::fake("asks").await;
        let session = gateway.create_with(&gateway.client, &json!({ "approvals": "ask" })).await;
        let mut events = session.subscribe().await;
        session.start_turn("Ask").await;
        events.find(|event| event.name == "request").await;
        wait_until_stored(&gateway, &session).await;
        restart(&mut gateway, killed).await;

        let session = session.via(&gateway);
        let requests = gateway.client.get(&session.path("/requests")).await.ok();
        assert_eq!(requests["requests"], json!([]));
        let entries = snapshot(&session).await["transcript"]["entries"].clone();
        let questions: Vec<&Value> =
            entries.as_array().unwrap().iter().filter_map(|entry| entry["content"].get("question")).collect();
        assert!(!questions.is_empty());
        for question in questions {
            assert_eq!(question["resolved"]["outcome"], "withdrawn", "{question}");
        }
        assert_eq!(list_sessions(&gateway).await[0]["waiting"], false);
        gateway.stop().await;
    }
}

#[tokio::test]
async fn deleted_and_expired_sessions_do_not_return_after_restart() {
    let mut gateway = Gateway::fake("normal").await;
    let [one, other] = [gateway.create().await, gateway.create().await];
    one.run_turn("Hello").await;
    one.delete().await;
    restart(&mut gateway, false).await;
    assert_eq!(list_sessions(&gateway).await.len(), 1);
    one.via(&gateway).client.get(&one.path("/state")).await.expect_error(404, "not_found");
    other.via(&gateway).delete().await;
    restart(&mut gateway, true).await;
    assert_eq!(list_sessions(&gateway).await.len(), 0);
    let read = gateway.client.get(&format!("/api/threads/{}", thread_id(&one))).await.ok();
    assert_eq!(read["thread"]["id"], json!(thread_id(&one)), "the thread is kept");
    gateway.stop().await;

    let setup = Setup::fake("normal").set("CODEX_GATEWAY_SESSION_TTL_MS", "700");
    let mut gateway = setup.set("CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS", "20").start().await;
    let session = gateway.create().await;
    restart(&mut gateway, true).await;
    // Requesting the session would count as use; listing does not.
    while !list_sessions(&gateway).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    gateway.client.get(&session.path("/state")).await.expect_error(404, "not_found");
    eventually("its row is deleted", || gateway.log().contains("stored sessions have expired")).await;
    gateway.stop().await;
}

#[tokio::test]
async fn dormant_session_is_listed_once_on_the_page() {
    let mut gateway = Gateway::demo().await;
    let session = gateway.create().await;
    session.run_turn("Reply with exactly the single word listed").await;
    let of_the_page = async |gateway: &Gateway| {
        let body = json!({ "search": "", "cursor": null });
        gateway.client.post_json("/_fn/conversations", &body).await.ok()["rows"].clone()
    };
    let before = of_the_page(&gateway).await;
    restart(&mut gateway, false).await;
    let after = of_the_page(&gateway).await;
    assert!(!gateway.log().contains("session restored"), "listing loads no session");
    for rows in [before, after] {
        let own: Vec<&Value> = rows
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["thread"] == json!(thread_id(&session)))
            .collect();
        assert_eq!(own.len(), 1, "{rows}");
        assert_eq!(own[0]["session"], json!(session.id));
    }
    gateway.stop().await;
}

#[tokio::test]
async fn idle_session_is_unloaded_and_restored_on_use() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_PARK_AFTER_MS", "500");
    let gateway =
        setup.set("CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS", "20").start().await.catalog_loaded().await;
    let session = gateway.create().await;
    let turn = session.run_turn("Hello").await;
    let epoch = |at: &Value| at.as_str().unwrap().split_once(':').unwrap().0.to_owned();
    let first = epoch(&json!(turn.last().unwrap().id));
    eventually("its process exits", || gateway.processes().is_empty()).await;
    eventually("the session is unloaded", || gateway.log().contains("session unloaded")).await;
    assert_eq!(list_sessions(&gateway).await[0]["id"], json!(session.id));
    let back = snapshot(&session).await;
    assert_ne!(epoch(&back["at"]), first);
    assert!(back["transcript"]["entries"].as_array().unwrap().len() > 1);

    // Its thread stays locked while it is not in memory.
    eventually("the session is unloaded again", || gateway.log().matches("session unloaded").count() > 1)
        .await;
    let other = gateway.create().await;
    let body = json!({ "threadId": thread_id(&session) });
    let error =
        other.client.post_json(&other.path("/thread/resume"), &body).await.expect_error(409, "thread_held");
    assert!(error.contains(&session.id), "{error}");
    let body = json!({ "resumeThreadId": thread_id(&session) });
    gateway.client.post_json("/api/sessions", &body).await.expect_error(409, "thread_held");
    session.run_turn("And on").await;
    gateway.stop().await;
}

#[tokio::test]
async fn locked_store_does_not_stop_turns_and_is_written_afterwards() {
    let mut gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let other = rusqlite::Connection::open(gateway.data_dir().join("gateway.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    session.run_turn("Hello").await;
    session.run_turn("And on").await;
    eventually("the failure is logged", || gateway.log().contains("could not be written down")).await;
    session.run_turn("And on, and on").await;
    let mut events = session.subscribe().await;
    other.execute_batch("COMMIT").unwrap();
    events.find(|event| event.name == "warning" && event.json()["type"] == "savedAgain").await;
    let before = snapshot(&session).await;
    let (transcript, at) = (before["transcript"].clone(), before["at"].as_str().unwrap());
    let last: i64 = at.split_once(':').unwrap().1.parse().unwrap();
    let is_stored = || {
        let seq = other.query_row("SELECT seq FROM sessions", [], |row| row.get::<_, i64>(0));
        seq.unwrap() == last
    };
    eventually("the session is stored", is_stored).await;
    restart(&mut gateway, true).await;
    assert_eq!(snapshot(&session.via(&gateway)).await["transcript"], transcript);
    gateway.stop().await;
}

#[tokio::test]
async fn corrupt_session_is_reported_and_can_be_deleted() {
    let mut gateway = Gateway::fake("normal").await;
    let [bad, good] = [gateway.create().await, gateway.create().await];
    restart(&mut gateway, false).await;
    let store = rusqlite::Connection::open(gateway.data_dir().join("gateway.db")).unwrap();
    store.execute("UPDATE sessions SET transcript = '{' WHERE id = ?1", [&bad.id]).unwrap();
    let [bad, good] = [bad, good].map(|session| session.via(&gateway));
    let error = bad.client.get(&bad.path("/state")).await.expect_error(500, "store");
    assert!(error.contains("can be deleted"), "{error}");
    assert_eq!(list_sessions(&gateway).await.len(), 2, "the broken session is still listed");
    bad.delete().await;
    bad.client.delete(&bad.path("")).await.expect_error(404, "not_found");
    good.run_turn("Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn second_gateway_for_same_data_directory_does_not_start() {
    let gateway = Gateway::fake("normal").await;
    let second = Setup::fake("normal").set("CODEX_GATEWAY_DATA_DIR", gateway.data_dir());
    let (status, log) = second.start_expecting_failure().await;
    assert!(!status.success());
    assert!(log.contains("another gateway") && log.contains("CODEX_GATEWAY_DATA_DIR"), "{log}");
    assert!(log.contains(gateway.data_dir().to_str().unwrap()), "{log}");
    gateway.create().await.run_turn("Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn damaged_store_prevents_start_and_is_not_changed() {
    let mut gateway = Gateway::fake("normal").await;
    for _ in 0..3 {
        gateway.create().await.run_turn("Hello").await;
    }
    restart(&mut gateway, false).await;
    let data = gateway.data_dir();
    gateway.terminate();
    gateway.wait_for_clean_exit().await;
    let intact = fs::read(data.join("gateway.db")).unwrap();
    assert!(intact.len() > 16 * 1024, "{}", intact.len());
    let mut corrupted = intact.clone();
    corrupted[8 * 1024..12 * 1024].fill(0xa5);
    for damaged in [&intact[..intact.len() / 2], &corrupted] {
        let setup = Setup::fake("normal");
        let file = setup.data_dir().join("gateway.db");
        fs::write(&file, damaged).unwrap();
        let copy = setup.data_dir();
        let (status, log) = setup.start_expecting_failure().await;
        assert!(!status.success());
        assert!(log.contains("gateway.db is damaged") && log.contains(copy.to_str().unwrap()), "{log}");
        assert!(!log.contains("codex process started"), "{log}");
    }
}
