//! The log, as the program writes it.

use jsonwebtoken::Algorithm;
use serde_json::json;

use crate::{
    auth::{SECRET, hours_from_now, sign},
    support::Setup,
};

#[tokio::test]
async fn nothing_that_a_client_says_forges_a_line() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET).start().await;
    let forged = "ada\r\n2026-01-01T00:00:00Z  INFO forged: session=x\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m\u{202e}\u{2028}";
    let token = sign(Algorithm::HS256, &json!({ "sub": forged, "exp": hours_from_now(1) }), SECRET);
    let client = gateway.client.with_token(&token);
    let session = gateway.create_with(&client, &json!({})).await;
    client.post_json(&session.path("/thread/name"), &json!({ "name": forged })).await;
    client.get("/api/sessions/%1b%5b2J%0d%0aforged/state").await.refused(404, "not_found");
    client.with("last-event-id", "x\u{7f}").get("/api/info").await;
    session.turn("Hello").await;
    session.delete().await;
    let log = gateway.log();
    assert!(log.contains("session created") && log.contains("owner=\"ada\\r\\n2026"), "{log}");
    assert!(!log.lines().any(|line| line.starts_with("2026-01-01")), "{log}");
    let unseen = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202e}' | '\u{2028}');
    assert!(!log.contains(unseen), "{:?}", log.lines().find(|line| line.contains(unseen)));
    gateway.stop().await;
}
