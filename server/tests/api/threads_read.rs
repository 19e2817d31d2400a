//! `/api/threads`: list and read.

use std::collections::HashSet;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    sessions::UNKNOWN_THREAD,
    support::{Client, Gateway, Session, Setup, eventually},
};

/// Returns the thread ids of a list.
pub(crate) fn thread_ids(list: &Value) -> Vec<String> {
    list["threads"]
        .as_array()
        .unwrap()
        .iter()
        .map(|thread| thread["id"].as_str().unwrap().to_owned())
        .collect()
}

pub(crate) fn thread_id(session: &Session) -> String {
    session.reply["state"]["threadId"].as_str().unwrap().to_owned()
}

/// Returns the ids of all threads, by page.
pub(crate) async fn thread_pages(client: &Client, limit: usize) -> Vec<Vec<String>> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/api/threads?limit={limit}&cursor={cursor}")).await.ok();
        pages.push(thread_ids(&page));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = next.replace('|', "%7C"),
            None => return pages,
        }
        assert!(pages.len() < 20, "paging should end");
    }
}

#[tokio::test]
async fn threads_are_listed_and_read_as_documented() {
    let gateway = Setup::demo().set("CODEX_GATEWAY_MAX_SESSIONS", "2").start().await.catalog_loaded().await;
    let client = &gateway.client;
    let [first, second] = [gateway.create().await, gateway.create().await];
    let silent = thread_id(&second);
    first.run_turn("Reply with exactly the single word marmalade").await;
    let new = second.client.post(&second.path("/thread/new")).await.ok();
    let newer = new["state"]["threadId"].as_str().unwrap().to_owned();
    second.run_turn("Reply with exactly the single word porridge").await;

    let list = client.get("/api/threads").await.ok();
    assert_eq!((&list["ok"], &list["nextCursor"]), (&json!(true), &Value::Null));
    assert_eq!(
        thread_ids(&list),
        [newer.clone(), thread_id(&first)],
        "newest first, only threads with a turn"
    );
    assert_eq!(list["raw"]["data"], list["threads"]);
    assert_eq!(list["threads"][1]["preview"], "Reply with exactly the single word marmalade");
    assert_eq!(list["threads"][1]["cwd"], json!(gateway.workspace()));

    for (query, expected) in [
        ("searchTerm=marmalade".to_owned(), vec![thread_id(&first)]),
        ("searchTerm=nothing+like+it".to_owned(), vec![]),
        (format!("cwd={}&sortKey=updated_at", gateway.workspace().display()), vec![newer, thread_id(&first)]),
        ("cwd=/etc".to_owned(), vec![]),
        ("archived=true".to_owned(), vec![]),
        (
            "archived=false&sortKey=created_at&searchTerm=&cwd=&cursor=&limit=100&aFieldOfTomorrow=1"
                .to_owned(),
            thread_ids(&list),
        ),
    ] {
        assert_eq!(thread_ids(&client.get(&format!("/api/threads?{query}")).await.ok()), expected, "{query}");
    }
    assert_eq!(
        thread_pages(client, 1).await,
        thread_ids(&list).into_iter().map(|id| vec![id]).collect::<Vec<_>>()
    );
    assert_eq!(client.get("/readyz").await.ok()["activeSessions"], 2, "the thread reader is no session");
    assert_eq!(gateway.codex_processes().len(), 3, "one thread reader serves all clients");

    first.delete().await;
    let id = thread_id(&first);
    let read = client.get(&format!("/api/threads/{id}")).await.ok();
    assert_eq!(
        (&read["ok"], &read["threadId"], &read["thread"]["id"]),
        (&json!(true), &json!(id), &json!(id))
    );
    assert_eq!(read["raw"]["thread"], read["thread"]);
    let items = read["thread"]["turns"][0]["items"].as_array().unwrap();
    let messages: Vec<_> = items.iter().map(|item| (&item["type"], &item["text"])).collect();
    assert_eq!(messages[1], (&json!("agentMessage"), &json!("marmalade")));
    client.get(&format!("/api/threads/{silent}")).await.expect_error(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn thread_of_an_active_session_is_read_in_its_current_state() {
    let gateway = Gateway::fake("endless-turn").await.catalog_loaded().await;
    let session = gateway.create().await;
    let path = format!("/api/threads/{}", thread_id(&session));
    let empty = gateway.client.get(&path).await.ok();
    assert_eq!(empty["thread"]["turns"], json!([]), "a thread without a turn has no turns");

    let mut events = session.subscribe().await;
    session.start_turn("Hello").await;
    events.notification("item/agentMessage/delta").await;
    let running = gateway.client.get(&path).await.ok();
    assert_eq!(running["thread"]["turns"][0]["status"], "inProgress");
    assert_eq!(gateway.codex_processes().len(), 1, "the session's own process reads the thread");

    let [process] = gateway.codex_processes().try_into().unwrap();
    process.kill();
    events.find(|event| event.name == "warning").await;
    let cut = gateway.client.get(&path).await.ok();
    assert_eq!(
        cut["thread"]["turns"][0]["status"], "interrupted",
        "without it, the thread reader reads the thread"
    );
    gateway.stop().await;
}

#[tokio::test]
async fn thread_reader_is_shared_and_replaced_when_it_dies() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    let client = &gateway.client;
    let session = gateway.create().await;
    session.run_turn("Hello").await;
    session.delete().await;
    let path = format!("/api/threads/{}", thread_id(&session));
    let replies =
        join_all((0..12).map(|n| client.get(if n % 2 == 0 { "/api/threads" } else { &path }))).await;
    for reply in replies {
        reply.ok();
    }
    let [reader] = gateway.codex_processes().try_into().unwrap();
    reader.kill();
    client.get(&path).await.ok();

    gateway.fake_codex().set_mode("exits-on-read");
    for path in ["/api/threads", &path] {
        client.get(path).await.expect_error(503, "codex_unavailable");
    }
    gateway.fake_codex().set_mode("normal");
    client.get(&path).await.ok();
    eventually("the other thread readers are gone", || gateway.codex_processes().len() == 1).await;
    gateway.stop().await;
}

#[tokio::test]
async fn unanswered_reads_do_not_delay_shutdown() {
    let mut gateway = Gateway::fake("normal").await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn("Hello").await;
    gateway.fake_codex().set_mode("silent-on-read");
    let (client, path) = (gateway.client.clone(), format!("/api/threads/{}", thread_id(&session)));
    let list = tokio::spawn(async move { client.get("/api/threads").await });
    let client = gateway.client.clone();
    let read = tokio::spawn(async move { client.get(&path).await });
    eventually("both processes receive a request", || gateway.fake_codex().unanswered_count() == 2).await;
    gateway.terminate();
    for reply in [list.await.unwrap(), read.await.unwrap()] {
        reply.expect_error(503, "shutting_down");
    }
    gateway.wait_for_clean_exit().await;
}

#[tokio::test]
async fn running_turn_of_the_real_codex_is_read_as_running() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    session.start_turn("!standin slow-command").await;
    events.notification("item/commandExecution/outputDelta").await;
    let path = format!("/api/threads/{}", thread_id(&session));
    let read = gateway.client.get(&path).await.ok();
    assert_eq!(read["thread"]["turns"][0]["status"], "inProgress");
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    events.rest_of_turn().await;
    let read = gateway.client.get(&path).await.ok();
    assert_eq!(read["thread"]["turns"][0]["status"], "interrupted");
    gateway.stop().await;
}

#[tokio::test]
async fn invalid_thread_id_is_not_found() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    session.run_turn("Hello").await;
    let id = thread_id(&session);
    let long = "x".repeat(10 * 1024);
    for bad in [
        UNKNOWN_THREAD,
        "..%2f",
        "..%2F..%2Fetc%2Fpasswd",
        "%00",
        "%ff%fe",
        "null",
        "0",
        "*",
        "%7B00000000-0000-0000-0000-000000000000%7D",
        &id.replace('-', ""),
        &format!("urn:uuid:{id}"),
        &long,
    ] {
        gateway.client.get(&format!("/api/threads/{bad}")).await.expect_error(404, "not_found");
    }
    let upper = gateway.client.get(&format!("/api/threads/{}", id.to_uppercase())).await.ok();
    assert_eq!(upper["threadId"], json!(id), "ids are compared without case");
    gateway.stop().await;
}

#[tokio::test]
async fn invalid_list_query_is_rejected() {
    let open = Gateway::fake("normal").await;
    let closed = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", crate::auth::SECRET).start().await;
    let ada = closed.client.with_token(&crate::auth::token_for("ada"));
    let long = format!("cursor={}", "ab".repeat(20_000));
    for client in [&open.client, &ada] {
        for query in [
            "limit=0",
            "limit=-1",
            "limit=101",
            "limit=10000000",
            "limit=99999999999999999999",
            "limit=ten",
            "limit=",
            "limit=1&limit=2",
            "sortKey=nonsense",
            "sortKey=section_position",
            "sortKey=",
            "archived=2",
            "archived=yes",
            "cursor=nonsense",
            "cursor=..%2F..%2Fetc%2Fpasswd",
            "cursor=%00",
            "cursor=00",
            &long,
        ] {
            let reply = client.get(&format!("/api/threads?{query}")).await;
            let error = reply.expect_error(400, "bad_query");
            assert!(!error.is_empty() && error.len() < 300, "{query}: {error}");
        }
        assert_eq!(thread_ids(&client.get("/api/threads?limit=100").await.ok()), [""; 0]);
    }
    open.stop().await;
    closed.stop().await;
}

#[tokio::test]
async fn pages_contain_every_thread_once() {
    let gateway = Gateway::fake("normal").await;
    let mut all = Vec::new();
    for _ in 0..5 {
        let session = gateway.create().await;
        session.run_turn("Hello").await;
        all.insert(0, thread_id(&session));
        session.delete().await;
    }
    for limit in [1, 2, 3, 5, 100] {
        let pages = thread_pages(&gateway.client, limit).await;
        assert!(pages.iter().all(|page| page.len() <= limit), "{pages:?}");
        assert_eq!(pages.concat(), all, "{limit}");
    }
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 5);
    gateway.stop().await;
}
