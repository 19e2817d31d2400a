//! `/api/uploads`, and messages with images.

use std::fs;

use base64::{Engine, prelude::BASE64_STANDARD};
use codex_gateway_mock_openai::{MockServer, Options};
use serde_json::{Value, json};

use crate::{
    auth::{SECRET, token_for},
    support::{Client, Gateway, RecordingProxy, Reply, Setup},
    threads_read::thread_id,
};

/// A PNG of one pixel, base64.
const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

pub(crate) fn one_pixel_png() -> Vec<u8> {
    BASE64_STANDARD.decode(PIXEL).unwrap()
}

pub(crate) async fn send_upload(client: &Client, kind: &str, content: &[u8]) -> Reply {
    client.with_header("content-type", kind).send("POST", "/api/uploads", content).await
}

/// Uploads an image. Returns its id.
pub(crate) async fn upload_image(client: &Client) -> String {
    send_upload(client, "image/png", &one_pixel_png()).await.ok()["id"].as_str().unwrap().to_owned()
}

fn message_with_images(prompt: &str, uploads: &[&str]) -> Value {
    let images: Vec<Value> = uploads.iter().map(|id| json!({ "type": "image", "upload": id })).collect();
    json!({ "prompt": prompt, "input": images })
}

#[tokio::test]
async fn image_type_is_detected_from_content_and_image_is_returned_unchanged() {
    let gateway = Gateway::fake("normal").await;
    // The declared type is ignored, unless it is one that a cross-site page could send.
    for content_type in
        ["image/png", "image/jpeg", "image/anything", "application/octet-stream", "Image/PNG; x=y"]
    {
        let uploaded = send_upload(&gateway.client, content_type, &one_pixel_png()).await.ok();
        let id = uploaded["id"].as_str().unwrap();
        let expected = json!({ "ok": true, "id": id, "kind": "png", "width": 1, "height": 1, "bytes": one_pixel_png().len() });
        assert_eq!(uploaded, expected);
        let image = gateway.client.get(&format!("/api/uploads/{id}")).await;
        assert_eq!((image.status.as_u16(), &image.body), (200, &one_pixel_png()));
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
        reply.expect_error(404, "not_found");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn invalid_image_is_rejected() {
    let gateway = Gateway::fake("normal").await;
    let client = &gateway.client;
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    for (content_type, content) in [
        ("image/png", &b"hello"[..]),
        ("image/svg+xml", svg),
        ("image/png", b"<!doctype html>"),
        ("image/png", b""),
    ] {
        let error = send_upload(client, content_type, content).await.expect_error(415, "no_image");
        assert!(error.contains("PNG, JPEG, GIF or WebP"), "{error}");
    }
    for content_type in [
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/json",
    ] {
        let error = send_upload(client, content_type, &one_pixel_png()).await.expect_error(415, "no_image");
        assert!(error.contains("content-type"), "{error}");
    }
    client.send("POST", "/api/uploads", &one_pixel_png()).await.expect_error(415, "no_image");
    send_upload(client, "image/png", &one_pixel_png()[..50]).await.expect_error(422, "broken_image");
    let mut huge = one_pixel_png();
    huge[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
    huge[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
    send_upload(client, "image/png", &huge).await.expect_error(422, "too_many_pixels");

    // The limit for images is higher than for other bodies.
    let large = |bytes: usize| [&one_pixel_png()[..], &vec![0; bytes - one_pixel_png().len()]].concat();
    let error =
        send_upload(client, "image/png", &large(10 * 1024 * 1024 + 1)).await.expect_error(413, "too_large");
    assert!(error.contains("10 MiB"), "{error}");
    send_upload(client, "image/png", &large(10 * 1024 * 1024)).await.ok();
    assert_eq!(fs::read_dir(gateway.data_dir().join("uploads")).unwrap().count(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn cross_site_page_cannot_upload() {
    let gateway = Gateway::fake("normal").await;
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let foreign = gateway.client.with_header(name, value);
        send_upload(&foreign, "image/png", &one_pixel_png()).await.expect_error(403, "foreign_origin");
    }
    assert!(!gateway.data_dir().join("uploads").exists());
    gateway.stop().await;
}

#[tokio::test]
async fn image_of_another_owner_is_not_found() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET).start().await;
    let [ada, bob] = ["ada", "bob"].map(|sub| gateway.client.with_token(&token_for(sub)));
    send_upload(&gateway.client, "image/png", &one_pixel_png()).await.expect_error(401, "unauthorized");
    // Without a token, a client does not learn which methods the path supports.
    gateway.client.get("/api/uploads").await.expect_error(401, "unauthorized");
    ada.get("/api/uploads").await.expect_error(405, "method_not_allowed");
    let id = upload_image(&ada).await;
    let path = format!("/api/uploads/{id}");
    gateway.client.get(&path).await.expect_error(401, "unauthorized");
    bob.get(&path).await.expect_error(404, "not_found");
    assert_eq!(ada.get(&path).await.body, one_pixel_png());
    gateway.stop().await;
}

#[tokio::test]
async fn images_are_sent_only_to_models_that_support_them() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let client = &gateway.client;
    let id = upload_image(client).await;
    let path = session.path("/turn");
    let blind =
        json!({ "prompt": "Look", "model": "fake-blind", "input": [{ "type": "image", "upload": id }] });
    let error = client.post_json(&path, &blind).await.expect_error(422, "no_images");
    assert!(error.contains("fake-blind"), "{error}");
    client
        .post_json(&path, &message_with_images("Look", &[id.as_str(); 9]))
        .await
        .expect_error(400, "too_many_images");
    client
        .post_json(&path, &message_with_images("Look", &["nothing"]))
        .await
        .expect_error(400, "no_such_upload");
    assert!(gateway.fake_codex().received().is_empty(), "no message reaches codex");

    let mut events = session.subscribe().await;
    client.post_json(&path, &message_with_images("", &[&id])).await.ok();
    events.rest_of_turn().await;
    let file = gateway.data_dir().canonicalize().unwrap().join("uploads").join(&id);
    let received = gateway.fake_codex().received();
    assert_eq!(received[0]["params"]["input"], json!([{ "type": "localImage", "path": file }]));

    // Images are refused as well if an earlier turn has selected such a model.
    let choose = json!({ "prompt": "Now you", "model": "fake-blind" });
    client.post_json(&path, &choose).await.ok();
    events.rest_of_turn().await;
    client.post_json(&path, &message_with_images("Look", &[&id])).await.expect_error(422, "no_images");
    gateway.stop().await;
}

#[tokio::test]
async fn queued_image_is_checked_against_the_model_when_it_is_sent() {
    let gateway = Gateway::fake("waits").await;
    let session = gateway.create().await;
    let id = upload_image(&gateway.client).await;
    let path = session.path("/turn");
    let mut events = session.subscribe().await;
    session.start_turn("first").await;
    events.notification("turn/started").await;
    let mut message = message_with_images("Look", &[&id]);
    message["whenBusy"] = json!("queue");
    gateway.client.post_json(&path, &message).await.ok();
    let choose = json!({ "prompt": "Now you", "model": "fake-blind", "whenBusy": "steer" });
    gateway.client.post_json(&path, &choose).await.ok();
    gateway.fake_codex().release_turn().await;
    let failed =
        events.find(|event| event.name == "queue" && event.json()["items"][0]["error"].is_string()).await;
    let error = failed.json()["items"][0]["error"].clone();
    assert!(error.as_str().unwrap().contains("fake-blind takes no images"), "{error}");
    assert_eq!(gateway.fake_codex().received().len(), 2, "the message with the image is not sent");
    gateway.stop().await;
}

#[tokio::test]
async fn image_is_deleted_with_its_conversation() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let [used, unused] = [upload_image(&gateway.client).await, upload_image(&gateway.client).await];
    let mut events = session.subscribe().await;
    gateway.client.post_json(&session.path("/turn"), &message_with_images("Look", &[&used])).await.ok();
    events.rest_of_turn().await;
    session.delete().await;
    let path = |id: &str| format!("/api/uploads/{id}");
    assert_eq!(gateway.client.get(&path(&used)).await.status, 200, "the image is kept with its thread");
    gateway.client.post_json("/_fn/remove", &json!({ "thread": thread_id(&session) })).await.ok();
    gateway.client.get(&path(&used)).await.expect_error(404, "not_found");
    assert_eq!(gateway.client.get(&path(&unused)).await.status, 200);
    gateway.stop().await;
}

#[tokio::test]
async fn real_codex_sends_the_image_to_the_model() {
    let mock_server = MockServer::start(Options::default()).await.unwrap();
    let upstream = RecordingProxy::start(mock_server.base_url()).await;
    let mut gateway = Setup::upstream(&upstream.base_url()).start().await;
    let session = gateway.create().await;
    let id = upload_image(&gateway.client).await;
    let mut events = session.subscribe().await;
    gateway.client.post_json(&session.path("/turn"), &message_with_images("What is it?", &[&id])).await.ok();
    let turn = events.rest_of_turn().await;
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");
    let model_input = upstream.recorded();
    assert!(
        model_input.contains("data:image/png;base64,") && !model_input.contains("could not be processed")
    );
    let path_of = |message: &Value| message["content"][1]["path"].as_str().unwrap().to_owned();
    let user = turn.iter().find(|event| event.is_notification("item/completed")).unwrap().json();
    assert!(path_of(&user["params"]["item"]).ends_with(&format!("/uploads/{id}")), "{user}");

    // The history has the same path, also after a restart.
    gateway.restart().await;
    let thread = gateway.client.get(&format!("/api/threads/{}", thread_id(&session))).await.ok();
    let first = &thread["thread"]["turns"][0]["items"][0];
    assert!(path_of(first).ends_with(&format!("/uploads/{id}")), "{first}");
    assert_eq!(gateway.client.get(&format!("/api/uploads/{id}")).await.body, one_pixel_png());
    gateway.stop().await;
}
