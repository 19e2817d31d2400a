//! A client that sends what it is told to, byte by byte, and reads only when it is asked to.

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

/// Sends requests, each on a connection of its own.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    address: SocketAddr,
    /// Sent with every request.
    headers: Vec<(String, String)>,
    /// Where its connections come from: another loopback address is another client.
    source: Ipv4Addr,
}

impl Client {
    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, headers: Vec::new(), source: Ipv4Addr::LOCALHOST }
    }

    /// Where it asks.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same client, with a header more.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.push((name.to_owned(), value.to_owned()));
        Self { headers, ..self.clone() }
    }

    /// What it sends of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The same client, at another loopback address.
    pub(crate) fn from(&self, last: u8) -> Self {
        Self { source: Ipv4Addr::new(127, 0, 0, last), ..self.clone() }
    }

    /// The same client, where that one asks.
    pub(crate) fn at(&self, other: &Self) -> Self {
        Self { address: other.address, ..self.clone() }
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[]).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, &[]).await
    }

    /// Without a body.
    pub(crate) async fn post(&self, path: &str) -> Reply {
        self.send("POST", path, &[]).await
    }

    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Reply {
        self.with("content-type", "application/json").send("POST", path, body.to_string().as_bytes()).await
    }

    /// A form, as a browser sends it.
    pub(crate) async fn post_form(&self, path: &str, body: &str) -> Reply {
        let form = self.with("content-type", "application/x-www-form-urlencoded");
        form.send("POST", path, body.as_bytes()).await
    }

    /// A connection on which nothing is sent yet.
    pub(crate) async fn connect(&self) -> TcpStream {
        self.socket().connect(self.address).await.unwrap()
    }

    fn socket(&self) -> TcpSocket {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((self.source, 0).into()).unwrap();
        socket
    }

    /// A connection on which this was sent: a request that is not whole, say.
    pub(crate) async fn connect_with(&self, bytes: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream
    }

    /// A request and its whole reply.
    pub(crate) async fn send(&self, method: &str, path: &str, body: &[u8]) -> Reply {
        let what = format!("{method} {}", &path[..path.floor_char_boundary(80)]);
        let reply = within(&what, async { self.open(method, path, body).await.whole().await }).await;
        contract::check(method, path, &reply);
        reply
    }

    /// A request, and its reply as far as its headers.
    pub(crate) async fn open(&self, method: &str, path: &str, body: &[u8]) -> Response {
        let socket = self.socket();
        // A reader that does not read shall be felt at the other end soon.
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

/// A whole reply.
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

    /// Its JSON, of a request that went well.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self.json()
    }

    /// Its message, of a request that was refused with this status and this code.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> String {
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

/// A reply that is still being read.
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    stream: OwnedReadHalf,
    /// Kept so that the connection stays open.
    _sending: OwnedWriteHalf,
    /// Read, but not given out yet.
    buffer: Vec<u8>,
    body: Body,
}

/// How much of a body is still to come.
enum Body {
    /// So many bytes.
    Bytes(usize),
    /// Chunks; some bytes of one that has begun.
    Chunks(usize),
    End,
}

impl Response {
    async fn read(stream: TcpStream, head: &[u8], body: &[u8]) -> Self {
        let (mut stream, mut sending) = stream.into_split();
        let mut buffer = Vec::new();
        let end = {
            let send = async {
                // A server that refuses a body may answer and stop reading before it has all of it.
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
                    let read = stream.read_buf(&mut buffer).await.expect("a reply should come");
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

    /// All of it.
    pub(crate) async fn whole(mut self) -> Reply {
        let mut body = Vec::new();
        while let Some(piece) = self.piece().await {
            body.extend_from_slice(&piece);
        }
        Reply { status: self.status, headers: self.headers, body }
    }

    /// Takes one byte off the connection, and keeps it for [`Response::piece`].
    pub(crate) async fn read_byte(&mut self) {
        let byte = self.stream.read_u8().await.expect("a byte should come");
        self.buffer.push(byte);
    }

    /// The next piece of the body; `None` at its end. Dropping the wait loses nothing.
    pub(crate) async fn piece(&mut self) -> Option<Vec<u8>> {
        loop {
            match self.body {
                Body::End => return None,
                Body::Bytes(left) if !self.buffer.is_empty() => {
                    let piece: Vec<u8> = self.buffer.drain(..left.min(self.buffer.len())).collect();
                    self.body = if piece.len() == left { Body::End } else { Body::Bytes(left - piece.len()) };
                    return Some(piece);
                }
                // The line break after a chunk counts as the last two bytes of it.
                Body::Chunks(left) if left > 0 && self.buffer.len() >= left => {
                    let mut piece: Vec<u8> = self.buffer.drain(..left).collect();
                    piece.truncate(left - 2);
                    self.body = if piece.is_empty() { Body::End } else { Body::Chunks(0) };
                    if !piece.is_empty() {
                        return Some(piece);
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
            // A connection that is cut ends a body as its end does; who asks for more looks at what came.
            if !self.stream.read_buf(&mut self.buffer).await.is_ok_and(|read| read > 0) {
                self.body = Body::End;
            }
        }
    }
}
