//! An HTTP client that sends exact bytes, and reads only on demand.

use std::{
    fmt::Write,
    net::{Ipv4Addr, SocketAddr},
};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpSocket, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use super::{contract, within};

/// Sends each request on a new connection.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    address: SocketAddr,
    /// Sent with every request.
    headers: Vec<(String, String)>,
    /// Local address of connections. Another loopback address counts as another client.
    source: Ipv4Addr,
}

impl Client {
    /// Returns the port of the server.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, headers: Vec::new(), source: Ipv4Addr::LOCALHOST }
    }

    /// Returns the address of the server.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns a client that sends one more header.
    pub(crate) fn with_header(&self, name: &str, value: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.push((name.to_owned(), value.to_owned()));
        Self { headers, ..self.clone() }
    }

    /// Returns the value of a header that the client sends.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns a client that connects from `127.0.0.{last}`.
    pub(crate) fn with_loopback_source(&self, last: u8) -> Self {
        Self { source: Ipv4Addr::new(127, 0, 0, last), ..self.clone() }
    }

    /// Returns a client for the server of another client.
    pub(crate) fn with_address_of(&self, other: &Self) -> Self {
        Self { address: other.address, ..self.clone() }
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        self.with_header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[]).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, &[]).await
    }

    /// Sends a request without a body.
    pub(crate) async fn post(&self, path: &str) -> Reply {
        self.send("POST", path, &[]).await
    }

    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Reply {
        self.with_header("content-type", "application/json")
            .send("POST", path, body.to_string().as_bytes())
            .await
    }

    /// Sends a URL-encoded form.
    pub(crate) async fn post_form(&self, path: &str, body: &str) -> Reply {
        let form = self.with_header("content-type", "application/x-www-form-urlencoded");
        form.send("POST", path, body.as_bytes()).await
    }

    /// Opens a connection without sending anything.
    pub(crate) async fn connect(&self) -> TcpStream {
        self.socket().connect(self.address).await.unwrap()
    }

    fn socket(&self) -> TcpSocket {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((self.source, 0).into()).unwrap();
        socket
    }

    /// Opens a connection and sends these bytes, for example an incomplete request.
    pub(crate) async fn connect_with(&self, bytes: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream
    }

    /// Sends a request, reads the complete reply, and validates it against the OpenAPI document.
    pub(crate) async fn send(&self, method: &str, path: &str, body: &[u8]) -> Reply {
        let what = format!("{method} {}", &path[..path.floor_char_boundary(80)]);
        let reply = within(&what, async { self.open(method, path, body).await.into_reply().await }).await;
        contract::check(method, path, &reply);
        reply
    }

    /// Sends a request and reads the head of the reply.
    pub(crate) async fn open(&self, method: &str, path: &str, body: &[u8]) -> Response {
        let socket = self.socket();
        // A small receive buffer, so that the server soon notices a client that does not read.
        socket.set_recv_buffer_size(64 * 1024).unwrap();
        let stream = socket.connect(self.address).await.unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        if self.headers.iter().all(|(name, _)| name != "host") {
            let _ = write!(head, "host: {}\r\n", self.address);
        }
        if !body.is_empty() || method == "POST" {
            let _ = write!(head, "content-length: {}\r\n", body.len());
        }
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        Response::read(stream, head.as_bytes(), body).await
    }
}

/// A complete reply.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Asserts status 200 and returns the JSON body.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self.json()
    }

    /// Asserts the status and the error code of the reply, and returns the error message.
    #[track_caller]
    pub(crate) fn expect_error(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        let body = self.json();
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["requestId"].as_str(), self.header("x-request-id"), "{body}");
        body["error"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A reply whose body is still being read.
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    stream: OwnedReadHalf,
    /// Kept so that the connection stays open.
    _sending: OwnedWriteHalf,
    /// Received bytes that were not returned yet.
    buffer: Vec<u8>,
    body: Body,
}

/// What remains of a body.
enum Body {
    /// Remaining bytes of a body with a length.
    Bytes(usize),
    /// Chunked; remaining bytes of the current chunk.
    Chunks(usize),
    End,
}

impl Response {
    async fn read(stream: TcpStream, head: &[u8], body: &[u8]) -> Self {
        let (mut stream, mut sending) = stream.into_split();
        let mut buffer = Vec::new();
        let end = {
            let send = async {
                // A server that rejects a body may answer and stop reading before all of it is sent.
                if sending.write_all(head).await.is_ok() {
                    let _ = sending.write_all(body).await;
                }
                std::future::pending::<()>().await;
            };
            let receive = async {
                loop {
                    if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                        return end;
                    }
                    let read = stream.read_buf(&mut buffer).await.expect("the server should reply");
                    assert!(
                        read > 0,
                        "the connection ended before a reply: {}",
                        String::from_utf8_lossy(&buffer)
                    );
                }
            };
            tokio::select! {
                end = receive => end,
                () = send => unreachable!(),
            }
        };
        let head = String::from_utf8(buffer.drain(..end + 4).collect()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
        let headers: HeaderMap = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap()))
            .collect();
        let length = headers.get("content-length").map(|value| value.to_str().unwrap().parse().unwrap());
        let body = match length {
            Some(0) => Body::End,
            Some(length) => Body::Bytes(length),
            None if headers.get("transfer-encoding").is_some_and(|value| value == "chunked") => {
                Body::Chunks(0)
            }
            None => Body::End,
        };
        Self { status, headers, stream, _sending: sending, buffer, body }
    }

    /// Reads the rest of the body.
    pub(crate) async fn into_reply(mut self) -> Reply {
        let mut body = Vec::new();
        while let Some(chunk) = self.next_chunk().await {
            body.extend_from_slice(&chunk);
        }
        Reply { status: self.status, headers: self.headers, body }
    }

    /// Reads one byte from the connection, and keeps it for [`Response::next_chunk`].
    pub(crate) async fn read_byte(&mut self) {
        let byte = self.stream.read_u8().await.expect("the server should send a byte");
        self.buffer.push(byte);
    }

    /// Returns the next part of the body, or `None` at its end. Cancel safe.
    pub(crate) async fn next_chunk(&mut self) -> Option<Vec<u8>> {
        loop {
            match self.body {
                Body::End => return None,
                Body::Bytes(left) if !self.buffer.is_empty() => {
                    let chunk: Vec<u8> = self.buffer.drain(..left.min(self.buffer.len())).collect();
                    self.body = if chunk.len() == left { Body::End } else { Body::Bytes(left - chunk.len()) };
                    return Some(chunk);
                }
                // The line break after a chunk counts as its last two bytes.
                Body::Chunks(left) if left > 0 && self.buffer.len() >= left => {
                    let mut chunk: Vec<u8> = self.buffer.drain(..left).collect();
                    chunk.truncate(left - 2);
                    self.body = if chunk.is_empty() { Body::End } else { Body::Chunks(0) };
                    if !chunk.is_empty() {
                        return Some(chunk);
                    }
                    continue;
                }
                Body::Chunks(0) => {
                    if let Some(end) = self.buffer.windows(2).position(|two| two == b"\r\n") {
                        let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
                        let size =
                            usize::from_str_radix(std::str::from_utf8(&line).unwrap().trim(), 16).unwrap();
                        self.body = Body::Chunks(size + 2);
                        continue;
                    }
                }
                _ => {}
            }
            // A dropped connection ends the body as well. Tests that care look at the content.
            if !self.stream.read_buf(&mut self.buffer).await.is_ok_and(|read| read > 0) {
                self.body = Body::End;
            }
        }
    }
}
