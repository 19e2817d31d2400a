//! The readers of `fanout`: a separate process that only counts deltas.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use memchr::memmem::{Finder, find};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

/// Printed once all readers are connected. A [`DeltaCounts`] follows at the end.
pub(crate) const READY: &str = "ready";

/// Number of deltas that the readers received.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeltaCounts {
    /// Minimum over the readers.
    pub least: u32,
    /// Maximum over the readers.
    pub most: u32,
}

/// Opens `count` streams, and counts the deltas of one turn in each.
pub(crate) fn read(count: usize, address: SocketAddr, path: &str) -> Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut connected = Vec::new();
        for _ in 0..count {
            connected.push(connect(address, path).await?);
        }
        let mut readers: JoinSet<_> = connected.into_iter().map(deltas).collect();
        println!("{READY}");
        let mut read = DeltaCounts { least: u32::MAX, most: 0 };
        while let Some(deltas) = readers.join_next().await {
            let deltas = deltas??;
            read = DeltaCounts { least: read.least.min(deltas), most: read.most.max(deltas) };
        }
        println!("{}", serde_json::to_string(&read)?);
        Ok(())
    })
}

/// Opens a stream and reads it up to its first `state`.
async fn connect(address: SocketAddr, path: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut seen = Vec::new();
    loop {
        let count = stream.read_buf(&mut seen).await?;
        ensure!(count > 0, "a stream has ended before it began");
        let state = find(&seen, b"event: state");
        if state.is_some_and(|at| find(&seen[at..], b"\n\n").is_some()) {
            return Ok(stream);
        }
    }
}

/// Counts deltas until the turn ends.
async fn deltas(mut stream: TcpStream) -> Result<u32> {
    // The gateway does not split frames between HTTP chunks, so these patterns are contiguous.
    let delta = Finder::new(br#"data: {"method":"item/agentMessage/delta""#);
    let completed = Finder::new(br#"data: {"method":"turn/completed""#);
    let mut deltas = 0;
    let mut seen: Vec<u8> = Vec::with_capacity(64 * 1024);
    loop {
        let count = stream.read_buf(&mut seen).await?;
        ensure!(count > 0, "a stream has ended in the middle of the turn");
        deltas += delta.find_iter(&seen).map(|_| 1).sum::<u32>();
        if completed.find(&seen).is_some() {
            return Ok(deltas);
        }
        // Keeps what may be the start of a delta. The rest has been counted.
        let kept = seen.len().saturating_sub(delta.needle().len() - 1);
        let counted = delta.find_iter(&seen).last().map_or(0, |at| at + delta.needle().len());
        seen.drain(..kept.max(counted));
    }
}
