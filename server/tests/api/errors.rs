//! The form of error replies.

use std::collections::HashSet;

use serde_json::json;

use crate::support::Gateway;

#[tokio::test]
async fn error_reply_is_json_with_code_and_request_id() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let client = &gateway.client;
    let mut ids = HashSet::new();
    for (method, path, status, code) in [
        ("GET", "/api/sessions/nobody/state", 404, "not_found"),
        ("GET", "/api/nothing/here", 404, "not_found"),
        ("GET", "/api/", 404, "not_found"),
        ("GET", "/nothing", 404, "not_found"),
        ("POST", "/nothing", 404, "not_found"),
        ("PUT", "/api/sessions", 405, "method_not_allowed"),
        ("GET", &session.path("/turn"), 405, "method_not_allowed"),
        ("POST", &session.path(""), 405, "method_not_allowed"),
        ("POST", "/healthz", 405, "method_not_allowed"),
        ("GET", "/api/turn", 410, "gone"),
        ("POST", &session.path("/turn"), 400, "bad_body"),
        ("POST", &session.path("/turn/interrupt"), 409, "no_active_turn"),
        ("GET", &session.path("/events?events=nonsense"), 400, "bad_query"),
        ("GET", &session.path("/events?events=state&events=session"), 400, "bad_query"),
    ] {
        let reply = client.send(method, path, &[]).await;
        let error = reply.expect_error(status, code);
        assert!(!error.is_empty());
        assert_eq!(reply.header("content-type"), Some("application/json"), "{method} {path}");
        let body = reply.json();
        assert_eq!(body.as_object().unwrap().len(), 3, "{body}");
        assert!(ids.insert(body["requestId"].as_str().unwrap().to_owned()), "request ids are unique");
    }
    assert!(
        client.get("/healthz").await.header("x-request-id").is_some(),
        "successful replies have an id as well"
    );
    gateway.stop().await;
}

#[tokio::test]
async fn body_that_is_not_an_object_is_rejected() {
    let gateway = Gateway::fake("normal").await;
    let client = &gateway.client;
    for body in [json!([]), json!([null, null]), json!(7), json!("x"), json!(true)] {
        client.post_json("/api/sessions", &body).await.expect_error(400, "bad_body");
    }
    client.post_json("/api/sessions", &json!(null)).await.ok();
    let session = gateway.create().await;
    for body in [json!(["Hello"]), json!(null)] {
        client.post_json(&session.path("/turn"), &body).await.expect_error(400, "bad_body");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn malformed_http_request_is_rejected() {
    let gateway = Gateway::fake("normal").await;
    let client = &gateway.client;
    let long = format!("/api/sessions/{}", "x".repeat(200_000));
    assert!(client.get(&long).await.status.is_client_error());
    assert!(
        client.with_header("x-long", &"x".repeat(2_000_000)).get("/healthz").await.status.is_client_error()
    );
    assert!(client.send("BREW", "/api/sessions", &[]).await.status.is_client_error());
    assert!(client.send("GET", "no-slash", &[]).await.status.is_client_error());
    assert!(
        client
            .with_header("content-length", "7")
            .send("POST", "/api/sessions", &[])
            .await
            .status
            .is_client_error()
    );
    client.get("/healthz").await.ok();
    gateway.stop().await;
}
