//! What every answer tells the browser about itself.

use crate::{
    auth,
    support::{Gateway, Reply},
};

#[track_caller]
fn is_guarded(reply: &Reply) {
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
async fn every_answer_says_what_may_be_done_with_it() {
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
        is_guarded(&client.get(path).await);
    }
    is_guarded(&client.send("PUT", "/api/sessions", &[]).await);
    is_guarded(&client.with("host", "evil.example").get("/").await);
    let events = session.events("").await;
    assert_eq!(events.response.headers["x-content-type-options"], "nosniff");
    assert_eq!(events.response.headers["cache-control"], "no-store");
    gateway.stop().await;
}

#[tokio::test]
async fn a_form_to_sign_in_runs_nothing() {
    let gateway = auth::gateway().await;
    let [first, second] = [gateway.client.get("/").await, gateway.client.get("/").await];
    is_guarded(&first);
    let policy = |reply: &Reply| reply.header("content-security-policy").unwrap().to_owned();
    assert!(policy(&first).contains("default-src 'none'; style-src 'nonce-"), "{}", policy(&first));
    assert!(!policy(&first).contains("script-src"), "{}", policy(&first));
    assert_ne!(policy(&first), policy(&second), "a nonce is used once");
    let policy = policy(&first);
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(first.text().contains(&format!("<style nonce=\"{nonce}\">")));
    gateway.stop().await;
}
