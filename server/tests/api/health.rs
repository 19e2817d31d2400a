//! `/healthz` and `/readyz`.

use serde_json::json;

use crate::support::Gateway;

#[tokio::test]
async fn a_gateway_is_healthy_from_its_start() {
    let gateway = Gateway::fake("normal").await;
    let health = gateway.client.get("/healthz").await.ok();
    assert_eq!(health["ok"], true);
    assert!(health["uptimeSeconds"].is_u64(), "{health}");
    gateway.stop().await;
}

#[tokio::test]
async fn readiness_counts_the_live_sessions() {
    let gateway = Gateway::fake("normal").await;
    assert_eq!(gateway.client.get("/readyz").await.ok(), json!({ "ok": true, "activeSessions": 0 }));
    let session = gateway.create().await;
    assert_eq!(gateway.client.get("/readyz").await.ok(), json!({ "ok": true, "activeSessions": 1 }));
    session.delete().await;
    assert_eq!(gateway.client.get("/readyz").await.ok(), json!({ "ok": true, "activeSessions": 0 }));
    gateway.stop().await;
}

#[tokio::test]
async fn a_gateway_whose_codex_cannot_run_is_not_ready_until_it_can() {
    let gateway = Gateway::fake("broken").await;
    let reply = gateway.client.get("/readyz").await;
    assert_eq!(reply.status, 503);
    let body = reply.json();
    assert_eq!(body["ok"], false);
    let error = body["error"].as_str().unwrap();
    assert!(error.contains("fake/codex --version ended with exit status: 127"), "{error}");
    assert_eq!(gateway.client.get("/healthz").await.status, 200);

    gateway.codex().set_mode("normal");
    assert_eq!(gateway.client.get("/readyz").await.status, 200);
    gateway.stop().await;
}
