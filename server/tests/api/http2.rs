//! HTTP/2 with prior knowledge, as proxies use it: the same replies, guards and limits.

use bytes::Bytes;
use h2::{Reason, client::SendRequest};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    auth::{SECRET, token_for},
    support::{Client, Gateway, Setup, within},
};

/// A connection, and the task that drives it and returns how it ended.
struct Connection {
    sender: SendRequest<Bytes>,
    driver: tokio::task::JoinHandle<Result<(), h2::Error>>,
    authority: String,
}

impl Connection {
    async fn open(client: &Client) -> Self {
        let (sender, connection) = h2::client::handshake(client.connect().await).await.unwrap();
        Self { sender, driver: tokio::spawn(connection), authority: client.address().to_string() }
    }

    fn request(&self, method: &str, path: &str) -> http::request::Builder {
        Request::builder().method(method).uri(format!("http://{}{path}", self.authority))
    }

    /// Sends a request. Returns the reply with its body unread.
    async fn send(&mut self, request: Request<Bytes>) -> http::Response<h2::RecvStream> {
        let (parts, body) = request.into_parts();
        let mut sender = self.sender.clone().ready().await.unwrap();
        let (reply, mut stream) =
            sender.send_request(Request::from_parts(parts, ()), body.is_empty()).unwrap();
        if !body.is_empty() {
            stream.send_data(body, true).unwrap();
        }
        within("the reply comes", reply).await.unwrap()
    }

    async fn get(&mut self, path: &str) -> (StatusCode, String) {
        let request = self.request("GET", path).body(Bytes::new()).unwrap();
        read_body(self.send(request).await).await
    }

    async fn post(&mut self, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = self.request("POST", path).header("content-type", "application/json");
        let reply = self.send(request.body(body.to_string().into()).unwrap()).await;
        let (status, text) = read_body(reply).await;
        (status, serde_json::from_str(&text).unwrap())
    }
}

async fn read_body(reply: http::Response<h2::RecvStream>) -> (StatusCode, String) {
    let (head, mut body) = reply.into_parts();
    let mut bytes = Vec::new();
    while let Some(piece) = within("the body comes", body.data()).await {
        let piece = piece.unwrap();
        body.flow_control().release_capacity(piece.len()).unwrap();
        bytes.extend_from_slice(&piece);
    }
    (head.status, String::from_utf8(bytes).unwrap())
}

#[tokio::test]
async fn requests_and_a_stream_share_one_connection() {
    let gateway = Gateway::fake("normal").await;
    let mut connection = Connection::open(&gateway.client).await;
    assert_eq!(connection.get("/healthz").await.0, StatusCode::OK);
    let (status, session) = connection.post("/api/sessions", &json!({})).await;
    assert_eq!(status, StatusCode::OK, "{session}");
    let path = format!("/api/sessions/{}", session["sessionId"].as_str().unwrap());
    let stream = connection.request("GET", &format!("{path}/events")).body(Bytes::new()).unwrap();
    let stream = connection.send(stream).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut events = stream.into_body();
    let (status, turn) =
        connection.post(&format!("{path}/turn"), &json!({ "prompt": "Hello", "wait": true })).await;
    assert_eq!((status, &turn["turn"]["status"]), (StatusCode::OK, &json!("completed")));
    let mut seen = String::new();
    while !seen.contains("turn/completed") {
        let piece = within("the event of the turn arrives", events.data()).await.unwrap().unwrap();
        events.flow_control().release_capacity(piece.len()).unwrap();
        seen.push_str(&String::from_utf8_lossy(&piece));
    }
    // The page as well, whose request URI is absolute in HTTP/2.
    let (status, page) = connection.get(&format!("/c/{}", session["sessionId"].as_str().unwrap())).await;
    assert!(status == StatusCode::OK || status == StatusCode::SERVICE_UNAVAILABLE, "{status}: {page}");
    gateway.stop().await;
}

#[tokio::test]
async fn guards_and_limits_are_the_same_as_for_http1() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET).start().await;
    let mut connection = Connection::open(&gateway.client).await;
    assert_eq!(connection.get("/api/sessions").await.0, StatusCode::UNAUTHORIZED);
    let foreign = Request::get("http://evil.example/healthz").body(Bytes::new()).unwrap();
    assert_eq!(connection.send(foreign).await.status(), StatusCode::FORBIDDEN);
    let two =
        connection.request("GET", "/healthz").header("host", "evil.example").body(Bytes::new()).unwrap();
    assert_eq!(connection.send(two).await.status(), StatusCode::BAD_REQUEST);
    let page =
        connection.request("GET", "/healthz").header("origin", "http://evil.example").body(Bytes::new());
    assert_eq!(connection.send(page.unwrap()).await.status(), StatusCode::FORBIDDEN);
    // Rejected by its head, before any of the body is sent.
    let head = connection
        .request("POST", "/api/sessions")
        .header("authorization", format!("Bearer {}", token_for("ada")))
        .header("content-type", "application/json")
        .header("content-length", "4194304")
        .body(())
        .unwrap();
    let (reply, _unsent) =
        connection.sender.clone().ready().await.unwrap().send_request(head, false).unwrap();
    assert_eq!(within("the reply comes", reply).await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
    let long = connection.request("GET", "/healthz").header("x-long", "x".repeat(40_000)).body(Bytes::new());
    assert_eq!(connection.send(long.unwrap()).await.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert_eq!(connection.get("/healthz").await.0, StatusCode::OK, "the connection stays usable");
    gateway.stop().await;
}

#[tokio::test]
async fn idle_connection_is_closed_and_connection_with_stream_is_not() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_KEEP_ALIVE_MS", "1000").start().await;
    let session = gateway.create().await;
    let mut busy = Connection::open(&gateway.client).await;
    let stream = busy.request("GET", &session.path("/events")).body(Bytes::new()).unwrap();
    let mut events = busy.send(stream).await.into_body();
    let mut idle = Connection::open(&gateway.client).await;
    assert_eq!(idle.get("/healthz").await.0, StatusCode::OK);
    within("the idle connection is closed", idle.driver).await.unwrap().unwrap();
    assert!(!busy.driver.is_finished());
    assert!(events.data().await.unwrap().is_ok());
    assert_eq!(busy.get("/healthz").await.0, StatusCode::OK);
    gateway.stop().await;
}

#[tokio::test]
async fn stream_and_connection_end_when_the_gateway_stops() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let mut connection = Connection::open(&gateway.client).await;
    let stream = connection.request("GET", &session.path("/events")).body(Bytes::new()).unwrap();
    let stream = connection.send(stream).await;
    gateway.stop().await;
    assert!(read_body(stream).await.1.contains("event: session"));
    within("the connection is closed", connection.driver).await.unwrap().unwrap();
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_HEADERS_AND_STREAM: u8 = 5;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Reads a frame. Returns its kind and payload, or `None` at the end of the connection.
async fn next_frame(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 9];
    within("a frame comes", stream.read_exact(&mut head)).await.ok()?;
    let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    stream.read_exact(&mut payload).await.ok()?;
    Some((head[3], payload))
}

#[tokio::test]
async fn settings_frame_announces_limits() {
    let gateway = Gateway::fake("normal").await;
    let mut stream = gateway.client.connect().await;
    stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await.unwrap();
    let (kind, payload) = next_frame(&mut stream).await.unwrap();
    assert_eq!(kind, SETTINGS);
    let settings: Vec<(u16, u32)> = payload
        .chunks(6)
        .map(|pair| {
            let value = u32::from_be_bytes(pair[2..].try_into().unwrap());
            (u16::from_be_bytes([pair[0], pair[1]]), value)
        })
        .collect();
    // SETTINGS_MAX_CONCURRENT_STREAMS and SETTINGS_MAX_HEADER_LIST_SIZE.
    assert!(settings.contains(&(3, 200)) && settings.contains(&(6, 32 * 1024)), "{settings:?}");
    gateway.stop().await;
}

#[tokio::test]
async fn rapid_reset_flood_ends_only_its_connection() {
    let gateway = Gateway::fake("normal").await;
    let mut stream = gateway.client.connect().await;
    // GET http://localhost/
    let head = [&[0x82, 0x86, 0x84, 0x41, 9][..], b"localhost"].concat();
    let mut flood = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    for number in 0..100 {
        flood.extend(frame(HEADERS, END_HEADERS_AND_STREAM, 2 * number + 1, &head));
        flood.extend(frame(RST_STREAM, 0, 2 * number + 1, &u32::from(Reason::CANCEL).to_be_bytes()));
    }
    stream.write_all(&flood).await.unwrap();
    let mut reason = None;
    while let Some((kind, payload)) = next_frame(&mut stream).await {
        if kind == GOAWAY {
            reason = Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
        }
    }
    assert_eq!(reason.map(Reason::from), Some(Reason::ENHANCE_YOUR_CALM));
    gateway.client.get("/healthz").await.ok();
    gateway.stop().await;
}
