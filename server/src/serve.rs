//! The HTTP server: its connections, how long they may take, and which of them give way.
//!
//! HTTP/1.1, and HTTP/2 with prior knowledge, on the same port: a proxy may speak either. (Browsers speak HTTP/2 over TLS
//! only, to the proxy.) The limits of both are the same as far as they can be.

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
    in_flight::{Activity, InFlight},
    limits::{Address, SWEEP},
    proxies::TrustedProxies,
    state::AppState,
    unread::RequestBody,
};

/// How long the head of a request may take from its first byte, and that of the first one from the start.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
/// How long an idle connection may take to end once it is told to.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the head of a request may be over HTTP/1.1, in bytes.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// How long it may be over HTTP/2, in bytes, unpacked. A connection can have one for each stream.
const MAX_HEADER_LIST_BYTES: u32 = 32 * 1024;
/// How many requests a client may have at the same time on a connection. A proxy brings those of many people.
const MAX_CONCURRENT_STREAMS: u32 = 200;
/// How much of a body a client may send before it is read, in bytes: of a stream, and of a whole connection.
const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 256 * 1024;
/// How much of a reply is held for a client that does not take it, in bytes.
const MAX_SEND_BUFFER_BYTES: usize = 64 * 1024;
/// How many streams a client may cancel that were not looked at yet, and how many errors it may make, before its
/// connection ends: else it could have requests begun as fast as it can take them back.
const MAX_RESETS: usize = 20;
const MAX_STREAM_ERRORS: usize = 256;
/// How often a silent HTTP/2 client is asked whether it is there, and how long its answer may take.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// How long the other end may take nothing of what is sent: one that is gone without a word, or that only holds its
/// connection open.
const SEND_TIMEOUT: Duration = Duration::from_mins(2);
/// How long to wait when there are no more files to open for a connection.
const OUT_OF_FILES_PAUSE: Duration = Duration::from_millis(250);

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
    let mut sweep = interval(SWEEP);
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
                if !is_of_the_connection(&error) {
                    tracing::error!(%error, "no connection can be accepted");
                    sleep(OUT_OF_FILES_PAUSE).await;
                }
                continue;
            }
        };
        if let Err(error) = prepare(&stream) {
            tracing::debug!(%error, "a connection keeps its delays");
        }
        // A proxy stands for many clients.
        let address = (!server.proxies.contains(peer)).then(|| Address::from(peer));
        let open = state.connections.open(address);
        let server = server.clone();
        connections.spawn(async move {
            server.connection(stream, peer, &open).await;
            drop((open, socket));
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// The protocols, and their limits.
fn http() -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    // hyper's own timeout for a head would begin with the wait for it.
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

/// What every connection needs.
#[derive(Clone)]
struct Server {
    http: auto::Builder<TokioExecutor>,
    router: Router,
    proxies: Arc<TrustedProxies>,
    base_path: BasePath,
    keep_alive: KeepAlive,
    stopping: CancellationToken,
}

/// How long a connection may wait for its next request.
#[derive(Clone)]
struct KeepAlive {
    timeout: Duration,
    /// Tells clients over HTTP/1.1, so that they use no connection that is about to be closed.
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
    /// Serves a connection until it ends, or has to.
    async fn connection(&self, stream: TcpStream, peer: IpAddr, open: &OpenConnection) {
        let in_flight = InFlight::new();
        let handle = open.handle();
        let service = service_fn(|request| self.answer(request, peer, &handle, &in_flight));
        let received = in_flight.clone();
        let stream = InspectReader::new(stream, move |bytes: &[u8]| received.received(bytes));
        let connection = self.http.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let (mut is_stopping, mut is_closing) = (false, false);
        let mut look = Instant::now() + HEAD_TIMEOUT;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection ended badly");
                    }
                    return;
                }
                () = open.displaced() => {
                    tracing::debug!(%peer, "a connection gave way to another");
                    return;
                }
                () = self.stopping.cancelled(), if !is_stopping => {
                    // Browsers open some in advance, and hyper would wait for their first request.
                    if !in_flight.has_begun() {
                        return;
                    }
                    is_stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = sleep_until(look) => {
                    let now = Instant::now();
                    // A head that begins until then has its whole time left.
                    look = now + HEAD_TIMEOUT;
                    match in_flight.activity() {
                        Activity::Head(since) if now < since + HEAD_TIMEOUT => look = since + HEAD_TIMEOUT,
                        Activity::Idle(since) if now < since + self.keep_alive.timeout => {
                            look = look.min(since + self.keep_alive.timeout);
                        }
                        // What was answered may still be on its way.
                        Activity::Idle(_) if !is_closing => {
                            is_closing = true;
                            look = now + CLOSE_TIMEOUT;
                            connection.as_mut().graceful_shutdown();
                        }
                        Activity::Head(_) | Activity::Idle(_) => return,
                        Activity::Stalled(since) if now >= since + SEND_TIMEOUT => {
                            tracing::debug!(%peer, "a client takes nothing of what it asked for");
                            return;
                        }
                        Activity::Busy | Activity::Stalled(_) => {}
                    }
                }
            }
        }
    }

    /// Answers a request.
    fn answer(
        &self,
        request: hyper::Request<Incoming>,
        peer: IpAddr,
        handle: &ConnectionHandle,
        in_flight: &InFlight,
    ) -> impl Future<Output = Result<axum::response::Response, Infallible>> + Send + use<> {
        let mut request: Request = RequestBody::of(request).map(axum::body::Body::new);
        let exchange = in_flight.begin(request.version());
        let keep_alive = self.keep_alive.header.clone().filter(|_| request.version() == Version::HTTP_11);
        let address = Address::from(self.proxies.client(peer, request.headers()));
        if let Some(ignored) = self.proxies.strip(peer, request.headers_mut()) {
            request.extensions_mut().insert(ignored);
        }
        base_path::strip(&self.base_path, request.uri_mut());
        request.extensions_mut().insert(address);
        request.extensions_mut().insert(handle.clone());
        let answer = self.router.clone().call(request);
        async move {
            let mut reply = answer.await?;
            if let Some(timeout) = keep_alive {
                reply.headers_mut().insert(KEEP_ALIVE, timeout);
            }
            Ok(exchange.reply(reply))
        }
    }
}

/// Sets how a connection waits.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    // An event leaves at once, and does not wait until the one before is acknowledged.
    stream.set_nodelay(true)?;
    // Pings see to it that there is always something to be taken of a stream.
    set_tcp_user_timeout(stream, milliseconds(SEND_TIMEOUT))?;
    Ok(())
}

fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

/// Whether an error of `accept` is about a connection that is gone already, and not about us.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests {
    use rustix::net::sockopt::tcp_user_timeout;

    use super::*;

    #[tokio::test]
    async fn a_connection_that_takes_nothing_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        prepare(&stream).unwrap();
        assert!(stream.nodelay().unwrap());
        // The system does the rest.
        assert_eq!(tcp_user_timeout(&stream).unwrap(), milliseconds(SEND_TIMEOUT));
    }
}
