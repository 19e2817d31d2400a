//! The event stream of a session, which feeds the store.
//!
//! The tab that holds the browser's one session stream (see [`super::tabs`]) gets the events as they happen. Any other tab
//! catches up by short requests:
//! - a visible tab, when the summaries say that there are new events;
//! - a hidden tab, when a turn has started or ended, or a request waits.
//!
//! The stream's methods are in these modules, by what they react to:
//! - [`connect`]: making a request for events, and the end of its response
//! - [`events`]: the events of a response
//! - [`retry`]: lost connections, and the next attempt
//! - [`snapshot`]: fetching the whole conversation again
//! - [`sharing`]: taking turns with the other tabs
//! - [`visibility`]: the page is hidden, shown or left
//!
//! Plain decisions, without a browser: [`transport`] chooses the kind of request, [`catch_up`] the time to catch up.

mod catch_up;
mod connect;
mod events;
mod retry;
mod sharing;
mod snapshot;
mod transport;
mod visibility;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use codex_gateway_wire::SessionId;
use leptos::{
    ev::{self, EventDescriptor},
    prelude::*,
};
use wasm_bindgen::JsCast;

use self::{
    catch_up::Headline,
    transport::{Request, Transport},
};
use super::{
    backoff::Backoff, event_reader::StreamHandle, outbox::Outbox, recorder::EventRecorder,
    store::TranscriptStore, tabs::Tabs,
};
use crate::signal::RwSignalExt as _;

/// The state of the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ConnectionState {
    /// A request is being made, for the first time or again.
    #[default]
    Connecting,
    /// Events arrive as they happen, or soon after.
    Live,
    /// Events arrive by short requests, because a proxy holds event streams back.
    Polling,
    /// The connection is lost. The next attempt follows in this many seconds.
    Waiting(u32),
    /// The machine has no network.
    Offline,
    /// The session has ended.
    Closed,
    /// The gateway does not know the session.
    Gone,
    /// The session has expired. The next message continues its conversation in a new session.
    Expired,
    /// No session is attached: the page shows a thread.
    Past,
    /// The user has to sign in to the gateway again.
    SignedOut,
    /// The user has to sign in to a proxy in front of the gateway again.
    ProxySignedOut,
}

impl ConnectionState {
    /// Returns `true` if the page gets the events.
    pub(crate) fn is_live(self) -> bool {
        matches!(self, Self::Live | Self::Polling)
    }

    /// Returns `true` if there will be no further attempt, even if the user asks for one.
    fn is_final(self) -> bool {
        matches!(self, Self::Closed | Self::Gone | Self::Expired | Self::Past | Self::SignedOut)
    }
}

/// The events of a session, read into a store until this is dropped.
pub(crate) struct Stream {
    inner: Rc<Inner>,
    tick: Option<IntervalHandle>,
    listeners: Vec<WindowListenerHandle>,
}

struct Inner {
    session: SessionId,
    store: TranscriptStore,
    outbox: Outbox,
    state: RwSignal<ConnectionState>,
    /// Set once the server turns out to run another build than the page.
    outdated: RwSignal<bool>,
    recorder: EventRecorder,
    tabs: Tabs,
    backoff: Cell<Backoff>,
    transport: RefCell<Transport>,
    /// The response that is being read, if any.
    handle: RefCell<Option<StreamHandle>>,
    /// The kind of the last request.
    request: Cell<Request>,
    /// When the last request was made, in Unix milliseconds.
    requested_ms: Cell<i64>,
    /// For how long the gateway may hold the response back while nothing happens, in seconds.
    hold_seconds: Cell<u32>,
    /// The first event of the response has arrived.
    has_first_event: Cell<bool>,
    /// The response has brought an event other than `session` and `ping`.
    has_news: Cell<bool>,
    /// When something last arrived, in Unix milliseconds.
    last_received_ms: Cell<i64>,
    /// Identifies the newest timer, see [`Inner::after`].
    timer: Cell<u32>,
    /// When to connect again, in Unix milliseconds. `None` unless the state is [`ConnectionState::Waiting`].
    retry_at_ms: Cell<Option<i64>>,
    /// A snapshot is being fetched. Its response decides how to go on.
    is_fetching: Cell<bool>,
    /// Identifies the newest fetch of a snapshot.
    fetch: Cell<u32>,
    /// When the page last caught up, in Unix milliseconds.
    caught_up_ms: Cell<i64>,
    /// The session's summary at that time.
    headline: RefCell<Option<Headline>>,
    /// Since when the page is hidden, in Unix milliseconds. `None` while it is visible.
    hidden_since_ms: Cell<Option<i64>>,
}

impl Stream {
    /// Continues after the store's last event.
    ///
    /// `state` follows the connection. `outdated` becomes `true` if the server runs another build than the page.
    /// `recorder` gets every event.
    pub(crate) fn open(
        session: SessionId,
        store: TranscriptStore,
        outbox: Outbox,
        state: RwSignal<ConnectionState>,
        outdated: RwSignal<bool>,
        recorder: EventRecorder,
        tabs: Tabs,
    ) -> Self {
        let inner = Rc::new(Inner {
            session,
            store,
            outbox,
            state,
            outdated,
            recorder,
            tabs,
            backoff: Cell::default(),
            transport: RefCell::default(),
            handle: RefCell::default(),
            request: Cell::default(),
            requested_ms: Cell::default(),
            hold_seconds: Cell::default(),
            has_first_event: Cell::default(),
            has_news: Cell::default(),
            last_received_ms: Cell::default(),
            timer: Cell::default(),
            retry_at_ms: Cell::default(),
            is_fetching: Cell::default(),
            fetch: Cell::default(),
            caught_up_ms: Cell::default(),
            headline: RefCell::default(),
            hidden_since_ms: Cell::default(),
        });
        inner.start();
        let on_holder_change = inner.weak_callback(Inner::on_holder_change);
        Effect::new(move |_| {
            tabs.holder();
            on_holder_change();
        });
        let on_summaries = inner.weak_callback(Inner::catch_up_if_due);
        Effect::new(move |_| {
            tabs.summaries();
            on_summaries();
        });
        Self {
            tick: set_interval_with_handle(inner.weak_callback(Inner::on_tick), Duration::from_secs(1)).ok(),
            listeners: vec![
                inner.listen(ev::online, Inner::on_online),
                inner.listen(ev::offline, Inner::on_disconnect),
                inner.listen(ev::visibilitychange, Inner::on_visibility_change),
                inner.listen(ev::pageshow, Inner::on_visibility_change),
                inner.listen(ev::pagehide, |inner| inner.disconnect()),
                inner.listen(ev::focus, Inner::on_use),
                inner.listen(ev::pointerdown, Inner::on_use),
                inner.listen(ev::keydown, Inner::on_use),
            ],
            inner,
        }
    }

    /// Connects at once instead of waiting for the next attempt.
    pub(crate) fn retry_now(&self) {
        self.inner.retry_now();
    }

    /// Notes that the gateway has answered another request: if no events arrive, a proxy may hold them back.
    pub(crate) fn note_reachable(&self) {
        self.inner.note_reachable();
    }

    /// Disconnects until the user comes back to the page after signing in to the proxy.
    pub(crate) fn leave_to_proxy(&self) {
        self.inner.leave_to_proxy();
    }

    /// Disconnects until the user has signed in again.
    pub(crate) fn sign_out(&self) {
        self.inner.disconnect();
        self.inner.set_state(ConnectionState::SignedOut);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.inner.disconnect();
        self.inner.tabs.release_stream();
        self.inner.tabs.leave_session();
        if let Some(tick) = self.tick.take() {
            tick.clear();
        }
        for listener in self.listeners.drain(..) {
            listener.remove();
        }
    }
}

impl Inner {
    /// Returns a callback that does nothing once the stream has been dropped.
    fn weak_callback(self: &Rc<Self>, act: impl Fn(&Rc<Self>) + 'static) -> impl Fn() + 'static {
        let this = Rc::downgrade(self);
        move || {
            if let Some(inner) = this.upgrade() {
                act(&inner);
            }
        }
    }

    /// Calls `act` on each event of the window until the listener is removed.
    fn listen<E>(self: &Rc<Self>, event: E, act: fn(&Rc<Self>)) -> WindowListenerHandle
    where
        E: EventDescriptor + 'static,
        E::EventType: JsCast,
    {
        let on_event = self.weak_callback(act);
        window_event_listener(event, move |_| on_event())
    }

    fn state(&self) -> ConnectionState {
        self.state.get_untracked_or_default()
    }

    fn set_state(&self, state: ConnectionState) {
        self.state.set_if_changed(state);
        if self.has_ended() {
            self.tabs.release_stream();
            self.tabs.leave_session();
        }
    }

    fn has_ended(&self) -> bool {
        self.state().is_final()
    }

    /// Returns `true` while a response is being read.
    fn is_reading(&self) -> bool {
        self.handle.borrow().is_some()
    }
}
