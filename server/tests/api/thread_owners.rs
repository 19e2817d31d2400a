//! Owners of threads, with authentication.

use serde_json::{Value, json};

use crate::{
    auth::{SECRET, token_for},
    support::{Client, Gateway, Session, Setup},
    threads_read::{thread_id, thread_ids, thread_pages},
};

async fn gateway_with_owners() -> (Gateway, Client, Client) {
    gateway_with_mode("normal").await
}

/// Starts a gateway with the fake codex in this mode, and returns clients of two owners.
async fn gateway_with_mode(mode: &str) -> (Gateway, Client, Client) {
    let gateway = Setup::fake(mode).set("CODEX_GATEWAY_JWT_SECRET", SECRET).start().await;
    let [ada, bob] = ["ada", "bob"].map(|name| gateway.client.with_token(&token_for(name)));
    (gateway, ada, bob)
}

/// Creates a session and runs a turn.
async fn session_with_turn(gateway: &Gateway, client: &Client, prompt: &str) -> Session {
    let session = gateway.create_with(client, &json!({})).await;
    session.run_turn(prompt).await;
    session
}

#[tokio::test]
async fn list_has_only_own_threads() {
    assert_list_has_only_own_threads("normal").await;
}

#[tokio::test]
async fn list_has_only_own_threads_with_codex_that_ignores_ids() {
    assert_list_has_only_own_threads("before-171").await;
}

async fn assert_list_has_only_own_threads(mode: &str) {
    let (mut gateway, ada, bob) = gateway_with_mode(mode).await;
    gateway.fake_codex().write_thread("00000000-0000-0000-0000-00000000cafe", 1, &json!([]));
    let (mut adas, mut bobs) = (Vec::new(), Vec::new());
    for n in 0..7 {
        let (client, own) = if n % 3 == 1 { (&bob, &mut bobs) } else { (&ada, &mut adas) };
        let session =
            session_with_turn(&gateway, client, if n % 3 == 1 { "Bobs secret" } else { "Adas secret" }).await;
        own.insert(0, thread_id(&session));
        session.delete().await;
    }
    for limit in [1, 2, 3, 4, 5, 100] {
        assert_eq!(thread_pages(&ada, limit).await.concat(), adas, "{limit}");
        assert_eq!(thread_pages(&bob, limit).await.concat(), bobs, "{limit}");
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
    bob.get(&format!("/api/threads?cursor={cursor}")).await.expect_error(400, "bad_query");
    ada.get(&format!("/api/threads?cursor={}", &cursor[..cursor.len() - 2]))
        .await
        .expect_error(400, "bad_query");

    gateway.restart().await;
    let ada = gateway.client.with_token(&token_for("ada"));
    assert_eq!(thread_ids(&ada.get("/api/threads").await.ok()), adas, "the list is the same after a restart");
    ada.get(&format!("/api/threads?cursor={cursor}")).await.expect_error(400, "bad_query");
    gateway.stop().await;
}

#[tokio::test]
async fn thread_of_another_owner_is_not_found() {
    let (gateway, ada, bob) = gateway_with_owners().await;
    let session = session_with_turn(&gateway, &ada, "Adas secret").await;
    let thread = thread_id(&session);
    let bob_session = gateway.create_with(&bob, &json!({})).await;
    let unrecorded = "00000000-0000-0000-0000-00000000cafe";
    gateway.fake_codex().write_thread(unrecorded, 1, &json!([]));
    let resume = bob_session.path("/thread/resume");
    for has_session in [true, false] {
        for id in [thread.as_str(), &thread.to_uppercase(), unrecorded] {
            let replies = [
                bob.get(&format!("/api/threads/{id}")).await,
                bob.post_json(&resume, &json!({ "threadId": id })).await,
                bob.post_json("/api/sessions", &json!({ "resumeThreadId": id })).await,
            ];
            for reply in replies {
                reply.expect_error(404, "not_found");
                assert_eq!(reply.json()["sessionId"], Value::Null);
                assert!(!reply.text().contains("secret") && !reply.text().contains(&session.id));
            }
        }
        ada.get(&format!("/api/threads/{thread}")).await.ok();
        if has_session {
            session.delete().await;
        }
    }
    ada.post_json(&resume, &json!({ "threadId": thread })).await.expect_error(404, "not_found");
    let again = ada.post_json("/api/sessions", &json!({ "resumeThreadId": thread })).await.ok();
    assert_eq!(again["state"]["threadId"], json!(thread));
    gateway.stop().await;
}

#[tokio::test]
async fn list_has_only_own_threads_with_real_codex() {
    let gateway = Setup::demo().set("CODEX_GATEWAY_JWT_SECRET", SECRET).start().await;
    let [ada, bob] = ["ada", "bob"].map(|name| gateway.client.with_token(&token_for(name)));
    let (mut adas, mut bobs) = (Vec::new(), Vec::new());
    for (client, own, word) in [(&ada, &mut adas, "plum"), (&bob, &mut bobs, "pear")] {
        for _ in 0..2 {
            let session =
                session_with_turn(&gateway, client, &format!("Reply with exactly the single word {word}"))
                    .await;
            own.insert(0, thread_id(&session));
            session.delete().await;
        }
    }
    for limit in [1, 2, 100] {
        assert_eq!(thread_pages(&ada, limit).await.concat(), adas, "{limit}");
        assert_eq!(thread_pages(&bob, limit).await.concat(), bobs, "{limit}");
    }
    let reply = ada.get("/api/threads?sortKey=updated_at").await;
    assert_eq!(thread_ids(&reply.ok()), adas);
    for stranger in bobs.iter().map(String::as_str).chain(["pear"]) {
        assert!(!reply.text().contains(stranger), "{}", reply.text());
    }
    let stranger = &bobs[0];
    ada.get(&format!("/api/threads/{stranger}")).await.expect_error(404, "not_found");
    ada.get(&format!("/api/threads/{}", adas[0])).await.ok();
    gateway.stop().await;
}

/// Writes 1,005 threads that are newer than all others and belong to no owner.
fn write_unowned_threads(gateway: &Gateway) {
    let newer = 1 << 60;
    for n in 0..1_005 {
        gateway.fake_codex().write_thread(&format!("00000000-0000-0000-0000-{n:012}"), newer + n, &json!([]));
    }
}

#[tokio::test]
async fn first_page_is_full_despite_many_threads_of_others() {
    let (gateway, ada, _) = gateway_with_owners().await;
    let session = session_with_turn(&gateway, &ada, "Adas secret").await;
    write_unowned_threads(&gateway);
    let list = ada.get("/api/threads").await.ok();
    assert_eq!((thread_ids(&list), &list["nextCursor"]), (vec![thread_id(&session)], &Value::Null));
    gateway.stop().await;
}

#[tokio::test]
async fn list_with_codex_that_ignores_ids_searches_ten_pages() {
    let (gateway, ada, _) = gateway_with_mode("before-171").await;
    let session = session_with_turn(&gateway, &ada, "Adas secret").await;
    write_unowned_threads(&gateway);
    let first = ada.get("/api/threads").await.ok();
    assert_eq!(thread_ids(&first), [""; 0], "the search stops after ten pages and returns a cursor");
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = ada.get(&format!("/api/threads?cursor={cursor}")).await.ok();
    assert_eq!((thread_ids(&second), &second["nextCursor"]), (vec![thread_id(&session)], &Value::Null));
    gateway.stop().await;
}

#[tokio::test]
async fn pages_are_full_and_ordered_beyond_the_id_limit_of_codex() {
    let (gateway, ada, _) = gateway_with_owners().await;
    let store = rusqlite::Connection::open(gateway.database()).unwrap();
    let mut threads = Vec::new();
    for n in 0..250 {
        let id = format!("00000000-0000-0000-0001-{n:012}");
        // Creation order differs from id order.
        gateway.fake_codex().write_thread(&id, 1 + (n * 7) % 250, &json!([]));
        let record = "INSERT INTO threads (id, owner, created_ms) VALUES (?1, 'ada', ?2)";
        store.execute(record, rusqlite::params![id, i64::try_from(n).unwrap()]).unwrap();
        threads.push(((n * 7) % 250, id));
    }
    threads.sort_by(|a, b| b.cmp(a));
    let newest_first: Vec<String> = threads.into_iter().map(|(_, id)| id).collect();
    let pages = thread_pages(&ada, 40).await;
    assert!(
        pages[..6].iter().all(|page| page.len() == 40),
        "{:?}",
        pages.iter().map(Vec::len).collect::<Vec<_>>()
    );
    assert_eq!(pages.concat(), newest_first);
    gateway.stop().await;
}
