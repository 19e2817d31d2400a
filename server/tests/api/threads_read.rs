//! `/api/threads`: the list, and one of them.

use std::collections::HashSet;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    sessions::NO_THREAD,
    support::{Client, Gateway, Session, Setup, eventually},
};

/// The ids of the threads of a list.
pub(crate) fn ids(list: &Value) -> Vec<String> {
    list["threads"]
        .as_array()
        .unwrap()
        .iter()
        .map(|thread| thread["id"].as_str().unwrap().to_owned())
        .collect()
}

pub(crate) fn thread_of(session: &Session) -> String {
    session.reply["state"]["threadId"].as_str().unwrap().to_owned()
}

/// The ids of all threads, page by page.
pub(crate) async fn walk(client: &Client, limit: usize) -> Vec<Vec<String>> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/api/threads?limit={limit}&cursor={cursor}")).await.ok();
        pages.push(ids(&page));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = next.replace('|', "%7C"),
            None => return pages,
        }
        assert!(pages.len() < 20, "a list must end");
    }
}

#[tokio::test]
async fn threads_are_listed_and_read_as_documented() {
    let gateway = Setup::demo().set("CODEX_GATEWAY_MAX_SESSIONS", "2").start().await.settled().await;
    let client = &gateway.client;
    let [first, second] = [gateway.create().await, gateway.create().await];
    let silent = thread_of(&second);
    first.turn("Reply with exactly the single word marmalade").await;
    let new = second.client.post(&second.path("/thread/new")).await.ok();
    let newer = new["state"]["threadId"].as_str().unwrap().to_owned();
    second.turn("Reply with exactly the single word porridge").await;

    let list = client.get("/api/threads").await.ok();
    assert_eq!((&list["ok"], &list["nextCursor"]), (&json!(true), &Value::Null));
    assert_eq!(ids(&list), [newer.clone(), thread_of(&first)], "the newest first, those that had a turn");
    assert_eq!(list["raw"]["data"], list["threads"]);
    assert_eq!(list["threads"][1]["preview"], "Reply with exactly the single word marmalade");
    assert_eq!(list["threads"][1]["cwd"], json!(gateway.workspace()));

    for (query, expected) in [
        ("searchTerm=marmalade".to_owned(), vec![thread_of(&first)]),
        ("searchTerm=nothing+like+it".to_owned(), vec![]),
        (format!("cwd={}&sortKey=updated_at", gateway.workspace().display()), vec![newer, thread_of(&first)]),
        ("cwd=/etc".to_owned(), vec![]),
        ("archived=true".to_owned(), vec![]),
        (
            "archived=false&sortKey=created_at&searchTerm=&cwd=&cursor=&limit=100&aFieldOfTomorrow=1"
                .to_owned(),
            ids(&list),
        ),
    ] {
        assert_eq!(ids(&client.get(&format!("/api/threads?{query}")).await.ok()), expected, "{query}");
    }
    assert_eq!(walk(client, 1).await, ids(&list).into_iter().map(|id| vec![id]).collect::<Vec<_>>());
    assert_eq!(client.get("/readyz").await.ok()["activeSessions"], 2, "who reads is no session");
    assert_eq!(gateway.codexes().len(), 3, "one process reads for all");

    first.delete().await;
    let id = thread_of(&first);
    let read = client.get(&format!("/api/threads/{id}")).await.ok();
    assert_eq!(
        (&read["ok"], &read["threadId"], &read["thread"]["id"]),
        (&json!(true), &json!(id), &json!(id))
    );
    assert_eq!(read["raw"]["thread"], read["thread"]);
    let items = read["thread"]["turns"][0]["items"].as_array().unwrap();
    let said: Vec<_> = items.iter().map(|item| (&item["type"], &item["text"])).collect();
    assert_eq!(said[1], (&json!("agentMessage"), &json!("marmalade")));
    client.get(&format!("/api/threads/{silent}")).await.refused(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn the_thread_of_a_live_session_is_read_as_it_is_now() {
    let gateway = Gateway::fake("hangs").await.settled().await;
    let session = gateway.create().await;
    let path = format!("/api/threads/{}", thread_of(&session));
    let empty = gateway.client.get(&path).await.ok();
    assert_eq!(empty["thread"]["turns"], json!([]), "one that never had a turn has no turns");

    let mut events = session.live().await;
    session.start_turn("Hello").await;
    events.notification("item/agentMessage/delta").await;
    let running = gateway.client.get(&path).await.ok();
    assert_eq!(running["thread"]["turns"][0]["status"], "inProgress");
    assert_eq!(gateway.codexes().len(), 1, "it is read through its own process");

    let [process] = gateway.codexes().try_into().unwrap();
    process.kill();
    events.find(|event| event.name == "warning").await;
    let cut = gateway.client.get(&path).await.ok();
    assert_eq!(cut["thread"]["turns"][0]["status"], "interrupted", "once that is gone, through another one");
    gateway.stop().await;
}

#[tokio::test]
async fn one_process_serves_all_who_read_and_is_replaced_when_it_dies() {
    let gateway = Gateway::fake("normal").await.settled().await;
    let client = &gateway.client;
    let session = gateway.create().await;
    session.turn("Hello").await;
    session.delete().await;
    let path = format!("/api/threads/{}", thread_of(&session));
    let replies =
        join_all((0..12).map(|n| client.get(if n % 2 == 0 { "/api/threads" } else { &path }))).await;
    for reply in replies {
        reply.ok();
    }
    let [reader] = gateway.codexes().try_into().unwrap();
    reader.kill();
    client.get(&path).await.ok();

    gateway.codex().set_mode("dies-reading");
    for path in ["/api/threads", &path] {
        client.get(path).await.refused(503, "codex_unavailable");
    }
    gateway.codex().set_mode("normal");
    client.get(&path).await.ok();
    eventually("the others are gone", || gateway.codexes().len() == 1).await;
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_not_answered_does_not_hold_up_the_end() {
    let mut gateway = Gateway::fake("normal").await.settled().await;
    let session = gateway.create().await;
    session.turn("Hello").await;
    gateway.codex().set_mode("silent-reading");
    let (client, path) = (gateway.client.clone(), format!("/api/threads/{}", thread_of(&session)));
    let list = tokio::spawn(async move { client.get("/api/threads").await });
    let client = gateway.client.clone();
    let read = tokio::spawn(async move { client.get(&path).await });
    eventually("both are asked", || gateway.codex().unanswered() == 2).await;
    gateway.terminate();
    for reply in [list.await.unwrap(), read.await.unwrap()] {
        reply.refused(503, "shutting_down");
    }
    gateway.ended().await;
}

#[tokio::test]
async fn the_real_codexs_running_turn_is_read_as_running() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    session.start_turn("!standin slow-command").await;
    events.notification("item/commandExecution/outputDelta").await;
    let path = format!("/api/threads/{}", thread_of(&session));
    let read = gateway.client.get(&path).await.ok();
    assert_eq!(read["thread"]["turns"][0]["status"], "inProgress");
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    events.turn().await;
    let read = gateway.client.get(&path).await.ok();
    assert_eq!(read["thread"]["turns"][0]["status"], "interrupted");
    gateway.stop().await;
}

#[tokio::test]
async fn whatever_is_no_thread_is_not_found() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    session.turn("Hello").await;
    let id = thread_of(&session);
    let long = "x".repeat(10 * 1024);
    for bad in [
        NO_THREAD,
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
        gateway.client.get(&format!("/api/threads/{bad}")).await.refused(404, "not_found");
    }
    let upper = gateway.client.get(&format!("/api/threads/{}", id.to_uppercase())).await.ok();
    assert_eq!(upper["threadId"], json!(id), "an id means the same however it is written");
    gateway.stop().await;
}

#[tokio::test]
async fn what_a_list_does_not_take_is_refused() {
    let open = Gateway::fake("normal").await;
    let closed = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", crate::auth::SECRET).start().await;
    let ada = closed.client.with_token(&crate::auth::token_of("ada"));
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
            let error = reply.refused(400, "bad_query");
            assert!(!error.is_empty() && error.len() < 300, "{query}: {error}");
        }
        assert_eq!(ids(&client.get("/api/threads?limit=100").await.ok()), [""; 0]);
    }
    open.stop().await;
    closed.stop().await;
}

#[tokio::test]
async fn pages_have_every_thread_once() {
    let gateway = Gateway::fake("normal").await;
    let mut all = Vec::new();
    for _ in 0..5 {
        let session = gateway.create().await;
        session.turn("Hello").await;
        all.insert(0, thread_of(&session));
        session.delete().await;
    }
    for limit in [1, 2, 3, 5, 100] {
        let pages = walk(&gateway.client, limit).await;
        assert!(pages.iter().all(|page| page.len() <= limit), "{pages:?}");
        assert_eq!(pages.concat(), all, "{limit}");
    }
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 5);
    gateway.stop().await;
}
