//! The stand-in as an HTTP server, without codex.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail as tests do")]

use codex_gateway_standin::{Options, Standin, StandinError};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Sends a request body and returns the connection.
async fn post(standin: &Standin, body: &[u8]) -> TcpStream {
    let address = standin.base_url().strip_prefix("http://").unwrap().strip_suffix("/v1").unwrap();
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
    // A connection that is cut ends with an error; what came before it counts.
    let _ = connection.read_to_end(&mut bytes).await;
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_response_is_a_complete_stream() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let response =
        read_to_end(post(&standin, &prompt("Reply with exactly the single word Moon.")).await).await;
    assert!(response.starts_with("HTTP/1.1 200 OK"), "{response}");
    assert!(response.contains("content-type: text/event-stream"), "{response}");
    assert!(response.contains("\"delta\":\"Moon\""), "{response}");
    assert!(response.contains("\"type\":\"response.completed\""), "{response}");
    assert_eq!(standin.requests(), 1);
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let response = read_to_end(post(&standin, b"{\"input\": 7}").await).await;
    assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
    let response = read_to_end(post(&standin, &prompt("!standin fail status=503")).await).await;
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused_unread() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let address = standin.base_url().strip_prefix("http://").unwrap().strip_suffix("/v1").unwrap();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head =
        "POST /v1/responses HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 999999999\r\n\r\n";
    connection.write_all(head.as_bytes()).await.unwrap();
    let response = read_to_end(connection).await;
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
}

#[tokio::test]
async fn a_cut_stream_is_not_completed() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let response = read_to_end(post(&standin, &prompt("!standin cut")).await).await;
    assert!(response.contains("output_text.delta"), "{response}");
    assert!(!response.contains("response.completed"), "{response}");
}

#[tokio::test]
async fn dropping_it_ends_its_streams_and_frees_its_port() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let port = standin.base_url().rsplit_once(':').unwrap().1.trim_end_matches("/v1").parse().unwrap();
    let taken = Standin::start(Options { port }).await;
    assert!(matches!(taken, Err(StandinError::Bind { port: refused, .. }) if refused == port));

    let mut connection = post(&standin, &prompt("!standin hang")).await;
    let mut first = [0; 64];
    connection.read_exact(&mut first).await.unwrap();
    drop(standin);
    let rest = read_to_end(connection).await;
    assert!(!rest.contains("response.completed"), "{rest}");
    // The listener is closed by its task, a moment later.
    while Standin::start(Options { port }).await.is_err() {
        tokio::task::yield_now().await;
    }
}
