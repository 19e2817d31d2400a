//! Signing in and out with a browser.

use jsonwebtoken::Algorithm;
use serde_json::json;

use crate::{
    auth::{SECRET, gateway_with_auth, hours_from_now, sign, token_for},
    support::{Client, Gateway, Reply, Setup},
};

/// Returns the cookie that a reply sets: `name=value`, and the complete header.
fn cookie(reply: &Reply) -> (String, String) {
    let all = reply.header("set-cookie").unwrap().to_owned();
    (all.split(';').next().unwrap().to_owned(), all)
}

/// Signs in. Returns a client with the cookie, as a browser sends it.
pub(crate) async fn sign_in(gateway: &Gateway, sub: &str) -> Client {
    let reply = gateway.client.post_form("/sign-in", &format!("token={}&to=/", token_for(sub))).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    gateway.client.with_header("cookie", &format!("theme=dark; {}", cookie(&reply).0))
}

#[tokio::test]
async fn page_without_sign_in_is_a_sign_in_form() {
    let gateway = gateway_with_auth().await;
    for path in ["/", "/c/some-conversation?x=1"] {
        let reply = gateway.client.get(path).await;
        assert_eq!((reply.status.as_u16(), reply.header("www-authenticate")), (401, Some("Bearer")));
        assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
        let html = reply.text();
        assert!(
            html.contains("action=\"/sign-in\"") && html.contains(&format!("value=\"{path}\"")),
            "{html}"
        );
        assert!(!html.contains("<script") && !html.contains("http-equiv"), "{html}");
    }
    let bad = gateway.client.with_token("nonsense").get("/").await;
    assert!(bad.status == 401 && bad.text().contains("<form"));
    let chinese = gateway.client.with_header("accept-language", "zh-CN").get("/").await;
    assert!(chinese.text().contains("访问令牌"));
    let dark = gateway.client.with_header("cookie", "theme=dark; lang=zh-CN").get("/").await.text();
    assert!(dark.contains("data-theme=\"dark\"") && dark.contains("访问令牌"), "{dark}");
    gateway.stop().await;
}

#[tokio::test]
async fn sign_in_exchanges_token_for_cookie() {
    let gateway = gateway_with_auth().await;
    let reply = gateway.client.post_form("/sign-in", &format!("token={}&to=/c/x", token_for("ada"))).await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (303, Some("/c/x")), "{}", reply.text());
    let (pair, all) = cookie(&reply);
    assert!(pair.starts_with("codex-gateway=") && pair.len() > 50, "{pair}");
    for part in ["; Path=/", "; HttpOnly", "; SameSite=Strict", "; Max-Age=3"] {
        assert!(all.contains(part), "{all}");
    }
    assert!(!all.contains("Secure") && !all.contains(&token_for("ada")[..30]), "{all}");

    let ada = gateway.client.with_header("cookie", &pair);
    let session = gateway.create_with(&ada, &json!({})).await;
    session.run_turn("Hello").await;
    let page = ada.get(&format!("/c/{}", session.id)).await;
    assert_ne!(page.status, 401);
    // The cookie stands for the owner of its token.
    gateway.client.with_token(&token_for("ada")).get(&session.path("/state")).await.ok();
    let bob = sign_in(&gateway, "bob").await;
    bob.get(&session.path("/state")).await.expect_error(404, "not_found");
    // A token overrides a cookie.
    ada.with_token(&token_for("bob")).get(&session.path("/state")).await.expect_error(404, "not_found");
    ada.with_token("nonsense").get(&session.path("/state")).await.expect_error(401, "unauthorized");
    // Another scheme may belong to a proxy, and is ignored.
    ada.with_header("authorization", "Basic eDp5").get(&session.path("/state")).await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn malformed_cookie_does_not_hide_other_cookies() {
    let gateway = gateway_with_auth().await;
    let reply = gateway.client.post_form("/sign-in", &format!("token={}", token_for("ada"))).await;
    let (pair, _) = cookie(&reply);
    for odd in ["x=é", "codex-gateway=stale", "codex-gateway=", "codex-gateway=é", "x"] {
        let line = format!("{odd}; {pair}; theme=dark; lang=zh-CN");
        let page = gateway.client.with_header("cookie", &line);
        page.get("/api/info").await.ok();
        gateway.client.with_header("cookie", odd).with_header("cookie", &pair).get("/api/info").await.ok();
        let form = gateway
            .client
            .with_header("cookie", &format!("{odd}; theme=dark; lang=zh-CN"))
            .get("/")
            .await
            .text();
        assert!(form.contains("data-theme=\"dark\"") && form.contains("访问令牌"), "{odd}: {form}");
    }
    let out = gateway.client.with_header("cookie", &format!("codex-gateway=é; codex-gateway=stale; {pair}"));
    assert_eq!(out.post("/sign-out").await.status, 303);
    gateway.client.with_header("cookie", &pair).get("/api/info").await.expect_error(401, "unauthorized");
    gateway.stop().await;
}

#[tokio::test]
async fn pasted_token_is_accepted_with_quotes_spaces_and_scheme() {
    let gateway = gateway_with_auth().await;
    for pasted in ["Bearer+{}", "%22{}%22", "+{}%0A", "Authorization%3A+Bearer+{}", "%27Bearer+{}%27"] {
        let form = format!("token={}", pasted.replace("{}", &token_for("ada")));
        assert_eq!(gateway.client.post_form("/sign-in", &form).await.status, 303, "{pasted}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn token_that_is_not_valid_yet_is_reported_as_such() {
    let gateway = gateway_with_auth().await;
    let now = hours_from_now(0);
    let of = |claim: &str, at: i64| {
        sign(Algorithm::HS256, &json!({ "sub": "ada", "exp": hours_from_now(1), claim: at }), SECRET)
    };
    for claim in ["nbf", "iat"] {
        gateway.client.with_token(&of(claim, now + 50)).get("/api/info").await.ok();
        let later = of(claim, now + 600);
        let client = gateway.client.with_token(&later);
        let error = client.get("/api/info").await.expect_error(401, "unauthorized");
        assert!(error.contains("not valid yet"), "{error}");
        let form = gateway.client.post_form("/sign-in", &format!("token={later}")).await;
        assert!(form.status == 401 && form.text().contains("not valid yet"), "{}", form.text());
        assert!(client.get("/").await.text().contains("not valid yet"));
    }
    gateway.stop().await;
}

#[tokio::test]
async fn cookie_over_tls_is_secure_and_bound_to_the_host() {
    let gateway = gateway_with_auth().await;
    let tls = gateway.client.with_header("x-forwarded-proto", "https");
    let reply = tls.post_form("/sign-in", &format!("token={}", token_for("ada"))).await;
    let (pair, all) = cookie(&reply);
    assert!(pair.starts_with("__Host-codex-gateway=") && all.ends_with("; Secure"), "{all}");
    tls.with_header("cookie", &pair).post("/api/sessions").await.ok();
    let plain = pair.replace("__Host-", "");
    tls.with_header("cookie", &plain).post("/api/sessions").await.expect_error(401, "unauthorized");
    gateway.stop().await;
}

#[tokio::test]
async fn invalid_token_shows_the_form_again() {
    let gateway = gateway_with_auth().await;
    let expired = sign(Algorithm::HS256, &json!({ "exp": hours_from_now(-1) }), SECRET);
    for token in ["", "nonsense-that-is-not-said-again", &expired] {
        let reply = gateway.client.post_form("/sign-in", &format!("token={token}&to=/c/x")).await;
        assert_eq!((reply.status.as_u16(), reply.header("set-cookie")), (401, None));
        let html = reply.text();
        assert!(html.contains("Invalid or expired token") && html.contains("value=\"/c/x\""), "{html}");
        assert!(token.is_empty() || !html.contains(token), "{html}");
    }
    assert!(!gateway.log().contains("not-said-again"));
    let client = &gateway.client;
    client.post_json("/sign-in", &json!({ "token": token_for("ada") })).await.expect_error(400, "bad_body");
    client.post_form("/sign-in", "token=a&token=b").await.expect_error(400, "bad_body");
    client
        .post_form("/sign-in", &format!("token={}", "x".repeat(1024 * 1024)))
        .await
        .expect_error(413, "too_large");
    let foreign = client.with_header("origin", "http://evil.example");
    foreign
        .post_form("/sign-in", &format!("token={}", token_for("ada")))
        .await
        .expect_error(403, "foreign_origin");
    gateway.stop().await;
}

#[tokio::test]
async fn sign_in_redirects_only_to_own_pages() {
    let gateway = gateway_with_auth().await;
    for to in
        ["//evil.example", "/%5Cevil.example", "https://evil.example", "/%09/evil.example", "/%0d%0ax:y", ""]
    {
        let reply =
            gateway.client.post_form("/sign-in", &format!("token={}&to={to}", token_for("ada"))).await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (303, Some("/")), "{to}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn sign_out_ends_the_cookie_and_its_streams() {
    let gateway = gateway_with_auth().await;
    let [here, there] = [sign_in(&gateway, "ada").await, sign_in(&gateway, "ada").await];
    let session = gateway.create_with(&here, &json!({})).await;
    let mut streams = Vec::new();
    for client in [&here, &there] {
        let mut events = session.events_with("", client).await;
        events.expect("session").await;
        events.expect("state").await;
        streams.push(events);
    }
    here.with_header("origin", "http://evil.example")
        .post("/sign-out")
        .await
        .expect_error(403, "foreign_origin");
    let reply = here.post_form("/sign-out", "").await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (303, Some("/")));
    assert!(cookie(&reply).1.contains("Max-Age=0"));
    assert_eq!(streams[0].next().await, None, "signing out ends the stream");
    here.get(&session.path("/state")).await.expect_error(401, "unauthorized");
    // The other browser stays signed in.
    there.get(&session.path("/state")).await.ok();
    session.client.with_token(&token_for("ada")).get(&session.path("/state")).await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn cookie_expires_with_its_token() {
    let gateway = gateway_with_auth().await;
    let session = gateway.create_with(&gateway.client.with_token(&token_for("ada")), &json!({})).await;
    let token = sign(Algorithm::HS256, &json!({ "sub": "ada", "exp": hours_from_now(0) + 3 }), SECRET);
    let reply = gateway.client.post_form("/sign-in", &format!("token={token}")).await;
    let ada = gateway.client.with_header("cookie", &cookie(&reply).0);
    let mut events = session.events_with("", &ada).await;
    events.expect("session").await;
    events.expect("state").await;
    assert_eq!(events.next().await, None, "the stream ends when the token expires");
    ada.get(&session.path("/state")).await.expect_error(401, "unauthorized");
    gateway.stop().await;
}

#[tokio::test]
async fn cross_site_link_reloads_before_it_shows_the_form() {
    let gateway = gateway_with_auth().await;
    let link =
        gateway.client.with_header("sec-fetch-mode", "navigate").with_header("sec-fetch-dest", "document");
    let foreign = link.with_header("sec-fetch-site", "cross-site").get("/").await;
    assert!(foreign.status == 401 && foreign.text().contains("http-equiv=\"refresh\""));
    let own = link.with_header("sec-fetch-site", "same-origin").get("/").await;
    assert!(own.status == 401 && !own.text().contains("http-equiv"));
    gateway.stop().await;
}

#[tokio::test]
async fn sign_in_redirects_when_authentication_is_disabled() {
    let gateway = Setup::fake("normal").start().await;
    let reply = gateway.client.post_form("/sign-in", "token=x&to=/c/x").await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (303, Some("/c/x")));
    assert_eq!(reply.header("set-cookie"), None);
    assert_eq!(gateway.client.get("/sign-in").await.header("location"), Some("/"));
    gateway.stop().await;
}

#[tokio::test]
async fn sign_in_survives_a_restart() {
    let mut gateway = gateway_with_auth().await;
    let [mut ada, mut bob] = [sign_in(&gateway, "ada").await, sign_in(&gateway, "bob").await];
    let session = gateway.create_with(&ada, &json!({})).await;
    bob.post_form("/sign-out", "").await;

    gateway.kill_and_restart().await;
    for client in [&mut ada, &mut bob] {
        *client = client.with_address_of(&gateway.client);
    }
    ada.get(&session.path("/state")).await.ok();
    bob.get("/api/sessions").await.expect_error(401, "unauthorized");
    ada.post_form("/sign-out", "").await;
    gateway.restart().await;
    ada.with_address_of(&gateway.client).get(&session.path("/state")).await.expect_error(401, "unauthorized");
    gateway.stop().await;
}
