//! A gateway below a path of its host, behind a proxy that removes the path and one that does not.

use serde_json::json;

use crate::{
    auth::{SECRET, token_of},
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

/// The addresses of the gateway's own in a document, whether they are in attributes or in scripts.
fn addresses(html: &str) -> Vec<&str> {
    const OWN: [&str; 6] = ["/assets/", "/pkg/", "/service-worker.js", "/sign-out", "/c/", "/t/"];
    let is_own = |text: &str| text == "/" || OWN.iter().any(|part| text.contains(part));
    let quoted = html.split(['"', '\'']);
    quoted
        .filter(|text| text.starts_with('/') && !text.contains(char::is_whitespace) && is_own(text))
        .collect()
}

#[tokio::test]
async fn paths_are_answered_with_and_without_the_base() {
    let gateway = gateway().await;
    let ada = gateway.client.with_token(&token_of("ada"));
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
        let token = token_of("ada");
        let stream = path(&session.path(&format!("/events?wait=0&access_token={token}")));
        assert_eq!(gateway.client.get(&stream).await.status, 200);
        assert_eq!(ada.post_json(&path("/_fn/home"), &json!({})).await.status, 200);
    }
    let base = gateway.client.get(BASE).await;
    assert_eq!((base.status.as_u16(), base.header("location")), (307, Some("/codex/")));
    ada.get("/codexes/").await.refused(404, "not_found");
    ada.get("/codex/codex/").await.refused(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn what_leads_elsewhere_leads_below_the_base() {
    let gateway = gateway().await;
    let ada = gateway.client.with_token(&token_of("ada"));
    for prefix in ["", BASE] {
        let path = |rest: &str| format!("{prefix}{rest}");
        let form = gateway.client.get(&path("/c/x?y=1")).await.text();
        assert!(form.contains("action=\"/codex/sign-in\"") && form.contains("value=\"/c/x?y=1\""), "{form}");
        assert!(form.contains("href=\"/codex/assets/favicon.svg\""), "{form}");
        let sent = format!("token={}&to=/c/x?y=1", token_of("ada"));
        let reply = gateway.client.post_form(&path("/sign-in"), &sent).await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (303, Some("/codex/c/x?y=1")));
        let cookie = reply.header("set-cookie").unwrap().to_owned();
        assert!(cookie.contains("; Path=/codex; "), "{cookie}");
        let signed_in: Client = gateway.client.with("cookie", cookie.split(';').next().unwrap());
        signed_in.get(&path("/api/info")).await.ok();
        let out = signed_in.post(&path("/sign-out")).await;
        assert_eq!(out.header("location"), Some("/codex/"));
        assert!(out.header("set-cookie").unwrap().contains("; Path=/codex; "));
        signed_in.get(&path("/api/info")).await.refused(401, "unauthorized");
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
async fn page_of_an_expired_session_leads_to_its_thread_below_the_base() {
    let gateway = setup()
        .set("CODEX_GATEWAY_SESSION_TTL_MS", "1500")
        .set("CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS", "20")
        .start()
        .await;
    let ada = gateway.client.with_token(&token_of("ada"));
    let session = gateway.create_with(&ada, &json!({})).await;
    let mut events = session.live().await;
    session.start_turn("Hello").await;
    let thread = session.state().await["threadId"].as_str().unwrap().to_owned();
    events.find(|event| event.name == "session-closed").await;
    for prefix in ["", BASE] {
        let leads = ada.get(&format!("{prefix}/c/{}", session.id)).await;
        assert_eq!(leads.header("location"), Some(&*format!("/codex/t/{thread}")), "{}", leads.text());
    }
    gateway.stop().await;
}

#[tokio::test]
async fn without_a_base_path_nothing_says_so() {
    let gateway = Setup::fake("normal").with_pages().set("CODEX_GATEWAY_BASE_PATH", "").start().await;
    let page = gateway.client.get("/").await.text();
    assert!(!page.contains("data-base") && page.contains("href=\"/assets/favicon.svg\""), "{page}");
    gateway.client.get("/codex/").await.refused(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn bad_base_path_stops_the_start_and_check_tells_a_good_one() {
    for (bad, why) in [("codex", "/codex"), ("/api", "/api"), ("/a/../b", "a path such as /codex")] {
        let (good, _, error) =
            Setup::fake("normal").set("CODEX_GATEWAY_BASE_PATH", bad).run(&["check"]).await;
        assert!(!good && error.contains("CODEX_GATEWAY_BASE_PATH") && error.contains(why), "{error}");
    }
    let (good, printed, _) =
        Setup::fake("normal").set("CODEX_GATEWAY_BASE_PATH", "/codex").run(&["check"]).await;
    assert!(good && printed.contains("pages and API are below /codex/"), "{printed}");
}
