//! Fetching the whole conversation: after a gap in the events, and to learn why there are none.

use std::{rc::Rc, time::Duration};

use leptos::{prelude::*, task::spawn_local};

use super::{ConnectionState, Inner};
use crate::server_fns;

/// A snapshot without a response is requested once more after this time: the connection may be dead.
const SNAPSHOT_RETRY_MS: u64 = 3_000;
/// The time after which fetching a snapshot fails.
const SNAPSHOT_TIMEOUT_MS: u64 = 30_000;

impl Inner {
    /// Fetches a snapshot, then connects.
    ///
    /// If events are `missing`, the store starts over with it. Otherwise its only purpose is to learn how the session is.
    pub(super) fn fetch_snapshot(self: &Rc<Self>, missing: bool) {
        self.disconnect();
        if self.is_fetching.replace(true) {
            return;
        }
        self.set_state(ConnectionState::Connecting);
        self.fetch.set(self.fetch.get() + 1);
        self.request_snapshot(missing);
        self.while_fetching(SNAPSHOT_RETRY_MS, move |inner| inner.request_snapshot(missing));
        self.while_fetching(SNAPSHOT_TIMEOUT_MS, |inner| {
            inner.is_fetching.set(false);
            inner.on_disconnect();
        });
    }

    /// Calls `act` after a while if the same fetch is not done by then.
    fn while_fetching(self: &Rc<Self>, delay_ms: u64, act: impl Fn(&Rc<Self>) + 'static) {
        let fetch = self.fetch.get();
        let act = self.weak_callback(move |inner| {
            if inner.is_fetching.get() && inner.fetch.get() == fetch {
                act(inner);
            }
        });
        set_timeout(act, Duration::from_millis(delay_ms));
    }

    /// Makes one request for the snapshot. The first response to a fetch counts.
    fn request_snapshot(self: &Rc<Self>, missing: bool) {
        let this = Rc::downgrade(self);
        let (session, fetch) = (self.session.clone(), self.fetch.get());
        spawn_local(async move {
            let fetched = server_fns::read_conversation(session).await;
            let Some(inner) = this.upgrade().filter(|inner| inner.fetch.get() == fetch) else { return };
            if !inner.is_fetching.replace(false) {
                return;
            }
            match fetched {
                Ok(conversation) => {
                    inner.transport.borrow_mut().note_reachable();
                    // In the same epoch the events continue where they broke off, and the user keeps their place.
                    if missing || conversation.snapshot.at.epoch != inner.store.last_event_untracked().epoch {
                        inner.store.reset(conversation.snapshot);
                        inner.outbox.reconcile(inner.store);
                    }
                    inner.connect();
                }
                Err(failure) if failure.thread_id.is_some() => inner.set_state(ConnectionState::Expired),
                Err(failure) if failure.is_not_found() => inner.set_state(ConnectionState::Gone),
                Err(failure) if failure.is_unauthorized() => inner.set_state(ConnectionState::SignedOut),
                Err(failure) if failure.is_proxy_signed_out() => inner.leave_to_proxy(),
                Err(_) => inner.on_disconnect(),
            }
        });
    }
}
