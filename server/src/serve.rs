//! The HTTP server: accepts connections, and enforces their timeouts and limits.
//!
//! HTTP/1.1, and HTTP/2 with prior knowledge, share the port, because a proxy may use either. (Browsers use
//! HTTP/2 over TLS only, to the proxy.) Both have the same limits as far as possible.

use std::{convert::Infallible, io, net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, HeaderValue, Version},
};
use codex_gateway_app::BasePath;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use rustix::net::sockopt::set_tcp_user_timeout;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, MissedTickBehavior, interval, sleep, sleep_until},
};
use tokio_util::{io::InspectReader, sync::CancellationToken, task::TaskTracker};
use tower::Service;

use crate::{
    base_path,
    connections::{ConnectionHandle, OpenConnection},
    drain::DrainOnDrop,
    in_flight::{Activity, InFlightRequests},
    limits::{Address, SWEEP_INTERVAL},
    proxies::TrustedProxies,
    state::AppState,
};

/// Maximum time for the head of a request, from its first byte. For the first request, from the start of the
/// connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
/// Maximum time for an idle connection to shut down.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum head of a request over HTTP/1.1, in bytes.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Maximum head of a request over HTTP/2, in bytes, decompressed. A connection may have one per stream.
const MAX_HEADER_LIST_BYTES: u32 = 32 * 1024;
/// Maximum number of concurrent requests of an HTTP/2 connection. A proxy's connection carries those of many
/// users.
const MAX_CONCURRENT_STREAMS: u32 = 200;
/// How much of a body a client may send before it is read, in bytes: per stream, and per connection.
const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 256 * 1024;
/// Maximum bytes of a reply that are buffered for a client that does not read them.
const MAX_SEND_BUFFER_BYTES: usize = 64 * 1024;
/// Maximum number of streams that a client may reset before they are handled, and maximum number of its errors.
/// Beyond that, the connection is closed. Otherwise a client could start requests as fast as it can cancel
/// them.
const MAX_RESETS: usize = 20;
const MAX_STREAM_ERRORS: usize = 256;
/// How often a silent HTTP/2 client is pinged, and how long its reply may take.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// Maximum time without progress of what is sent. Detects peers that disappeared, or that only hold the
/// connection open.
const SEND_TIMEOUT: Duration = Duration::from_mins(2);
/// Delay after a failed `accept`, for example at the limit of open files.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(250);

/// Serves until `stopping` is cancelled and all connections have ended. Streams end with their sessions.
pub async fn serve(listener: TcpListener, router: Router, state: AppState, stopping: CancellationToken) {
    let server = Server {
        http: http(),
        router,
        proxies: Arc::clone(&state.proxies),
        base_path: state.base_path.clone(),
        keep_alive: KeepAlive::new(state.connections.keep_alive()),
        stopping: stopping.clone(),
    };
    let connections = TaskTracker::new();
    let mut sweep = interval(SWEEP_INTERVAL);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let accepted = async {
            let socket = state.connections.socket().await;
            (socket, listener.accept().await)
        };
        let (socket, accepted) = tokio::select! {
            () = stopping.cancelled() => break,
            _ = sweep.tick() => {
                state.limits.sweep();
                continue;
            }
            accepted = accepted => accepted,
        };
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (stream, peer.ip().to_canonical()),
            Err(error) => {
                if !is_connection_error(&error) {
                    tracing::error!(%error, "cannot accept connections");
                    sleep(ACCEPT_RETRY_DELAY).await;
                }
                continue;
            }
        };
        if let Err(error) = set_socket_options(&stream) {
            tracing::debug!(%error, "cannot set TCP options");
        }
        // A proxy has many clients, so no limit per address applies.
        let address = (!server.proxies.contains(peer)).then(|| Address::from(peer));
        let open = state.connections.open(address);
        let server = server.clone();
        connections.spawn(async move {
            server.serve_connection(stream, peer, &open).await;
            drop((open, socket));
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// Configures the protocols and their limits.
fn http() -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    // hyper's timeout for a head would include the idle time before it.
    http.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(MAX_HEAD_BYTES);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
        .max_header_list_size(MAX_HEADER_LIST_BYTES)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_send_buf_size(MAX_SEND_BUFFER_BYTES)
        .max_pending_accept_reset_streams(MAX_RESETS)
        .max_local_error_reset_streams(MAX_STREAM_ERRORS)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT);
    http
}

/// State shared by all connections.
#[derive(Clone)]
struct Server {
    http: auto::Builder<TokioExecutor>,
    router: Router,
    proxies: Arc<TrustedProxies>,
    base_path: BasePath,
    keep_alive: KeepAlive,
    stopping: CancellationToken,
}

/// Maximum idle time of a connection.
#[derive(Clone)]
struct KeepAlive {
    timeout: Duration,
    /// Announces the timeout over HTTP/1.1, so that clients do not use a connection that is about to close.
    header: Option<HeaderValue>,
}

impl KeepAlive {
    fn new(timeout: Duration) -> Self {
        let seconds = Some(timeout.as_secs()).filter(|seconds| *seconds > 0);
        let header = seconds.and_then(|seconds| HeaderValue::try_from(format!("timeout={seconds}")).ok());
        Self { timeout, header }
    }
}

impl Server {
    /// Serves a connection until it ends, is displaced or times out.
    async fn serve_connection(&self, stream: TcpStream, peer: IpAddr, open: &OpenConnection) {
        let in_flight = InFlightRequests::new();
        let handle = open.handle();
        let service = service_fn(|request| self.handle(request, peer, &handle, &in_flight));
        let received = in_flight.clone();
        let stream = InspectReader::new(stream, move |bytes: &[u8]| received.received(bytes));
        let connection = self.http.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let (mut is_stopping, mut is_closing) = (false, false);
        let mut next_check = Instant::now() + HEAD_TIMEOUT;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "connection failed");
                    }
                    return;
                }
                () = open.displaced() => {
                    tracing::debug!(%peer, "connection displaced by another");
                    return;
                }
                () = self.stopping.cancelled(), if !is_stopping => {
                    // Browsers open connections in advance. hyper would wait for the first request.
                    if !in_flight.has_begun() {
                        return;
                    }
                    is_stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = sleep_until(next_check) => {
                    let now = Instant::now();
                    // A head that begins until then still has its full timeout.
                    next_check = now + HEAD_TIMEOUT;
                    match in_flight.activity() {
                        Activity::Head(since) if now < since + HEAD_TIMEOUT => next_check = since + HEAD_TIMEOUT,
                        Activity::Idle(since) if now < since + self.keep_alive.timeout => {
                            next_check = next_check.min(since + self.keep_alive.timeout);
                        }
                        // The last reply may still be in transit.
                        Activity::Idle(_) if !is_closing => {
                            is_closing = true;
                            next_check = now + CLOSE_TIMEOUT;
                            connection.as_mut().graceful_shutdown();
                        }
                        Activity::Head(_) | Activity::Idle(_) => return,
                        Activity::Stalled(since) if now >= since + SEND_TIMEOUT => {
                            tracing::debug!(%peer, "client stopped reading its reply");
                            return;
                        }
                        Activity::Busy | Activity::Stalled(_) => {}
                    }
                }
            }
        }
    }

    /// Handles a request.
    fn handle(
        &self,
        request: hyper::Request<Incoming>,
        peer: IpAddr,
        handle: &ConnectionHandle,
        in_flight: &InFlightRequests,
    ) -> impl Future<Output = Result<axum::response::Response, Infallible>> + Send + use<> {
        let mut request: Request = DrainOnDrop::of(request).map(axum::body::Body::new);
        let exchange = in_flight.begin(request.version());
        let keep_alive = self.keep_alive.header.clone().filter(|_| request.version() == Version::HTTP_11);
        let address = Address::from(self.proxies.client(peer, request.headers()));
        if let Some(ignored) = self.proxies.strip(peer, request.headers_mut()) {
            request.extensions_mut().insert(ignored);
        }
        base_path::strip(&self.base_path, request.uri_mut());
        request.extensions_mut().insert(address);
        request.extensions_mut().insert(handle.clone());
        let response = self.router.clone().call(request);
        async move {
            let mut reply = response.await?;
            if let Some(timeout) = keep_alive {
                reply.headers_mut().insert(KEEP_ALIVE, timeout);
            }
            Ok(exchange.reply(reply))
        }
    }
}

/// Sets TCP options of a connection.
fn set_socket_options(stream: &TcpStream) -> io::Result<()> {
    // Sends events at once, without waiting for the acknowledgement of earlier ones (Nagle's algorithm).
    stream.set_nodelay(true)?;
    // Streams always have unacknowledged data within that time, because of their pings.
    set_tcp_user_timeout(stream, milliseconds(SEND_TIMEOUT))?;
    Ok(())
}

fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

/// Returns `true` if an error of `accept` concerns a connection that has already gone.
fn is_connection_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests {
    use rustix::net::sockopt::tcp_user_timeout;

    use super::*;

    #[tokio::test]
    async fn socket_has_nodelay_and_user_timeout() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        set_socket_options(&stream).unwrap();
        assert!(stream.nodelay().unwrap());
        // The kernel does the rest.
        assert_eq!(tcp_user_timeout(&stream).unwrap(), milliseconds(SEND_TIMEOUT));
    }
}
