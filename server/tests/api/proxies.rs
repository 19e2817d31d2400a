//! What a reverse proxy says of a request, and who is believed to be one.

use serde_json::json;

use crate::{
    auth::{SECRET, token_of},
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

/// Whether somebody who signs in so gets a cookie for TLS.
async fn is_secure(client: &Client) -> bool {
    let tls = client.with("x-forwarded-proto", "https");
    let reply = tls.post_form("/sign-in", &format!("token={}", token_of("ada"))).await;
    reply.header("set-cookie").unwrap().contains("; Secure")
}

/// Whether a bad token counts for the address that a client is said to have.
async fn counts_for(client: &Client, forwarded_for: &str) -> bool {
    let said = client.with("x-forwarded-for", forwarded_for).with_token("nonsense");
    said.get("/api/info").await;
    let again = client.with("x-forwarded-for", "203.0.113.1, 203.0.113.99").with_token("nonsense");
    assert!(matches!(again.get("/api/info").await.status.as_u16(), 401 | 429));
    said.get("/api/info").await.status == 429
        && client
            .with("x-forwarded-for", "203.0.113.200")
            .with_token("nonsense")
            .get("/api/info")
            .await
            .status
            == 401
}

#[tokio::test]
async fn peer_that_is_no_trusted_proxy_is_not_believed() {
    let gateway = gateway(Some("127.0.0.5,10.0.0.0/8")).await;
    for stranger in [gateway.client.clone(), gateway.client.from(6)] {
        assert!(!is_secure(&stranger).await);
        assert!(!counts_for(&stranger, "203.0.113.7").await);
        // The header is as if it was not there, whatever it says.
        let evil = stranger.with("x-forwarded-host", "evil.example");
        evil.with_token(&token_of("ada")).get("/api/info").await.ok();
    }
    let proxy = gateway.client.from(5);
    assert!(is_secure(&proxy).await);
    assert!(counts_for(&proxy, "203.0.113.7, 10.1.2.3").await, "the hop before is a proxy too");
    gateway.stop().await;
}

#[tokio::test]
async fn loopback_is_believed_unless_it_is_told_otherwise() {
    let gateway = gateway(None).await;
    assert!(is_secure(&gateway.client).await && is_secure(&gateway.client.from(7)).await);
    assert!(counts_for(&gateway.client, "203.0.113.7").await);
    gateway.stop().await;
    let gateway = self::gateway(Some("none")).await;
    assert!(!is_secure(&gateway.client).await);
    gateway.stop().await;
}

#[tokio::test]
async fn forwarded_host_of_a_trusted_proxy_is_what_pages_come_from() {
    let gateway = gateway(None).await;
    let ada = gateway.client.with_token(&token_of("ada"));
    let proxied = ada.with("x-forwarded-host", "chat.example").with("x-forwarded-proto", "https");
    for host in ["localhost", "backend:1317", "backend.internal"] {
        let proxied = proxied.with("host", host);
        proxied.with("origin", "https://chat.example").post_json("/api/sessions", &json!({})).await.ok();
        for foreign in ["https://evil.example", "http://chat.example", "https://localhost"] {
            proxied.with("origin", foreign).post("/api/sessions").await.refused(403, "foreign_origin");
        }
    }
    // A page that was rebound to this machine is a loopback peer, and could send the header.
    for own in ["localhost", "127.0.0.1", "[::1]"] {
        let rebound = ada.with("host", "evil.example").with("x-forwarded-host", own);
        rebound.get("/api/info").await.refused(403, "foreign_host");
    }
    let foreign = ada.with("x-forwarded-host", "evil.example");
    assert!(foreign.get("/api/info").await.refused(403, "foreign_host").contains("evil.example"));
    proxied.with("x-forwarded-host", "chat.example").get("/api/info").await.refused(400, "bad_host");
    gateway.stop().await;
}

#[tokio::test]
async fn refusal_names_a_forwarded_host_that_was_not_believed() {
    let gateway = gateway(Some("10.0.0.0/8")).await;
    let proxied =
        gateway.client.with_token(&token_of("ada")).with("x-forwarded-host", "chat.example").from(9);
    let unknown = proxied.with("host", "backend").get("/api/info").await.refused(403, "foreign_host");
    let known = proxied.with("host", "localhost").with("origin", "https://chat.example");
    let page = known.post("/api/sessions").await.refused(403, "foreign_origin");
    let call = known.post_json("/_fn/home", &json!({})).await.refused(403, "foreign_origin");
    for (error, host) in [(unknown, "\"backend\""), (page, "\"localhost\""), (call, "\"localhost\"")] {
        for part in [host, "\"chat.example\"", "127.0.0.9", "CODEX_GATEWAY_TRUSTED_PROXIES"] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
    gateway.stop().await;
}
