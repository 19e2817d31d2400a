//! Tokens, and whose sessions are whose.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::{
    sessions::everything_with,
    support::{Client, Gateway, Setup},
};

pub(crate) const SECRET: &str = "a secret of no fewer than thirty-two bytes";

pub(crate) fn hours_from_now(hours: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap() + hours * 3600
}

pub(crate) fn sign(algorithm: Algorithm, claims: &Value, secret: &str) -> String {
    encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

pub(crate) fn token_of(sub: &str) -> String {
    sign(Algorithm::HS256, &json!({ "sub": sub, "exp": hours_from_now(1) }), SECRET)
}

/// A token that expires at that moment, in Unix seconds.
pub(crate) fn sign_short(sub: &str, exp: u64) -> String {
    sign(Algorithm::HS256, &json!({ "sub": sub, "exp": exp }), SECRET)
}

/// A gateway that wants tokens, and does not mind how many are bad.
pub(crate) async fn gateway() -> Gateway {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET);
    setup.set("CODEX_GATEWAY_RATE_BAD_TOKENS", "0").start().await
}

/// Every path of the API, with the methods that it takes.
async fn all_of_the_api(client: &Client, session: &str) -> Vec<crate::support::Reply> {
    let mut replies = everything_with(client, session).await;
    replies.push(client.post("/api/sessions").await);
    replies.push(client.get("/api/threads").await);
    replies.push(client.get("/api/threads/01a20e10-dd5c-77d0-a855-1d445237cc9e").await);
    for path in ["/api/state", "/api/events", "/api/turn", "/api/thread/new", "/api/no/such/path"] {
        replies.push(client.get(path).await);
        replies.push(client.post(path).await);
    }
    // What a path takes is nobody's business who may not come in.
    replies.push(client.send("PUT", "/api/sessions", &[]).await);
    replies.push(client.delete("/").await);
    replies.push(client.get("/_fn/home").await);
    replies.push(client.post_json("/_fn/home", &json!({})).await);
    replies
}

/// The same token with another algorithm in its header, and no signature.
fn unsigned(algorithm: &str, token: &str) -> String {
    let header = BASE64_URL_SAFE_NO_PAD.encode(json!({ "alg": algorithm, "typ": "JWT" }).to_string());
    format!("{header}.{}.", token.split('.').nth(1).unwrap())
}

/// A token that says RS256, and is signed with the secret as if that were a key for it.
fn rs256(claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&json!({ "alg": "RS256", "typ": "JWT" })), part(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, text.as_bytes()));
    format!("{text}.{signature}")
}

#[tokio::test]
async fn without_a_good_token_nothing_of_the_api_answers() {
    let gateway = gateway().await;
    let ada = gateway.client.with_token(&token_of("ada"));
    let session = gateway.create_with(&ada, &json!({})).await;
    let good = json!({ "sub": "ada", "exp": hours_from_now(1) });
    let bad = [
        gateway.client.clone(),
        gateway.client.with_token(""),
        gateway.client.with_token("nonsense"),
        gateway.client.with_token(&sign(Algorithm::HS256, &good, "another secret")),
        gateway.client.with_token(&sign(Algorithm::HS512, &good, SECRET)),
        gateway.client.with_token(&sign(Algorithm::HS256, &json!({ "sub": "ada" }), SECRET)),
        gateway.client.with_token(&sign(
            Algorithm::HS256,
            &json!({ "sub": "ada", "exp": hours_from_now(-1) }),
            SECRET,
        )),
        gateway.client.with_token(&unsigned("none", &token_of("ada"))),
        gateway.client.with_token(&unsigned("None", &token_of("ada"))),
        gateway.client.with_token(&rs256(&good)),
        gateway.client.with_token(&"x".repeat(40 * 1024)),
        gateway.client.with_token(&token_of("ada")).with_token(&token_of("ada")),
        gateway.client.with("authorization", &format!("Basic {}", token_of("ada"))),
        gateway.client.with("cookie", &format!("token={}", token_of("ada"))),
        gateway.client.with("cookie", &format!("codex-gateway={}", token_of("ada"))),
    ];
    for client in bad {
        for reply in all_of_the_api(&client, &session.id).await {
            reply.refused(401, "unauthorized");
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
        }
        assert_eq!(client.get("/healthz").await.status, 200);
        assert_eq!(client.get("/readyz").await.status, 200);
    }
    assert_eq!(session.state().await["ready"], true, "all of that did nothing");
    assert!(!gateway.log().contains(&token_of("ada")[..40]), "tokens are not logged");
    gateway.stop().await;
}

#[tokio::test]
async fn a_session_of_another_owner_does_not_exist() {
    let gateway = gateway().await;
    let [ada, bob, nobody] = [
        token_of("ada"),
        token_of("bob"),
        sign(Algorithm::HS256, &json!({ "exp": hours_from_now(1) }), SECRET),
    ]
    .map(|token| gateway.client.with_token(&token));
    let session = gateway.create_with(&ada, &json!({})).await;
    for stranger in [bob, nobody] {
        for reply in everything_with(&stranger, &session.id).await {
            reply.refused(404, "not_found");
        }
    }
    session.turn("Hello").await;
    session.delete().await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_token_in_the_query_opens_event_streams_only() {
    let gateway = gateway().await;
    // For ever, as far as any clock goes.
    let token = sign(Algorithm::HS256, &json!({ "sub": "ada", "exp": 1e18 }), SECRET);
    let session = gateway.create_with(&gateway.client.with_token(&token), &json!({})).await;
    for name in ["access_token", "token"] {
        let query = format!("?{name}={token}");
        let mut events = session.events_with(&query, &gateway.client).await;
        events.expect("session").await;
        events.expect("state").await;
        gateway.client.get(&session.path(&format!("/state{query}"))).await.refused(401, "unauthorized");
        let create = gateway.client.post(&format!("/api/sessions{query}")).await;
        create.refused(401, "unauthorized");
        gateway.client.delete(&session.path(&query)).await.refused(401, "unauthorized");
    }
    gateway.client.get(&session.path("/events?token=nonsense")).await.refused(401, "unauthorized");
    assert!(!gateway.log().contains(&token[..40]), "tokens are not logged");
    gateway.stop().await;
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let gateway = gateway().await;
    let session = gateway.create_with(&gateway.client.with_token(&token_of("ada")), &json!({})).await;
    let soon = SystemTime::now() + Duration::from_secs(2);
    let exp = soon.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let short = sign_short("ada", exp);
    let mut events = session.events_with("", &gateway.client.with_token(&short)).await;
    events.expect("session").await;
    events.expect("state").await;
    assert_eq!(events.next().await, None, "the stream ends when its token does");
    gateway.stop().await;
}

#[tokio::test]
async fn a_token_that_is_sent_twice_is_none() {
    let gateway = gateway().await;
    let token = token_of("ada");
    let ada = gateway.client.with_token(&token);
    let session = gateway.create_with(&ada, &json!({})).await;
    let events = |query: &str| session.path(&format!("/events?{query}"));
    ada.get(&events(&format!("token={token}"))).await.refused(401, "unauthorized");
    let twice = events(&format!("token={token}&access_token={token}"));
    gateway.client.get(&twice).await.refused(401, "unauthorized");
    gateway.stop().await;
}

#[tokio::test]
async fn a_megabyte_of_token_is_no_token() {
    let gateway = gateway().await;
    let long = "x".repeat(1024 * 1024);
    assert_eq!(gateway.client.with_token(&long).post("/api/sessions").await.status, 431);
    assert!(
        gateway.client.get(&format!("/api/sessions/a/events?token={long}")).await.status.is_client_error()
    );
    gateway.client.get("/healthz").await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn a_secret_on_the_command_line_is_warned_of() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    // It does not get far, and need not.
    let (_, _, said) = Setup::fake("normal").run(&["--jwt-secret", SECRET, "--port", &port]).await;
    assert!(said.contains("--jwt-secret is on the command line") && !said.contains(SECRET), "{said}");
}

#[tokio::test]
async fn a_short_secret_is_warned_of() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", "short").start().await;
    assert!(gateway.log().contains("CODEX_GATEWAY_JWT_SECRET is shorter than 32 bytes"), "{}", gateway.log());
    assert!(!gateway.log().contains("\"short\""));
    gateway.stop().await;
}
