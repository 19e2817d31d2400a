//! Which names a gateway answers to, and which pages may use it.

use crate::support::{Gateway, Setup};

#[tokio::test]
async fn foreign_names_are_refused_on_every_path() {
    let gateway =
        Setup::fake("normal").set("CODEX_GATEWAY_ALLOWED_HOSTS", "chat.example, two.example").start().await;
    let session = gateway.create().await;
    for own in ["localhost", "127.0.0.1:1", "chat.example", "two.example:443", "Chat.Example"] {
        gateway.client.with("host", own).get(&session.path("/state")).await.ok();
    }
    let foreign = gateway.client.with("host", "evil.example");
    for path in
        [&session.path("/state"), &session.path("/events"), "/readyz", "/", "/api/turn", "/no/such/path"]
    {
        let error = foreign.get(path).await.refused(403, "foreign_host");
        assert!(error.contains("evil.example") && error.contains("CODEX_GATEWAY_ALLOWED_HOSTS"), "{error}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn pages_of_other_sites_cannot_act() {
    let gateway = Gateway::fake("normal").await;
    let client = gateway.client.with("host", "localhost:1317");
    let session = gateway.create().await;
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("origin", "http://localhost:1318"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let page = client.with(name, value);
        page.post("/api/sessions").await.refused(403, "foreign_origin");
        page.delete(&session.path("")).await.refused(403, "foreign_origin");
        page.post(&session.path("/turn/interrupt")).await.refused(403, "foreign_origin");
    }
    client.with("origin", "http://localhost:1317").post("/api/sessions").await.ok();
    session.state().await;
    gateway.stop().await;
}
