//! `CODEX_GATEWAY_BASE_PATH`, behind a proxy that strips the path and one that does not.

use serde_json::json;

use crate::{
    auth::{SECRET, token_for},
    support::{Client, Gateway, Setup},
};

const BASE: &str = "/codex";

fn setup() -> Setup {
    let setup = Setup::fake("normal").with_pages().set("CODEX_GATEWAY_BASE_PATH", "/codex/");
    setup.set("CODEX_GATEWAY_JWT_SECRET", SECRET)
}

async fn gateway() -> Gateway {
    setup().start().await
}

/// Returns the gateway's own paths in a document, from attributes and scripts.
fn addresses(html: &str) -> Vec<&str> {
    const OWN: [&str; 6] = ["/assets/", "/pkg/", "/service-worker.js", "/sign-out", "/c/", "/t/"];
    let is_own = |text: &str| text == "/" || OWN.iter().any(|part| text.contains(part));
    let quoted = html.split(['"', '\'']);
    quoted
        .filter(|text| text.starts_with('/') && !text.contains(char::is_whitespace) && is_own(text))
        .collect()
}

#[tokio::test]
async fn paths_are_served_with_and_without_base_path() {
    let gateway = gateway().await;
    let ada = gateway.client.with_token(&token_for("ada"));
    let session = gateway.create_with(&ada, &json!({})).await;
    for prefix in ["", BASE] {
        let path = |rest: &str| format!("{prefix}{rest}");
        ada.get(&path("/healthz")).await.ok();
        ada.get(&path(&session.path("/state"))).await.ok();
        ada.get(&path("/service-worker.js")).await;
        for page in ["/", &format!("/c/{}", session.id)] {
            let page = ada.get(&path(page)).await;
            assert_eq!(page.status, 200);
            let page = page.text();
            assert!(page.contains("data-base=\"/codex\""), "{page}");
            let all = addresses(&page);
            assert!(all.len() > 5, "{all:?}");
            for address in all {
                assert!(address.starts_with("/codex/"), "{address}");
            }
        }
        let token = token_for("ada");
        let stream = path(&session.path(&format!("/events?wait=0&access_token={token}")));
        assert_eq!(gateway.client.get(&stream).await.status, 200);
        assert_eq!(ada.post_json(&path("/_fn/home"), &json!({})).await.status, 200);
    }
    let base = gateway.client.get(BASE).await;
    assert_eq!((base.status.as_u16(), base.header("location")), (307, Some("/codex/")));
    ada.get("/codexes/").await.expect_error(404, "not_found");
    ada.get("/codex/codex/").await.expect_error(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn links_and_redirects_stay_below_base_path() {
    let gateway = gateway().await;
    let ada = gateway.client.with_token(&token_for("ada"));
    for prefix in ["", BASE] {
        let path = |rest: &str| format!("{prefix}{rest}");
        let form = gateway.client.get(&path("/c/x?y=1")).await.text();
        assert!(form.contains("action=\"/codex/sign-in\"") && form.contains("value=\"/c/x?y=1\""), "{form}");
        assert!(form.contains("href=\"/codex/assets/favicon.svg\""), "{form}");
        let sent = format!("token={}&to=/c/x?y=1", token_for("ada"));
        let reply = gateway.client.post_form(&path("/sign-in"), &sent).await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (303, Some("/codex/c/x?y=1")));
        let cookie = reply.header("set-cookie").unwrap().to_owned();
        assert!(cookie.contains("; Path=/codex; "), "{cookie}");
        let signed_in: Client = gateway.client.with_header("cookie", cookie.split(';').next().unwrap());
        signed_in.get(&path("/api/info")).await.ok();
        let out = signed_in.post(&path("/sign-out")).await;
        assert_eq!(out.header("location"), Some("/codex/"));
        assert!(out.header("set-cookie").unwrap().contains("; Path=/codex; "));
        signed_in.get(&path("/api/info")).await.expect_error(401, "unauthorized");
        assert_eq!(gateway.client.get(&path("/sign-in")).await.header("location"), Some("/codex/"));

        let document = ada.get(&path("/api/openapi.json")).await.ok();
        assert_eq!(document["servers"], json!([{ "url": "/codex" }]));
        let docs = ada.get(&path("/api/docs")).await.text();
        assert!(docs.contains("href=\"openapi.json\"") && docs.contains("href=\"../\""));
        let worker = gateway.client.get(&path("/service-worker.js")).await.text();
        assert!(worker.contains("\"/codex/assets/icon-192.png\""), "{worker}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn page_of_expired_session_redirects_to_thread_below_base_path() {
    let gateway = setup()
        .set("CODEX_GATEWAY_SESSION_TTL_MS", "1500")
        .set("CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS", "20")
        .start()
        .await;
    let ada = gateway.client.with_token(&token_for("ada"));
    let session = gateway.create_with(&ada, &json!({})).await;
    let mut events = session.subscribe().await;
    session.start_turn("Hello").await;
    let thread = session.state().await["threadId"].as_str().unwrap().to_owned();
    events.find(|event| event.name == "session-closed").await;
    for prefix in ["", BASE] {
        let redirect = ada.get(&format!("{prefix}/c/{}", session.id)).await;
        assert_eq!(redirect.header("location"), Some(&*format!("/codex/t/{thread}")), "{}", redirect.text());
    }
    gateway.stop().await;
}

#[tokio::test]
async fn page_without_base_path_has_no_base_attribute() {
    let gateway = Setup::fake("normal").with_pages().set("CODEX_GATEWAY_BASE_PATH", "").start().await;
    let page = gateway.client.get("/").await.text();
    assert!(!page.contains("data-base") && page.contains("href=\"/assets/favicon.svg\""), "{page}");
    gateway.client.get("/codex/").await.expect_error(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn invalid_base_path_prevents_start_and_check_shows_a_valid_one() {
    for (bad, why) in [("codex", "/codex"), ("/api", "/api"), ("/a/../b", "a path such as /codex")] {
        let (good, _, error) =
            Setup::fake("normal").set("CODEX_GATEWAY_BASE_PATH", bad).run(&["check"]).await;
        assert!(!good && error.contains("CODEX_GATEWAY_BASE_PATH") && error.contains(why), "{error}");
    }
    let (good, printed, _) =
        Setup::fake("normal").set("CODEX_GATEWAY_BASE_PATH", "/codex").run(&["check"]).await;
    assert!(good && printed.contains("pages and API are below /codex/"), "{printed}");
}
