//! `GET /api/info`

use serde_json::{Value, json};

use crate::support::Setup;

#[tokio::test]
async fn info_has_version_settings_and_limits() {
    let setup = Setup::fake("normal")
        .set("CODEX_GATEWAY_MAX_SESSIONS", "3")
        .set("CODEX_GATEWAY_SESSION_TTL_MS", "0")
        .set("CODEX_GATEWAY_SANDBOX", "read-only")
        .set("CODEX_GATEWAY_APPROVALS", "decline");
    let gateway = setup.start().await;
    let info = gateway.client.get("/api/info").await.ok();
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
    // Compiled in; only a release build has it.
    assert_eq!(info["commit"], option_env!("BUILD_COMMIT").map_or(Value::Null, Value::from));
    assert_eq!(
        (&info["codexVersion"], &info["demo"], &info["signIn"]),
        (&json!("0.0.0-fake"), &json!(false), &json!(false))
    );
    assert_eq!(
        (&info["sandbox"], &info["approvalPolicy"], &info["approvals"]),
        (&json!("read-only"), &json!("on-request"), &json!("decline"))
    );
    let limits = &info["limits"];
    assert_eq!((&limits["maxSessions"], &limits["sessionTtlMs"]), (&json!(3), &Value::Null));
    assert_eq!((&limits["parkAfterMs"], &limits["maxBodyBytes"]), (&json!(300_000), &json!(4 * 1024 * 1024)));
    let session = gateway.create().await;
    assert_eq!(session.events("").await.expect("session").await.json()["buildId"], info["buildId"]);
    gateway.stop().await;
}
