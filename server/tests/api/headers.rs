//! Security headers of replies.

use crate::{
    auth,
    support::{Gateway, Reply},
};

#[track_caller]
fn assert_security_headers(reply: &Reply) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    assert!(reply.header("permissions-policy").is_some());
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
    assert!(reply.header("cache-control").is_some_and(|value| matches!(value, "no-store" | "no-cache")));
}

#[tokio::test]
async fn every_reply_has_security_headers() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let client = &gateway.client;
    for path in [
        "/healthz",
        "/readyz",
        "/",
        "/c/x",
        &session.path("/state"),
        "/api/turn",
        "/nothing",
        "/assets/none",
        "/service-worker.js",
    ] {
        assert_security_headers(&client.get(path).await);
    }
    assert_security_headers(&client.send("PUT", "/api/sessions", &[]).await);
    assert_security_headers(&client.with_header("host", "evil.example").get("/").await);
    let events = session.events("").await;
    assert_eq!(events.response.headers["x-content-type-options"], "nosniff");
    assert_eq!(events.response.headers["cache-control"], "no-store");
    gateway.stop().await;
}

#[tokio::test]
async fn sign_in_form_allows_no_scripts() {
    let gateway = auth::gateway_with_auth().await;
    let [first, second] = [gateway.client.get("/").await, gateway.client.get("/").await];
    assert_security_headers(&first);
    let policy = |reply: &Reply| reply.header("content-security-policy").unwrap().to_owned();
    assert!(policy(&first).contains("default-src 'none'; style-src 'nonce-"), "{}", policy(&first));
    assert!(!policy(&first).contains("script-src"), "{}", policy(&first));
    assert_ne!(policy(&first), policy(&second), "each reply has its own nonce");
    let policy = policy(&first);
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(first.text().contains(&format!("<style nonce=\"{nonce}\">")));
    gateway.stop().await;
}
