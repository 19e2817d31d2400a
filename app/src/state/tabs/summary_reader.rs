//! The stream of summaries, in the tab that leads.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
};

use codex_gateway_wire::SessionId;
use web_sys::AbortSignal;

use super::super::{
    backoff::Backoff,
    event_reader::{Arrival, StreamHandle},
};
use crate::browser;

/// A stream without an event for so long is dead. The server pings every 15 s.
const STREAM_TIMEOUT_MS: i64 = 40_000;
/// A resting tab that has not repeated its announcement for so long is gone.
const REST_TIMEOUT_MS: i64 = 150_000;
/// The number of interactive sessions that the server accepts in a request.
const MAX_INTERACTIVE_SESSIONS: usize = 200;

/// The leader's summary stream, and the tabs that rest: those that show a session without streaming it.
#[derive(Default)]
pub(super) struct SummaryReader {
    /// The stream, if it is open.
    handle: RefCell<Option<StreamHandle>>,
    backoff: Cell<Backoff>,
    /// When to open the stream again, in Unix milliseconds.
    retry_at_ms: Cell<i64>,
    /// When something last arrived, in Unix milliseconds.
    last_received_ms: Cell<i64>,
    /// For each resting tab: its session, and when it last announced it.
    resting: RefCell<BTreeMap<String, (SessionId, i64)>>,
    /// The sessions that the stream names in `interactive`: a tab of this browser can answer their requests.
    interactive: RefCell<BTreeSet<SessionId>>,
}

impl SummaryReader {
    /// Records that a tab rests on a session.
    pub(super) fn note_rest(&self, tab: String, session: SessionId, now_ms: i64) {
        self.resting.borrow_mut().insert(tab, (session, now_ms));
    }

    /// Records that a tab shows no session any more.
    pub(super) fn note_left(&self, tab: &str) {
        self.resting.borrow_mut().remove(tab);
    }

    /// Starts a new stream, and closes the one before. Returns the path of the request, and the signal that aborts it.
    pub(super) fn start(&self, now_ms: i64) -> Option<(String, AbortSignal)> {
        self.stop();
        let interactive = self.interactive_sessions(now_ms);
        let ids = interactive.iter().map(SessionId::as_str).collect::<Vec<_>>().join(",");
        *self.interactive.borrow_mut() = interactive;
        let handle = StreamHandle::new()?;
        let signal = handle.signal();
        self.last_received_ms.set(now_ms);
        *self.handle.borrow_mut() = Some(handle);
        Some((format!("/api/events?interactive={ids}"), signal))
    }

    /// Closes the stream.
    pub(super) fn stop(&self) {
        self.handle.take();
        self.retry_at_ms.set(0);
    }

    /// Something has arrived on the stream.
    pub(super) fn on_arrival(&self, arrival: &Arrival) {
        self.last_received_ms.set(browser::now_ms());
        if matches!(arrival, Arrival::Event(_)) {
            self.backoff.set(Backoff::default());
        }
    }

    /// The stream broke, or could not be opened.
    pub(super) fn on_disconnect(&self) {
        self.handle.take();
        let mut backoff = self.backoff.get();
        let wait_ms = backoff.next(browser::random());
        self.backoff.set(backoff);
        self.retry_at_ms.set(browser::now_ms() + i64::from(wait_ms));
    }

    /// Makes a new stream due without waiting.
    pub(super) fn retry_now(&self) {
        self.retry_at_ms.set(0);
    }

    /// Returns `true` if a new stream should be started: there is none, or it is dead, or it names other sessions than it
    /// should.
    pub(super) fn is_due(&self, now_ms: i64) -> bool {
        if self.handle.borrow().is_some() {
            now_ms - self.last_received_ms.get() > STREAM_TIMEOUT_MS
                || self.interactive_sessions(now_ms) != *self.interactive.borrow()
        } else {
            now_ms >= self.retry_at_ms.get() && browser::is_online()
        }
    }

    /// The sessions that the stream should name in `interactive`.
    fn interactive_sessions(&self, now_ms: i64) -> BTreeSet<SessionId> {
        self.resting.borrow_mut().retain(|_, (_, announced_ms)| now_ms - *announced_ms < REST_TIMEOUT_MS);
        let resting = self.resting.borrow();
        resting.values().map(|(session, _)| session.clone()).take(MAX_INTERACTIVE_SESSIONS).collect()
    }
}
