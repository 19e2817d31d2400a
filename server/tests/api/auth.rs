//! Bearer tokens, and the owners of sessions.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::{
    sessions::request_every_session_route,
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

pub(crate) fn token_for(sub: &str) -> String {
    sign(Algorithm::HS256, &json!({ "sub": sub, "exp": hours_from_now(1) }), SECRET)
}

/// Returns a token that expires at `exp`, in Unix seconds.
pub(crate) fn token_expiring_at(sub: &str, exp: u64) -> String {
    sign(Algorithm::HS256, &json!({ "sub": sub, "exp": exp }), SECRET)
}

/// Starts a gateway that requires tokens, without a rate limit for bad ones.
pub(crate) async fn gateway_with_auth() -> Gateway {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET);
    setup.set("CODEX_GATEWAY_RATE_BAD_TOKENS", "0").start().await
}

/// Requests every path of the API with the methods that it supports.
async fn request_every_route(client: &Client, session: &str) -> Vec<crate::support::Reply> {
    let mut replies = request_every_session_route(client, session).await;
    replies.push(client.post("/api/sessions").await);
    replies.push(client.get("/api/threads").await);
    replies.push(client.get("/api/threads/01a20e10-dd5c-77d0-a855-1d445237cc9e").await);
    for path in ["/api/state", "/api/events", "/api/turn", "/api/thread/new", "/api/no/such/path"] {
        replies.push(client.get(path).await);
        replies.push(client.post(path).await);
    }
    // Without a token, a client does not learn which methods a path supports.
    replies.push(client.send("PUT", "/api/sessions", &[]).await);
    replies.push(client.delete("/").await);
    replies.push(client.get("/_fn/home").await);
    replies.push(client.post_json("/_fn/home", &json!({})).await);
    replies
}

/// Returns the token with another algorithm in its header, and no signature.
fn unsigned(algorithm: &str, token: &str) -> String {
    let header = BASE64_URL_SAFE_NO_PAD.encode(json!({ "alg": algorithm, "typ": "JWT" }).to_string());
    format!("{header}.{}.", token.split('.').nth(1).unwrap())
}

/// Returns a token whose header says RS256, signed with HMAC and the shared secret.
fn rs256(claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&json!({ "alg": "RS256", "typ": "JWT" })), part(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, text.as_bytes()));
    format!("{text}.{signature}")
}

#[tokio::test]
async fn request_without_valid_token_is_unauthorized_on_every_route() {
    let gateway = gateway_with_auth().await;
    let ada = gateway.client.with_token(&token_for("ada"));
    let session = gateway.create_with(&ada, &json!({})).await;
    let claims = json!({ "sub": "ada", "exp": hours_from_now(1) });
    let clients = [
        gateway.client.clone(),
        gateway.client.with_token(""),
        gateway.client.with_token("nonsense"),
        gateway.client.with_token(&sign(Algorithm::HS256, &claims, "another secret")),
        gateway.client.with_token(&sign(Algorithm::HS512, &claims, SECRET)),
        gateway.client.with_token(&sign(Algorithm::HS256, &json!({ "sub": "ada" }), SECRET)),
        gateway.client.with_token(&sign(
            Algorithm::HS256,
            &json!({ "sub": "ada", "exp": hours_from_now(-1) }),
            SECRET,
        )),
        gateway.client.with_token(&unsigned("none", &token_for("ada"))),
        gateway.client.with_token(&unsigned("None", &token_for("ada"))),
        gateway.client.with_token(&rs256(&claims)),
        gateway.client.with_token(&"x".repeat(40 * 1024)),
        gateway.client.with_token(&token_for("ada")).with_token(&token_for("ada")),
        gateway.client.with_header("authorization", &format!("Basic {}", token_for("ada"))),
        gateway.client.with_header("cookie", &format!("token={}", token_for("ada"))),
        gateway.client.with_header("cookie", &format!("codex-gateway={}", token_for("ada"))),
    ];
    for client in clients {
        for reply in request_every_route(&client, &session.id).await {
            reply.expect_error(401, "unauthorized");
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
        }
        assert_eq!(client.get("/healthz").await.status, 200);
        assert_eq!(client.get("/readyz").await.status, 200);
    }
    assert_eq!(session.state().await["ready"], true, "unauthorized requests change nothing");
    assert!(!gateway.log().contains(&token_for("ada")[..40]), "tokens are not logged");
    gateway.stop().await;
}

#[tokio::test]
async fn session_of_another_owner_is_not_found() {
    let gateway = gateway_with_auth().await;
    let [ada, bob, nobody] = [
        token_for("ada"),
        token_for("bob"),
        sign(Algorithm::HS256, &json!({ "exp": hours_from_now(1) }), SECRET),
    ]
    .map(|token| gateway.client.with_token(&token));
    let session = gateway.create_with(&ada, &json!({})).await;
    for stranger in [bob, nobody] {
        for reply in request_every_session_route(&stranger, &session.id).await {
            reply.expect_error(404, "not_found");
        }
    }
    session.run_turn("Hello").await;
    session.delete().await;
    gateway.stop().await;
}

#[tokio::test]
async fn token_in_query_is_accepted_for_event_streams_only() {
    let gateway = gateway_with_auth().await;
    // Far beyond the range of any clock.
    let token = sign(Algorithm::HS256, &json!({ "sub": "ada", "exp": 1e18 }), SECRET);
    let session = gateway.create_with(&gateway.client.with_token(&token), &json!({})).await;
    for name in ["access_token", "token"] {
        let query = format!("?{name}={token}");
        let mut events = session.events_with(&query, &gateway.client).await;
        events.expect("session").await;
        events.expect("state").await;
        gateway.client.get(&session.path(&format!("/state{query}"))).await.expect_error(401, "unauthorized");
        let create = gateway.client.post(&format!("/api/sessions{query}")).await;
        create.expect_error(401, "unauthorized");
        gateway.client.delete(&session.path(&query)).await.expect_error(401, "unauthorized");
    }
    gateway.client.get(&session.path("/events?token=nonsense")).await.expect_error(401, "unauthorized");
    assert!(!gateway.log().contains(&token[..40]), "tokens are not logged");
    gateway.stop().await;
}

#[tokio::test]
async fn stream_ends_when_its_token_expires() {
    let gateway = gateway_with_auth().await;
    let session = gateway.create_with(&gateway.client.with_token(&token_for("ada")), &json!({})).await;
    let soon = SystemTime::now() + Duration::from_secs(2);
    let exp = soon.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let short = token_expiring_at("ada", exp);
    let mut events = session.events_with("", &gateway.client.with_token(&short)).await;
    events.expect("session").await;
    events.expect("state").await;
    assert_eq!(events.next().await, None, "the stream ends when its token does");
    gateway.stop().await;
}

#[tokio::test]
async fn token_that_is_sent_twice_is_unauthorized() {
    let gateway = gateway_with_auth().await;
    let token = token_for("ada");
    let ada = gateway.client.with_token(&token);
    let session = gateway.create_with(&ada, &json!({})).await;
    let events = |query: &str| session.path(&format!("/events?{query}"));
    ada.get(&events(&format!("token={token}"))).await.expect_error(401, "unauthorized");
    let twice = events(&format!("token={token}&access_token={token}"));
    gateway.client.get(&twice).await.expect_error(401, "unauthorized");
    gateway.stop().await;
}

#[tokio::test]
async fn oversized_token_is_rejected() {
    let gateway = gateway_with_auth().await;
    let long = "x".repeat(1024 * 1024);
    assert_eq!(gateway.client.with_token(&long).post("/api/sessions").await.status, 431);
    assert!(
        gateway.client.get(&format!("/api/sessions/a/events?token={long}")).await.status.is_client_error()
    );
    gateway.client.get("/healthz").await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn secret_on_command_line_is_warned_about() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    // The start fails, because the port is in use; the warning comes before.
    let (_, _, error_output) = Setup::fake("normal").run(&["--jwt-secret", SECRET, "--port", &port]).await;
    assert!(
        error_output.contains("--jwt-secret is on the command line") && !error_output.contains(SECRET),
        "{error_output}"
    );
}

#[tokio::test]
async fn short_secret_is_warned_about() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", "short").start().await;
    assert!(gateway.log().contains("CODEX_GATEWAY_JWT_SECRET is shorter than 32 bytes"), "{}", gateway.log());
    assert!(!gateway.log().contains("\"short\""));
    gateway.stop().await;
}
