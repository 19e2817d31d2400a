//! Forwarding headers, and the proxies that are trusted to set them.

use serde_json::json;

use crate::{
    auth::{SECRET, token_for},
    support::{Client, Gateway, Setup},
};

async fn gateway(trusted: Option<&str>) -> Gateway {
    let setup = Setup::fake("normal")
        .set("CODEX_GATEWAY_JWT_SECRET", SECRET)
        .set("CODEX_GATEWAY_ALLOWED_HOSTS", "chat.example")
        .set("CODEX_GATEWAY_RATE_BAD_TOKENS", "1");
    match trusted {
        Some(list) => setup.set("CODEX_GATEWAY_TRUSTED_PROXIES", list).start().await,
        None => setup.start().await,
    }
}

/// Returns `true` if signing in with `X-Forwarded-Proto: https` sets a secure cookie.
async fn is_secure(client: &Client) -> bool {
    let tls = client.with_header("x-forwarded-proto", "https");
    let reply = tls.post_form("/sign-in", &format!("token={}", token_for("ada"))).await;
    reply.header("set-cookie").unwrap().contains("; Secure")
}

/// Returns `true` if a bad token counts against the address in `X-Forwarded-For`.
async fn limit_applies_to(client: &Client, forwarded_for: &str) -> bool {
    let forwarded = client.with_header("x-forwarded-for", forwarded_for).with_token("nonsense");
    forwarded.get("/api/info").await;
    let other = client.with_header("x-forwarded-for", "203.0.113.1, 203.0.113.99").with_token("nonsense");
    assert!(matches!(other.get("/api/info").await.status.as_u16(), 401 | 429));
    forwarded.get("/api/info").await.status == 429
        && client
            .with_header("x-forwarded-for", "203.0.113.200")
            .with_token("nonsense")
            .get("/api/info")
            .await
            .status
            == 401
}

#[tokio::test]
async fn forwarding_headers_of_untrusted_peer_are_ignored() {
    let gateway = gateway(Some("127.0.0.5,10.0.0.0/8")).await;
    for stranger in [gateway.client.clone(), gateway.client.with_loopback_source(6)] {
        assert!(!is_secure(&stranger).await);
        assert!(!limit_applies_to(&stranger, "203.0.113.7").await);
        // The header of an untrusted peer is ignored.
        let evil = stranger.with_header("x-forwarded-host", "evil.example");
        evil.with_token(&token_for("ada")).get("/api/info").await.ok();
    }
    let proxy = gateway.client.with_loopback_source(5);
    assert!(is_secure(&proxy).await);
    assert!(
        limit_applies_to(&proxy, "203.0.113.7, 10.1.2.3").await,
        "the previous hop is a trusted proxy as well"
    );
    gateway.stop().await;
}

#[tokio::test]
async fn loopback_is_trusted_by_default() {
    let gateway = gateway(None).await;
    assert!(is_secure(&gateway.client).await && is_secure(&gateway.client.with_loopback_source(7)).await);
    assert!(limit_applies_to(&gateway.client, "203.0.113.7").await);
    gateway.stop().await;
    let gateway = self::gateway(Some("none")).await;
    assert!(!is_secure(&gateway.client).await);
    gateway.stop().await;
}

#[tokio::test]
async fn forwarded_host_of_trusted_proxy_is_compared_with_origin() {
    let gateway = gateway(None).await;
    let ada = gateway.client.with_token(&token_for("ada"));
    let proxied =
        ada.with_header("x-forwarded-host", "chat.example").with_header("x-forwarded-proto", "https");
    for host in ["localhost", "backend:1317", "backend.internal"] {
        let proxied = proxied.with_header("host", host);
        proxied
            .with_header("origin", "https://chat.example")
            .post_json("/api/sessions", &json!({}))
            .await
            .ok();
        for foreign in ["https://evil.example", "http://chat.example", "https://localhost"] {
            proxied
                .with_header("origin", foreign)
                .post("/api/sessions")
                .await
                .expect_error(403, "foreign_origin");
        }
    }
    // A page after DNS rebinding is a loopback peer, and could send the header.
    for own in ["localhost", "127.0.0.1", "[::1]"] {
        let rebound = ada.with_header("host", "evil.example").with_header("x-forwarded-host", own);
        rebound.get("/api/info").await.expect_error(403, "foreign_host");
    }
    let foreign = ada.with_header("x-forwarded-host", "evil.example");
    assert!(foreign.get("/api/info").await.expect_error(403, "foreign_host").contains("evil.example"));
    proxied
        .with_header("x-forwarded-host", "chat.example")
        .get("/api/info")
        .await
        .expect_error(400, "bad_host");
    gateway.stop().await;
}

#[tokio::test]
async fn forwarded_host_may_have_port_address_and_several_entries() {
    let gateway =
        Setup::fake("normal").set("CODEX_GATEWAY_ALLOWED_HOSTS", "chat.example, [2001:db8::1]").start().await;
    let of = |forwarded, origin| {
        let proxied =
            gateway.client.with_header("host", "backend").with_header("x-forwarded-host", forwarded);
        proxied.with_header("x-forwarded-proto", "https").with_header("origin", origin)
    };
    for (forwarded, origin) in [
        ("chat.example:8443", "https://chat.example:8443"),
        ("Chat.Example:443", "https://chat.example"),
        ("chat.example, backend.internal", "https://chat.example"),
        ("chat.example:8443 ,evil.example", "https://chat.example:8443"),
        ("[2001:db8::1]", "https://[2001:db8::1]"),
        ("[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
    ] {
        of(forwarded, origin).post("/api/sessions").await.ok();
    }
    for (forwarded, origin) in [
        ("chat.example:8443", "https://chat.example"),
        ("chat.example, evil.example", "https://evil.example"),
        ("[2001:db8::1]:8443", "https://[2001:db8::1]"),
    ] {
        let error = of(forwarded, origin).post("/api/sessions").await.expect_error(403, "foreign_origin");
        let host = forwarded.split(',').next().unwrap();
        assert!(error.contains(&format!("{host:?}")) && error.contains(origin), "{error}");
    }
    for forwarded in ["evil.example, chat.example", "[2001:db8::2]", "[2001:db8::2]:8443", "[::1]"] {
        let error = of(forwarded, "https://chat.example").post("/api/sessions").await;
        let error = error.expect_error(403, "foreign_host");
        let host = forwarded.split(',').next().unwrap();
        let setting = format!("CODEX_GATEWAY_ALLOWED_HOSTS can name {host:?}");
        assert!(error.contains(&setting) && error.contains("\"backend\""), "{error}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn error_mentions_ignored_forwarded_host() {
    let gateway = gateway(Some("10.0.0.0/8")).await;
    let proxied = gateway
        .client
        .with_token(&token_for("ada"))
        .with_header("x-forwarded-host", "chat.example")
        .with_loopback_source(9);
    let unknown =
        proxied.with_header("host", "backend").get("/api/info").await.expect_error(403, "foreign_host");
    let known = proxied.with_header("host", "localhost").with_header("origin", "https://chat.example");
    let page = known.post("/api/sessions").await.expect_error(403, "foreign_origin");
    let call = known.post_json("/_fn/home", &json!({})).await.expect_error(403, "foreign_origin");
    for (error, host) in [(unknown, "\"backend\""), (page, "\"localhost\""), (call, "\"localhost\"")] {
        for part in [host, "\"chat.example\"", "127.0.0.9", "CODEX_GATEWAY_TRUSTED_PROXIES"] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
    gateway.stop().await;
}
