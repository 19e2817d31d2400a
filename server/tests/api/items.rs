//! `/api/sessions/{id}/items`: entries that are older than the session's window.

use serde_json::{Value, json};

use crate::{
    support::{Event, Gateway, Session, eventually},
    threads_read::thread_id,
};

const THREAD: &str = "00000000-0000-0000-0000-00000000cafe";

async fn items(session: &Session, query: &str) -> Value {
    session.client.get(&session.path(&format!("/items?{query}"))).await.ok()
}

fn ids(entries: &Value) -> Vec<String> {
    let id = |entry: &Value| entry["id"].as_str().unwrap().to_owned();
    entries.as_array().unwrap().iter().map(id).collect()
}

async fn snapshot(session: &Session) -> Value {
    session.client.get(&session.path("/snapshot")).await.ok()
}

/// Creates a session that resumes a thread of `turns` turns with ten messages each.
async fn session_with_long_thread(gateway: &Gateway, turns: usize) -> Session {
    let message = |turn: usize, n: usize| json!({ "type": "agentMessage", "id": format!("{turn}-{n}"), "text": format!("{turn}.{n}") });
    let turn = |turn: usize| {
        let items: Vec<Value> = (0..10).map(|n| message(turn, n)).collect();
        json!({ "id": format!("turn-{turn}"), "status": "completed", "items": items })
    };
    gateway.fake_codex().write_thread(THREAD, 1, &json!((0..turns).map(turn).collect::<Vec<_>>()));
    // With `cwd`, the gateway need not read the thread's directory first.
    let body = json!({ "resumeThreadId": THREAD, "cwd": gateway.workspace() });
    gateway.create_with(&gateway.client, &body).await
}

/// Returns the pages of all entries that are older than the snapshot, oldest first.
///
/// Each page is requested by the cursor of the newer page, or by the id of its oldest entry.
async fn older_pages(session: &Session, limit: usize, by_cursor: bool) -> Vec<Value> {
    let first = ids(&snapshot(session).await["transcript"]["entries"])[0].clone();
    let mut pages = vec![items(session, &format!("before={first}&limit={limit}")).await];
    loop {
        let page = &pages[0];
        if page["older"] == false {
            assert_eq!(page["cursor"], Value::Null);
            return pages;
        }
        let oldest = &ids(&page["entries"])[0];
        let query = match page["cursor"].as_str().filter(|_| by_cursor) {
            Some(cursor) => format!("cursor={cursor}&limit={limit}"),
            None => format!("before={oldest}&limit={limit}"),
        };
        pages.insert(0, items(session, &query).await);
        assert!(pages.len() < 500, "paging should reach the start of the conversation");
    }
}

fn all_ids(pages: &[Value]) -> Vec<String> {
    pages.iter().flat_map(|page| ids(&page["entries"])).collect()
}

#[tokio::test]
async fn older_entries_are_paged_back_to_the_first() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    let session = session_with_long_thread(&gateway, 43).await;
    let newest = snapshot(&session).await;
    let kept = ids(&newest["transcript"]["entries"]);
    assert_eq!((kept.len(), newest["older"].clone()), (200, json!(true)));
    let expected: Vec<String> =
        (0..23).flat_map(|turn| (0..10).map(move |n| format!("{turn}-{n}"))).collect();
    for (limit, by_cursor) in [(100, true), (100, false), (7, true), (7, false), (200, true)] {
        let pages = older_pages(&session, limit, by_cursor).await;
        assert_eq!(all_ids(&pages), expected, "{limit} at a time");
        for page in &pages {
            let entries = ids(&page["entries"]);
            assert!(entries.len() <= limit, "{limit}: {}", entries.len());
            assert_eq!((&page["ok"], &page["threadId"]), (&json!(true), &json!(THREAD)));
            assert_eq!(page["at"], newest["at"]);
            let mut turns: Vec<String> =
                entries.iter().map(|id| format!("turn-{}", id.split_once('-').unwrap().0)).collect();
            turns.dedup();
            assert_eq!(ids(&page["turns"]), turns, "the page has exactly the turns of its entries");
        }
        assert_eq!(pages.len(), expected.len().div_ceil(limit));
    }
    let entry = &older_pages(&session, 100, true).await[0]["entries"][0];
    let message = json!({
        "item": { "type": "agentMessage", "id": "0-0", "text": "0.0", "phase": null },
    });
    assert_eq!(
        (&entry["turnId"], &entry["phase"], &entry["content"]),
        (&json!("turn-0"), &json!("done"), &message)
    );
    assert_eq!(gateway.codex_processes().len(), 1, "the session's own process reads the entries");
    gateway.stop().await;
}

#[tokio::test]
async fn entries_in_the_window_are_returned_without_codex() {
    let gateway = Gateway::fake("normal").await;
    let session = session_with_long_thread(&gateway, 3).await;
    session.run_turn("Hello").await;
    let kept = snapshot(&session).await["transcript"].clone();
    let kept_ids = ids(&kept["entries"]);

    let newest = items(&session, "").await;
    assert_eq!((ids(&newest["entries"]), &newest["older"]), (kept_ids.clone(), &json!(false)));
    assert_eq!((&newest["entries"], &newest["turns"]), (&kept["entries"], &kept["turns"]));
    let last = items(&session, "limit=2&before=&cursor=").await;
    assert_eq!(
        (ids(&last["entries"]), &last["older"]),
        (kept_ids[kept_ids.len() - 2..].to_vec(), &json!(true))
    );
    let before = items(&session, &format!("before={}&limit=200", ids(&last["entries"])[0])).await;
    assert_eq!(
        (ids(&before["entries"]), &before["older"]),
        (kept_ids[..kept_ids.len() - 2].to_vec(), &json!(false))
    );
    let nothing = items(&session, "before=0-0").await;
    assert_eq!((&nothing["entries"], &nothing["older"]), (&json!([]), &json!(false)));
    gateway.stop().await;
}

#[tokio::test]
async fn older_entries_are_readable_during_a_turn_and_without_a_process() {
    let gateway = Gateway::fake("endless-turn").await.catalog_loaded().await;
    let session = session_with_long_thread(&gateway, 41).await;
    let mut events = session.subscribe().await;
    session.start_turn("Hello").await;
    events.notification("item/agentMessage/delta").await;
    let expected: Vec<String> =
        (0..41).flat_map(|turn| (0..10).map(move |n| format!("{turn}-{n}"))).collect();
    let kept = ids(&snapshot(&session).await["transcript"]["entries"]);
    let older = &expected[..expected.len() + 2 - kept.len()];
    assert_eq!(all_ids(&older_pages(&session, 60, true).await), older);
    assert_eq!(session.state().await["activeTurn"], true, "the turn is not affected");

    let [process] = gateway.codex_processes().try_into().unwrap();
    process.kill();
    events.find(|event| event.name == "warning").await;
    let pages = older_pages(&session, 60, true).await;
    assert_eq!(all_ids(&pages), older);
    let [reader] = gateway.codex_processes().try_into().unwrap();
    assert_ne!(reader.pid, process.pid, "the thread reader reads the entries");
    assert_eq!(session.state().await["ready"], false, "reading does not start the session's process");

    gateway.fake_codex().set_mode("normal");
    session.run_turn("Hello again").await;
    let kept = ids(&snapshot(&session).await["transcript"]["entries"]);
    let older_ids = all_ids(&older_pages(&session, 60, true).await);
    assert!(older_ids.iter().all(|id| !kept.contains(id)), "no entry is returned twice");
    assert!(older_ids.starts_with(older));
    gateway.stop().await;
}

#[tokio::test]
async fn invalid_items_query_is_rejected() {
    let gateway = Gateway::fake("normal").await;
    let session = session_with_long_thread(&gateway, 43).await;
    let get = async |query: &str| session.client.get(&session.path(&format!("/items?{query}"))).await;
    for query in
        ["limit=0", "limit=201", "limit=-1", "limit=x", "limit=", "before=a&before=b", "before=20-0&cursor=a"]
    {
        get(query).await.expect_error(400, "bad_query");
    }
    let page = items(&session, "before=23-0&limit=5").await;
    let cursor = page["cursor"].as_str().unwrap();
    let other = gateway.client.get("/api/threads?limit=1").await.ok();
    let other_letter = if cursor.as_bytes()[9] == b'A' { "B" } else { "A" };
    let tampered = [&cursor[..9], other_letter, &cursor[10..]].concat();
    for cursor in ["x", "00", &cursor[2..], &tampered, &"ab".repeat(10_000)] {
        get(&format!("cursor={cursor}")).await.expect_error(400, "bad_query");
    }
    assert_eq!(other["nextCursor"], Value::Null);
    gateway.client.get(&format!("/api/threads?cursor={cursor}")).await.expect_error(400, "bad_query");
    for unknown in ["nothing", "22-99", "..%2F..%2Fetc", &"x".repeat(1000)] {
        get(&format!("before={unknown}")).await.expect_error(404, "not_found");
    }
    gateway.client.get("/api/sessions/nobody/items").await.expect_error(404, "not_found");

    session.client.post(&session.path("/thread/new")).await.ok();
    get(&format!("cursor={cursor}")).await.expect_error(400, "bad_query");
    get("before=22-0").await.expect_error(404, "not_found");
    let nothing = items(&session, "").await;
    assert_eq!((&nothing["entries"], &nothing["older"]), (&json!([]), &json!(false)));
    eventually("the process of the previous thread exits", || gateway.codex_processes().len() < 3).await;
    gateway.stop().await;
}

#[tokio::test]
async fn all_entries_of_a_long_thread_of_the_real_codex_are_readable() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = gateway.create().await;
    let mut item_ids = Vec::new();
    let many = format!("!standin command, {}", ["deltas count=1"; 75].join(", "));
    for prompt in [
        "Reply with exactly the single word first",
        "Reply with exactly the single word second",
        &many,
        &many,
        &many,
    ] {
        for event in
            session.run_turn(prompt).await.iter().filter(|event| event.is_notification("item/started"))
        {
            item_ids.push(event.json()["params"]["item"]["id"].as_str().unwrap().to_owned());
        }
    }
    let newest = snapshot(&session).await;
    assert_eq!(newest["older"], true);
    let kept = ids(&newest["transcript"]["entries"]);
    for (limit, by_cursor) in [(10, true), (25, false)] {
        let pages = older_pages(&session, limit, by_cursor).await;
        assert_eq!([all_ids(&pages), kept.clone()].concat(), item_ids, "{limit} at a time");
        let first = &pages[0];
        assert_eq!(first["entries"][1]["content"]["item"]["text"], "first");
        assert_eq!(first["turns"][0]["status"], "completed");
    }

    session.delete().await;
    let again = gateway.create_with(&gateway.client, &json!({ "resumeThreadId": thread_id(&session) })).await;
    let kept = ids(&snapshot(&again).await["transcript"]["entries"]);
    assert_eq!([all_ids(&older_pages(&again, 200, true).await), kept].concat(), item_ids);
    gateway.stop().await;
}

/// Only its own process knows a running turn, whose start may be older than the session's window.
#[tokio::test]
async fn start_of_a_running_turn_of_the_real_codex_is_readable() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn("Reply with exactly the single word first").await;
    let mut events = session.subscribe().await;
    session.start_turn(&format!("!standin {}, slow-command", ["deltas count=1"; 230].join(", "))).await;
    let command = |event: &Event| event.is_notification("item/started") && event.data.contains("sleep");
    events.find(command).await;
    let kept = ids(&snapshot(&session).await["transcript"]["entries"]);
    let pages = older_pages(&session, 20, true).await;
    let older_ids = all_ids(&pages);
    assert!(older_ids.iter().all(|id| !kept.contains(id)), "no entry is returned twice");
    let texts: Vec<&Value> = pages
        .iter()
        .flat_map(|page| page["entries"].as_array().unwrap())
        .map(|entry| &entry["content"]["item"]["text"])
        .collect();
    assert_eq!((texts[1], texts.len() + kept.len()), (&json!("first"), 2 + 1 + 230 + 1));
    let turns = pages.last().unwrap()["turns"].as_array().unwrap();
    assert_eq!(turns.last().unwrap()["status"], "inProgress");
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    events.rest_of_turn().await;
    gateway.stop().await;
}
