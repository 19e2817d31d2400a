//! Test support: gateways, HTTP and event stream clients, the fake codex, and a view of the machine's processes.

mod clock;
mod contract;
mod disk;
mod events;
mod fake_codex;
mod gateway;
mod http;
mod processes;
mod recording_proxy;
mod seeded_rng;
mod transcript_reader;

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

pub(crate) use self::{
    clock::TestClock,
    disk::{ImmutableFiles, TestDisk},
    events::{Event, EventStream},
    gateway::{Gateway, Session, Setup, real_codex},
    http::{Client, Reply},
    processes::Process,
    recording_proxy::RecordingProxy,
    seeded_rng::SeededRng,
    transcript_reader::{TranscriptReader, snapshot},
};

/// Longer than any operation takes. Only a stuck test waits for it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(40);

/// Awaits the future. Panics after [`DEADLINE`].
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("{what}: not within {DEADLINE:?}"))
}

/// Drives `pending` until `until` completes, which shows that `pending` has begun. Panics if `pending` completes first.
pub(crate) async fn pending_until<T>(
    pending: &mut (impl Future<Output = T> + Unpin),
    until: impl Future<Output = impl Sized>,
) {
    tokio::select! {
        biased;
        _ = until => {}
        _ = pending => panic!("the future should be pending"),
    }
}

/// Polls until the condition holds, for changes that no event reports. Panics after [`DEADLINE`].
pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < DEADLINE, "{what}: not within {DEADLINE:?}");
        sleep(Duration::from_millis(10)).await;
    }
}
