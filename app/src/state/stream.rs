//! The events that feed the store, and what to do when they cannot be had.
//!
//! The tab that has the browser's one session stream (see [`super::tabs`]) reads them as they happen. Any other tab
//! catches up by short requests: if it is visible, when the summaries say that there is something new; if it is hidden,
//! when a turn has begun or ended, or something waits.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use codex_gateway_wire::{
    Event, EventBody, EventId, EventName, SessionId,
    event::{ClosedReason, SessionClosed},
    lenient_deserialize,
};
use leptos::{ev, prelude::*, task::spawn_local};

use super::{
    backoff::Backoff,
    catch_up::{Headline, Situation},
    outbox::Outbox,
    recorder::EventRecorder,
    source::{Accept, Arrival, StreamHandle, read_events},
    sse::Message,
    store::TranscriptStore,
    tabs::{StreamHolder, Tabs},
    transport::{DEAD_AFTER, Next, PING_SECONDS, POLL_SECONDS, Request, Transport},
};
use crate::{
    browser,
    server_fns::{self, ApiError},
    signal::RwSignalExt as _,
};

/// What the page listens to.
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

/// How long a page stays hidden before it lets its stream go, in milliseconds.
const HIDDEN_GRACE: i64 = 10_000;

/// A page that comes into sight trusts its line if something came so lately, in milliseconds.
const FRESH: i64 = 1_000;

/// A stream that has brought nothing for so long is doubted once the gateway has answered something else, in milliseconds.
const DOUBTFUL: i64 = 3_000;

/// How long to wait between two replies of which the first brought something, in milliseconds.
const POLL_PAUSE: u64 = 300;

/// After how many milliseconds a snapshot is asked for once more, and after how many it is given up.
const SNAPSHOT_PATIENCE: [u64; 2] = [3_000, 30_000];

/// How the page is connected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ConnectionState {
    /// For the first time, or after a wait.
    #[default]
    Connecting,
    /// Events come as they happen, or soon after.
    Live,
    /// The same by short requests, because something on the way holds event streams back.
    Polling,
    /// Broken; another attempt in so many seconds.
    Waiting(u32),
    /// The machine has no network.
    Offline,
    /// The session has ended: there is nothing to connect to.
    Closed,
    /// The gateway does not know the session any more.
    Gone,
    /// The session has expired. The next message continues its conversation in a new session.
    Expired,
    /// No session is in the conversation: nothing happens in it until somebody goes on with it.
    Past,
    /// One has to sign in again.
    SignedOut,
    /// A proxy in front of the gateway wants one to sign in to it again.
    ProxySignedOut,
}

impl ConnectionState {
    /// Returns `true` if the page gets what happens.
    pub(crate) fn is_live(self) -> bool {
        matches!(self, Self::Live | Self::Polling)
    }
}

/// A stream of a session's events into a store, for as long as it is held.
pub(crate) struct Stream {
    inner: Rc<Inner>,
    tick: Option<IntervalHandle>,
    listeners: Vec<WindowListenerHandle>,
}

struct Inner {
    session: SessionId,
    live: TranscriptStore,
    outbox: Outbox,
    state: RwSignal<ConnectionState>,
    outdated: RwSignal<bool>,
    /// Who else hears the events.
    recorder: EventRecorder,
    tabs: Tabs,
    source: RefCell<Option<StreamHandle>>,
    backoff: Cell<Backoff>,
    transport: RefCell<Transport>,
    /// What is read now.
    request: Cell<Request>,
    /// How often something was asked.
    attempts: Cell<u32>,
    /// When it was asked, in Unix milliseconds.
    asked: Cell<i64>,
    /// When something last came, in Unix milliseconds.
    heard: Cell<i64>,
    /// When to try again, in Unix milliseconds.
    retry_at: Cell<Option<i64>>,
    /// A snapshot is being fetched; what comes of it decides.
    fetching: Cell<bool>,
    /// How often one was.
    fetches: Cell<u32>,
    /// The first event has come of what is read now.
    welcomed: Cell<bool>,
    /// Something that has happened has come with it.
    brought: Cell<bool>,
    /// How long the gateway holds the reply back while nothing happens, in seconds.
    held: Cell<u32>,
    /// When the page last caught up, in Unix milliseconds.
    polled_at: Cell<i64>,
    /// How the session stood then.
    headline: RefCell<Option<Headline>>,
    /// Since when the page is hidden, in Unix milliseconds.
    hidden_since: Cell<Option<i64>>,
}

/// `session`, as far as the page needs it.
struct Welcome {
    build_id: String,
}
lenient_deserialize!(Welcome { build_id });

impl Stream {
    /// Goes on from the store's last event. `state` says how the connection fares; `outdated` becomes true
    /// when the server turns out to be of another build than the page; `tap` hears every event.
    pub(crate) fn open(
        session: SessionId,
        live: TranscriptStore,
        outbox: Outbox,
        state: RwSignal<ConnectionState>,
        outdated: RwSignal<bool>,
        recorder: EventRecorder,
        tabs: Tabs,
    ) -> Self {
        let inner = Rc::new(Inner {
            session,
            live,
            outbox,
            state,
            outdated,
            recorder,
            tabs,
            source: RefCell::default(),
            backoff: Cell::default(),
            transport: RefCell::default(),
            request: Cell::default(),
            attempts: Cell::default(),
            asked: Cell::default(),
            heard: Cell::default(),
            retry_at: Cell::default(),
            fetching: Cell::default(),
            fetches: Cell::default(),
            welcomed: Cell::default(),
            brought: Cell::default(),
            held: Cell::default(),
            polled_at: Cell::default(),
            headline: RefCell::default(),
            hidden_since: Cell::default(),
        });
        inner.begin();
        let (holder, summaries) = (inner.caller(Inner::holder_changed), inner.caller(Inner::follow));
        Effect::new(move |_| {
            tabs.holder();
            holder();
        });
        Effect::new(move |_| {
            tabs.summaries();
            summaries();
        });
        let (focused, pressed, typed) =
            (inner.caller(Inner::used), inner.caller(Inner::used), inner.caller(Inner::used));
        let left = inner.caller(Inner::left);
        let tick = inner.caller(Inner::tick);
        let online = inner.caller(Inner::online);
        let offline = inner.caller(Inner::broke);
        let (seen, shown) = (inner.caller(Inner::back), inner.caller(Inner::back));
        Self {
            tick: set_interval_with_handle(tick, Duration::from_secs(1)).ok(),
            listeners: vec![
                window_event_listener(ev::online, move |_| online()),
                window_event_listener(ev::offline, move |_| offline()),
                window_event_listener(ev::visibilitychange, move |_| seen()),
                window_event_listener(ev::pageshow, move |_| shown()),
                window_event_listener(ev::pagehide, move |_| left()),
                window_event_listener(ev::focus, move |_| focused()),
                window_event_listener(ev::pointerdown, move |_| pressed()),
                window_event_listener(ev::keydown, move |_| typed()),
            ],
            inner,
        }
    }

    /// Tries to connect at once instead of waiting.
    pub(crate) fn retry_now(&self) {
        self.inner.retry_now();
    }

    /// The gateway has answered something else: what holds the events up may be a proxy.
    pub(crate) fn note_reachable(&self) {
        self.inner.note_reachable();
    }

    /// Stops asking until the reader comes back to the page, after signing in to the proxy.
    pub(crate) fn leave_to_proxy(&self) {
        self.inner.leave_to_proxy();
    }

    /// Stays away until somebody has signed in again.
    pub(crate) fn sign_out(&self) {
        self.inner.disconnect();
        self.inner.set(ConnectionState::SignedOut);
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
    /// A callback that does something with this stream while it is held.
    fn caller(self: &Rc<Self>, act: impl Fn(&Rc<Self>) + 'static) -> impl Fn() + 'static {
        let this = Rc::downgrade(self);
        move || {
            if let Some(inner) = this.upgrade() {
                act(&inner);
            }
        }
    }

    fn set(&self, state: ConnectionState) {
        self.state.set_if_changed(state);
        if self.ended() {
            self.tabs.release_stream();
            self.tabs.leave_session();
        }
    }

    /// In sight, the page takes the session stream; out of sight, it catches up with what it was rendered with.
    fn begin(self: &Rc<Self>) {
        if browser::hidden() {
            self.hidden_since.set(Some(browser::now_ms() - HIDDEN_GRACE));
            self.tabs.rest(&self.session);
        } else {
            self.tabs.take_stream();
        }
        self.connect();
    }

    fn ended(&self) -> bool {
        let over = [
            ConnectionState::Closed,
            ConnectionState::Gone,
            ConnectionState::Expired,
            ConnectionState::Past,
            ConnectionState::SignedOut,
        ];
        over.contains(&self.state.get_untracked_or_default())
    }

    fn connect(self: &Rc<Self>) {
        self.disconnect();
        if self.live.with_untracked(|transcript| transcript.closed.is_some()) {
            return self.closed();
        }
        let names = EVENTS.map(EventName::as_str).join(",");
        let (session, since) = (&self.session, self.live.last_event());
        let request = self.transport.borrow().request(self.tabs.has_stream(), self.tabs.is_stream_blocked());
        let is_live = self.state.get_untracked_or_default().is_live();
        let (accept, held) = match request {
            Request::Stream => (Accept::EventStream, 0),
            // A page that is behind wants its first reply at once.
            Request::LongPoll if is_live => (Accept::PlainText, POLL_SECONDS),
            Request::LongPoll | Request::CatchUp => (Accept::PlainText, 0),
        };
        let pace = match request {
            Request::Stream => format!("ping={PING_SECONDS}"),
            Request::LongPoll | Request::CatchUp => format!("wait={held}"),
        };
        let address =
            format!("/api/sessions/{session}/events?since={since}&events={names}&interactive=1&{pace}");
        let Some(source) = StreamHandle::new() else { return self.broke() };
        let signal = source.signal();
        let now = browser::now_ms();
        self.asked.set(now);
        self.polled_at.set(now);
        self.request.set(request);
        self.held.set(held);
        self.welcomed.set(false);
        self.brought.set(false);
        self.note_headline();
        *self.source.borrow_mut() = Some(source);
        let this = Rc::downgrade(self);
        spawn_local(async move {
            let take = |arrival| {
                if let Some(inner) = this.upgrade() {
                    inner.arrived(arrival);
                }
            };
            let read = read_events(&address, &signal, accept, take).await;
            if let Some(inner) = this.upgrade().filter(|_| !signal.aborted()) {
                inner.read_to_the_end(read);
            }
        });
        let patience = self.transport.borrow().patience(request, held);
        self.later(u64::from(patience), |inner| {
            if inner.source.borrow().is_some() && !inner.welcomed.get() {
                inner.unanswered();
            }
        });
    }

    /// Does something after a while, unless something was asked again meanwhile.
    fn later(self: &Rc<Self>, after_ms: u64, act: fn(&Rc<Self>)) {
        let attempt = self.attempts.get() + 1;
        self.attempts.set(attempt);
        let this = Rc::downgrade(self);
        let act = move || {
            if let Some(inner) = this.upgrade().filter(|inner| inner.attempts.get() == attempt) {
                act(&inner);
            }
        };
        set_timeout(act, Duration::from_millis(after_ms));
    }

    /// No first event has come in time.
    fn unanswered(self: &Rc<Self>) {
        let next = self.transport.borrow_mut().unanswered(self.request.get());
        self.go_on(next);
    }

    fn go_on(self: &Rc<Self>, next: Next) {
        match next {
            Next::Again => self.ask_anew(),
            Next::Wait => self.broke(),
        }
    }

    /// Asks at once, in a page that is not live until there is a reply.
    fn ask_anew(self: &Rc<Self>) {
        self.set(ConnectionState::Connecting);
        self.connect();
    }

    /// What was read has ended.
    fn read_to_the_end(self: &Rc<Self>, read: Result<(), ApiError>) {
        let (request, welcomed) = (self.request.get(), self.welcomed.get());
        match read {
            Ok(()) if welcomed && request != Request::Stream => {
                self.source.take();
                // No frame comes to a hidden page.
                if browser::hidden() {
                    self.live.flush();
                }
                if request == Request::LongPoll {
                    let pause = if self.brought.get() { POLL_PAUSE } else { 0 };
                    self.later(pause, Self::poll_on);
                }
            }
            Ok(()) if welcomed => {
                self.transport.borrow_mut().was_cut(request, self.lived());
                self.broke();
            }
            Err(failure) if failure.is_proxy_signed_out() => self.leave_to_proxy(),
            Err(failure)
                if (failure.is_unauthorized() || failure.is_not_found())
                    && self.backoff.get().failures() == 0 =>
            {
                // Another way of asking says more. If that knows the session, the next attempt waits as usual.
                self.count_failure();
                self.fetch(false);
            }
            // The gateway itself refuses, for now: that says nothing about the line.
            Err(failure) if !failure.is_open() => self.broke(),
            _ => {
                let next = self.transport.borrow_mut().refused(request);
                self.go_on(next);
            }
        }
    }

    /// How long the reply has gone on, in milliseconds.
    fn lived(&self) -> i64 {
        self.heard.get() - self.asked.get()
    }

    /// Asks for what comes next, where streams do not get through.
    fn poll_on(self: &Rc<Self>) {
        let is_open = self.source.borrow().is_some() || self.fetching.get();
        if self.state.get_untracked_or_default() == ConnectionState::Polling
            && self.tabs.has_stream()
            && !is_open
        {
            self.connect();
        }
    }

    /// The proxy in front of the gateway wants a sign-in. The next attempt is made when the reader comes back to the page.
    fn leave_to_proxy(self: &Rc<Self>) {
        self.disconnect();
        self.set(ConnectionState::ProxySignedOut);
    }

    fn note_reachable(self: &Rc<Self>) {
        if self.ended() || self.state.get_untracked_or_default().is_live() {
            return;
        }
        self.transport.borrow_mut().reached();
        if self.retry_at.get().is_some() {
            self.ask_anew();
        } else if self.source.borrow().is_some() && browser::now_ms() - self.asked.get() >= DOUBTFUL {
            let next = self.transport.borrow_mut().refused(self.request.get());
            self.go_on(next);
        }
    }

    /// The network is back, perhaps another one.
    fn online(self: &Rc<Self>) {
        self.tabs.set_stream_blocked(false);
        self.transport.borrow_mut().hurry();
        self.retry_now();
    }

    /// Counts a failed attempt. Returns how long to wait for the next one, in milliseconds.
    fn count_failure(&self) -> u32 {
        let mut backoff = self.backoff.get();
        let wait = backoff.next(browser::random());
        self.backoff.set(backoff);
        wait
    }

    fn disconnect(&self) {
        self.source.take();
        self.retry_at.set(None);
    }

    /// Something has come.
    fn arrived(self: &Rc<Self>, arrival: Arrival) {
        self.heard.set(browser::now_ms());
        if let Arrival::Event(message) = arrival {
            self.take(message);
        }
    }

    /// Takes an event in.
    fn take(self: &Rc<Self>, Message { name, id, data }: Message) {
        let Some(name) = EventName::parse(&name) else { return };
        self.recorder.record(name.as_str(), &data);
        if name == EventName::Session {
            return self.welcome(&data);
        }
        if name == EventName::Gap {
            return self.fetch(true);
        }
        self.brought.set(self.brought.get() || name != EventName::Ping);
        let Ok(id) = id.parse::<EventId>() else { return };
        let event = EventBody::parse(name, &data).map(|body| Event { seq: id.seq, body });
        let change = self.live.apply(id, event.as_ref());
        if change.is_some_and(|change| change.entry.is_some() || change.meta || change.reset) {
            self.outbox.reconcile(self.live);
        }
        if name == EventName::SessionClosed {
            self.disconnect();
            self.closed();
        }
    }

    /// The session has ended, and said how.
    fn closed(&self) {
        let expired = |closed: &SessionClosed| closed.reason == ClosedReason::Expired;
        let goes_on = self.live.with_untracked(|transcript| {
            transcript.closed.as_ref().is_some_and(expired)
                && transcript.thread_id.is_some()
                && !transcript.entries.is_empty()
        });
        self.set(if goes_on { ConnectionState::Expired } else { ConnectionState::Closed });
    }

    fn welcome(&self, data: &str) {
        // A poll that ends at once proves nothing about requests that the gateway holds.
        if self.request.get() != Request::LongPoll || self.held.get() > 0 {
            let mut backoff = self.backoff.get();
            backoff.reset();
            self.backoff.set(backoff);
        }
        self.welcomed.set(true);
        let shows_blocked = self.transport.borrow_mut().answered(self.request.get());
        if shows_blocked {
            self.tabs.set_stream_blocked(true);
        }
        self.set(if self.tabs.is_stream_blocked() {
            ConnectionState::Polling
        } else {
            ConnectionState::Live
        });
        let ours = browser::root_attribute("data-build");
        if let (Ok(welcome), Some(ours)) = (serde_json::from_str::<Welcome>(data), ours)
            && welcome.build_id != ours
        {
            self.outdated.set(true);
        }
    }

    /// The connection broke, or could not be made.
    fn broke(self: &Rc<Self>) {
        self.disconnect();
        if self.ended() || self.fetching.get() {
            return;
        }
        if !browser::online() {
            return self.set(ConnectionState::Offline);
        }
        let wait = self.count_failure();
        self.retry_at.set(Some(browser::now_ms() + i64::from(wait)));
        self.set(ConnectionState::Waiting(wait.div_ceil(1000)));
    }

    /// Once a second.
    fn tick(self: &Rc<Self>) {
        let now = browser::now_ms();
        if let Some(at) = self.retry_at.get() {
            match u32::try_from((at - now + 999) / 1000) {
                Ok(seconds @ 1..) => self.set(ConnectionState::Waiting(seconds)),
                _ => self.retry(),
            }
        } else if self.source.borrow().is_some() && self.welcomed.get() && now - self.heard.get() > DEAD_AFTER
        {
            self.transport.borrow_mut().fell_silent(self.request.get(), self.lived());
            self.ask_anew();
        } else if self.state.get_untracked_or_default() == ConnectionState::Offline && browser::online() {
            self.retry_now();
        } else {
            self.follow();
        }
        let hidden_for = self.hidden_since.get().map_or(0, |since| now - since);
        if self.tabs.has_stream() && hidden_for >= HIDDEN_GRACE {
            self.tabs.release_stream();
        }
    }

    /// The session stream was taken by another tab, or is free.
    fn holder_changed(self: &Rc<Self>) {
        if self.tabs.has_stream() || self.ended() {
            return;
        }
        if self.tabs.holder_now() == StreamHolder::Free && !browser::hidden() {
            return self.stream();
        }
        if self.request.get() != Request::CatchUp && self.source.take().is_some() {
            self.polled_at.set(browser::now_ms());
            self.note_headline();
        }
        self.tabs.rest(&self.session);
    }

    /// Notes how the session stands, of which a hidden page knows then.
    fn note_headline(&self) {
        *self.headline.borrow_mut() = self.tabs.summary(&self.session).as_ref().map(Headline::from);
    }

    /// Catches up, if this tab has no stream and there is something that it has to know of.
    fn follow(self: &Rc<Self>) {
        let is_live = self.state.get_untracked_or_default().is_live();
        if !is_live || self.tabs.has_stream() || self.source.borrow().is_some() || self.fetching.get() {
            return;
        }
        let summary = self.tabs.summary(&self.session);
        let headline = self.headline.borrow().clone();
        let situation = Situation {
            hidden: browser::hidden(),
            informed: self.tabs.are_summaries_live(),
            blocked: self.tabs.is_stream_blocked(),
            summary: summary.as_ref(),
            headline: headline.as_ref(),
            at: &self.live.last_event(),
            since_last_ms: browser::now_ms() - self.polled_at.get(),
        };
        let due = situation.is_due();
        if due {
            self.connect();
        }
    }

    /// Takes the session stream and reads it.
    fn stream(self: &Rc<Self>) {
        self.tabs.take_stream();
        if self.fetching.get() {
            return; // What comes of it connects.
        }
        if self.state.get_untracked_or_default().is_live() {
            self.connect();
        } else {
            self.retry_now();
        }
    }

    /// The reader uses this page: it is the one that streams.
    fn used(self: &Rc<Self>) {
        if !self.tabs.has_stream() && !self.ended() && !browser::hidden() {
            self.stream();
        }
    }

    /// The browser leaves the page, and may come back to it.
    fn left(self: &Rc<Self>) {
        self.disconnect();
    }

    /// The reader is back at the page: it asks at once. Timers may have stood still meanwhile, and the line may have died
    /// without a word.
    fn back(self: &Rc<Self>) {
        self.live.flush();
        if browser::hidden() {
            self.hidden_since.set(self.hidden_since.get().or_else(|| Some(browser::now_ms())));
            return;
        }
        self.hidden_since.set(None);
        if self.ended() {
            return;
        }
        let now = browser::now_ms();
        let is_asked = self.source.borrow().is_some() || self.fetching.get();
        let fresh = if self.welcomed.get() { self.heard.get() } else { self.asked.get() };
        if self.tabs.has_stream() && is_asked && now - fresh < FRESH {
            return;
        }
        self.tabs.take_stream();
        self.fetching.set(false);
        self.transport.borrow_mut().hurry();
        if self.state.get_untracked_or_default().is_live() && now - self.heard.get() <= DEAD_AFTER {
            self.connect();
        } else {
            self.ask_anew();
        }
    }

    fn retry(self: &Rc<Self>) {
        self.retry_at.set(None);
        self.set(ConnectionState::Connecting);
        // A stream that is refused does not say why: ask in a way that does.
        if self.backoff.get().failures() > 1 { self.fetch(false) } else { self.connect() }
    }

    fn retry_now(self: &Rc<Self>) {
        if !self.ended() && !self.state.get_untracked_or_default().is_live() {
            self.fetching.set(false);
            self.transport.borrow_mut().hurry();
            self.retry();
        }
    }

    /// Asks for a snapshot: to begin anew with it if something is `missing`, else to learn how the session stands.
    fn fetch(self: &Rc<Self>, missing: bool) {
        self.disconnect();
        if self.fetching.replace(true) {
            return;
        }
        self.set(ConnectionState::Connecting);
        self.fetches.set(self.fetches.get() + 1);
        self.fetch_once(missing);
        let fetch = self.fetches.get();
        for (round, patience) in SNAPSHOT_PATIENCE.into_iter().enumerate() {
            let this = Rc::downgrade(self);
            let act = move || {
                let same = |inner: &Rc<Self>| inner.fetching.get() && inner.fetches.get() == fetch;
                match this.upgrade().filter(same) {
                    Some(inner) if round == 0 => inner.fetch_once(missing),
                    Some(inner) => {
                        inner.fetching.set(false);
                        inner.broke();
                    }
                    None => {}
                }
            };
            set_timeout(act, Duration::from_millis(patience));
        }
    }

    /// Asks for the snapshot over one connection. The first reply decides.
    fn fetch_once(self: &Rc<Self>, missing: bool) {
        let this = Rc::downgrade(self);
        let (session, fetch) = (self.session.clone(), self.fetches.get());
        spawn_local(async move {
            let fetched = server_fns::snapshot(session).await;
            let Some(inner) = this.upgrade().filter(|inner| inner.fetches.get() == fetch) else { return };
            if !inner.fetching.replace(false) {
                return;
            }
            match fetched {
                Ok(conversation) => {
                    inner.transport.borrow_mut().reached();
                    // In the same log the stream goes on from where it broke, and the reader keeps their place.
                    if missing || conversation.snapshot.at.epoch != inner.live.last_event().epoch {
                        inner.live.reset(conversation.snapshot);
                        inner.outbox.reconcile(inner.live);
                    }
                    inner.connect();
                }
                Err(failure) if failure.thread_id.is_some() => inner.set(ConnectionState::Expired),
                Err(failure) if failure.is_not_found() => inner.set(ConnectionState::Gone),
                Err(failure) if failure.is_unauthorized() => inner.set(ConnectionState::SignedOut),
                Err(failure) if failure.is_proxy_signed_out() => inner.leave_to_proxy(),
                Err(_) => inner.broke(),
            }
        });
    }
}
