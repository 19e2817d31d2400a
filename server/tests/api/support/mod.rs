//! What the tests stand on: gateways of their own, a client that sends what it is told to, and a look at the
//! processes of the machine.

mod chance;
mod clock;
mod contract;
mod disk;
mod events;
mod fake;
mod gateway;
mod http;
mod processes;
mod reader;
mod recorder;

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

pub(crate) use self::{
    chance::Chance,
    clock::Clock,
    disk::{Disk, Unchangeable},
    events::{Event, Events},
    gateway::{Gateway, Session, Setup, real_codex},
    http::{Client, Reply},
    processes::Process,
    reader::{Reader, snapshot},
    recorder::Recorder,
};

/// Longer than anything here takes; only a test that is stuck waits for it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(40);

/// What the future gives, which must not take longer than [`DEADLINE`].
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("{what}: nothing within {DEADLINE:?}"))
}

/// Waits until something is so that nobody reports: the end of a process of somebody else's, say.
pub(crate) async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < DEADLINE, "{what}: not within {DEADLINE:?}");
        sleep(Duration::from_millis(10)).await;
    }
}
