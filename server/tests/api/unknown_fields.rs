//! Unknown fields and parameters: rejected, or warned about where older clients rely on tolerance.

use serde_json::{Value, json};

use crate::support::{Client, Gateway};

/// Returns the warnings of a reply.
#[track_caller]
fn warnings(reply: &Value) -> Vec<&str> {
    let list = reply["warnings"].as_array().unwrap_or_else(|| panic!("no warnings: {reply}"));
    list.iter().map(|warning| warning.as_str().unwrap()).collect()
}

#[tokio::test]
async fn tolerant_operations_warn_and_apply_the_known_fields() {
    let gateway = Gateway::fake("normal").await;
    let client = &gateway.client;
    let body = json!({ "approval": "decline", "sandbox_mode": "read-only" });
    let created = client.post_json("/api/sessions", &body).await.ok();
    assert_eq!(
        warnings(&created),
        [
            r#"the field "approval" is not known; did you mean "approvals"?"#,
            r#"the field "sandbox_mode" is not known; did you mean "sandbox"?"#,
        ]
    );
    assert_eq!(created["state"]["sandbox"], "workspace-write");

    let session = gateway.create().await;
    assert!(session.reply.get("warnings").is_none(), "a reply without warnings has no such member");
    let turn = json!({ "prompt": "Hello", "wait": true, "outputScheme": {}, "input": [{ "type": "text", "text": "x", "txt": 1 }] });
    let completed = client.post_json(&session.path("/turn"), &turn).await.ok();
    assert_eq!(completed["turn"]["status"], "completed");
    assert_eq!(warnings(&completed).len(), 2);
    assert!(warnings(&completed)[1].contains("outputSchema"), "{completed}");
    for (method, path, named) in [
        ("GET", "/healthz?deep=1", "deep"),
        ("GET", "/readyz?deep=1", "deep"),
        ("GET", &session.path("/state?fields=models"), "fields"),
        ("GET", "/api/threads?sort_key=created_at", "sortKey"),
        ("POST", &session.path("/thread/new?modle=x"), "modle"),
        ("DELETE", &session.path("?force=1"), "force"),
    ] {
        let reply = client.send(method, path, &[]).await.ok();
        assert!(warnings(&reply)[0].contains(named), "{path}: {reply}");
    }
    let many: serde_json::Map<String, Value> = (0..50).map(|n| (format!("unknown{n}"), json!(n))).collect();
    let many = client.post_json("/api/sessions", &many.into()).await.ok();
    assert_eq!(warnings(&many).len(), 11, "the number of warnings is limited");
    gateway.stop().await;
}

#[tokio::test]
async fn stream_has_warnings_in_its_first_event() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let mut events = session.events("?sinse=a:1").await;
    let hello = events.expect("session").await.json();
    assert!(warnings(&hello)[0].contains(r#"did you mean "since"?"#), "{hello}");
    let hello = session.events("?access_token=t").await.expect("session").await.json();
    assert!(hello.get("warnings").is_none(), "{hello}");
    gateway.stop().await;
}

#[tokio::test]
async fn strict_operations_reject_unknown_fields() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    session.run_turn("Hello").await;
    let client = &gateway.client;
    let post = async |path: &str, body: Value| client.post_json(&session.path(path), &body).await;
    for (path, body, named) in [
        ("/thread/name", json!({ "name": "x", "nmae": "y" }), "name"),
        ("/thread/fork", json!({ "lastTurn": "x" }), "lastTurnId"),
        ("/thread/revert", json!({ "before_turn_id": "x" }), "beforeTurnId"),
        ("/thread/compact", json!({ "keep": 1 }), "nothing is taken here"),
        ("/requests/x", json!({ "decison": "accept" }), "decision"),
    ] {
        let error = post(path, body).await.expect_error(400, "bad_body");
        assert!(error.contains(named), "{path}: {error}");
    }
    let thread = session.state().await["threadId"].as_str().unwrap().to_owned();
    let archive = format!("/api/threads/{thread}/archive");
    client.post_json(&archive, &json!({ "force": true })).await.expect_error(400, "bad_body");
    session.run_turn("Hello again").await;
    let trust = json!({ "trust": "trusted", "dir": "/" });
    client.post_json("/api/projects/trust", &trust).await.expect_error(400, "bad_body");
    assert_eq!(client.get("/api/projects").await.ok()["projects"], json!([]));
    let assert_rejected = async |client: &Client, path: &str, named: &str| {
        let error = client.get(path).await.expect_error(400, "bad_query");
        assert!(error.contains(named), "{path}: {error}");
    };
    assert_rejected(client, "/api/sessions?limti=2", "limit").await;
    assert_rejected(client, "/api/info?verbose=1", "nothing is taken here").await;
    assert_rejected(client, &session.path("/items?befor=x"), "before").await;
    assert_rejected(
        &client.with_header("accept", "text/event-stream"),
        "/api/events?interactve=1",
        "interactive",
    )
    .await;
    gateway.stop().await;
}
