//! `codex-gateway health`: a client for `/healthz`. A container's health check needs no other program.

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

/// Timeout of the whole check.
const TIMEOUT: Duration = Duration::from_secs(4);
/// Maximum length of a reply, in bytes.
const MAX_REPLY_BYTES: u64 = 64 * 1024;

/// Error from [`check_health`].
#[derive(Debug, thiserror::Error)]
pub enum HealthError {
    /// The connection failed.
    #[error("nothing answers at {0}: {1}")]
    Unreachable(SocketAddr, io::Error),
    /// The gateway did not reply in time.
    #[error("no answer from {0} within {n} s", n = TIMEOUT.as_secs())]
    Silent(SocketAddr),
    /// The reply is not that of a healthy gateway.
    #[error("{0} answers {1:?}")]
    Unhealthy(SocketAddr, String),
}

/// Requests `/healthz` from the gateway that listens on `host` and `port`.
///
/// # Errors
/// [`HealthError`]
pub async fn check_health(host: IpAddr, port: u16) -> Result<(), HealthError> {
    let address = SocketAddr::new(reachable(host), port);
    let answer = timeout(TIMEOUT, request_health(address)).await.map_err(|_| HealthError::Silent(address))?;
    let answer = answer.map_err(|error| HealthError::Unreachable(address, error))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) == Some("200") && body.contains("\"ok\":true") {
        return Ok(());
    }
    Err(HealthError::Unhealthy(address, status.to_owned()))
}

/// Returns the address to connect to. An unspecified bind address becomes loopback.
fn reachable(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    }
}

async fn request_health(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MAX_REPLY_BYTES).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Runs the check against a server with this reply.
    async fn check_reply(answer: &'static str) -> Result<(), HealthError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let read = stream.read(&mut request).await.unwrap();
            assert!(request[..read].starts_with(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1:"));
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        check_health(Ipv4Addr::UNSPECIFIED.into(), port).await
    }

    #[tokio::test]
    async fn unexpected_reply_is_unhealthy() {
        check_reply("HTTP/1.1 200 OK\r\n\r\n{\"ok\":true,\"uptimeSeconds\":1}").await.unwrap();
        for other in ["HTTP/1.1 200 OK\r\n\r\n<html>", "HTTP/1.1 503 No\r\n\r\n{\"ok\":true}", "", "SSH-2.0"]
        {
            assert!(matches!(check_reply(other).await, Err(HealthError::Unhealthy(..))), "{other}");
        }
    }

    #[tokio::test]
    async fn closed_port_is_unreachable() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let refused = check_health(Ipv4Addr::LOCALHOST.into(), port).await;
        assert!(matches!(refused, Err(HealthError::Unreachable(..))));
    }
}
