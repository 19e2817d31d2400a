//! The stream of summaries, in the tab that leads. Where a proxy holds event streams back, polls take its place.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
};

use codex_gateway_wire::SessionId;
use web_sys::AbortSignal;

use super::super::{
    backoff::Backoff,
    event_reader::{Accept, Arrival, StreamHandle},
};
use crate::browser;

/// A stream without an event for so long is dead. The server pings every 15 s.
const STREAM_TIMEOUT_MS: i64 = 40_000;
/// A stream that has brought nothing for so long may be held back: a poll shows whether responses that end get through.
const FIRST_EVENT_TIMEOUT_MS: i64 = 10_000;
/// How long the server holds the response to a poll back while nothing changes, in seconds.
const POLL_SECONDS: i64 = 15;
/// A poll without a response for so long is dead.
const POLL_TIMEOUT_MS: i64 = POLL_SECONDS * 1000 + 6_000;
/// The pause between a poll that brought something and the next one, in milliseconds.
const POLL_PAUSE_MS: i64 = 1_000;
/// A resting tab that has not repeated its announcement for so long is gone.
const REST_TIMEOUT_MS: i64 = 150_000;
/// The number of interactive sessions that the server accepts in a request.
const MAX_INTERACTIVE_SESSIONS: usize = 200;

/// A request for summaries.
pub(super) struct SummaryRequest {
    pub(super) path: String,
    pub(super) accept: Accept,
    /// Aborts the request.
    pub(super) signal: AbortSignal,
}

/// The leader's summary stream, and the tabs that rest: those that show a session without streaming it.
#[derive(Default)]
pub(super) struct SummaryReader {
    /// The stream, if it is open.
    handle: RefCell<Option<StreamHandle>>,
    /// The request is a poll.
    is_poll: Cell<bool>,
    /// The request has brought an event.
    has_event: Cell<bool>,
    /// The id that the last poll ended with.
    since: RefCell<String>,
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

    /// Starts a new request, and aborts the one before. `is_blocked`: event streams do not get through.
    pub(super) fn start(&self, now_ms: i64, is_blocked: bool) -> Option<SummaryRequest> {
        let is_held_back = self.handle.borrow().is_some()
            && !self.has_event.get()
            && now_ms - self.last_received_ms.get() > self.timeout_ms();
        self.stop();
        let interactive = self.interactive_sessions(now_ms);
        let ids = interactive.iter().map(SessionId::as_str).collect::<Vec<_>>().join(",");
        *self.interactive.borrow_mut() = interactive;
        let handle = StreamHandle::new()?;
        let signal = handle.signal();
        self.last_received_ms.set(now_ms);
        self.is_poll.set(self.is_poll.get() || is_blocked || is_held_back);
        self.has_event.set(false);
        *self.handle.borrow_mut() = Some(handle);
        let path = format!("/api/events?interactive={ids}");
        Some(if self.is_poll.get() {
            let path = format!("{path}&since={}&wait={POLL_SECONDS}", self.since.borrow());
            SummaryRequest { path, accept: Accept::PlainText, signal }
        } else {
            SummaryRequest { path, accept: Accept::EventStream, signal }
        })
    }

    /// Closes the stream.
    pub(super) fn stop(&self) {
        self.handle.take();
        self.retry_at_ms.set(0);
    }

    /// Something has arrived.
    pub(super) fn on_arrival(&self, arrival: &Arrival) {
        self.last_received_ms.set(browser::now_ms());
        if let Arrival::Event(message) = arrival {
            self.backoff.set(Backoff::default());
            self.has_event.set(true);
            message.id.clone_into(&mut self.since.borrow_mut());
        }
    }

    /// The response has ended, or the request failed.
    pub(super) fn on_end(&self) {
        self.handle.take();
        if self.is_poll.get() && self.has_event.get() {
            self.retry_at_ms.set(browser::now_ms() + POLL_PAUSE_MS);
            return;
        }
        // Not even a poll gets through: the connection is lost, and streams are not to blame.
        self.is_poll.set(false);
        let mut backoff = self.backoff.get();
        let wait_ms = backoff.next(browser::random());
        self.backoff.set(backoff);
        self.retry_at_ms.set(browser::now_ms() + i64::from(wait_ms));
    }

    /// Makes a new stream due without waiting. The network is back, and may be one that holds no streams back.
    pub(super) fn retry_now(&self) {
        if self.is_poll.take() {
            self.handle.take();
        }
        self.retry_at_ms.set(0);
    }

    /// Returns `true` if a new stream should be started: there is none, or it is dead, or it names other sessions than it
    /// should.
    pub(super) fn is_due(&self, now_ms: i64) -> bool {
        if self.handle.borrow().is_some() {
            now_ms - self.last_received_ms.get() > self.timeout_ms()
                || self.interactive_sessions(now_ms) != *self.interactive.borrow()
        } else {
            now_ms >= self.retry_at_ms.get() && browser::is_online()
        }
    }

    /// For how long nothing may arrive.
    fn timeout_ms(&self) -> i64 {
        match (self.is_poll.get(), self.has_event.get()) {
            (true, _) => POLL_TIMEOUT_MS,
            (false, false) => FIRST_EVENT_TIMEOUT_MS,
            (false, true) => STREAM_TIMEOUT_MS,
        }
    }

    /// The sessions that the stream should name in `interactive`.
    fn interactive_sessions(&self, now_ms: i64) -> BTreeSet<SessionId> {
        self.resting.borrow_mut().retain(|_, (_, announced_ms)| now_ms - *announced_ms < REST_TIMEOUT_MS);
        let resting = self.resting.borrow();
        resting.values().map(|(session, _)| session.clone()).take(MAX_INTERACTIVE_SESSIONS).collect()
    }
}
