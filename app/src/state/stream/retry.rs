//! Lost connections, and when to try again.

use std::rc::Rc;

use super::{ConnectionState, Inner, transport::DEAD_AFTER_MS};
use crate::browser;

/// A response that has brought nothing for so long is given up once the gateway answers another request.
const STALE_AFTER_MS: i64 = 3_000;

impl Inner {
    /// The connection was lost, or could not be made.
    pub(super) fn on_disconnect(self: &Rc<Self>) {
        self.disconnect();
        if self.has_ended() || self.is_fetching.get() {
            return;
        }
        if !browser::is_online() {
            return self.set_state(ConnectionState::Offline);
        }
        let wait_ms = self.count_failure();
        self.retry_at_ms.set(Some(browser::now_ms() + i64::from(wait_ms)));
        self.set_state(ConnectionState::Waiting(wait_ms.div_ceil(1000)));
    }

    /// Counts a failed attempt. Returns how long to wait for the next one, in milliseconds.
    pub(super) fn count_failure(&self) -> u32 {
        let mut backoff = self.backoff.get();
        let wait_ms = backoff.next(browser::random());
        self.backoff.set(backoff);
        wait_ms
    }

    /// Runs once a second.
    pub(super) fn on_tick(self: &Rc<Self>) {
        let now = browser::now_ms();
        if let Some(at) = self.retry_at_ms.get() {
            match u32::try_from((at - now + 999) / 1000) {
                Ok(seconds @ 1..) => self.set_state(ConnectionState::Waiting(seconds)),
                _ => self.retry(),
            }
        } else if self.is_reading()
            && self.has_first_event.get()
            && now - self.last_received_ms.get() > DEAD_AFTER_MS
        {
            self.transport.borrow_mut().on_silence(self.request.get(), self.response_lifetime_ms());
            self.reconnect();
        } else if self.state() == ConnectionState::Offline && browser::is_online() {
            self.retry_now();
        } else {
            self.catch_up_if_due();
        }
        self.release_stream_if_hidden(now);
    }

    fn retry(self: &Rc<Self>) {
        self.retry_at_ms.set(None);
        self.set_state(ConnectionState::Connecting);
        // A refused stream does not say why. A snapshot's failure does.
        if self.backoff.get().failures() > 1 { self.fetch_snapshot(false) } else { self.connect() }
    }

    pub(super) fn retry_now(self: &Rc<Self>) {
        if !self.has_ended() && !self.state().is_live() {
            self.is_fetching.set(false);
            self.transport.borrow_mut().hurry();
            self.retry();
        }
    }

    /// The network is back. It may be another one, without the proxy that held streams back.
    pub(super) fn on_online(self: &Rc<Self>) {
        self.tabs.set_stream_blocked(false);
        self.transport.borrow_mut().hurry();
        self.retry_now();
    }

    pub(super) fn note_reachable(self: &Rc<Self>) {
        if self.has_ended() || self.state().is_live() {
            return;
        }
        self.transport.borrow_mut().note_reachable();
        if self.retry_at_ms.get().is_some() {
            self.reconnect();
        } else if self.is_reading() && browser::now_ms() - self.requested_ms.get() >= STALE_AFTER_MS {
            let next = self.transport.borrow_mut().on_refused(self.request.get());
            self.proceed(next);
        }
    }

    /// A proxy in front of the gateway requires a sign-in. The next attempt follows when the user comes back to the page.
    pub(super) fn leave_to_proxy(self: &Rc<Self>) {
        self.disconnect();
        self.set_state(ConnectionState::ProxySignedOut);
    }
}
