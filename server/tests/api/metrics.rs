//! `GET /metrics`: access and content.

use rusqlite::Connection;
use serde_json::json;

use crate::{
    auth::{SECRET, token_for},
    support::{Client, Gateway, Setup},
};

const METRICS_TOKEN: &str = "metrics-token";

async fn gateway(mode: &str) -> (Gateway, Client) {
    let gateway = Setup::fake(mode).set("CODEX_GATEWAY_METRICS_TOKEN", METRICS_TOKEN).start().await;
    let scraper = gateway.client.with_token(METRICS_TOKEN);
    (gateway, scraper)
}

/// Returns the value of a metric. `None` if it is missing.
async fn read_metric(scraper: &Client, name: &str) -> Option<f64> {
    let reply = scraper.get("/metrics").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let line =
        reply.text().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
    line.map(|value| value.parse().unwrap())
}

#[tokio::test]
async fn metrics_require_their_own_token() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET).start().await;
    let ada = gateway.client.with_token(&token_for("ada"));
    assert_eq!(ada.get("/metrics").await.status, 404);
    gateway.stop().await;

    let setup = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET);
    let gateway = setup
        .set("CODEX_GATEWAY_METRICS_TOKEN", METRICS_TOKEN)
        .set("CODEX_GATEWAY_RATE_BAD_TOKENS", "3")
        .start()
        .await;
    let ada = gateway.client.with_token(&token_for("ada"));
    let scraper = gateway.client.with_token(METRICS_TOKEN);
    assert_eq!(scraper.get("/api/sessions").await.status, 401, "the metrics token reads nothing else");
    for client in [&gateway.client, &ada] {
        let reply = client.get("/metrics").await;
        assert_eq!((reply.status.as_u16(), reply.header("www-authenticate")), (401, Some("Bearer")));
    }
    assert_eq!(ada.get("/metrics").await.status, 429, "bad metrics tokens are rate limited");
    let reply = scraper.get("/metrics").await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(reply.text().ends_with("# EOF\n"));
    gateway.stop().await;
}

#[tokio::test]
async fn metrics_listener_serves_only_metrics() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET);
    let gateway = setup.set("CODEX_GATEWAY_METRICS_BIND", "127.0.0.1:0").start().await;
    let log = gateway.log();
    let (_, rest) = log.split_once("the metrics are at http://").unwrap();
    let (address, _) = rest.split_once("/metrics").unwrap();
    let alone = Client::new(address.parse().unwrap());
    // The host of this listener is not checked.
    assert!(
        read_metric(&alone.with_header("host", "gateway.example"), "codex_gateway_processes").await.is_some()
    );
    for path in ["/", "/healthz", "/api/sessions", "/api/info"] {
        assert_eq!(alone.open("GET", path, &[]).await.status, 404, "{path}");
    }
    assert_eq!(gateway.client.get("/metrics").await.status, 404, "without a metrics token");
    gateway.stop().await;
}

#[tokio::test]
async fn unusable_metrics_address_prevents_start() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (status, log) =
        Setup::fake("normal").set("CODEX_GATEWAY_METRICS_BIND", &address).start_expecting_failure().await;
    assert!(!status.success() && log.contains(&format!("cannot listen on {address}")), "{log}");
    let (status, log) =
        Setup::fake("normal").set("CODEX_GATEWAY_METRICS_BIND", "9317").start_expecting_failure().await;
    assert!(!status.success() && log.contains("it takes an IP address and a port"), "{log}");
}

#[tokio::test]
async fn gauges_count_sessions_processes_and_streams() {
    let (mut gateway, scraper) = gateway("asks").await;
    let sessions = |state: &str| format!("codex_gateway_sessions{{state=\"{state}\"}}");
    let session = gateway.create_with(&gateway.client, &json!({ "approvals": "ask" })).await;
    gateway.create().await;
    assert_eq!(read_metric(&scraper, &sessions("idle")).await, Some(2.0));
    assert_eq!(read_metric(&scraper, "codex_gateway_processes").await, Some(2.0));
    assert_eq!(read_metric(&scraper, "codex_gateway_event_streams").await, Some(0.0));

    let mut events = session.subscribe().await;
    session.start_turn("Ask me").await;
    events.find(|event| event.name == "request").await;
    for (name, value) in [
        (&*sessions("running"), 1.0),
        (&*sessions("idle"), 1.0),
        ("codex_gateway_sessions_waiting", 1.0),
        ("codex_gateway_event_streams", 1.0),
    ] {
        assert_eq!(read_metric(&scraper, name).await, Some(value), "{name}");
    }
    drop(events);

    gateway.restart().await;
    let scraper = scraper.with_address_of(&gateway.client);
    assert_eq!(
        read_metric(&scraper, &sessions("parked")).await,
        Some(2.0),
        "both sessions are only in the store"
    );
    assert_eq!(read_metric(&scraper, "codex_gateway_processes").await, Some(0.0));
    gateway.stop().await;
}

#[tokio::test]
async fn failing_store_hides_only_its_own_metric() {
    let (gateway, scraper) = gateway("normal").await;
    gateway.create().await;
    let store = Connection::open(gateway.database()).unwrap();
    store.execute_batch("ALTER TABLE sessions RENAME TO gone").unwrap();
    assert_eq!(
        read_metric(&scraper, "codex_gateway_sessions{state=\"parked\"}").await,
        None,
        "the store cannot count"
    );
    assert_eq!(read_metric(&scraper, "codex_gateway_sessions{state=\"idle\"}").await, Some(1.0));
    assert!(read_metric(&scraper, "codex_gateway_store_failures_total").await.is_some());
    store.execute_batch("ALTER TABLE gone RENAME TO sessions").unwrap();
    assert_eq!(read_metric(&scraper, "codex_gateway_sessions{state=\"parked\"}").await, Some(0.0));
    gateway.stop().await;
}

#[tokio::test]
async fn counters_count_sessions_turns_tokens_and_requests() {
    let (gateway, scraper) = gateway("changes").await;
    let session = gateway.create().await;
    session.run_turn("Hello").await;
    gateway.fake_codex().set_mode("exits-in-turn");
    session.run_crashing_turn().await;
    gateway.client.get(&session.path("/state")).await.ok();
    gateway.client.get(&format!("/{}", session.id)).await;
    session.delete().await;
    let metrics = scraper.get("/metrics").await.text();
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
        assert!(metrics.lines().any(|own| own == line), "{line}: {metrics}");
    }
    for name in [
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_start_time_seconds",
    ] {
        assert!(read_metric(&scraper, name).await.unwrap() > 0.0, "{name}");
    }
    assert!(!metrics.contains(&session.id), "paths have no ids");
    gateway.stop().await;
}
