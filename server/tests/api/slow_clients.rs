//! Clients that hold what they were given: connections, bodies that hardly come, replies. Whatever they hold, others get in,
//! and what is held is bounded.

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    auth::{SECRET, token_of},
    limits::all_that_comes,
    support::{Client, Gateway, Session, Setup, within},
};

const WATCH: &str = "of those who watch";
const TURN_BYTES: usize = 4 * 1024 * 1024;

/// A gateway that believes no proxy, so that each loopback address is another client.
async fn gateway(max_connections: u32) -> Gateway {
    Setup::fake("normal")
        .set("CODEX_GATEWAY_JWT_SECRET", SECRET)
        .set("CODEX_GATEWAY_METRICS_TOKEN", WATCH)
        .set("CODEX_GATEWAY_TRUSTED_PROXIES", "none")
        .set("CODEX_GATEWAY_MAX_CONNECTIONS", max_connections.to_string())
        .set("CODEX_GATEWAY_MAX_CONNECTIONS_PER_ADDRESS", "40")
        .start()
        .await
}

fn owner(gateway: &Gateway, sub: &str) -> Client {
    gateway.client.with_token(&token_of(sub))
}

/// A head that promises a body.
fn head(path: &str, kind: &str, length: usize, more: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n{more}\r\n"
    )
}

fn bearer(sub: &str) -> String {
    format!("authorization: Bearer {}\r\n", token_of(sub))
}

/// The bytes that request bodies hold, as the metrics tell.
async fn body_bytes(gateway: &Gateway) -> usize {
    let text = gateway.client.with_token(WATCH).get("/metrics").await.text();
    let value = text.lines().find_map(|line| line.strip_prefix("codex_gateway_request_body_bytes "));
    value.unwrap_or_else(|| panic!("{text}")).parse().unwrap()
}

/// Waits until request bodies hold so much.
async fn body_bytes_become(gateway: &Gateway, wanted: usize) {
    within("the bodies are counted", async { while body_bytes(gateway).await != wanted {} }).await;
}

/// Everything that people need while somebody attacks.
async fn others_get_in(gateway: &Gateway, session: &Session, attackers_address: u8) {
    for address in [99, attackers_address] {
        let client = gateway.client.from(address);
        client.get("/healthz").await.ok();
        client.get("/readyz").await.ok();
        let ada = client.with_token(&token_of("ada"));
        ada.get(&session.path("/state")).await.ok();
        let form = format!("token={}&to=/", token_of("bob"));
        assert_eq!(client.post_form("/sign-in", &form).await.status, 303);
    }
}

#[tokio::test]
async fn slow_sign_in_forms_keep_nobody_out() {
    let gateway = gateway(64).await;
    let session = gateway.create_with(&owner(&gateway, "ada"), &json!({})).await;
    let mut events = session.live().await;
    let slow = head("/sign-in", "application/x-www-form-urlencoded", 1000, "") + "token=";
    let mut held = Vec::new();
    for address in 2..12 {
        for _ in 0..40 {
            held.push(gateway.client.from(address).connect_with(&slow).await);
        }
    }
    others_get_in(&gateway, &session, 11).await;
    session.start_turn("Hello").await;
    events.turn().await;
    assert!(body_bytes(&gateway).await <= 256 * 16 * 1024);
    drop(held);
    gateway.stop().await;
}

#[tokio::test]
async fn silent_connections_slow_heads_and_idle_ones_keep_nobody_out() {
    let gateway = gateway(64).await;
    let session = gateway.create_with(&owner(&gateway, "ada"), &json!({})).await;
    let mut events = session.live().await;
    let mut held = Vec::new();
    for address in 2..8 {
        for start in
            ["", "GET / HT", "PRI * HTTP/2.0\r\n", "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"]
        {
            for _ in 0..10 {
                held.push(gateway.client.from(address).connect_with(start).await);
            }
        }
    }
    others_get_in(&gateway, &session, 7).await;
    session.start_turn("Hello").await;
    events.turn().await;
    drop(held);
    gateway.stop().await;
}

#[tokio::test]
async fn bodies_of_one_owner_are_bounded_and_those_of_others_come_in() {
    let gateway = gateway(4096).await;
    let [eve, ada] = [owner(&gateway, "eve"), owner(&gateway, "ada")];
    let session = gateway.create_with(&eve, &json!({})).await;
    let slow = head(&session.path("/turn"), "application/json", TURN_BYTES, &bearer("eve")) + "{";
    let mut held = Vec::new();
    for _ in 0..12 {
        held.push(gateway.client.connect_with(&slow).await);
    }
    body_bytes_become(&gateway, 12 * TURN_BYTES).await;
    for _ in 0..100 {
        let mut refused = gateway.client.connect_with(&slow).await;
        let mut reply = [0; 12];
        refused.read_exact(&mut reply).await.unwrap();
        assert_eq!(&reply, b"HTTP/1.1 429");
    }
    let refused = eve.post_json(&session.path("/turn"), &json!({ "prompt": "Hello" })).await;
    assert!(refused.refused(429, "rate_limited").contains("request bodies"));
    assert_eq!(refused.header("retry-after"), Some("5"));
    assert_eq!(body_bytes(&gateway).await, 12 * TURN_BYTES, "what is refused is not held");

    let others = gateway.create_with(&ada, &json!({})).await;
    others.turn("Hello").await;
    drop(held);
    body_bytes_become(&gateway, 0).await;
    eve.post_json(&session.path("/turn"), &json!({ "prompt": "Hello" })).await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn bodies_of_all_owners_are_bounded() {
    let gateway = gateway(4096).await;
    let mut held = Vec::new();
    let mut sessions = Vec::new();
    for number in 0..7 {
        let sub = format!("owner-{number}");
        let session = gateway.create_with(&owner(&gateway, &sub), &json!({})).await;
        let slow = head(&session.path("/turn"), "application/json", TURN_BYTES, &bearer(&sub)) + "{";
        for _ in 0..12 {
            held.push(gateway.client.connect_with(&slow).await);
        }
        sessions.push(session);
    }
    body_bytes_become(&gateway, 320 * 1024 * 1024).await;
    let last = sessions.last().unwrap();
    let refused = owner(&gateway, "ada").post_json("/api/sessions", &json!({ "title": "x" })).await;
    refused.refused(503, "too_many_bodies");
    assert_eq!(refused.header("retry-after"), Some("5"));
    last.state().await;
    gateway.client.get("/readyz").await.ok();
    drop(held);
    body_bytes_become(&gateway, 0).await;
    gateway.stop().await;
}

#[tokio::test]
async fn chunks_without_a_length_count_as_they_come() {
    let gateway = gateway(4096).await;
    let session = gateway.create_with(&owner(&gateway, "ada"), &json!({})).await;
    let chunked = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{}transfer-encoding: chunked\r\n\r\n",
            bearer("ada")
        )
    };
    let mut held = gateway.client.connect_with(&chunked(&session.path("/turn"))).await;
    body_bytes_become(&gateway, 16 * 1024).await;
    held.write_all(format!("{:x}\r\n{}\r\n", 100_000, "x".repeat(100_000)).as_bytes()).await.unwrap();
    body_bytes_become(&gateway, 128 * 1024).await;
    drop(held);
    let mut long = gateway.client.connect_with(&chunked("/api/sessions")).await;
    long.write_all(format!("{:x}\r\n{}\r\n", 70_000, "x".repeat(70_000)).as_bytes()).await.unwrap();
    let reply = all_that_comes(long).await;
    assert!(reply.starts_with("HTTP/1.1 413 ") && reply.contains("64 KiB"), "{reply}");
    gateway.stop().await;
}

/// The status of a reply to a head whose body was not sent, and what the reply says.
async fn refused_by_its_head(client: &Client, head: &str) -> (u16, String) {
    let mut stream = client.connect_with(head).await;
    let mut reply = Vec::new();
    within("the reply comes", async {
        while !reply.ends_with(b"}") {
            assert_ne!(stream.read_buf(&mut reply).await.unwrap(), 0, "{}", String::from_utf8_lossy(&reply));
        }
    })
    .await;
    let reply = String::from_utf8(reply).unwrap();
    (reply.split(' ').nth(1).unwrap().parse().unwrap(), reply)
}

#[tokio::test]
async fn what_a_head_tells_is_answered_before_the_body_is_sent() {
    let gateway = gateway(4096).await;
    let session = gateway.create_with(&owner(&gateway, "ada"), &json!({})).await;
    let json = "application/json";
    let small = 10;
    let ada = bearer("ada");
    let turn = session.path("/turn");
    for (path, kind, length, more, status, code) in [
        (turn.as_str(), json, small, "", 401, "unauthorized"),
        (&turn, json, small, bearer("bob").as_str(), 404, "not_found"),
        ("/api/sessions/nothing/turn", json, TURN_BYTES, &ada, 404, "not_found"),
        ("/api/sessions/nothing/queue/x/send", json, small, &ada, 404, "not_found"),
        ("/api/threads/nothing/archive", json, small, &ada, 404, "not_found"),
        ("/_fn/nothing", json, small, &ada, 404, "not_found"),
        ("/api/nothing", json, small, &ada, 404, "not_found"),
        ("/nothing", json, small, &ada, 404, "not_found"),
        ("/api/turn", json, small, &ada, 410, "gone"),
        (&turn, json, TURN_BYTES + 1, &ada, 413, "4 MiB"),
        ("/api/sessions", json, TURN_BYTES, &ada, 413, "64 KiB"),
        (&session.path("/turn/interrupt"), json, TURN_BYTES, &ada, 413, "64 KiB"),
        (&session.path("/thread/name"), json, TURN_BYTES, &ada, 413, "64 KiB"),
        (&session.path("/requests/x"), json, TURN_BYTES, &ada, 413, "512 KiB"),
        ("/_fn/home", json, TURN_BYTES, &ada, 413, "64 KiB"),
        ("/_fn/send", json, TURN_BYTES + 1, &ada, 413, "4 MiB"),
        ("/api/uploads", "image/png", 11 * 1024 * 1024, &ada, 413, "10 MiB"),
        ("/sign-in", "application/x-www-form-urlencoded", 16 * 1024 + 1, "", 413, "16 KiB"),
        (&turn, "text/plain", small, &ada, 400, "bad_body"),
        ("/api/uploads", "text/plain", small, &ada, 415, "no_image"),
        ("/sign-in", json, small, "", 400, "bad_body"),
    ] {
        for expect in ["", "expect: 100-continue\r\n"] {
            let head = head(path, kind, length, &format!("{more}{expect}"));
            let (answered, reply) = refused_by_its_head(&gateway.client, &head).await;
            assert_eq!(answered, status, "{path}: {reply}");
            assert!(reply.contains(code), "{path}: {reply}");
        }
    }
    assert_eq!(body_bytes(&gateway).await, 0);
    gateway.stop().await;
}

#[tokio::test]
async fn refusal_reaches_a_client_that_sends_its_whole_body_first() {
    let gateway = gateway(4096).await;
    let body = "x".repeat(TURN_BYTES);
    let long = head("/api/sessions/nothing/turn", "application/json", TURN_BYTES, &bearer("ada")) + &body;
    let mut stream = gateway.client.connect_with(&long).await;
    // What was not read is thrown away, so the connection can be used again.
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    let replies = all_that_comes(stream).await;
    assert!(replies.starts_with("HTTP/1.1 404 ") && replies.contains("HTTP/1.1 200 OK"), "{replies}");
    gateway.stop().await;
}

#[tokio::test]
async fn body_that_drips_is_cut_off() {
    let gateway = gateway(4096).await;
    let session = gateway.create_with(&owner(&gateway, "ada"), &json!({})).await;
    let drip = async |path: &str, kind: &str, more: &str| {
        let stream = gateway.client.connect_with(&head(path, kind, 1000, more)).await;
        let (mut reading, mut writing) = stream.into_split();
        let drips = tokio::spawn(async move {
            // Never silent for long.
            while writing.write_all(b"x").await.is_ok() {
                tokio::time::sleep(std::time::Duration::from_secs(2)).await;
            }
        });
        let mut reply = [0; 12];
        within("it is told", reading.read_exact(&mut reply)).await.unwrap();
        drips.abort();
        assert_eq!(&reply, b"HTTP/1.1 408", "{path}");
    };
    let (turn, ada) = (session.path("/turn"), bearer("ada"));
    tokio::join!(
        drip(&turn, "application/json", &ada),
        drip("/_fn/send", "application/json", &ada),
        drip("/api/uploads", "image/png", &ada),
        drip("/sign-in", "application/x-www-form-urlencoded", ""),
    );
    gateway.stop().await;
}

#[tokio::test]
async fn connections_are_counted_by_who_uses_them() {
    let gateway = gateway(4096).await;
    let session = gateway.create_with(&owner(&gateway, "ada"), &json!({})).await;
    let _events = session.live().await;
    let _silent: Vec<TcpStream> = vec![gateway.client.connect().await, gateway.client.connect().await];
    let count = async |caller: &str| {
        let text = gateway.client.with_token(WATCH).get("/metrics").await.text();
        let name = format!("codex_gateway_connections{{caller=\"{caller}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&name)?.parse::<u32>().ok())
    };
    // One of them is the one that asks.
    within("they are counted", async {
        while (count("signed_in").await, count("anonymous").await) != (Some(1), Some(3)) {}
    })
    .await;
    gateway.stop().await;
}
