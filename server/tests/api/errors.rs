//! What every refusal looks like.

use std::collections::HashSet;

use serde_json::json;

use crate::support::Gateway;

#[tokio::test]
async fn an_error_is_json_with_a_code_and_the_id_of_its_request() {
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
        let error = reply.refused(status, code);
        assert!(!error.is_empty());
        assert_eq!(reply.header("content-type"), Some("application/json"), "{method} {path}");
        let body = reply.json();
        assert_eq!(body.as_object().unwrap().len(), 3, "{body}");
        assert!(ids.insert(body["requestId"].as_str().unwrap().to_owned()), "request ids are not repeated");
    }
    assert!(client.get("/healthz").await.header("x-request-id").is_some(), "good replies have an id too");
    gateway.stop().await;
}

#[tokio::test]
async fn a_body_is_an_object_or_nothing() {
    let gateway = Gateway::fake("normal").await;
    let client = &gateway.client;
    for body in [json!([]), json!([null, null]), json!(7), json!("x"), json!(true)] {
        client.post_json("/api/sessions", &body).await.refused(400, "bad_body");
    }
    client.post_json("/api/sessions", &json!(null)).await.ok();
    let session = gateway.create().await;
    for body in [json!(["Hello"]), json!(null)] {
        client.post_json(&session.path("/turn"), &body).await.refused(400, "bad_body");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_no_http_does_no_harm() {
    let gateway = Gateway::fake("normal").await;
    let client = &gateway.client;
    let long = format!("/api/sessions/{}", "x".repeat(200_000));
    assert!(client.get(&long).await.status.is_client_error());
    assert!(client.with("x-long", &"x".repeat(2_000_000)).get("/healthz").await.status.is_client_error());
    assert!(client.send("BREW", "/api/sessions", &[]).await.status.is_client_error());
    assert!(client.send("GET", "no-slash", &[]).await.status.is_client_error());
    assert!(
        client.with("content-length", "7").send("POST", "/api/sessions", &[]).await.status.is_client_error()
    );
    client.get("/healthz").await.ok();
    gateway.stop().await;
}
