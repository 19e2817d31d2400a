//! What the tabs of one browser share: two event streams, however many tabs there are. A browser opens six connections
//! to a server that speaks HTTP/1.1, for all tabs together.
//!
//! - One tab, the one that the reader used last, streams its session. The other tabs catch up by short requests.
//! - One tab, the leader, reads the summaries of all sessions and passes them on. By these the other tabs know when to
//!   catch up.
//!
//! The tabs agree by messages on a [`channel`]: in [`stream_slot`] which one streams its session, in [`election`] which
//! one leads; [`message`] is what they say, [`stamp`] what decides between two. [`peer`] is this tab's part in that, and
//! [`leader`] reads the summaries.

mod channel;
mod election;
mod leader;
mod message;
mod peer;
mod stamp;
mod stream_slot;

use std::{rc::Rc, time::Duration};

use codex_gateway_wire::{SessionId, api::SessionSummary};
use leptos::{ev, prelude::*};

use self::peer::Peer;
use crate::signal::RwSignalExt as _;

/// Which tab has the session stream of the browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum StreamHolder {
    /// None, for all that this tab knows.
    #[default]
    Free,
    /// This one.
    Own,
    /// Another one.
    Other,
}

/// The tabs of the browser; a context of all pages.
#[derive(Clone, Copy)]
pub(crate) struct Tabs {
    holder: RwSignal<StreamHolder>,
    /// Something between this browser and the gateway holds event streams back.
    stream_blocked: RwSignal<bool>,
    /// The summaries of the reader's sessions. `None` until they have come.
    summaries: RwSignal<Option<Vec<SessionSummary>>>,
    /// In the browser only.
    peer: RwSignal<Option<StoredValue<Rc<Peer>, LocalStorage>>>,
}

impl Tabs {
    /// Joins the other tabs, for as long as the page lives.
    pub(crate) fn provide() -> Self {
        let tabs = Self {
            holder: RwSignal::new(StreamHolder::Free),
            stream_blocked: RwSignal::new(false),
            summaries: RwSignal::new(None),
            peer: RwSignal::new(None),
        };
        provide_context(tabs);
        Effect::new(move |_| {
            let peer = Peer::join(tabs.holder, tabs.summaries);
            let call = |act: fn(&Rc<Peer>)| {
                let peer = Rc::clone(&peer);
                move || act(&peer)
            };
            let (leave, come_back, online) =
                (call(Peer::leave), call(Peer::come_back), call(Peer::retry_now));
            let listeners = [
                window_event_listener(ev::pagehide, move |_| leave()),
                window_event_listener(ev::pageshow, move |_| come_back()),
                window_event_listener(ev::online, move |_| online()),
            ];
            let tick = set_interval_with_handle(call(Peer::tick), Duration::from_secs(1));
            on_cleanup(move || {
                listeners.into_iter().for_each(WindowListenerHandle::remove);
                tick.iter().for_each(IntervalHandle::clear);
            });
            if tabs.has_stream() {
                // A page that was there earlier has taken it.
                peer.take_stream();
            }
            tabs.peer.set(Some(StoredValue::new_local(peer)));
        });
        tabs
    }

    fn with_peer<R>(self, read: impl FnOnce(&Rc<Peer>) -> R) -> Option<R> {
        self.peer.get_untracked()?.try_with_value(read)
    }

    /// Which tab has the session stream; tracked.
    pub(crate) fn holder(self) -> StreamHolder {
        self.holder.get()
    }

    /// Which tab has the session stream.
    pub(crate) fn holder_now(self) -> StreamHolder {
        self.holder.get_untracked()
    }

    /// Returns `true` if this tab may stream its session.
    pub(crate) fn has_stream(self) -> bool {
        self.holder_now() == StreamHolder::Own
    }

    /// Takes the session stream for this tab. The tab that had it lets it go.
    pub(crate) fn take_stream(self) {
        if self.with_peer(Peer::take_stream).is_none() {
            self.holder.set_if_changed(StreamHolder::Own);
        }
    }

    /// Gives the session stream up, if this tab has it.
    pub(crate) fn release_stream(self) {
        self.with_peer(|peer| peer.release_stream());
    }

    /// Returns `true` if event streams do not get through to this page.
    pub(crate) fn is_stream_blocked(self) -> bool {
        self.stream_blocked.get_untracked()
    }

    /// Notes that event streams do not get through, or that they may again.
    pub(crate) fn set_stream_blocked(self, blocked: bool) {
        self.stream_blocked.set_if_changed(blocked);
    }

    /// This tab shows a session without streaming it. The leader's summary stream names the session in `interactive`.
    pub(crate) fn rest(self, session: &SessionId) {
        self.with_peer(|peer| peer.rest(session));
    }

    /// This tab does not show a session any more.
    pub(crate) fn leave_session(self) {
        self.with_peer(|peer| peer.leave_session());
    }

    /// The summaries of the reader's sessions; tracked. `None` until they have come.
    pub(crate) fn summaries(self) -> Option<Vec<SessionSummary>> {
        self.summaries.get()
    }

    /// The summary of a session. `None` if it has ended, or if none have come.
    pub(crate) fn summary(self, session: &SessionId) -> Option<SessionSummary> {
        let own = |summary: &&SessionSummary| summary.id == *session;
        self.summaries.try_with_untracked(|all| all.as_ref()?.iter().find(own).cloned()).flatten()
    }

    /// Returns `true` if the summaries are kept up to date.
    pub(crate) fn are_summaries_live(self) -> bool {
        self.with_peer(|peer| peer.are_summaries_live()) == Some(true)
    }
}
