//! `codex-gateway health`: whether the gateway that was started with these settings runs. For a container's health check,
//! which then needs no other program.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(4);
/// The most of an answer that is read, in bytes.
const MOST: u64 = 64 * 1024;

/// Why it is not known to be healthy.
#[derive(Debug, thiserror::Error)]
pub enum HealthError {
    /// Nobody answers.
    #[error("nothing answers at {0}: {1}")]
    Unreachable(SocketAddr, io::Error),
    /// It takes too long.
    #[error("no answer from {0} within {n} s", n = PATIENCE.as_secs())]
    Silent(SocketAddr),
    /// It says something else, or it is something else.
    #[error("{0} answers {1:?}")]
    Unhealthy(SocketAddr, String),
}

/// Asks `/healthz` of the gateway that listens on `host` and `port`.
///
/// # Errors
/// [`HealthError`]
pub async fn health(host: IpAddr, port: u16) -> Result<(), HealthError> {
    let address = SocketAddr::new(reachable(host), port);
    let answer = timeout(PATIENCE, ask(address)).await.map_err(|_| HealthError::Silent(address))?;
    let answer = answer.map_err(|error| HealthError::Unreachable(address, error))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) == Some("200") && body.contains("\"ok\":true") {
        return Ok(());
    }
    Err(HealthError::Unhealthy(address, status.to_owned()))
}

/// An address to connect to: all addresses are none.
fn reachable(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    }
}

async fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// What is said of a server that answers so.
    async fn of(answer: &'static str) -> Result<(), HealthError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let read = stream.read(&mut request).await.unwrap();
            assert!(request[..read].starts_with(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1:"));
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        health(Ipv4Addr::UNSPECIFIED.into(), port).await
    }

    #[tokio::test]
    async fn only_a_gateway_that_says_so_is_healthy() {
        of("HTTP/1.1 200 OK\r\n\r\n{\"ok\":true,\"uptimeSeconds\":1}").await.unwrap();
        for other in ["HTTP/1.1 200 OK\r\n\r\n<html>", "HTTP/1.1 503 No\r\n\r\n{\"ok\":true}", "", "SSH-2.0"]
        {
            assert!(matches!(of(other).await, Err(HealthError::Unhealthy(..))), "{other}");
        }
    }

    #[tokio::test]
    async fn nobody_is_not_healthy() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let refused = health(Ipv4Addr::LOCALHOST.into(), port).await;
        assert!(matches!(refused, Err(HealthError::Unreachable(..))));
    }
}
