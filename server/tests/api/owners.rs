//! Every route and server function, with two owners: resources of one are not found by the other.
//!
//! The routes are read from the source of the router, so that none is missing.

use std::{collections::BTreeSet, fs};

use codex_gateway::router;
use codex_gateway_app::PAGES;
use leptos::server_fn::axum::server_fn_paths;
use serde_json::{Value, json};

use crate::{
    auth::{SECRET, token_for},
    rules::create_rule,
    support::{Client, Gateway, Reply, Session, Setup},
    threads_read::thread_id,
    uploads::upload_image,
};

/// Source of the router.
const ROUTER: &str = include_str!("../../src/router.rs");
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Resources of the owner Ada.
struct Owned {
    session: Session,
    thread: String,
    request: Value,
    /// Id of a queued message.
    item: String,
    /// Id of an uploaded image.
    upload: String,
    rule: String,
}

impl Owned {
    /// Returns a path of the router with Ada's ids as parameters.
    fn path(&self, pattern: &str) -> String {
        let id = match pattern {
            _ if pattern.starts_with("/api/threads") => &self.thread,
            _ if pattern.starts_with("/api/uploads") => &self.upload,
            _ if pattern.starts_with("/api/rules") => &self.rule,
            _ => &self.session.id,
        };
        let request = self.request["id"].as_str().unwrap();
        pattern
            .replace("{id}", id)
            .replace("{request}", request)
            .replace("{item}", &self.item)
            .replace("{*rest}", "x")
            .replace("{*name}", "x")
    }

    /// Asserts that a reply reveals none of Ada's resources.
    #[track_caller]
    fn assert_not_in(&self, reply: &Reply, what: &str) {
        let text = reply.text();
        for secret in [
            &self.session.id,
            &self.thread,
            &self.item,
            &self.upload,
            &self.rule,
            "Adas secret",
            self.request["id"].as_str().unwrap(),
            "cargo test",
        ] {
            assert!(!text.contains(secret), "{what}: {secret} is in {text}");
        }
    }
}

async fn gateway() -> (Gateway, Client, Client) {
    let setup = Setup::fake("asks-together").set("CODEX_GATEWAY_JWT_SECRET", SECRET);
    // Pages need the browser files.
    let site = setup.path("site");
    fs::create_dir_all(site.join("pkg")).unwrap();
    fs::write(site.join("pkg/codex-gateway.wasm"), "").unwrap();
    let gateway = setup.set("CODEX_GATEWAY_SITE_DIR", &site).start().await;
    let [ada, bob] = clients(&gateway);
    (gateway, ada, bob)
}

fn clients(gateway: &Gateway) -> [Client; 2] {
    ["ada", "bob"].map(|name| gateway.client.with_token(&token_for(name)))
}

/// Creates a dormant session of Ada's: the gateway is restarted afterwards.
async fn dormant_session(gateway: &mut Gateway) -> Session {
    let [ada, _] = clients(gateway);
    gateway.fake_codex().set_mode("normal");
    let session = gateway.create_with(&ada, &json!({})).await;
    session.run_turn("Adas secret").await;
    gateway.restart().await;
    gateway.fake_codex().set_mode("asks-together");
    let [client, _] = clients(gateway);
    Session { client, id: session.id.clone(), reply: session.reply.clone() }
}

/// Creates a session with a running turn, pending requests and a queued message, and further resources.
async fn owned_by(gateway: &Gateway, ada: &Client) -> Owned {
    let rule = create_rule(gateway, ada).await;
    gateway.fake_codex().set_mode("asks-together");
    let session = gateway.create_with(ada, &json!({ "approvals": "ask" })).await;
    let mut events = session.subscribe().await;
    session.start_turn("Adas secret").await;
    let request = events.find(|event| event.name == "request").await.json();
    let thread = thread_id(&session);
    let next = json!({ "prompt": "Adas secret too", "whenBusy": "queue" });
    let queued = ada.post_json(&session.path("/turn"), &next).await.ok();
    let item = queued["queueItemId"].as_str().unwrap().to_owned();
    let upload = upload_image(ada).await;
    Owned { session, thread, request, item, upload, rule }
}

/// Returns all paths of the router, documented or not.
fn routes() -> BTreeSet<String> {
    let described = router::document()["paths"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let others = ROUTER.split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
    described.into_iter().chain(others).collect()
}

#[tokio::test]
async fn resources_of_another_owner_are_not_found_on_any_route() {
    let (mut gateway, ..) = gateway().await;
    let stored = dormant_session(&mut gateway).await;
    let [ada, bob] = clients(&gateway);
    let owned = owned_by(&gateway, &ada).await;
    let routes = routes();
    assert!(routes.len() > 20 && routes.contains("/api/sessions/{id}/requests/{request}"), "{routes:?}");
    let of_stored = |pattern: &str| {
        let thread = thread_id(&stored);
        owned.path(
            &pattern.replace("{id}", if pattern.starts_with("/api/threads") { &thread } else { &stored.id }),
        )
    };
    let patterns = || routes.iter().map(String::as_str).chain(PAGES);
    let with_id = patterns().filter(|pattern| {
        let of_session = ["/api/uploads", "/api/rules"].iter().all(|other| !pattern.starts_with(other));
        pattern.contains("{id}") && of_session
    });
    let paths = patterns().map(|pattern| (pattern, owned.path(pattern), owned.thread.clone()));
    let paths = paths.chain(with_id.map(|pattern| (pattern, of_stored(pattern), thread_id(&stored))));
    for (pattern, path, thread) in paths {
        for method in METHODS {
            let bodies = [
                json!({
                    "prompt": "x", "threadId": thread, "resumeThreadId": thread, "name": "x",
                    "beforeTurnId": "x", "target": { "type": "uncommittedChanges" },
                }),
                json!({ "decision": "accept" }),
            ];
            for body in bodies {
                let what = format!("{method} {pattern}");
                let json = bob.with_header("content-type", "application/json");
                // With an unread body, the server may close before the client has read a long reply.
                let body_sent = if method == "GET" { String::new() } else { body.to_string() };
                let reply = json.send(method, &path, body_sent.as_bytes()).await;
                owned.assert_not_in(&reply, &what);
                assert!(!reply.text().contains(&stored.id), "{what}");
                if pattern.contains("{id}") {
                    assert!(matches!(reply.status.as_u16(), 404 | 405), "{what}: {}", reply.status);
                }
                if pattern == "/api/sessions" && body["resumeThreadId"].is_string() && method == "POST" {
                    reply.expect_error(404, "not_found");
                }
            }
        }
    }
    assert_unchanged(&owned).await;
    assert_eq!(stored.state().await["transcript"][0]["text"], "Adas secret");
    gateway.stop().await;
}

#[tokio::test]
async fn resources_of_another_owner_are_not_found_by_any_server_function() {
    let (gateway, ada, bob) = gateway().await;
    let owned = owned_by(&gateway, &ada).await;
    let paths: BTreeSet<String> = server_fn_paths().map(|(path, _)| path.to_owned()).collect();
    assert!(paths.len() >= 6 && paths.contains("/_fn/answer"), "{paths:?}");
    for path in &paths {
        // The fields of all functions. Unknown ones are ignored.
        let of_thread = ["/_fn/thread", "/_fn/resume"].contains(&path.as_str());
        let actions: &[&str] =
            if path == "/_fn/act" { &["fork", "compact", "review", "archive", "unarchive"] } else { &[""] };
        for action in actions {
            let body = json!({
                "id": if of_thread { &owned.thread } else { &owned.session.id }, "thread": owned.thread,
                "name": "x", "search": "", "words": "Adas", "cursor": null, "before": null,
                "request": owned.request["id"], "answer": { "decision": "accept" },
                "turn": { "prompt": "x" }, "item": owned.item, "change": "remove", "action": action, "about": "x",
                "query": "x", "sources": ["rust\nfn a() {}"], "path": "", "trust": "untrusted",
            });
            let mut body = body;
            match path.as_str() {
                "/_fn/revoke" => body["id"] = json!(owned.rule),
                "/_fn/fork-and-send" => body["turn"]["replacesTurnId"] = json!("x"),
                _ => {}
            }
            let reply = bob.post_json(path, &body).await;
            owned.assert_not_in(&reply, path);
            let own = ["home", "start", "conversations", "highlight", "rules", "project", "trust"]
                .contains(&path.trim_start_matches("/_fn/"));
            assert_eq!(
                reply.status.as_u16(),
                if own { 200 } else { 404 },
                "{path} {action}: {}",
                reply.text()
            );
        }
    }
    assert_unchanged(&owned).await;
    gateway.stop().await;
}

#[tokio::test]
async fn own_resources_are_found() {
    let (gateway, ada, _) = gateway().await;
    let owned = owned_by(&gateway, &ada).await;
    assert_eq!(ada.get(&owned.path("/c/{id}")).await.status, 200);
    assert!(ada.get(&owned.path("/c/{id}")).await.text().contains("Adas secret"));
    ada.get(&owned.path("/api/threads/{id}")).await.ok();
    ada.post_json(&owned.path("/api/sessions/{id}/requests/{request}"), &json!({ "decision": "decline" }))
        .await
        .ok();
    let home = ada.post_json("/_fn/home", &json!({})).await;
    assert!(home.text().contains(&owned.session.id), "{}", home.text());
    gateway.stop().await;
}

/// Asserts that Ada's resources are unchanged.
async fn assert_unchanged(owned: &Owned) {
    let state = owned.session.state().await;
    assert_eq!((&state["activeTurn"], &state["ready"]), (&json!(true), &json!(true)));
    assert_eq!(state["pendingRequests"].as_array().unwrap().len(), 5);
    assert_eq!(state["threadId"], json!(owned.thread));
    assert_eq!(state["queue"][0]["id"], json!(owned.item));
    let path = format!("/api/uploads/{}", owned.upload);
    assert_eq!(owned.session.client.get(&path).await.status, 200);
    let rules = owned.session.client.get("/api/rules").await.ok();
    assert_eq!(rules["rules"][0]["id"], json!(owned.rule));
}

#[tokio::test]
async fn image_of_another_owner_cannot_be_sent() {
    let (gateway, ada, bob) = gateway().await;
    let owned = owned_by(&gateway, &ada).await;
    let session = gateway.create_with(&bob, &json!({})).await;
    let body = json!({ "prompt": "Look", "input": [{ "type": "image", "upload": owned.upload }] });
    bob.post_json(&session.path("/turn"), &body).await.expect_error(400, "no_such_upload");
    let none = json!({ "prompt": "Look", "input": [{ "type": "image", "upload": "nothing" }] });
    bob.post_json(&session.path("/turn"), &none).await.expect_error(400, "no_such_upload");
    assert_eq!(session.state().await["activeTurn"], false);
    gateway.stop().await;
}

#[tokio::test]
async fn server_function_rejects_invalid_body() {
    let (gateway, ada, _) = gateway().await;
    for body in [json!({}), json!([]), json!({ "id": 7 })] {
        let reply = ada.post_json("/_fn/snapshot", &body).await;
        assert_eq!(
            (reply.status.as_u16(), &reply.json()["code"]),
            (400, &json!("bad_body")),
            "{}",
            reply.text()
        );
    }
    gateway.stop().await;
}
