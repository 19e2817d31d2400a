//! Allowed host names, and cross-site requests.

use crate::support::{Gateway, Setup};

#[tokio::test]
async fn foreign_host_is_rejected_on_every_path() {
    let gateway =
        Setup::fake("normal").set("CODEX_GATEWAY_ALLOWED_HOSTS", "chat.example, two.example").start().await;
    let session = gateway.create().await;
    for own in ["localhost", "127.0.0.1:1", "chat.example", "two.example:443", "Chat.Example"] {
        gateway.client.with_header("host", own).get(&session.path("/state")).await.ok();
    }
    let foreign = gateway.client.with_header("host", "evil.example");
    for path in
        [&session.path("/state"), &session.path("/events"), "/readyz", "/", "/api/turn", "/no/such/path"]
    {
        let error = foreign.get(path).await.expect_error(403, "foreign_host");
        assert!(error.contains("evil.example") && error.contains("CODEX_GATEWAY_ALLOWED_HOSTS"), "{error}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn hosts_are_compared_without_case_and_default_port() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_ALLOWED_HOSTS", "ex.org").start().await;
    let of = |host, origin| gateway.client.with_header("host", host).with_header("origin", origin);
    for (host, origin) in [
        ("ex.org:443", "https://ex.org"),
        ("ex.org:80", "http://ex.org"),
        ("EX.org", "https://ex.org"),
        ("ex.org", "https://ex.org:443"),
        ("ex.org:444", "https://ex.org:444"),
    ] {
        of(host, origin).post("/api/sessions").await.ok();
    }
    for (host, origin) in
        [("ex.org", "https://ex.org:444"), ("ex.org:80", "https://ex.org"), ("ex.org:444", "https://ex.org")]
    {
        let error = of(host, origin).post("/api/sessions").await.expect_error(403, "foreign_origin");
        assert!(error.contains(&format!("{host:?}")) && error.contains(origin), "{error}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn request_with_different_hosts_is_rejected() {
    let gateway = Gateway::fake("normal").await;
    let own = gateway.client.with_header("host", "localhost");
    own.with_header("host", "localhost").get("/api/turn").await.expect_error(400, "bad_host");
    own.with_header("host", "evil.example").get("/api/turn").await.expect_error(400, "bad_host");
    // The host of an absolute request target counts as well.
    own.get("http://localhost/api/turn").await.expect_error(410, "gone");
    own.get("http://evil.example/api/turn").await.expect_error(400, "bad_host");
    gateway
        .client
        .with_header("host", "evil.example")
        .get("http://localhost/")
        .await
        .expect_error(400, "bad_host");
    gateway
        .client
        .with_header("host", "evil.example")
        .get("http://evil.example/")
        .await
        .expect_error(403, "foreign_host");
    gateway.stop().await;
}

#[tokio::test]
async fn cross_site_page_can_only_link() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let site = gateway.client.with_header("sec-fetch-site", "cross-site");
    let link = site.with_header("sec-fetch-mode", "navigate").with_header("sec-fetch-dest", "document");
    assert_ne!(link.get("/").await.status, 403);
    let frame = site.with_header("sec-fetch-mode", "navigate").with_header("sec-fetch-dest", "iframe");
    let stream = site.with_header("sec-fetch-mode", "cors").with_header("origin", "http://evil.example");
    let image = site.with_header("sec-fetch-mode", "no-cors").with_header("sec-fetch-dest", "image");
    for page in [frame, stream, image, gateway.client.with_header("origin", "null")] {
        for path in
            [&session.path("/events?interactive=1"), &session.path("/state"), "/", "/assets/favicon.svg"]
        {
            page.get(path).await.expect_error(403, "foreign_origin");
        }
    }
    gateway.stop().await;
}

#[tokio::test]
async fn body_without_json_content_type_is_rejected_on_every_route() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let prompt = "{\"prompt\":\"Hello\",\"id\":\"a\"}";
    for path in [
        "/api/sessions",
        &session.path("/turn"),
        &session.path("/turn/interrupt"),
        &session.path("/thread/new"),
        "/_fn/start",
        "/_fn/send",
        "/_fn/home",
    ] {
        for kind in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", ""]
        {
            let client = gateway.client.with_header("content-type", kind);
            client.send("POST", path, prompt.as_bytes()).await.expect_error(400, "bad_body");
        }
        gateway.client.send("POST", path, prompt.as_bytes()).await.expect_error(400, "bad_body");
    }
    assert_eq!(session.state().await["transcript"].as_array().unwrap().len(), 0, "no request has an effect");
    gateway.stop().await;
}

#[tokio::test]
async fn cross_site_page_cannot_change_anything() {
    let gateway = Gateway::fake("normal").await;
    let client = gateway.client.with_header("host", "localhost:1317");
    let session = gateway.create().await;
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("origin", "http://localhost:1318"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let page = client.with_header(name, value);
        page.post("/api/sessions").await.expect_error(403, "foreign_origin");
        page.delete(&session.path("")).await.expect_error(403, "foreign_origin");
        page.post(&session.path("/turn/interrupt")).await.expect_error(403, "foreign_origin");
    }
    client.with_header("origin", "http://localhost:1317").post("/api/sessions").await.ok();
    session.state().await;
    gateway.stop().await;
}
