//! `GET /metrics`: who may read it, and what it says.

use rusqlite::Connection;
use serde_json::json;

use crate::{
    auth::{SECRET, token_of},
    support::{Client, Gateway, Setup},
};

const TOKEN: &str = "of those who watch";

async fn gateway(mode: &str) -> (Gateway, Client) {
    let gateway = Setup::fake(mode).set("CODEX_GATEWAY_METRICS_TOKEN", TOKEN).start().await;
    let watch = gateway.client.with_token(TOKEN);
    (gateway, watch)
}

/// The value of a line, if it is there.
async fn read(watch: &Client, name: &str) -> Option<f64> {
    let reply = watch.get("/metrics").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let line =
        reply.text().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
    line.map(|value| value.parse().unwrap())
}

#[tokio::test]
async fn nobody_reads_them_who_was_not_meant_to() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET).start().await;
    let ada = gateway.client.with_token(&token_of("ada"));
    assert_eq!(ada.get("/metrics").await.status, 404);
    gateway.stop().await;

    let setup = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET);
    let gateway = setup
        .set("CODEX_GATEWAY_METRICS_TOKEN", TOKEN)
        .set("CODEX_GATEWAY_RATE_BAD_TOKENS", "3")
        .start()
        .await;
    let ada = gateway.client.with_token(&token_of("ada"));
    let watch = gateway.client.with_token(TOKEN);
    assert_eq!(watch.get("/api/sessions").await.status, 401, "they read nothing else");
    for client in [&gateway.client, &ada] {
        let reply = client.get("/metrics").await;
        assert_eq!((reply.status.as_u16(), reply.header("www-authenticate")), (401, Some("Bearer")));
    }
    assert_eq!(ada.get("/metrics").await.status, 429, "nobody guesses it");
    let reply = watch.get("/metrics").await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(reply.text().ends_with("# EOF\n"));
    gateway.stop().await;
}

#[tokio::test]
async fn an_address_of_their_own_serves_nothing_else() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET);
    let gateway = setup.set("CODEX_GATEWAY_METRICS_BIND", "127.0.0.1:0").start().await;
    let log = gateway.log();
    let (_, rest) = log.split_once("the metrics are at http://").unwrap();
    let (address, _) = rest.split_once("/metrics").unwrap();
    let alone = Client::new(address.parse().unwrap());
    // A scraper names it as it likes.
    assert!(read(&alone.with("host", "gateway.example"), "codex_gateway_processes").await.is_some());
    for path in ["/", "/healthz", "/api/sessions", "/api/info"] {
        assert_eq!(alone.open("GET", path, &[]).await.status, 404, "{path}");
    }
    assert_eq!(gateway.client.get("/metrics").await.status, 404, "without a token for it");
    gateway.stop().await;
}

#[tokio::test]
async fn an_address_that_cannot_be_had_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (status, log) = Setup::fake("normal").set("CODEX_GATEWAY_METRICS_BIND", &address).start_badly().await;
    assert!(!status.success() && log.contains(&format!("cannot listen on {address}")), "{log}");
    let (status, log) = Setup::fake("normal").set("CODEX_GATEWAY_METRICS_BIND", "9317").start_badly().await;
    assert!(!status.success() && log.contains("it takes an IP address and a port"), "{log}");
}

#[tokio::test]
async fn they_say_how_things_stand() {
    let (mut gateway, watch) = gateway("asks").await;
    let sessions = |state: &str| format!("codex_gateway_sessions{{state=\"{state}\"}}");
    let session = gateway.create_with(&gateway.client, &json!({ "approvals": "ask" })).await;
    gateway.create().await;
    assert_eq!(read(&watch, &sessions("idle")).await, Some(2.0));
    assert_eq!(read(&watch, "codex_gateway_processes").await, Some(2.0));
    assert_eq!(read(&watch, "codex_gateway_event_streams").await, Some(0.0));

    let mut events = session.live().await;
    session.start_turn("Ask me").await;
    events.find(|event| event.name == "request").await;
    for (name, value) in [
        (&*sessions("running"), 1.0),
        (&*sessions("idle"), 1.0),
        ("codex_gateway_sessions_waiting", 1.0),
        ("codex_gateway_event_streams", 1.0),
    ] {
        assert_eq!(read(&watch, name).await, Some(value), "{name}");
    }
    drop(events);

    gateway.restart().await;
    let watch = watch.at(&gateway.client);
    assert_eq!(read(&watch, &sessions("parked")).await, Some(2.0), "they are on disk");
    assert_eq!(read(&watch, "codex_gateway_processes").await, Some(0.0));
    gateway.stop().await;
}

#[tokio::test]
async fn a_store_that_does_not_answer_hides_nothing_else() {
    let (gateway, watch) = gateway("normal").await;
    gateway.create().await;
    let store = Connection::open(gateway.database()).unwrap();
    store.execute_batch("ALTER TABLE sessions RENAME TO gone").unwrap();
    assert_eq!(read(&watch, "codex_gateway_sessions{state=\"parked\"}").await, None, "nobody knows");
    assert_eq!(read(&watch, "codex_gateway_sessions{state=\"idle\"}").await, Some(1.0));
    assert!(read(&watch, "codex_gateway_store_failures_total").await.is_some());
    store.execute_batch("ALTER TABLE gone RENAME TO sessions").unwrap();
    assert_eq!(read(&watch, "codex_gateway_sessions{state=\"parked\"}").await, Some(0.0));
    gateway.stop().await;
}

#[tokio::test]
async fn they_count_what_happens() {
    let (gateway, watch) = gateway("changes").await;
    let session = gateway.create().await;
    session.turn("Hello").await;
    gateway.codex().set_mode("dies");
    session.fatal_turn().await;
    gateway.client.get(&session.path("/state")).await.ok();
    gateway.client.get(&format!("/{}", session.id)).await;
    session.delete().await;
    let seen = watch.get("/metrics").await.text();
    for line in [
        "codex_gateway_sessions_created_total 1",
        "codex_gateway_sessions_closed_total{reason=\"deleted\"} 1",
        "codex_gateway_turns_total{status=\"completed\"} 1",
        "codex_gateway_turns_total{status=\"failed\"} 1",
        "codex_gateway_codex_exits_total 1",
        "codex_gateway_store_failures_total 0",
        "codex_gateway_tokens_total{kind=\"input\"} 1000",
        "codex_gateway_tokens_total{kind=\"cached_input\"} 3000",
        "codex_gateway_tokens_total{kind=\"output\"} 121",
        "codex_gateway_tokens_total{kind=\"reasoning_output\"} 200",
        "codex_gateway_http_requests_total{method=\"POST\",path=\"/api/sessions/{id}/turn\",status=\"200\"} 2",
        "codex_gateway_http_requests_total{method=\"GET\",path=\"other\",status=\"404\"} 1",
        "codex_gateway_http_request_duration_seconds_count{method=\"DELETE\",path=\"/api/sessions/{id}\"} 1",
    ] {
        assert!(seen.lines().any(|own| own == line), "{line}: {seen}");
    }
    for name in [
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_start_time_seconds",
    ] {
        assert!(read(&watch, name).await.unwrap() > 0.0, "{name}");
    }
    assert!(!seen.contains(&session.id), "no name of anybody's");
    gateway.stop().await;
}
