//! Reading the summaries, in the tab that leads.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use codex_gateway_wire::SessionId;
use leptos::task::spawn_local;

use super::{
    super::{
        backoff::Backoff,
        source::{Accept, Arrival, StreamHandle, read_events},
        sse::Message,
    },
    peer::Peer,
};
use crate::{browser, server_fns::ApiError};

/// A stream on which nothing came for so long is dead, in milliseconds: the server pings every 15 s.
const STREAM_TIMEOUT: i64 = 40_000;
/// A tab that has not said for so long that it rests on a session is gone, in milliseconds.
const REST_TIMEOUT: i64 = 150_000;
/// The most sessions that the server takes.
const MAX_ATTENDED: usize = 200;

/// What the leading tab knows of the summaries' stream and of the tabs that rest.
#[derive(Default)]
pub(super) struct SummaryReader {
    source: RefCell<Option<StreamHandle>>,
    backoff: Cell<Backoff>,
    retry_at: Cell<i64>,
    /// When something last came.
    heard_ms: Cell<i64>,
    /// Which tab rests on which session, and when it last said so.
    rests: RefCell<BTreeMap<String, (SessionId, i64)>>,
    /// The sessions that the summary stream names in `interactive`: a tab of this browser can answer their requests.
    attended: RefCell<BTreeSet<SessionId>>,
}

impl SummaryReader {
    pub(super) fn note_rest(&self, tab: String, session: SessionId, now: i64) {
        self.rests.borrow_mut().insert(tab, (session, now));
    }

    pub(super) fn note_left(&self, tab: &str) {
        self.rests.borrow_mut().remove(tab);
    }

    /// Closes the stream.
    pub(super) fn stop(&self) {
        self.source.take();
        self.retry_at.set(0);
    }

    /// The stream broke, or could not be had.
    fn fail(&self) {
        self.source.take();
        let mut backoff = self.backoff.get();
        let wait = backoff.next(browser::random());
        self.backoff.set(backoff);
        self.retry_at.set(browser::now_ms() + i64::from(wait));
    }

    fn wanted(&self, now: i64) -> BTreeSet<SessionId> {
        self.rests.borrow_mut().retain(|_, (_, heard)| now - *heard < REST_TIMEOUT);
        let rests = self.rests.borrow();
        rests.values().map(|(session, _)| session.clone()).take(MAX_ATTENDED).collect()
    }
}

impl Peer {
    /// Opens the stream, anew if it is open.
    pub(super) fn read_summaries(self: &Rc<Self>) {
        let reader = &self.reader;
        reader.stop();
        let now = browser::now_ms();
        let attended = reader.wanted(now);
        let ids = attended.iter().map(SessionId::as_str).collect::<Vec<_>>().join(",");
        *reader.attended.borrow_mut() = attended;
        let address = format!("/api/events?interactive={ids}");
        let Some(source) = StreamHandle::new() else { return };
        let signal = source.signal();
        reader.heard_ms.set(now);
        *reader.source.borrow_mut() = Some(source);
        let peer = Rc::downgrade(self);
        spawn_local(async move {
            let take = |arrival| {
                let Some(peer) = peer.upgrade() else { return };
                peer.reader.heard_ms.set(browser::now_ms());
                if let Arrival::Event(Message { name, data, .. }) = arrival {
                    peer.reader.backoff.set(Backoff::default());
                    peer.lead_with(name, data);
                }
            };
            let read = read_events(&address, &signal, Accept::EventStream, take).await;
            if let Some(peer) = peer.upgrade().filter(|_| !signal.aborted()) {
                if read.is_err_and(|failure: ApiError| failure.is_unauthorized()) {
                    peer.resign(true);
                } else {
                    peer.reader.fail();
                }
            }
        });
    }

    /// Opens the stream if it is closed, dead, or answers for other sessions than it should.
    pub(super) fn read_on(self: &Rc<Self>, now: i64) {
        let reader = &self.reader;
        let is_open = reader.source.borrow().is_some();
        let due = if is_open {
            now - reader.heard_ms.get() > STREAM_TIMEOUT || reader.wanted(now) != *reader.attended.borrow()
        } else {
            now >= reader.retry_at.get() && browser::online()
        };
        if due {
            self.read_summaries();
        }
    }

    /// The network is back.
    pub(super) fn retry_now(self: &Rc<Self>) {
        self.reader.retry_at.set(0);
        self.tick();
    }
}
