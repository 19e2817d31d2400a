//! What changes when the page is shown or hidden.

use std::rc::Rc;

use super::{Inner, transport::DEAD_AFTER_MS};
use crate::browser;

/// How long a hidden page keeps the session stream.
const HIDDEN_GRACE_MS: i64 = 10_000;

/// A page that becomes visible trusts its connection if something arrived less than this time ago.
const FRESH_MS: i64 = 1_000;

impl Inner {
    /// Connects for the first time. A visible page takes the session stream. A hidden one catches up.
    pub(super) fn start(self: &Rc<Self>) {
        if browser::is_hidden() {
            self.hidden_since_ms.set(Some(browser::now_ms() - HIDDEN_GRACE_MS));
            self.tabs.rest(&self.session);
        } else {
            self.tabs.take_stream();
        }
        self.connect();
    }

    pub(super) fn on_visibility_change(self: &Rc<Self>) {
        self.store.flush();
        if browser::is_hidden() {
            let since = self.hidden_since_ms.get().unwrap_or_else(browser::now_ms);
            self.hidden_since_ms.set(Some(since));
        } else {
            self.on_visible();
        }
    }

    /// The user is back at the page. Timers may have stood still while it was hidden, and the connection may be dead, so
    /// that a new request is made at once.
    fn on_visible(self: &Rc<Self>) {
        self.hidden_since_ms.set(None);
        if self.has_ended() {
            return;
        }
        let now = browser::now_ms();
        let is_busy = self.is_reading() || self.is_fetching.get();
        let last_ms =
            if self.has_first_event.get() { self.last_received_ms.get() } else { self.requested_ms.get() };
        if self.tabs.has_stream() && is_busy && now - last_ms < FRESH_MS {
            return;
        }
        self.tabs.take_stream();
        self.is_fetching.set(false);
        self.transport.borrow_mut().hurry();
        if self.state().is_live() && now - self.last_received_ms.get() <= DEAD_AFTER_MS {
            self.connect();
        } else {
            self.reconnect();
        }
    }

    /// Releases the session stream if the page has been hidden for a while.
    pub(super) fn release_stream_if_hidden(&self, now_ms: i64) {
        let hidden_ms = self.hidden_since_ms.get().map_or(0, |since| now_ms - since);
        if self.tabs.has_stream() && hidden_ms >= HIDDEN_GRACE_MS {
            self.tabs.release_stream();
        }
    }
}
