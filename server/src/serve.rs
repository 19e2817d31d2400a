//! The HTTP server: connections, their number and their patience.

use std::{
    io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{extract::Request, http::HeaderMap};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use rustix::{
    net::sockopt::set_tcp_user_timeout,
    process::{Resource, getrlimit},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{MissedTickBehavior, interval, sleep},
};
use tokio_util::sync::CancellationToken;
use tower::Service;

use crate::{
    limits::{Address, SWEEP},
    router::router,
    state::AppState,
};

/// How long the head of a request may take, and how long a connection may wait for its next one.
const HEAD: Duration = Duration::from_secs(10);
/// How long the head of a request may be, in bytes.
const LONGEST_HEAD: usize = 64 * 1024;
/// How long the other end may take nothing of what is sent, in milliseconds: one that is gone without a word, or that
/// only holds its connection open.
const NOTHING_TAKEN: u32 = 120_000;
/// How long to wait when there are no more files to open for a connection.
const OUT_OF_FILES: Duration = Duration::from_millis(250);

/// Serves until `stopping` is cancelled and all connections have ended. Streams end with their sessions.
pub async fn serve(listener: TcpListener, state: AppState, stopping: CancellationToken) {
    let places = Arc::new(Semaphore::new(most_connections(state.max_connections)));
    let limits = Arc::clone(&state.limits);
    let router = router(state);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(LONGEST_HEAD);
    let connections = GracefulShutdown::new();
    let mut sweep = interval(SWEEP);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let accepted = async {
            // Those that come while all places are taken wait where the system keeps them.
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = stopping.cancelled() => break,
            _ = sweep.tick() => {
                limits.sweep();
                continue;
            }
            accepted = accepted => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                if !is_of_the_connection(&error) {
                    tracing::error!(%error, "no connection can be accepted");
                    sleep(OUT_OF_FILES).await;
                }
                continue;
            }
        };
        if let Err(error) = prepare(&stream) {
            tracing::debug!(%error, "a connection keeps its delays");
        }
        let router = router.clone();
        let asked = Arc::new(AtomicBool::new(false));
        let silent = silent_at_the_end(stopping.clone(), Arc::clone(&asked));
        let service = service_fn(move |mut request: Request<Incoming>| {
            asked.store(true, Ordering::Relaxed);
            let address = client(peer.ip(), request.headers());
            request.extensions_mut().insert(Address::from(address));
            router.clone().call(request)
        });
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended badly");
                },
                () = silent => {}
            }
            drop(place);
        });
    }
    drop(listener);
    connections.shutdown().await;
}

/// Sets how a connection waits.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    // An event leaves at once, and does not wait until the one before is acknowledged.
    stream.set_nodelay(true)?;
    // Pings see to it that there is always something to be taken of a stream.
    set_tcp_user_timeout(stream, NOTHING_TAKEN)?;
    Ok(())
}

/// Waits for the end of a connection on which nothing was asked until we are to stop: browsers open some in advance,
/// and hyper would wait for their first request.
async fn silent_at_the_end(stopping: CancellationToken, asked: Arc<AtomicBool>) {
    stopping.cancelled_owned().await;
    if asked.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

/// Where a request comes from: what a proxy says that stands before us on this machine or its own network, else the
/// other end of the connection. (Of a list, the last is what that proxy itself has seen.)
fn client(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let is_near = match peer.to_canonical() {
        IpAddr::V4(peer) => peer.is_loopback() || peer.is_private(),
        IpAddr::V6(peer) => peer.is_loopback() || peer.is_unique_local(),
    };
    let said = headers.get_all("x-forwarded-for").iter().next_back().filter(|_| is_near);
    let last = said.and_then(|said| said.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    last.unwrap_or(peer)
}

/// As many as are wanted, and half of the files that may be open: sessions need some too.
fn most_connections(wanted: usize) -> usize {
    let files = getrlimit(Resource::Nofile).current.and_then(|files| usize::try_from(files / 2).ok());
    let most = files.map_or(wanted, |files| wanted.min(files.max(1)));
    if most < wanted {
        tracing::info!(most, wanted, "the number of open files allows fewer connections (ulimit -n)");
    }
    most
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
        assert_eq!(tcp_user_timeout(&stream).unwrap(), NOTHING_TAKEN);
    }

    #[test]
    fn a_proxy_is_believed_only_when_it_is_near() {
        let headers = HeaderMap::from_iter([(
            "x-forwarded-for".parse().unwrap(),
            "203.0.113.9, 192.0.2.7".parse().unwrap(),
        )]);
        let from = |peer: &str| client(peer.parse().unwrap(), &headers).to_string();
        assert_eq!(from("127.0.0.1"), "192.0.2.7");
        assert_eq!(from("::ffff:10.0.0.2"), "192.0.2.7");
        assert_eq!(from("198.51.100.4"), "198.51.100.4");
        assert_eq!(client([127, 0, 0, 1].into(), &HeaderMap::new()), IpAddr::from([127, 0, 0, 1]));
    }
}
