//! Rate limits, connection limits, timeouts of slow clients, and bounded memory.

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    auth::{SECRET, token_for},
    support::{Gateway, Reply, Setup, within},
};

#[track_caller]
fn assert_rate_limited(reply: &Reply, what: &str) {
    let message = reply.expect_error(429, "rate_limited");
    assert!(message.contains(what), "{message}");
    let after: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=61).contains(&after), "{after}");
}

#[tokio::test]
async fn requests_are_rate_limited_per_owner() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET);
    let gateway = setup.set("CODEX_GATEWAY_RATE_REQUESTS", "3").start().await;
    let [ada, bob] = ["ada", "bob"].map(|sub| gateway.client.with_token(&token_for(sub)));
    for _ in 0..3 {
        ada.get("/api/turn").await.expect_error(410, "gone");
    }
    assert_rate_limited(&ada.get("/api/turn").await, "requests");
    assert_rate_limited(&ada.post("/api/sessions").await, "requests");
    bob.get("/api/turn").await.expect_error(410, "gone");
    for _ in 0..9 {
        ada.get("/healthz").await.ok();
        assert_ne!(ada.get("/assets/favicon.svg").await.status, 429);
    }
    gateway.stop().await;
}

#[tokio::test]
async fn api_replies_have_rate_limit_headers() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_RATE_REQUESTS", "3").with_pages();
    let gateway = setup.set("CODEX_GATEWAY_RATE_CREATES", "2").start().await;
    let client = &gateway.client;
    let rate_headers =
        |reply: &Reply| ["ratelimit-policy", "ratelimit"].map(|name| reply.header(name).map(str::to_owned));
    let first = client.get("/api/info").await;
    let expected = [r#""requests";q=3;w=60"#, r#""requests";r=2;t=20"#].map(|value| Some(value.to_owned()));
    assert_eq!(rate_headers(&first), expected);
    let created = client.post("/api/sessions").await;
    let [policy, left] = rate_headers(&created).map(Option::unwrap);
    assert_eq!(policy, r#""requests";q=3;w=60, "creates";q=2;w=60"#);
    assert!(left.starts_with(r#""requests";r=1;t="#) && left.ends_with(r#", "creates";r=1;t=30"#), "{left}");
    assert_eq!(rate_headers(&client.get("/").await), [None, None], "pages have no rate limit headers");
    let refused = client.get("/api/info").await;
    assert_rate_limited(&refused, "requests");
    assert!(rate_headers(&refused)[1].as_ref().unwrap().starts_with(r#""requests";r=0;t="#), "{refused:?}");
    gateway.stop().await;
}

#[tokio::test]
async fn new_sessions_and_turns_are_rate_limited() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_RATE_CREATES", "2");
    let gateway = setup.set("CODEX_GATEWAY_RATE_TURNS", "2").start().await;
    let client = &gateway.client;
    let session = gateway.create().await;
    session.run_turn("one").await;
    let start = json!({ "turn": { "prompt": "two" } });
    assert_eq!(client.post_json("/_fn/start", &start).await.status, 200);
    assert_rate_limited(&client.post("/api/sessions").await, "new sessions");
    assert_rate_limited(&client.post_json("/_fn/start", &start).await, "new sessions");
    assert_rate_limited(
        &client.post_json(&session.path("/turn"), &json!({ "prompt": "three" })).await,
        "turns",
    );
    let send = json!({ "id": session.id, "turn": { "prompt": "four" } });
    assert_rate_limited(&client.post_json("/_fn/send", &send).await, "turns");
    session.state().await;
    gateway.stop().await;
}

#[tokio::test]
async fn bad_tokens_are_rate_limited_and_valid_ones_are_not() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET);
    let gateway = setup.set("CODEX_GATEWAY_RATE_BAD_TOKENS", "2").start().await;
    let client = &gateway.client;
    client.with_token("nonsense").get("/api/turn").await.expect_error(401, "unauthorized");
    assert_eq!(client.post_form("/sign-in", "token=nonsense").await.status, 401);
    assert_rate_limited(&client.with_token("nonsense").get("/api/turn").await, "bad tokens");
    assert_rate_limited(&client.post_form("/sign-in", "token=nonsense").await, "bad tokens");
    client.with_token(&token_for("ada")).get("/api/turn").await.expect_error(410, "gone");
    // A request without a token does not count as a bad one. Each address has its own limit.
    client.get("/api/turn").await.expect_error(401, "unauthorized");
    let other = client.with_header("x-forwarded-for", "192.0.2.7");
    other.with_token("nonsense").get("/api/turn").await.expect_error(401, "unauthorized");
    gateway.stop().await;
}

#[tokio::test]
async fn number_of_streams_is_limited() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_MAX_STREAMS", "2").start().await;
    let session = gateway.create().await;
    let [first, _second] = [session.subscribe().await, session.subscribe().await];
    assert_rate_limited(&gateway.client.get(&session.path("/events")).await, "event streams");
    drop(first);
    // The gateway notices the closed stream when it writes.
    session.start_turn("Hello").await;
    within("a stream slot is free again", async {
        while gateway.client.open("GET", &session.path("/events"), &[]).await.status == 429 {}
    })
    .await;
    gateway.stop().await;
}

#[tokio::test]
async fn oldest_connection_is_closed_at_the_connection_limit() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_MAX_CONNECTIONS", "2").start().await;
    let [first, second] = [gateway.client.connect().await, gateway.client.connect().await];
    gateway.client.get("/healthz").await.ok();
    assert_eq!(read_to_end(first).await, "");
    gateway.client.get("/healthz").await.ok();
    drop(second);
    gateway.stop().await;
}

#[tokio::test]
async fn oldest_connection_is_closed_at_the_limit_per_address_except_for_proxies() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_MAX_CONNECTIONS_PER_ADDRESS", "2");
    let setup = setup.set("CODEX_GATEWAY_TRUSTED_PROXIES", "127.0.0.3");
    let gateway = setup.start().await;
    let [attacker, proxy] = [gateway.client.with_loopback_source(2), gateway.client.with_loopback_source(3)];
    let mut other = gateway.client.with_loopback_source(4).connect().await;
    let mut first_of_proxy = proxy.connect().await;
    let [first, mut second] = [attacker.connect().await, attacker.connect().await];
    let _more = [proxy.connect().await, proxy.connect().await, attacker.connect().await];
    // Long before the timeout of a silent connection.
    assert_eq!(within("the oldest connection is closed", read_to_end(first)).await, "");
    for connection in [&mut other, &mut first_of_proxy, &mut second] {
        connection.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        assert_eq!(connection.read_u8().await.unwrap(), b'H');
    }
    gateway.stop().await;
}

/// Reads from a connection until its end.
pub(crate) async fn read_to_end(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset connection is at its end as well.
    let _ = within("the connection is closed", stream.read_to_end(&mut bytes)).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn connection_with_unfinished_head_is_closed() {
    let gateway = Gateway::fake("normal").await;
    let silent = gateway.client.connect().await;
    let mut slow = gateway.client.connect().await;
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-slow: ").await.unwrap();
    let mut next = gateway.client.connect().await;
    next.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert_eq!(next.read_u8().await.unwrap(), b'H');
    next.write_all(b"GET /healthz HTTP/1.1\r\nhost: ").await.unwrap();
    let mut idle = gateway.client.connect().await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let (silent, slow, next) = tokio::join!(read_to_end(silent), read_to_end(slow), read_to_end(next));
    assert_eq!((silent.as_str(), slow.as_str()), ("", ""));
    assert_eq!(next.matches("TTP/1.1 200").count(), 1, "{next}");
    // The connection was idle for longer than a head may take.
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    let idle = read_to_end(idle).await;
    assert_eq!(idle.matches("HTTP/1.1 200 ").count(), 2, "{idle}");
    assert_eq!(idle.matches("keep-alive: timeout=75\r\n").count(), 2, "{idle}");
    gateway.client.get("/healthz").await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn idle_connection_is_closed_after_keep_alive_timeout() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_KEEP_ALIVE_MS", "1500").start().await;
    let request = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let idle = read_to_end(gateway.client.connect_with(request).await).await;
    assert!(idle.starts_with("HTTP/1.1 200 ") && idle.contains("keep-alive: timeout=1\r\n"), "{idle}");
    gateway.stop().await;
}

#[tokio::test]
async fn unfinished_body_gets_request_timeout() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let paths = ["/api/sessions", "/_fn/start", "/sign-in"].map(str::to_owned);
    let replies = paths.into_iter().chain([session.path("/turn")]).map(|path| {
        let client = gateway.client.clone();
        async move {
            let kind = if path == "/sign-in" { "application/x-www-form-urlencoded" } else { "application/json" };
            let mut stream = client.connect().await;
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\ncontent-length: 100\r\n\r\n{{"
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            read_to_end(stream).await
        }
    });
    for reply in futures::future::join_all(replies).await {
        assert!(reply.starts_with("HTTP/1.1 408 ") && reply.contains("\"slow_body\""), "{reply}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn oversized_heads_and_bodies_are_not_buffered() {
    let gateway = Gateway::fake("normal").await;
    let before = gateway.resident_bytes();
    // Endless heads and endless bodies, many at once.
    let floods = (0..50).map(|number| {
        let client = gateway.client.clone();
        async move {
            let mut stream = client.connect().await;
            let head: &[u8] = if number % 2 == 0 {
                b"GET / HTTP/1.1\r\nhost: localhost\r\nx-long: "
            } else {
                b"POST /api/sessions HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n7fffffff\r\n"
            };
            let chunk = vec![b'x'; 64 * 1024];
            let mut open = stream.write_all(head).await.is_ok();
            while open {
                open = stream.write_all(&chunk).await.is_ok();
            }
        }
    });
    within("all connections are closed", futures::future::join_all(floods)).await;
    let grown = gateway.resident_bytes().saturating_sub(before);
    // 25 bodies of 4 MiB, and some overhead of the allocator.
    assert!(grown < 256 << 20, "{} MiB", grown >> 20);
    gateway.client.get("/healthz").await.ok();
    gateway.stop().await;
}
