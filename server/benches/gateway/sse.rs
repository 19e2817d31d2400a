//! Reader of event streams on a plain socket, which counts every byte, including HTTP framing.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, ensure};
use memchr::memmem;

/// Maximum silence of a stream. Pings are more frequent.
const READ_TIMEOUT: Duration = Duration::from_mins(1);

/// A server-sent event.
pub(crate) struct SseEvent {
    pub name: String,
    pub data: Vec<u8>,
    /// When the event was complete.
    pub at: SystemTime,
}

/// An open event stream.
pub(crate) struct Sse {
    socket: TcpStream,
    bytes: Box<[u8]>,
    chunked: Chunked,
    /// Number of bytes received on the socket.
    pub received: usize,
    at: SystemTime,
}

impl Sse {
    /// Opens the stream at `path`.
    pub(crate) fn open(address: SocketAddr, path: &str) -> Result<Self> {
        let mut socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(READ_TIMEOUT))?;
        write!(socket, "GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\r\n")?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            socket.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head)?;
        ensure!(head.starts_with("HTTP/1.1 200") && head.contains("chunked"), "not a stream: {head}");
        let bytes = vec![0; 64 * 1024].into_boxed_slice();
        Ok(Self { socket, bytes, chunked: Chunked::default(), received: 0, at: SystemTime::UNIX_EPOCH })
    }

    /// Returns the next named event.
    pub(crate) fn next(&mut self) -> Result<SseEvent> {
        loop {
            while let Some(frame) = self.chunked.frame() {
                let Some(name) = field(&frame, b"event: ") else { continue };
                let name = std::str::from_utf8(name)?.to_owned();
                let data = field(&frame, b"data: ").context("an event without data")?.to_vec();
                return Ok(SseEvent { name, data, at: self.at });
            }
            let count = self.socket.read(&mut self.bytes).context("the stream is silent")?;
            self.at = SystemTime::now();
            ensure!(count > 0, "the stream has ended");
            self.received += count;
            self.chunked.add(&self.bytes[..count])?;
        }
    }
}

/// Returns the value of a frame's field.
fn field<'a>(frame: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    frame.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(name))
}

/// Decoder of HTTP chunks into frames.
#[derive(Default)]
struct Chunked {
    body: Vec<u8>,
    /// Start of the next frame.
    start: usize,
    /// Bytes missing from the current chunk.
    missing: usize,
    /// Incomplete size line between two chunks.
    size: Vec<u8>,
}

impl Chunked {
    fn add(&mut self, mut bytes: &[u8]) -> Result<()> {
        self.body.drain(..self.start);
        self.start = 0;
        while let [first, rest @ ..] = bytes {
            if self.missing > 0 {
                let (here, after) = bytes.split_at(self.missing.min(bytes.len()));
                self.body.extend_from_slice(here);
                self.missing -= here.len();
                bytes = after;
                continue;
            }
            bytes = rest;
            if *first != b'\n' {
                self.size.push(*first);
                continue;
            }
            // The line break after a chunk reads as an empty line before the next size.
            let size = std::mem::take(&mut self.size);
            let size = std::str::from_utf8(&size)?.trim();
            if !size.is_empty() {
                self.missing = usize::from_str_radix(size, 16)?;
            }
        }
        Ok(())
    }

    fn frame(&mut self) -> Option<Vec<u8>> {
        let rest = &self.body[self.start..];
        let end = memmem::find(rest, b"\n\n")?;
        let frame = rest[..end].to_vec();
        self.start += end + 2;
        Some(frame)
    }
}
