//! Tests of the mock server over HTTP, without codex.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail as tests do")]

use codex_gateway_mock_openai::{MockServer, MockServerError, Options};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Sends a request body and returns the connection.
async fn post(mock_server: &MockServer, body: &[u8]) -> TcpStream {
    let address = mock_server.base_url().strip_prefix("http://").unwrap().strip_suffix("/v1").unwrap();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/responses HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(body).await.unwrap();
    connection
}

fn prompt(text: &str) -> Vec<u8> {
    json!({"stream": true, "input": [{"type": "message", "role": "user", "content": text}]})
        .to_string()
        .into_bytes()
}

async fn read_to_end(mut connection: TcpStream) -> String {
    let mut bytes = Vec::new();
    // An aborted connection ends with an error. The bytes before it are kept.
    let _ = connection.read_to_end(&mut bytes).await;
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn response_is_a_complete_stream() {
    let mock_server = MockServer::start(Options::default()).await.unwrap();
    let response =
        read_to_end(post(&mock_server, &prompt("Reply with exactly the single word Moon.")).await).await;
    assert!(response.starts_with("HTTP/1.1 200 OK"), "{response}");
    assert!(response.contains("content-type: text/event-stream"), "{response}");
    assert!(response.contains("\"delta\":\"Moon\""), "{response}");
    assert!(response.contains("\"type\":\"response.completed\""), "{response}");
    assert_eq!(mock_server.requests(), 1);
}

#[tokio::test]
async fn malformed_request_and_requested_failure_are_errors() {
    let mock_server = MockServer::start(Options::default()).await.unwrap();
    let response = read_to_end(post(&mock_server, b"{\"input\": 7}").await).await;
    assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
    let response = read_to_end(post(&mock_server, &prompt("!standin fail status=503")).await).await;
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
}

#[tokio::test]
async fn large_request_is_rejected_before_it_is_read() {
    let mock_server = MockServer::start(Options::default()).await.unwrap();
    let address = mock_server.base_url().strip_prefix("http://").unwrap().strip_suffix("/v1").unwrap();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head =
        "POST /v1/responses HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 999999999\r\n\r\n";
    connection.write_all(head.as_bytes()).await.unwrap();
    let response = read_to_end(connection).await;
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
}

#[tokio::test]
async fn cut_stream_is_not_completed() {
    let mock_server = MockServer::start(Options::default()).await.unwrap();
    let response = read_to_end(post(&mock_server, &prompt("!standin cut")).await).await;
    assert!(response.contains("output_text.delta"), "{response}");
    assert!(!response.contains("response.completed"), "{response}");
}

#[tokio::test]
async fn dropped_server_ends_its_streams_and_releases_its_port() {
    let mock_server = MockServer::start(Options::default()).await.unwrap();
    let port = mock_server.base_url().rsplit_once(':').unwrap().1.trim_end_matches("/v1").parse().unwrap();
    let taken = MockServer::start(Options { port }).await;
    assert!(matches!(taken, Err(MockServerError::Bind { port: refused, .. }) if refused == port));

    let mut connection = post(&mock_server, &prompt("!standin hang")).await;
    let mut first = [0; 64];
    connection.read_exact(&mut first).await.unwrap();
    drop(mock_server);
    let rest = read_to_end(connection).await;
    assert!(!rest.contains("response.completed"), "{rest}");
    // The server's task closes the listener a moment later.
    while MockServer::start(Options { port }).await.is_err() {
        tokio::task::yield_now().await;
    }
}
