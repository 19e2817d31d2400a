//! Making a request for events, and what to do at the end of its response.

use std::{rc::Rc, time::Duration};

use codex_gateway_wire::EventName;
use leptos::{prelude::*, task::spawn_local};

use super::{
    super::event_reader::{Accept, StreamHandle, read_events},
    ConnectionState, Inner,
    transport::{Next, PING_SECONDS, POLL_SECONDS, Request},
};
use crate::{browser, server_fns::ApiError};

/// The events that the page subscribes to.
const EVENTS: [EventName; 11] = [
    EventName::Session,
    EventName::Notification,
    EventName::ServerRequest,
    EventName::Request,
    EventName::RequestResolved,
    EventName::Warning,
    EventName::Thread,
    EventName::Queue,
    EventName::SessionClosed,
    EventName::Gap,
    EventName::Ping,
];

/// The pause between a long poll that brought something and the next one, in milliseconds.
const POLL_PAUSE_MS: u64 = 300;

impl Inner {
    /// Makes a request for the events after the store's last one. A response that is being read is dropped.
    pub(super) fn connect(self: &Rc<Self>) {
        self.disconnect();
        if self.store.with_untracked(|transcript| transcript.closed.is_some()) {
            return self.on_closed();
        }
        let names = EVENTS.map(EventName::as_str).join(",");
        let (session, since) = (&self.session, self.store.last_event_untracked());
        let request = self.transport.borrow().request(self.tabs.has_stream(), self.tabs.is_stream_blocked());
        let (accept, hold_seconds) = match request {
            Request::Stream => (Accept::EventStream, 0),
            // A page that is behind needs its first response at once.
            Request::LongPoll if self.state().is_live() => (Accept::PlainText, POLL_SECONDS),
            Request::LongPoll | Request::CatchUp => (Accept::PlainText, 0),
        };
        let pace = match request {
            Request::Stream => format!("ping={PING_SECONDS}"),
            Request::LongPoll | Request::CatchUp => format!("wait={hold_seconds}"),
        };
        let path =
            format!("/api/sessions/{session}/events?since={since}&events={names}&interactive=1&{pace}");
        let Some(handle) = StreamHandle::new() else { return self.on_disconnect() };
        let signal = handle.signal();
        let now = browser::now_ms();
        self.requested_ms.set(now);
        self.request.set(request);
        self.hold_seconds.set(hold_seconds);
        self.has_first_event.set(false);
        self.has_news.set(false);
        self.note_caught_up(now);
        *self.handle.borrow_mut() = Some(handle);
        let this = Rc::downgrade(self);
        spawn_local(async move {
            let on_arrival = |arrival| {
                if let Some(inner) = this.upgrade() {
                    inner.on_arrival(arrival);
                }
            };
            let read = read_events(&path, &signal, accept, on_arrival).await;
            if let Some(inner) = this.upgrade().filter(|_| !signal.aborted()) {
                inner.on_response_end(read);
            }
        });
        let timeout_ms = self.transport.borrow().first_event_timeout_ms(request, hold_seconds);
        self.after(u64::from(timeout_ms), |inner| {
            if inner.is_reading() && !inner.has_first_event.get() {
                inner.on_first_event_timeout();
            }
        });
    }

    /// Calls `act` after a while, unless this is called again before.
    fn after(self: &Rc<Self>, delay_ms: u64, act: fn(&Rc<Self>)) {
        let timer = self.timer.get() + 1;
        self.timer.set(timer);
        let this = Rc::downgrade(self);
        let act = move || {
            if let Some(inner) = this.upgrade().filter(|inner| inner.timer.get() == timer) {
                act(&inner);
            }
        };
        set_timeout(act, Duration::from_millis(delay_ms));
    }

    fn on_first_event_timeout(self: &Rc<Self>) {
        let next = self.transport.borrow_mut().on_timeout(self.request.get());
        self.proceed(next);
    }

    pub(super) fn proceed(self: &Rc<Self>, next: Next) {
        match next {
            Next::Retry => self.reconnect(),
            Next::Wait => self.on_disconnect(),
        }
    }

    /// Connects at once. The page is not live until a response arrives.
    pub(super) fn reconnect(self: &Rc<Self>) {
        self.set_state(ConnectionState::Connecting);
        self.connect();
    }

    fn on_response_end(self: &Rc<Self>, read: Result<(), ApiError>) {
        let (request, has_first_event) = (self.request.get(), self.has_first_event.get());
        match read {
            Ok(()) if has_first_event && request != Request::Stream => {
                self.handle.take();
                // A hidden page gets no animation frames.
                if browser::is_hidden() {
                    self.store.flush();
                }
                if request == Request::LongPoll {
                    let pause_ms = if self.has_news.get() { POLL_PAUSE_MS } else { 0 };
                    self.after(pause_ms, Self::poll_again);
                }
            }
            Ok(()) if has_first_event => {
                self.transport.borrow_mut().on_cut(request, self.response_lifetime_ms());
                self.on_disconnect();
            }
            Err(failure) if failure.is_proxy_signed_out() => self.leave_to_proxy(),
            Err(failure)
                if (failure.is_unauthorized() || failure.is_not_found())
                    && self.backoff.get().failures() == 0 =>
            {
                // A snapshot's failure says more. If the snapshot succeeds, the next attempt waits as usual.
                self.count_failure();
                self.fetch_snapshot(false);
            }
            // The gateway itself refuses for now, which says nothing about the connection.
            Err(failure) if !failure.is_open() => self.on_disconnect(),
            _ => {
                let next = self.transport.borrow_mut().on_refused(request);
                self.proceed(next);
            }
        }
    }

    /// For how long the response has brought something.
    pub(super) fn response_lifetime_ms(&self) -> i64 {
        self.last_received_ms.get() - self.requested_ms.get()
    }

    /// Makes the next long poll.
    fn poll_again(self: &Rc<Self>) {
        let is_busy = self.is_reading() || self.is_fetching.get();
        if self.state() == ConnectionState::Polling && self.tabs.has_stream() && !is_busy {
            self.connect();
        }
    }

    /// Drops the response that is being read, and cancels the next attempt.
    pub(super) fn disconnect(&self) {
        self.handle.take();
        self.retry_at_ms.set(None);
    }
}
