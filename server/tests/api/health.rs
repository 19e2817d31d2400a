//! `/healthz` and `/readyz`.

use serde_json::json;

use crate::support::{Gateway, Setup};

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

#[tokio::test]
async fn a_program_without_curl_can_ask_too() {
    let gateway = Gateway::fake("normal").await;
    let port = gateway.client.port().to_string();
    let ask = |host| Setup::fake("normal").set("CODEX_GATEWAY_HOST", host).set("CODEX_GATEWAY_PORT", &port);
    for host in ["127.0.0.1", "0.0.0.0"] {
        let (good, printed, said) = ask(host).run(&["health"]).await;
        assert!(good && printed.is_empty() && said.is_empty(), "{printed}{said}");
    }
    gateway.stop().await;
    let (good, _, said) = ask("127.0.0.1").run(&["health"]).await;
    assert!(!good && said.contains(&format!("nothing answers at 127.0.0.1:{port}")), "{said}");
}

#[tokio::test]
async fn the_version_says_what_the_program_is_made_of() {
    let (good, printed, _) = Setup::fake("normal").run(&["--version"]).await;
    assert!(
        good && printed.starts_with(concat!("codex-gateway ", env!("CARGO_PKG_VERSION"), "\n")),
        "{printed}"
    );
    assert!(printed.lines().any(|line| line.starts_with("made for codex ")), "{printed}");
    let (good, printed, _) = Setup::fake("normal").run(&["-V"]).await;
    assert!(good && printed == concat!("codex-gateway ", env!("CARGO_PKG_VERSION"), "\n"), "{printed}");
}
