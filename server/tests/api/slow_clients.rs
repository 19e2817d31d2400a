//! Clients that hold connections, or send bodies slowly: other clients are still served, and the resources are bounded.

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    auth::{SECRET, token_for},
    limits::read_to_end,
    support::{Client, Gateway, Session, Setup, within},
};

const METRICS_TOKEN: &str = "metrics-token";
const MAX_TURN_BODY_BYTES: usize = 4 * 1024 * 1024;

/// Starts a gateway without trusted proxies, so that each loopback address is another client.
async fn gateway(max_connections: u32) -> Gateway {
    Setup::fake("normal")
        .set("CODEX_GATEWAY_JWT_SECRET", SECRET)
        .set("CODEX_GATEWAY_METRICS_TOKEN", METRICS_TOKEN)
        .set("CODEX_GATEWAY_TRUSTED_PROXIES", "none")
        .set("CODEX_GATEWAY_MAX_CONNECTIONS", max_connections.to_string())
        .set("CODEX_GATEWAY_MAX_CONNECTIONS_PER_ADDRESS", "40")
        .start()
        .await
}

fn owner(gateway: &Gateway, sub: &str) -> Client {
    gateway.client.with_token(&token_for(sub))
}

/// Returns the head of a request with a body.
fn head(path: &str, kind: &str, length: usize, more: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n{more}\r\n"
    )
}

fn bearer(sub: &str) -> String {
    format!("authorization: Bearer {}\r\n", token_for(sub))
}

/// Returns the bytes that request bodies hold, from the metrics.
async fn body_bytes(gateway: &Gateway) -> usize {
    let text = gateway.client.with_token(METRICS_TOKEN).get("/metrics").await.text();
    let value = text.lines().find_map(|line| line.strip_prefix("codex_gateway_request_body_bytes "));
    value.unwrap_or_else(|| panic!("{text}")).parse().unwrap()
}

/// Waits until request bodies hold exactly `wanted` bytes.
async fn wait_for_body_bytes(gateway: &Gateway, wanted: usize) {
    within("the bodies are counted", async { while body_bytes(gateway).await != wanted {} }).await;
}

/// Asserts that health, state and sign-in work for other clients and from the attacker's address.
async fn assert_others_are_served(gateway: &Gateway, session: &Session, attackers_address: u8) {
    for address in [99, attackers_address] {
        let client = gateway.client.with_loopback_source(address);
        client.get("/healthz").await.ok();
        client.get("/readyz").await.ok();
        let ada = client.with_token(&token_for("ada"));
        ada.get(&session.path("/state")).await.ok();
        let form = format!("token={}&to=/", token_for("bob"));
        assert_eq!(client.post_form("/sign-in", &form).await.status, 303);
    }
}

#[tokio::test]
async fn slow_sign_in_forms_do_not_block_other_clients() {
    let gateway = gateway(64).await;
    let session = gateway.create_with(&owner(&gateway, "ada"), &json!({})).await;
    let mut events = session.subscribe().await;
    let slow = head("/sign-in", "application/x-www-form-urlencoded", 1000, "") + "token=";
    let mut connections = Vec::new();
    for address in 2..12 {
        for _ in 0..40 {
            connections.push(gateway.client.with_loopback_source(address).connect_with(&slow).await);
        }
    }
    assert_others_are_served(&gateway, &session, 11).await;
    session.start_turn("Hello").await;
    events.rest_of_turn().await;
    assert!(body_bytes(&gateway).await <= 256 * 16 * 1024);
    drop(connections);
    gateway.stop().await;
}

#[tokio::test]
async fn silent_slow_and_idle_connections_do_not_block_other_clients() {
    let gateway = gateway(64).await;
    let session = gateway.create_with(&owner(&gateway, "ada"), &json!({})).await;
    let mut events = session.subscribe().await;
    let mut connections = Vec::new();
    for address in 2..8 {
        for start in
            ["", "GET / HT", "PRI * HTTP/2.0\r\n", "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"]
        {
            for _ in 0..10 {
                connections.push(gateway.client.with_loopback_source(address).connect_with(start).await);
            }
        }
    }
    assert_others_are_served(&gateway, &session, 7).await;
    session.start_turn("Hello").await;
    events.rest_of_turn().await;
    drop(connections);
    gateway.stop().await;
}

#[tokio::test]
async fn request_bodies_are_limited_per_owner() {
    let gateway = gateway(4096).await;
    let [eve, ada] = [owner(&gateway, "eve"), owner(&gateway, "ada")];
    let session = gateway.create_with(&eve, &json!({})).await;
    let slow = head(&session.path("/turn"), "application/json", MAX_TURN_BODY_BYTES, &bearer("eve")) + "{";
    let mut connections = Vec::new();
    for _ in 0..12 {
        connections.push(gateway.client.connect_with(&slow).await);
    }
    wait_for_body_bytes(&gateway, 12 * MAX_TURN_BODY_BYTES).await;
    for _ in 0..100 {
        let mut refused = gateway.client.connect_with(&slow).await;
        let mut reply = [0; 12];
        refused.read_exact(&mut reply).await.unwrap();
        assert_eq!(&reply, b"HTTP/1.1 429");
    }
    let refused = eve.post_json(&session.path("/turn"), &json!({ "prompt": "Hello" })).await;
    assert!(refused.expect_error(429, "rate_limited").contains("request bodies"));
    assert_eq!(refused.header("retry-after"), Some("5"));
    assert_eq!(body_bytes(&gateway).await, 12 * MAX_TURN_BODY_BYTES, "rejected bodies are not held");

    let others = gateway.create_with(&ada, &json!({})).await;
    others.run_turn("Hello").await;
    drop(connections);
    wait_for_body_bytes(&gateway, 0).await;
    eve.post_json(&session.path("/turn"), &json!({ "prompt": "Hello" })).await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn request_bodies_of_all_owners_are_limited() {
    let gateway = gateway(4096).await;
    let mut connections = Vec::new();
    let mut sessions = Vec::new();
    for number in 0..7 {
        let sub = format!("owner-{number}");
        let session = gateway.create_with(&owner(&gateway, &sub), &json!({})).await;
        let slow = head(&session.path("/turn"), "application/json", MAX_TURN_BODY_BYTES, &bearer(&sub)) + "{";
        for _ in 0..12 {
            connections.push(gateway.client.connect_with(&slow).await);
        }
        sessions.push(session);
    }
    wait_for_body_bytes(&gateway, 320 * 1024 * 1024).await;
    let last = sessions.last().unwrap();
    let refused = owner(&gateway, "ada").post_json("/api/sessions", &json!({ "title": "x" })).await;
    refused.expect_error(503, "too_many_bodies");
    assert_eq!(refused.header("retry-after"), Some("5"));
    last.state().await;
    gateway.client.get("/readyz").await.ok();
    drop(connections);
    wait_for_body_bytes(&gateway, 0).await;
    gateway.stop().await;
}

#[tokio::test]
async fn chunked_bodies_count_as_they_arrive() {
    let gateway = gateway(4096).await;
    let session = gateway.create_with(&owner(&gateway, "ada"), &json!({})).await;
    let chunked = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{}transfer-encoding: chunked\r\n\r\n",
            bearer("ada")
        )
    };
    let mut connections = gateway.client.connect_with(&chunked(&session.path("/turn"))).await;
    wait_for_body_bytes(&gateway, 16 * 1024).await;
    connections.write_all(format!("{:x}\r\n{}\r\n", 100_000, "x".repeat(100_000)).as_bytes()).await.unwrap();
    wait_for_body_bytes(&gateway, 128 * 1024).await;
    drop(connections);
    let mut long = gateway.client.connect_with(&chunked("/api/sessions")).await;
    long.write_all(format!("{:x}\r\n{}\r\n", 70_000, "x".repeat(70_000)).as_bytes()).await.unwrap();
    let reply = read_to_end(long).await;
    assert!(reply.starts_with("HTTP/1.1 413 ") && reply.contains("64 KiB"), "{reply}");
    gateway.stop().await;
}

/// Sends a head without its body. Returns the status and the text of the reply.
async fn reply_to_head(client: &Client, head: &str) -> (u16, String) {
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
async fn request_is_rejected_by_its_head_before_the_body_is_sent() {
    let gateway = gateway(4096).await;
    let session = gateway.create_with(&owner(&gateway, "ada"), &json!({})).await;
    let json = "application/json";
    let small = 10;
    let ada = bearer("ada");
    let turn = session.path("/turn");
    for (path, kind, length, more, status, code) in [
        (turn.as_str(), json, small, "", 401, "unauthorized"),
        (&turn, json, small, bearer("bob").as_str(), 404, "not_found"),
        ("/api/sessions/nothing/turn", json, MAX_TURN_BODY_BYTES, &ada, 404, "not_found"),
        ("/api/sessions/nothing/queue/x/send", json, small, &ada, 404, "not_found"),
        ("/api/threads/nothing/archive", json, small, &ada, 404, "not_found"),
        ("/_fn/nothing", json, small, &ada, 404, "not_found"),
        ("/api/nothing", json, small, &ada, 404, "not_found"),
        ("/nothing", json, small, &ada, 404, "not_found"),
        ("/api/turn", json, small, &ada, 410, "gone"),
        (&turn, json, MAX_TURN_BODY_BYTES + 1, &ada, 413, "4 MiB"),
        ("/api/sessions", json, MAX_TURN_BODY_BYTES, &ada, 413, "64 KiB"),
        (&session.path("/turn/interrupt"), json, MAX_TURN_BODY_BYTES, &ada, 413, "64 KiB"),
        (&session.path("/thread/name"), json, MAX_TURN_BODY_BYTES, &ada, 413, "64 KiB"),
        (&session.path("/requests/x"), json, MAX_TURN_BODY_BYTES, &ada, 413, "512 KiB"),
        ("/_fn/home", json, MAX_TURN_BODY_BYTES, &ada, 413, "64 KiB"),
        ("/_fn/send", json, MAX_TURN_BODY_BYTES + 1, &ada, 413, "4 MiB"),
        ("/api/uploads", "image/png", 11 * 1024 * 1024, &ada, 413, "10 MiB"),
        ("/sign-in", "application/x-www-form-urlencoded", 16 * 1024 + 1, "", 413, "16 KiB"),
        (&turn, "text/plain", small, &ada, 400, "bad_body"),
        ("/api/uploads", "text/plain", small, &ada, 415, "no_image"),
        ("/sign-in", json, small, "", 400, "bad_body"),
    ] {
        for expect in ["", "expect: 100-continue\r\n"] {
            let head = head(path, kind, length, &format!("{more}{expect}"));
            let (answered, reply) = reply_to_head(&gateway.client, &head).await;
            assert_eq!(answered, status, "{path}: {reply}");
            assert!(reply.contains(code), "{path}: {reply}");
        }
    }
    assert_eq!(body_bytes(&gateway).await, 0);
    gateway.stop().await;
}

#[tokio::test]
async fn client_that_sends_its_body_first_receives_the_error() {
    let gateway = gateway(4096).await;
    let body = "x".repeat(MAX_TURN_BODY_BYTES);
    let long =
        head("/api/sessions/nothing/turn", "application/json", MAX_TURN_BODY_BYTES, &bearer("ada")) + &body;
    let mut stream = gateway.client.connect_with(&long).await;
    // The unread body is discarded, so the connection can be used again.
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    let replies = read_to_end(stream).await;
    assert!(replies.starts_with("HTTP/1.1 404 ") && replies.contains("HTTP/1.1 200 OK"), "{replies}");
    gateway.stop().await;
}

#[tokio::test]
async fn dripping_body_gets_request_timeout() {
    let gateway = gateway(4096).await;
    let session = gateway.create_with(&owner(&gateway, "ada"), &json!({})).await;
    let drip = async |path: &str, kind: &str, more: &str| {
        let stream = gateway.client.connect_with(&head(path, kind, 1000, more)).await;
        let (mut reading, mut writing) = stream.into_split();
        let drips = tokio::spawn(async move {
            // One byte every two seconds.
            while writing.write_all(b"x").await.is_ok() {
                tokio::time::sleep(std::time::Duration::from_secs(2)).await;
            }
        });
        let mut reply = [0; 12];
        within("the reply arrives", reading.read_exact(&mut reply)).await.unwrap();
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
async fn connections_are_counted_by_kind_of_caller() {
    let gateway = gateway(4096).await;
    let session = gateway.create_with(&owner(&gateway, "ada"), &json!({})).await;
    let _events = session.subscribe().await;
    let _silent: Vec<TcpStream> = vec![gateway.client.connect().await, gateway.client.connect().await];
    let count = async |caller: &str| {
        let text = gateway.client.with_token(METRICS_TOKEN).get("/metrics").await.text();
        let name = format!("codex_gateway_connections{{caller=\"{caller}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&name)?.parse::<u32>().ok())
    };
    // One anonymous connection is that of the metrics request.
    within("they are counted", async {
        while (count("signed_in").await, count("anonymous").await) != (Some(1), Some(3)) {}
    })
    .await;
    gateway.stop().await;
}
