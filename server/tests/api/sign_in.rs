//! Signing in with a browser, and out.

use jsonwebtoken::Algorithm;
use serde_json::json;

use crate::{
    auth::{SECRET, gateway, hours_from_now, sign, token_of},
    support::{Client, Gateway, Reply, Setup},
};

/// The cookie that a reply sets: its name and value, and all of the header.
fn cookie(reply: &Reply) -> (String, String) {
    let all = reply.header("set-cookie").unwrap().to_owned();
    (all.split(';').next().unwrap().to_owned(), all)
}

/// Somebody who has signed in.
pub(crate) async fn signed_in(gateway: &Gateway, sub: &str) -> Client {
    let reply = gateway.client.post_form("/sign-in", &format!("token={}&to=/", token_of(sub))).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    gateway.client.with("cookie", &format!("theme=dark; {}", cookie(&reply).0))
}

#[tokio::test]
async fn a_page_without_a_token_is_a_form_for_one() {
    let gateway = gateway().await;
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
    let chinese = gateway.client.with("accept-language", "zh-CN").get("/").await;
    assert!(chinese.text().contains("访问令牌"));
    let dark = gateway.client.with("cookie", "theme=dark; lang=zh-CN").get("/").await.text();
    assert!(dark.contains("data-theme=\"dark\"") && dark.contains("访问令牌"), "{dark}");
    gateway.stop().await;
}

#[tokio::test]
async fn a_token_becomes_a_cookie() {
    let gateway = gateway().await;
    let reply = gateway.client.post_form("/sign-in", &format!("token={}&to=/c/x", token_of("ada"))).await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (303, Some("/c/x")), "{}", reply.text());
    let (pair, all) = cookie(&reply);
    assert!(pair.starts_with("codex-gateway=") && pair.len() > 50, "{pair}");
    for part in ["; Path=/", "; HttpOnly", "; SameSite=Strict", "; Max-Age=3"] {
        assert!(all.contains(part), "{all}");
    }
    assert!(!all.contains("Secure") && !all.contains(&token_of("ada")[..30]), "{all}");

    let ada = gateway.client.with("cookie", &pair);
    let session = gateway.create_with(&ada, &json!({})).await;
    session.turn("Hello").await;
    let page = ada.get(&format!("/c/{}", session.id)).await;
    assert_ne!(page.status, 401);
    // It is the same owner as with the token itself, and nobody else.
    gateway.client.with_token(&token_of("ada")).get(&session.path("/state")).await.ok();
    let bob = signed_in(&gateway, "bob").await;
    bob.get(&session.path("/state")).await.refused(404, "not_found");
    // A token decides before a cookie does.
    ada.with_token(&token_of("bob")).get(&session.path("/state")).await.refused(404, "not_found");
    ada.with_token("nonsense").get(&session.path("/state")).await.refused(401, "unauthorized");
    // Another scheme is a proxy's before us.
    ada.with("authorization", "Basic eDp5").get(&session.path("/state")).await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn odd_cookie_hides_neither_the_sign_in_nor_a_preference() {
    let gateway = gateway().await;
    let reply = gateway.client.post_form("/sign-in", &format!("token={}", token_of("ada"))).await;
    let (pair, _) = cookie(&reply);
    for odd in ["x=é", "codex-gateway=stale", "codex-gateway=", "codex-gateway=é", "x"] {
        let line = format!("{odd}; {pair}; theme=dark; lang=zh-CN");
        let page = gateway.client.with("cookie", &line);
        page.get("/api/info").await.ok();
        gateway.client.with("cookie", odd).with("cookie", &pair).get("/api/info").await.ok();
        let form =
            gateway.client.with("cookie", &format!("{odd}; theme=dark; lang=zh-CN")).get("/").await.text();
        assert!(form.contains("data-theme=\"dark\"") && form.contains("访问令牌"), "{odd}: {form}");
    }
    let out = gateway.client.with("cookie", &format!("codex-gateway=é; codex-gateway=stale; {pair}"));
    assert_eq!(out.post("/sign-out").await.status, 303);
    gateway.client.with("cookie", &pair).get("/api/info").await.refused(401, "unauthorized");
    gateway.stop().await;
}

#[tokio::test]
async fn token_is_understood_as_it_was_pasted() {
    let gateway = gateway().await;
    for pasted in ["Bearer+{}", "%22{}%22", "+{}%0A", "Authorization%3A+Bearer+{}", "%27Bearer+{}%27"] {
        let form = format!("token={}", pasted.replace("{}", &token_of("ada")));
        assert_eq!(gateway.client.post_form("/sign-in", &form).await.status, 303, "{pasted}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn token_for_later_is_told_so() {
    let gateway = gateway().await;
    let now = hours_from_now(0);
    let of = |claim: &str, at: i64| {
        sign(Algorithm::HS256, &json!({ "sub": "ada", "exp": hours_from_now(1), claim: at }), SECRET)
    };
    for claim in ["nbf", "iat"] {
        gateway.client.with_token(&of(claim, now + 50)).get("/api/info").await.ok();
        let later = of(claim, now + 600);
        let client = gateway.client.with_token(&later);
        let error = client.get("/api/info").await.refused(401, "unauthorized");
        assert!(error.contains("not valid yet"), "{error}");
        let form = gateway.client.post_form("/sign-in", &format!("token={later}")).await;
        assert!(form.status == 401 && form.text().contains("not valid yet"), "{}", form.text());
        assert!(client.get("/").await.text().contains("not valid yet"));
    }
    gateway.stop().await;
}

#[tokio::test]
async fn over_tls_the_cookie_is_for_this_host_alone() {
    let gateway = gateway().await;
    let tls = gateway.client.with("x-forwarded-proto", "https");
    let reply = tls.post_form("/sign-in", &format!("token={}", token_of("ada"))).await;
    let (pair, all) = cookie(&reply);
    assert!(pair.starts_with("__Host-codex-gateway=") && all.ends_with("; Secure"), "{all}");
    tls.with("cookie", &pair).post("/api/sessions").await.ok();
    let plain = pair.replace("__Host-", "");
    tls.with("cookie", &plain).post("/api/sessions").await.refused(401, "unauthorized");
    gateway.stop().await;
}

#[tokio::test]
async fn a_bad_token_gets_the_form_again() {
    let gateway = gateway().await;
    let expired = sign(Algorithm::HS256, &json!({ "exp": hours_from_now(-1) }), SECRET);
    for token in ["", "nonsense-that-is-not-said-again", &expired] {
        let reply = gateway.client.post_form("/sign-in", &format!("token={token}&to=/c/x")).await;
        assert_eq!((reply.status.as_u16(), reply.header("set-cookie")), (401, None));
        let html = reply.text();
        assert!(html.contains("not valid, or not any more") && html.contains("value=\"/c/x\""), "{html}");
        assert!(token.is_empty() || !html.contains(token), "{html}");
    }
    assert!(!gateway.log().contains("not-said-again"));
    let client = &gateway.client;
    client.post_json("/sign-in", &json!({ "token": token_of("ada") })).await.refused(400, "bad_body");
    client.post_form("/sign-in", "token=a&token=b").await.refused(400, "bad_body");
    client
        .post_form("/sign-in", &format!("token={}", "x".repeat(1024 * 1024)))
        .await
        .refused(413, "too_large");
    let foreign = client.with("origin", "http://evil.example");
    foreign.post_form("/sign-in", &format!("token={}", token_of("ada"))).await.refused(403, "foreign_origin");
    gateway.stop().await;
}

#[tokio::test]
async fn one_goes_on_to_pages_of_ours_only() {
    let gateway = gateway().await;
    for to in
        ["//evil.example", "/%5Cevil.example", "https://evil.example", "/%09/evil.example", "/%0d%0ax:y", ""]
    {
        let reply = gateway.client.post_form("/sign-in", &format!("token={}&to={to}", token_of("ada"))).await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (303, Some("/")), "{to}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn signing_out_ends_the_cookie_and_its_streams() {
    let gateway = gateway().await;
    let [here, there] = [signed_in(&gateway, "ada").await, signed_in(&gateway, "ada").await];
    let session = gateway.create_with(&here, &json!({})).await;
    let mut streams = Vec::new();
    for client in [&here, &there] {
        let mut events = session.events_with("", client).await;
        events.expect("session").await;
        events.expect("state").await;
        streams.push(events);
    }
    here.with("origin", "http://evil.example").post("/sign-out").await.refused(403, "foreign_origin");
    let reply = here.post_form("/sign-out", "").await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (303, Some("/")));
    assert!(cookie(&reply).1.contains("Max-Age=0"));
    assert_eq!(streams[0].next().await, None, "the stream ends with its cookie");
    here.get(&session.path("/state")).await.refused(401, "unauthorized");
    // The other browser stays.
    there.get(&session.path("/state")).await.ok();
    session.client.with_token(&token_of("ada")).get(&session.path("/state")).await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn a_cookie_ends_with_its_token() {
    let gateway = gateway().await;
    let session = gateway.create_with(&gateway.client.with_token(&token_of("ada")), &json!({})).await;
    let token = sign(Algorithm::HS256, &json!({ "sub": "ada", "exp": hours_from_now(0) + 3 }), SECRET);
    let reply = gateway.client.post_form("/sign-in", &format!("token={token}")).await;
    let ada = gateway.client.with("cookie", &cookie(&reply).0);
    let mut events = session.events_with("", &ada).await;
    events.expect("session").await;
    events.expect("state").await;
    assert_eq!(events.next().await, None, "the stream ends when the token does");
    ada.get(&session.path("/state")).await.refused(401, "unauthorized");
    gateway.stop().await;
}

#[tokio::test]
async fn who_follows_a_link_of_another_site_is_asked_only_if_need_be() {
    let gateway = gateway().await;
    let link = gateway.client.with("sec-fetch-mode", "navigate").with("sec-fetch-dest", "document");
    let foreign = link.with("sec-fetch-site", "cross-site").get("/").await;
    assert!(foreign.status == 401 && foreign.text().contains("http-equiv=\"refresh\""));
    let own = link.with("sec-fetch-site", "same-origin").get("/").await;
    assert!(own.status == 401 && !own.text().contains("http-equiv"));
    gateway.stop().await;
}

#[tokio::test]
async fn where_nobody_signs_in_there_is_nothing_to_sign_in_to() {
    let gateway = Setup::fake("normal").start().await;
    let reply = gateway.client.post_form("/sign-in", "token=x&to=/c/x").await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (303, Some("/c/x")));
    assert_eq!(reply.header("set-cookie"), None);
    assert_eq!(gateway.client.get("/sign-in").await.header("location"), Some("/"));
    gateway.stop().await;
}

#[tokio::test]
async fn who_has_signed_in_need_not_do_so_again_after_a_restart() {
    let mut gateway = gateway().await;
    let [mut ada, mut bob] = [signed_in(&gateway, "ada").await, signed_in(&gateway, "bob").await];
    let session = gateway.create_with(&ada, &json!({})).await;
    bob.post_form("/sign-out", "").await;

    gateway.kill_and_start().await;
    for client in [&mut ada, &mut bob] {
        *client = client.at(&gateway.client);
    }
    ada.get(&session.path("/state")).await.ok();
    bob.get("/api/sessions").await.refused(401, "unauthorized");
    ada.post_form("/sign-out", "").await;
    gateway.restart().await;
    ada.at(&gateway.client).get(&session.path("/state")).await.refused(401, "unauthorized");
    gateway.stop().await;
}
