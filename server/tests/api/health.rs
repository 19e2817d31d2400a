//! `/healthz` and `/readyz`.

use serde_json::json;

use crate::support::{Gateway, Setup};

#[tokio::test]
async fn started_gateway_is_healthy() {
    let gateway = Gateway::fake("normal").await;
    let health = gateway.client.get("/healthz").await.ok();
    assert_eq!(health["ok"], true);
    assert!(health["uptimeSeconds"].is_u64(), "{health}");
    gateway.stop().await;
}

#[tokio::test]
async fn readiness_counts_active_sessions() {
    let gateway = Gateway::fake("normal").await;
    assert_eq!(gateway.client.get("/readyz").await.ok(), json!({ "ok": true, "activeSessions": 0 }));
    let session = gateway.create().await;
    assert_eq!(gateway.client.get("/readyz").await.ok(), json!({ "ok": true, "activeSessions": 1 }));
    session.delete().await;
    assert_eq!(gateway.client.get("/readyz").await.ok(), json!({ "ok": true, "activeSessions": 0 }));
    gateway.stop().await;
}

#[tokio::test]
async fn gateway_is_not_ready_while_codex_cannot_run() {
    let gateway = Gateway::fake("version-fails").await;
    let reply = gateway.client.get("/readyz").await;
    assert_eq!(reply.status, 503);
    let body = reply.json();
    assert_eq!(body["ok"], false);
    let error = body["error"].as_str().unwrap();
    assert!(error.contains("fake/codex --version ended with exit status: 127"), "{error}");
    assert_eq!(gateway.client.get("/healthz").await.status, 200);

    gateway.fake_codex().set_mode("normal");
    assert_eq!(gateway.client.get("/readyz").await.status, 200);
    gateway.stop().await;
}

#[tokio::test]
async fn health_command_reports_the_health_of_the_gateway() {
    let gateway = Gateway::fake("normal").await;
    let port = gateway.client.port().to_string();
    let ask = |host| Setup::fake("normal").set("CODEX_GATEWAY_HOST", host).set("CODEX_GATEWAY_PORT", &port);
    for host in ["127.0.0.1", "0.0.0.0"] {
        let (succeeded, printed, stderr) = ask(host).run(&["health"]).await;
        assert!(succeeded && printed.is_empty() && stderr.is_empty(), "{printed}{stderr}");
    }
    gateway.stop().await;
    let (succeeded, _, stderr) = ask("127.0.0.1").run(&["health"]).await;
    assert!(!succeeded && stderr.contains(&format!("nothing answers at 127.0.0.1:{port}")), "{stderr}");
}

#[tokio::test]
async fn version_flag_prints_version_and_codex_version() {
    let (succeeded, printed, _) = Setup::fake("normal").run(&["--version"]).await;
    assert!(
        succeeded && printed.starts_with(concat!("codex-gateway ", env!("CARGO_PKG_VERSION"), "\n")),
        "{printed}"
    );
    assert!(printed.lines().any(|line| line.starts_with("made for codex ")), "{printed}");
    let (succeeded, printed, _) = Setup::fake("normal").run(&["-V"]).await;
    assert!(succeeded && printed == concat!("codex-gateway ", env!("CARGO_PKG_VERSION"), "\n"), "{printed}");
}
