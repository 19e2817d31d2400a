//! A walk through everything that the gateway answers to, with two owners: what is the one's does not exist for
//! the other. Routes are read from the router itself, so that none is forgotten.

use std::{collections::BTreeSet, fs};

use codex_gateway::router;
use codex_gateway_app::PAGES;
use leptos::server_fn::axum::server_fn_paths;
use serde_json::{Value, json};

use crate::{
    auth::{SECRET, token_of},
    rules::rule_of,
    support::{Client, Gateway, Reply, Session, Setup},
    threads_read::thread_of,
    uploads::upload,
};

/// The table of contents, as it is written.
const ROUTER: &str = include_str!("../../src/router.rs");
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// What is Ada's.
struct Hers {
    session: Session,
    thread: String,
    request: Value,
    /// A message that waits.
    item: String,
    /// An image.
    upload: String,
    rule: String,
}

impl Hers {
    /// A path of the router, filled in with what is hers.
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

    /// Nothing of hers is in a reply.
    #[track_caller]
    fn is_not_in(&self, reply: &Reply, what: &str) {
        let text = reply.text();
        for hers in [
            &self.session.id,
            &self.thread,
            &self.item,
            &self.upload,
            &self.rule,
            "Adas secret",
            self.request["id"].as_str().unwrap(),
            "cargo test",
        ] {
            assert!(!text.contains(hers), "{what}: {hers} is in {text}");
        }
    }
}

async fn gateway() -> (Gateway, Client, Client) {
    let setup = Setup::fake("asks-together").set("CODEX_GATEWAY_JWT_SECRET", SECRET);
    // Pages are shown once the browser files are there.
    let site = setup.path("site");
    fs::create_dir_all(site.join("pkg")).unwrap();
    fs::write(site.join("pkg/codex-gateway.wasm"), "").unwrap();
    let gateway = setup.set("CODEX_GATEWAY_SITE_DIR", &site).start().await;
    let [ada, bob] = both(&gateway);
    (gateway, ada, bob)
}

fn both(gateway: &Gateway) -> [Client; 2] {
    ["ada", "bob"].map(|name| gateway.client.with_token(&token_of(name)))
}

/// A session of hers that is nowhere but in the store: the gateway was restarted since.
async fn stored(gateway: &mut Gateway) -> Session {
    let [ada, _] = both(gateway);
    gateway.codex().set_mode("normal");
    let session = gateway.create_with(&ada, &json!({})).await;
    session.turn("Adas secret").await;
    gateway.restart().await;
    gateway.codex().set_mode("asks-together");
    let [client, _] = both(gateway);
    Session { client, id: session.id.clone(), reply: session.reply.clone() }
}

/// A session in the middle of a turn, in which something waits for her.
async fn hers(gateway: &Gateway, ada: &Client) -> Hers {
    let rule = rule_of(gateway, ada).await;
    gateway.codex().set_mode("asks-together");
    let session = gateway.create_with(ada, &json!({ "approvals": "ask" })).await;
    let mut events = session.live().await;
    session.start_turn("Adas secret").await;
    let request = events.find(|event| event.name == "request").await.json();
    let thread = thread_of(&session);
    let next = json!({ "prompt": "Adas secret too", "whenBusy": "queue" });
    let queued = ada.post_json(&session.path("/turn"), &next).await.ok();
    let item = queued["queueItemId"].as_str().unwrap().to_owned();
    let upload = upload(ada).await;
    Hers { session, thread, request, item, upload, rule }
}

/// The paths in the router: those that are described, and the others.
fn routes() -> BTreeSet<String> {
    let described = router::document()["paths"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let others = ROUTER.split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
    described.into_iter().chain(others).collect()
}

#[tokio::test]
async fn nothing_of_one_owner_exists_for_another_on_any_route() {
    let (mut gateway, ..) = gateway().await;
    let stored = stored(&mut gateway).await;
    let [ada, bob] = both(&gateway);
    let hers = hers(&gateway, &ada).await;
    let routes = routes();
    assert!(routes.len() > 20 && routes.contains("/api/sessions/{id}/requests/{request}"), "{routes:?}");
    let of_stored = |pattern: &str| {
        let thread = thread_of(&stored);
        hers.path(
            &pattern.replace("{id}", if pattern.starts_with("/api/threads") { &thread } else { &stored.id }),
        )
    };
    let patterns = || routes.iter().map(String::as_str).chain(PAGES);
    let with_id = patterns().filter(|pattern| {
        let of_session = ["/api/uploads", "/api/rules"].iter().all(|other| !pattern.starts_with(other));
        pattern.contains("{id}") && of_session
    });
    let paths = patterns().map(|pattern| (pattern, hers.path(pattern), hers.thread.clone()));
    let paths = paths.chain(with_id.map(|pattern| (pattern, of_stored(pattern), thread_of(&stored))));
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
                let json = bob.with("content-type", "application/json");
                // Who leaves a body unread may close before the other end has read a long reply.
                let body_sent = if method == "GET" { String::new() } else { body.to_string() };
                let reply = json.send(method, &path, body_sent.as_bytes()).await;
                hers.is_not_in(&reply, &what);
                assert!(!reply.text().contains(&stored.id), "{what}");
                if pattern.contains("{id}") {
                    assert!(matches!(reply.status.as_u16(), 404 | 405), "{what}: {}", reply.status);
                }
                if pattern == "/api/sessions" && body["resumeThreadId"].is_string() && method == "POST" {
                    reply.refused(404, "not_found");
                }
            }
        }
    }
    unharmed(&hers).await;
    assert_eq!(stored.state().await["transcript"][0]["text"], "Adas secret");
    gateway.stop().await;
}

#[tokio::test]
async fn nothing_of_one_owner_exists_for_another_in_any_server_function() {
    let (gateway, ada, bob) = gateway().await;
    let hers = hers(&gateway, &ada).await;
    let paths: BTreeSet<String> = server_fn_paths().map(|(path, _)| path.to_owned()).collect();
    assert!(paths.len() >= 6 && paths.contains("/_fn/answer"), "{paths:?}");
    for path in &paths {
        // Whatever a function takes is in here; what it does not take it leaves out.
        let of_thread = ["/_fn/thread", "/_fn/resume"].contains(&path.as_str());
        let actions: &[&str] =
            if path == "/_fn/act" { &["fork", "compact", "review", "archive", "unarchive"] } else { &[""] };
        for action in actions {
            let body = json!({
                "id": if of_thread { &hers.thread } else { &hers.session.id }, "thread": hers.thread,
                "name": "x", "search": "", "words": "Adas", "cursor": null, "before": null,
                "request": hers.request["id"], "answer": { "decision": "accept" },
                "turn": { "prompt": "x" }, "item": hers.item, "change": "remove", "action": action, "about": "x",
                "query": "x", "sources": ["rust\nfn a() {}"], "path": "", "trust": "untrusted",
            });
            let mut body = body;
            match path.as_str() {
                "/_fn/revoke" => body["id"] = json!(hers.rule),
                "/_fn/fork-and-send" => body["turn"]["replacesTurnId"] = json!("x"),
                _ => {}
            }
            let reply = bob.post_json(path, &body).await;
            hers.is_not_in(&reply, path);
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
    unharmed(&hers).await;
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_ones_own_is_there() {
    let (gateway, ada, _) = gateway().await;
    let hers = hers(&gateway, &ada).await;
    assert_eq!(ada.get(&hers.path("/c/{id}")).await.status, 200);
    assert!(ada.get(&hers.path("/c/{id}")).await.text().contains("Adas secret"));
    ada.get(&hers.path("/api/threads/{id}")).await.ok();
    ada.post_json(&hers.path("/api/sessions/{id}/requests/{request}"), &json!({ "decision": "decline" }))
        .await
        .ok();
    let home = ada.post_json("/_fn/home", &json!({})).await;
    assert!(home.text().contains(&hers.session.id), "{}", home.text());
    gateway.stop().await;
}

/// Whatever was tried did nothing to what is hers.
async fn unharmed(hers: &Hers) {
    let state = hers.session.state().await;
    assert_eq!((&state["activeTurn"], &state["ready"]), (&json!(true), &json!(true)));
    assert_eq!(state["pendingRequests"].as_array().unwrap().len(), 5);
    assert_eq!(state["threadId"], json!(hers.thread));
    assert_eq!(state["queue"][0]["id"], json!(hers.item));
    let path = format!("/api/uploads/{}", hers.upload);
    assert_eq!(hers.session.client.get(&path).await.status, 200);
    let rules = hers.session.client.get("/api/rules").await.ok();
    assert_eq!(rules["rules"][0]["id"], json!(hers.rule));
}

#[tokio::test]
async fn nobody_sends_an_image_of_somebody_else() {
    let (gateway, ada, bob) = gateway().await;
    let hers = hers(&gateway, &ada).await;
    let session = gateway.create_with(&bob, &json!({})).await;
    let body = json!({ "prompt": "Look", "input": [{ "type": "image", "upload": hers.upload }] });
    bob.post_json(&session.path("/turn"), &body).await.refused(400, "no_such_upload");
    let none = json!({ "prompt": "Look", "input": [{ "type": "image", "upload": "nothing" }] });
    bob.post_json(&session.path("/turn"), &none).await.refused(400, "no_such_upload");
    assert_eq!(session.state().await["activeTurn"], false);
    gateway.stop().await;
}

#[tokio::test]
async fn a_server_function_says_that_it_was_asked_wrongly() {
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
