//! How much one may ask for, how fast one has to be, and that nothing hangs or grows when somebody is not.

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    auth::{SECRET, token_of},
    support::{Gateway, Reply, Setup, within},
};

#[track_caller]
fn is_too_much(reply: &Reply, what: &str) {
    let message = reply.refused(429, "rate_limited");
    assert!(message.contains(what), "{message}");
    let after: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=61).contains(&after), "{after}");
}

#[tokio::test]
async fn requests_have_a_rate_for_each_owner() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET);
    let gateway = setup.set("CODEX_GATEWAY_RATE_REQUESTS", "3").start().await;
    let [ada, bob] = ["ada", "bob"].map(|sub| gateway.client.with_token(&token_of(sub)));
    for _ in 0..3 {
        ada.get("/api/turn").await.refused(410, "gone");
    }
    is_too_much(&ada.get("/api/turn").await, "requests");
    is_too_much(&ada.post("/api/sessions").await, "requests");
    bob.get("/api/turn").await.refused(410, "gone");
    for _ in 0..9 {
        ada.get("/healthz").await.ok();
        assert_ne!(ada.get("/assets/favicon.svg").await.status, 429);
    }
    gateway.stop().await;
}

#[tokio::test]
async fn replies_of_the_api_tell_what_is_left() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_RATE_REQUESTS", "3").with_pages();
    let gateway = setup.set("CODEX_GATEWAY_RATE_CREATES", "2").start().await;
    let client = &gateway.client;
    let told =
        |reply: &Reply| ["ratelimit-policy", "ratelimit"].map(|name| reply.header(name).map(str::to_owned));
    let first = client.get("/api/info").await;
    let expected = [r#""requests";q=3;w=60"#, r#""requests";r=2;t=20"#].map(|value| Some(value.to_owned()));
    assert_eq!(told(&first), expected);
    let made = client.post("/api/sessions").await;
    let [policy, left] = told(&made).map(Option::unwrap);
    assert_eq!(policy, r#""requests";q=3;w=60, "creates";q=2;w=60"#);
    assert!(left.starts_with(r#""requests";r=1;t="#) && left.ends_with(r#", "creates";r=1;t=30"#), "{left}");
    assert_eq!(told(&client.get("/").await), [None, None], "pages are no replies of the API");
    let refused = client.get("/api/info").await;
    is_too_much(&refused, "requests");
    assert!(told(&refused)[1].as_ref().unwrap().starts_with(r#""requests";r=0;t="#), "{refused:?}");
    gateway.stop().await;
}

#[tokio::test]
async fn new_sessions_and_turns_have_a_rate() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_RATE_CREATES", "2");
    let gateway = setup.set("CODEX_GATEWAY_RATE_TURNS", "2").start().await;
    let client = &gateway.client;
    let session = gateway.create().await;
    session.turn("one").await;
    let start = json!({ "turn": { "prompt": "two" } });
    assert_eq!(client.post_json("/_fn/start", &start).await.status, 200);
    is_too_much(&client.post("/api/sessions").await, "new sessions");
    is_too_much(&client.post_json("/_fn/start", &start).await, "new sessions");
    is_too_much(&client.post_json(&session.path("/turn"), &json!({ "prompt": "three" })).await, "turns");
    let send = json!({ "id": session.id, "turn": { "prompt": "four" } });
    is_too_much(&client.post_json("/_fn/send", &send).await, "turns");
    session.state().await;
    gateway.stop().await;
}

#[tokio::test]
async fn bad_tokens_have_a_rate_and_good_ones_do_not_suffer() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET);
    let gateway = setup.set("CODEX_GATEWAY_RATE_BAD_TOKENS", "2").start().await;
    let client = &gateway.client;
    client.with_token("nonsense").get("/api/turn").await.refused(401, "unauthorized");
    assert_eq!(client.post_form("/sign-in", "token=nonsense").await.status, 401);
    is_too_much(&client.with_token("nonsense").get("/api/turn").await, "bad tokens");
    is_too_much(&client.post_form("/sign-in", "token=nonsense").await, "bad tokens");
    client.with_token(&token_of("ada")).get("/api/turn").await.refused(410, "gone");
    // No token at all is not a bad one; and another address is another.
    client.get("/api/turn").await.refused(401, "unauthorized");
    let other = client.with("x-forwarded-for", "192.0.2.7");
    other.with_token("nonsense").get("/api/turn").await.refused(401, "unauthorized");
    gateway.stop().await;
}

#[tokio::test]
async fn streams_have_a_number() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_MAX_STREAMS", "2").start().await;
    let session = gateway.create().await;
    let [first, _second] = [session.live().await, session.live().await];
    is_too_much(&gateway.client.get(&session.path("/events")).await, "event streams");
    drop(first);
    // The gateway notices when it writes.
    session.start_turn("Hello").await;
    within("a place is free again", async {
        while gateway.client.open("GET", &session.path("/events"), &[]).await.status == 429 {}
    })
    .await;
    gateway.stop().await;
}

#[tokio::test]
async fn oldest_connection_gives_way_when_there_are_too_many() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_MAX_CONNECTIONS", "2").start().await;
    let [first, second] = [gateway.client.connect().await, gateway.client.connect().await];
    gateway.client.get("/healthz").await.ok();
    assert_eq!(all_that_comes(first).await, "");
    gateway.client.get("/healthz").await.ok();
    drop(second);
    gateway.stop().await;
}

#[tokio::test]
async fn oldest_connection_of_an_address_gives_way_unless_it_is_a_proxys() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_MAX_CONNECTIONS_PER_ADDRESS", "2");
    let setup = setup.set("CODEX_GATEWAY_TRUSTED_PROXIES", "127.0.0.3");
    let gateway = setup.start().await;
    let [attacker, proxy] = [gateway.client.from(2), gateway.client.from(3)];
    let mut other = gateway.client.from(4).connect().await;
    let mut first_of_proxy = proxy.connect().await;
    let [first, mut second] = [attacker.connect().await, attacker.connect().await];
    let _more = [proxy.connect().await, proxy.connect().await, attacker.connect().await];
    // Long before a silent one would end by itself.
    assert_eq!(within("it gives way", all_that_comes(first)).await, "");
    for stays in [&mut other, &mut first_of_proxy, &mut second] {
        stays.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        assert_eq!(stays.read_u8().await.unwrap(), b'H');
    }
    gateway.stop().await;
}

/// What comes on a connection until its end.
pub(crate) async fn all_that_comes(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A connection that is cut is at its end as well.
    let _ = within("the connection ends", stream.read_to_end(&mut bytes)).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn who_does_not_finish_a_head_is_cut_off() {
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
    let (silent, slow, next) =
        tokio::join!(all_that_comes(silent), all_that_comes(slow), all_that_comes(next));
    assert_eq!((silent.as_str(), slow.as_str()), ("", ""));
    assert_eq!(next.matches("TTP/1.1 200").count(), 1, "{next}");
    // It has waited for longer than a head may take.
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    let idle = all_that_comes(idle).await;
    assert_eq!(idle.matches("HTTP/1.1 200 ").count(), 2, "{idle}");
    assert_eq!(idle.matches("keep-alive: timeout=75\r\n").count(), 2, "{idle}");
    gateway.client.get("/healthz").await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn idle_connection_ends_when_its_keep_alive_is_over() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_KEEP_ALIVE_MS", "1500").start().await;
    let request = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let idle = all_that_comes(gateway.client.connect_with(request).await).await;
    assert!(idle.starts_with("HTTP/1.1 200 ") && idle.contains("keep-alive: timeout=1\r\n"), "{idle}");
    gateway.stop().await;
}

#[tokio::test]
async fn who_does_not_finish_a_body_is_told() {
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
            all_that_comes(stream).await
        }
    });
    for reply in futures::future::join_all(replies).await {
        assert!(reply.starts_with("HTTP/1.1 408 ") && reply.contains("\"slow_body\""), "{reply}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_too_large_is_not_kept() {
    let gateway = Gateway::fake("normal").await;
    let before = gateway.memory();
    // A head without end, and bodies without end, by many at once.
    let floods = (0..50).map(|number| {
        let client = gateway.client.clone();
        async move {
            let mut stream = client.connect().await;
            let head: &[u8] = if number % 2 == 0 {
                b"GET / HTTP/1.1\r\nhost: localhost\r\nx-long: "
            } else {
                b"POST /api/sessions HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n7fffffff\r\n"
            };
            let piece = vec![b'x'; 64 * 1024];
            let mut open = stream.write_all(head).await.is_ok();
            while open {
                open = stream.write_all(&piece).await.is_ok();
            }
        }
    });
    within("all are cut off", futures::future::join_all(floods)).await;
    let grown = gateway.memory().saturating_sub(before);
    // 25 bodies of 4 MiB, and something for the allocator.
    assert!(grown < 256 << 20, "{} MiB", grown >> 20);
    gateway.client.get("/healthz").await.ok();
    gateway.stop().await;
}
