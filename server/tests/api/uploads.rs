//! `/api/uploads`, and messages that bring images.

use std::fs;

use base64::{Engine, prelude::BASE64_STANDARD};
use codex_gateway_standin::{Options, Standin};
use serde_json::{Value, json};

use crate::{
    auth::{SECRET, token_of},
    support::{Client, Gateway, Recorder, Reply, Setup},
    threads_read::thread_of,
};

/// A PNG of one pixel.
const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

pub(crate) fn pixel() -> Vec<u8> {
    BASE64_STANDARD.decode(PIXEL).unwrap()
}

pub(crate) async fn send(client: &Client, kind: &str, content: &[u8]) -> Reply {
    client.with("content-type", kind).send("POST", "/api/uploads", content).await
}

/// The id of an image that was uploaded.
pub(crate) async fn upload(client: &Client) -> String {
    send(client, "image/png", &pixel()).await.ok()["id"].as_str().unwrap().to_owned()
}

fn looking(prompt: &str, uploads: &[&str]) -> Value {
    let images: Vec<Value> = uploads.iter().map(|id| json!({ "type": "image", "upload": id })).collect();
    json!({ "prompt": prompt, "input": images })
}

#[tokio::test]
async fn an_image_is_known_by_its_content_and_given_back_as_it_was() {
    let gateway = Gateway::fake("normal").await;
    // What the client says of it counts for nothing, as long as it is not what a foreign page could say.
    for said in ["image/png", "image/jpeg", "image/anything", "application/octet-stream", "Image/PNG; x=y"] {
        let uploaded = send(&gateway.client, said, &pixel()).await.ok();
        let id = uploaded["id"].as_str().unwrap();
        let expected =
            json!({ "ok": true, "id": id, "kind": "png", "width": 1, "height": 1, "bytes": pixel().len() });
        assert_eq!(uploaded, expected);
        let image = gateway.client.get(&format!("/api/uploads/{id}")).await;
        assert_eq!((image.status.as_u16(), &image.body), (200, &pixel()));
        for (name, value) in [
            ("content-type", "image/png"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "sandbox; default-src 'none'"),
            ("cache-control", "private, max-age=31536000, immutable"),
        ] {
            assert_eq!(image.header(name), Some(value));
        }
    }
    for nothing in ["nothing", "..%2fgateway.db", "%ff", "00000000-0000-4000-8000-000000000000"] {
        let reply = gateway.client.get(&format!("/api/uploads/{nothing}")).await;
        reply.refused(404, "not_found");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_no_image_is_refused() {
    let gateway = Gateway::fake("normal").await;
    let client = &gateway.client;
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    for (said, content) in [
        ("image/png", &b"hello"[..]),
        ("image/svg+xml", svg),
        ("image/png", b"<!doctype html>"),
        ("image/png", b""),
    ] {
        let error = send(client, said, content).await.refused(415, "no_image");
        assert!(error.contains("PNG, JPEG, GIF or WebP"), "{error}");
    }
    for said in [
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/json",
    ] {
        let error = send(client, said, &pixel()).await.refused(415, "no_image");
        assert!(error.contains("content-type"), "{error}");
    }
    client.send("POST", "/api/uploads", &pixel()).await.refused(415, "no_image");
    send(client, "image/png", &pixel()[..50]).await.refused(422, "broken_image");
    let mut huge = pixel();
    huge[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
    huge[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
    send(client, "image/png", &huge).await.refused(422, "too_many_pixels");

    // An image may be larger than anything else that one may send, but not by much.
    let large = |bytes: usize| [&pixel()[..], &vec![0; bytes - pixel().len()]].concat();
    let error = send(client, "image/png", &large(10 * 1024 * 1024 + 1)).await.refused(413, "too_large");
    assert!(error.contains("10 MiB"), "{error}");
    send(client, "image/png", &large(10 * 1024 * 1024)).await.ok();
    assert_eq!(fs::read_dir(gateway.data_dir().join("uploads")).unwrap().count(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn a_page_of_another_site_cannot_upload() {
    let gateway = Gateway::fake("normal").await;
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let foreign = gateway.client.with(name, value);
        send(&foreign, "image/png", &pixel()).await.refused(403, "foreign_origin");
    }
    assert!(!gateway.data_dir().join("uploads").exists());
    gateway.stop().await;
}

#[tokio::test]
async fn images_are_for_their_owner_alone() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET).start().await;
    let [ada, bob] = ["ada", "bob"].map(|sub| gateway.client.with_token(&token_of(sub)));
    send(&gateway.client, "image/png", &pixel()).await.refused(401, "unauthorized");
    // What the path takes is nobody's business before that.
    gateway.client.get("/api/uploads").await.refused(401, "unauthorized");
    ada.get("/api/uploads").await.refused(405, "method_not_allowed");
    let id = upload(&ada).await;
    let path = format!("/api/uploads/{id}");
    gateway.client.get(&path).await.refused(401, "unauthorized");
    bob.get(&path).await.refused(404, "not_found");
    assert_eq!(ada.get(&path).await.body, pixel());
    gateway.stop().await;
}

#[tokio::test]
async fn a_message_brings_images_if_its_model_takes_them() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let client = &gateway.client;
    let id = upload(client).await;
    let path = session.path("/turn");
    let blind =
        json!({ "prompt": "Look", "model": "fake-blind", "input": [{ "type": "image", "upload": id }] });
    let error = client.post_json(&path, &blind).await.refused(422, "no_images");
    assert!(error.contains("fake-blind"), "{error}");
    client.post_json(&path, &looking("Look", &[id.as_str(); 9])).await.refused(400, "too_many_images");
    client.post_json(&path, &looking("Look", &["nothing"])).await.refused(400, "no_such_upload");
    assert!(gateway.codex().told().is_empty(), "no turn has started");

    let mut events = session.live().await;
    client.post_json(&path, &looking("", &[&id])).await.ok();
    events.turn().await;
    let file = gateway.data_dir().canonicalize().unwrap().join("uploads").join(&id);
    let told = gateway.codex().told();
    assert_eq!(told[0]["params"]["input"], json!([{ "type": "localImage", "path": file }]));

    // A model that takes none cannot be chosen by the way either.
    let choose = json!({ "prompt": "Now you", "model": "fake-blind" });
    client.post_json(&path, &choose).await.ok();
    events.turn().await;
    client.post_json(&path, &looking("Look", &[&id])).await.refused(422, "no_images");
    gateway.stop().await;
}

#[tokio::test]
async fn an_image_that_waits_is_for_the_model_that_is_used_then() {
    let gateway = Gateway::fake("waits").await;
    let session = gateway.create().await;
    let id = upload(&gateway.client).await;
    let path = session.path("/turn");
    let mut events = session.live().await;
    session.start_turn("first").await;
    events.notification("turn/started").await;
    let mut waits = looking("Look", &[&id]);
    waits["whenBusy"] = json!("queue");
    gateway.client.post_json(&path, &waits).await.ok();
    let choose = json!({ "prompt": "Now you", "model": "fake-blind", "whenBusy": "steer" });
    gateway.client.post_json(&path, &choose).await.ok();
    gateway.codex().let_end().await;
    let failed =
        events.find(|event| event.name == "queue" && event.json()["items"][0]["error"].is_string()).await;
    let error = failed.json()["items"][0]["error"].clone();
    assert!(error.as_str().unwrap().contains("fake-blind takes no images"), "{error}");
    assert_eq!(gateway.codex().told().len(), 2, "it was not sent");
    gateway.stop().await;
}

#[tokio::test]
async fn an_image_goes_with_the_conversation_that_has_it() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let [used, unused] = [upload(&gateway.client).await, upload(&gateway.client).await];
    let mut events = session.live().await;
    gateway.client.post_json(&session.path("/turn"), &looking("Look", &[&used])).await.ok();
    events.turn().await;
    session.delete().await;
    let path = |id: &str| format!("/api/uploads/{id}");
    assert_eq!(gateway.client.get(&path(&used)).await.status, 200, "the conversation is there");
    gateway.client.post_json("/_fn/remove", &json!({ "thread": thread_of(&session) })).await.ok();
    gateway.client.get(&path(&used)).await.refused(404, "not_found");
    assert_eq!(gateway.client.get(&path(&unused)).await.status, 200);
    gateway.stop().await;
}

#[tokio::test]
async fn the_real_codex_shows_an_image_to_the_model() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let upstream = Recorder::start(standin.base_url()).await;
    let mut gateway = Setup::upstream(&upstream.base_url()).start().await;
    let session = gateway.create().await;
    let id = upload(&gateway.client).await;
    let mut events = session.live().await;
    gateway.client.post_json(&session.path("/turn"), &looking("What is it?", &[&id])).await.ok();
    let turn = events.turn().await;
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");
    let heard = upstream.heard();
    assert!(heard.contains("data:image/png;base64,") && !heard.contains("could not be processed"));
    let path_of = |message: &Value| message["content"][1]["path"].as_str().unwrap().to_owned();
    let user = turn.iter().find(|event| event.is("item/completed")).unwrap().json();
    assert!(path_of(&user["params"]["item"]).ends_with(&format!("/uploads/{id}")), "{user}");

    // So it is in history, after a restart too.
    gateway.restart().await;
    let thread = gateway.client.get(&format!("/api/threads/{}", thread_of(&session))).await.ok();
    let first = &thread["thread"]["turns"][0]["items"][0];
    assert!(path_of(first).ends_with(&format!("/uploads/{id}")), "{first}");
    assert_eq!(gateway.client.get(&format!("/api/uploads/{id}")).await.body, pixel());
    gateway.stop().await;
}
