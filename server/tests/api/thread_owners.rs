//! Whose threads are whose, where tokens are needed.

use serde_json::{Value, json};

use crate::{
    auth::{SECRET, token_of},
    support::{Client, Gateway, Session, Setup},
    threads_read::{ids, thread_of, walk},
};

async fn gateway() -> (Gateway, Client, Client) {
    gateway_over("normal").await
}

/// A gateway over a fake codex, with two owners.
async fn gateway_over(mode: &str) -> (Gateway, Client, Client) {
    let gateway = Setup::fake(mode).set("CODEX_GATEWAY_JWT_SECRET", SECRET).start().await;
    let [ada, bob] = ["ada", "bob"].map(|name| gateway.client.with_token(&token_of(name)));
    (gateway, ada, bob)
}

/// A session that has had a turn.
async fn talked(gateway: &Gateway, client: &Client, prompt: &str) -> Session {
    let session = gateway.create_with(client, &json!({})).await;
    session.turn(prompt).await;
    session
}

#[tokio::test]
async fn owners_list_their_own_threads_alone() {
    owners_list_their_own_threads_alone_over("normal").await;
}

#[tokio::test]
async fn owners_list_their_own_threads_alone_with_a_codex_that_ignores_ids() {
    owners_list_their_own_threads_alone_over("before-171").await;
}

async fn owners_list_their_own_threads_alone_over(mode: &str) {
    let (mut gateway, ada, bob) = gateway_over(mode).await;
    gateway.codex().put_thread("00000000-0000-0000-0000-00000000cafe", 1, &json!([]));
    let (mut adas, mut bobs) = (Vec::new(), Vec::new());
    for n in 0..7 {
        let (client, own) = if n % 3 == 1 { (&bob, &mut bobs) } else { (&ada, &mut adas) };
        let session = talked(&gateway, client, if n % 3 == 1 { "Bobs secret" } else { "Adas secret" }).await;
        own.insert(0, thread_of(&session));
        session.delete().await;
    }
    for limit in [1, 2, 3, 4, 5, 100] {
        assert_eq!(walk(&ada, limit).await.concat(), adas, "{limit}");
        assert_eq!(walk(&bob, limit).await.concat(), bobs, "{limit}");
    }

    let reply = ada.get("/api/threads?limit=2").await;
    let list = reply.ok();
    assert_eq!(list["raw"]["data"], list["threads"]);
    assert_eq!(list["raw"]["nextCursor"], list["nextCursor"]);
    assert_eq!(list["raw"]["readStates"].as_object().unwrap().len(), 2);
    for stranger in bobs.iter().map(String::as_str).chain(["Bobs secret", "cafe", "From elsewhere"]) {
        assert!(!reply.text().contains(stranger), "{stranger}: {}", reply.text());
    }
    let cursor = list["nextCursor"].as_str().unwrap();
    bob.get(&format!("/api/threads?cursor={cursor}")).await.refused(400, "bad_query");
    ada.get(&format!("/api/threads?cursor={}", &cursor[..cursor.len() - 2])).await.refused(400, "bad_query");

    gateway.restart().await;
    let ada = gateway.client.with_token(&token_of("ada"));
    assert_eq!(ids(&ada.get("/api/threads").await.ok()), adas, "also after a restart");
    ada.get(&format!("/api/threads?cursor={cursor}")).await.refused(400, "bad_query");
    gateway.stop().await;
}

#[tokio::test]
async fn a_thread_of_another_owner_does_not_exist() {
    let (gateway, ada, bob) = gateway().await;
    let session = talked(&gateway, &ada, "Adas secret").await;
    let thread = thread_of(&session);
    let mine = gateway.create_with(&bob, &json!({})).await;
    let unrecorded = "00000000-0000-0000-0000-00000000cafe";
    gateway.codex().put_thread(unrecorded, 1, &json!([]));
    let resume = mine.path("/thread/resume");
    for held in [true, false] {
        for id in [thread.as_str(), &thread.to_uppercase(), unrecorded] {
            let replies = [
                bob.get(&format!("/api/threads/{id}")).await,
                bob.post_json(&resume, &json!({ "threadId": id })).await,
                bob.post_json("/api/sessions", &json!({ "resumeThreadId": id })).await,
            ];
            for reply in replies {
                reply.refused(404, "not_found");
                assert_eq!(reply.json()["sessionId"], Value::Null);
                assert!(!reply.text().contains("secret") && !reply.text().contains(&session.id));
            }
        }
        ada.get(&format!("/api/threads/{thread}")).await.ok();
        if held {
            session.delete().await;
        }
    }
    ada.post_json(&resume, &json!({ "threadId": thread })).await.refused(404, "not_found");
    let again = ada.post_json("/api/sessions", &json!({ "resumeThreadId": thread })).await.ok();
    assert_eq!(again["state"]["threadId"], json!(thread));
    gateway.stop().await;
}

#[tokio::test]
async fn owners_list_their_own_threads_alone_with_the_real_codex() {
    let gateway = Setup::demo().set("CODEX_GATEWAY_JWT_SECRET", SECRET).start().await;
    let [ada, bob] = ["ada", "bob"].map(|name| gateway.client.with_token(&token_of(name)));
    let (mut adas, mut bobs) = (Vec::new(), Vec::new());
    for (client, own, word) in [(&ada, &mut adas, "plum"), (&bob, &mut bobs, "pear")] {
        for _ in 0..2 {
            let session =
                talked(&gateway, client, &format!("Reply with exactly the single word {word}")).await;
            own.insert(0, thread_of(&session));
            session.delete().await;
        }
    }
    for limit in [1, 2, 100] {
        assert_eq!(walk(&ada, limit).await.concat(), adas, "{limit}");
        assert_eq!(walk(&bob, limit).await.concat(), bobs, "{limit}");
    }
    let reply = ada.get("/api/threads?sortKey=updated_at").await;
    assert_eq!(ids(&reply.ok()), adas);
    for stranger in bobs.iter().map(String::as_str).chain(["pear"]) {
        assert!(!reply.text().contains(stranger), "{}", reply.text());
    }
    let stranger = &bobs[0];
    ada.get(&format!("/api/threads/{stranger}")).await.refused(404, "not_found");
    ada.get(&format!("/api/threads/{}", adas[0])).await.ok();
    gateway.stop().await;
}

/// The newest threads of the home are 1,005 of other owners.
fn put_threads_of_others(gateway: &Gateway) {
    let newer = 1 << 60;
    for n in 0..1_005 {
        gateway.codex().put_thread(&format!("00000000-0000-0000-0000-{n:012}"), newer + n, &json!([]));
    }
}

#[tokio::test]
async fn a_first_page_is_full_however_many_threads_others_have() {
    let (gateway, ada, _) = gateway().await;
    let session = talked(&gateway, &ada, "Adas secret").await;
    put_threads_of_others(&gateway);
    let list = ada.get("/api/threads").await.ok();
    assert_eq!((ids(&list), &list["nextCursor"]), (vec![thread_of(&session)], &Value::Null));
    gateway.stop().await;
}

#[tokio::test]
async fn a_list_of_a_codex_that_ignores_ids_looks_through_ten_pages() {
    let (gateway, ada, _) = gateway_over("before-171").await;
    let session = talked(&gateway, &ada, "Adas secret").await;
    put_threads_of_others(&gateway);
    let first = ada.get("/api/threads").await.ok();
    assert_eq!(ids(&first), [""; 0], "it gives up for now, and says where to go on");
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = ada.get(&format!("/api/threads?cursor={cursor}")).await.ok();
    assert_eq!((ids(&second), &second["nextCursor"]), (vec![thread_of(&session)], &Value::Null));
    gateway.stop().await;
}

#[tokio::test]
async fn pages_of_more_threads_than_codex_takes_ids_are_full_and_in_order() {
    let (gateway, ada, _) = gateway().await;
    let store = rusqlite::Connection::open(gateway.database()).unwrap();
    let mut threads = Vec::new();
    for n in 0..250 {
        let id = format!("00000000-0000-0000-0001-{n:012}");
        // The order of creation is another one than the order of the ids.
        gateway.codex().put_thread(&id, 1 + (n * 7) % 250, &json!([]));
        let record = "INSERT INTO threads (id, owner, created_ms) VALUES (?1, 'ada', ?2)";
        store.execute(record, rusqlite::params![id, i64::try_from(n).unwrap()]).unwrap();
        threads.push(((n * 7) % 250, id));
    }
    threads.sort_by(|a, b| b.cmp(a));
    let newest_first: Vec<String> = threads.into_iter().map(|(_, id)| id).collect();
    let pages = walk(&ada, 40).await;
    assert!(
        pages[..6].iter().all(|page| page.len() == 40),
        "{:?}",
        pages.iter().map(Vec::len).collect::<Vec<_>>()
    );
    assert_eq!(pages.concat(), newest_first);
    gateway.stop().await;
}
