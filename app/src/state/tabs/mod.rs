//! The two event streams that all tabs of a browser share.
//!
//! With HTTP/1.1 a browser opens at most six connections to a server, for all tabs together. So there are two streams,
//! however many tabs there are:
//! - One tab streams its session: the tab that the user used last. The others catch up by short requests.
//! - One tab, the leader, streams the summaries of all sessions and passes them on. They tell the other tabs when to
//!   catch up.
//!
//! The tabs agree by messages:
//! - [`channel`]: sends and receives them; [`message`]: the messages
//! - [`stream_slot`]: which tab streams its session; [`election`]: which tab leads; [`stamp`]: decides between two tabs
//! - [`peer`]: this tab; [`summary_reader`]: what it does while it leads

mod channel;
mod election;
mod message;
mod peer;
mod stamp;
mod stream_slot;
mod summary_reader;

use std::{rc::Rc, time::Duration};

use codex_gateway_wire::{SessionId, api::SessionSummary};
use leptos::{ev, prelude::*};

use self::peer::Peer;
use crate::signal::RwSignalExt as _;

/// The tab that holds the browser's session stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum StreamHolder {
    /// No tab, as far as this one knows.
    #[default]
    Free,
    /// This tab.
    Own,
    /// Another tab.
    Other,
}

/// The tabs of the browser; a context of all pages.
#[derive(Clone, Copy)]
pub(crate) struct Tabs {
    holder: RwSignal<StreamHolder>,
    /// A proxy between this browser and the gateway holds event streams back.
    stream_blocked: RwSignal<bool>,
    /// The summaries of the user's sessions. `None` until they have arrived.
    summaries: RwSignal<Option<Vec<SessionSummary>>>,
    /// `None` on the server.
    peer: RwSignal<Option<StoredValue<Rc<Peer>, LocalStorage>>>,
}

impl Tabs {
    /// Joins the other tabs until the page is closed. Provides the context.
    pub(crate) fn provide() -> Self {
        let tabs = Self {
            holder: RwSignal::new(StreamHolder::Free),
            stream_blocked: RwSignal::new(false),
            summaries: RwSignal::new(None),
            peer: RwSignal::new(None),
        };
        provide_context(tabs);
        Effect::new(move |_| {
            let peer = Peer::join(tabs.holder, tabs.stream_blocked, tabs.summaries);
            let call = |act: fn(&Rc<Peer>)| {
                let peer = Rc::clone(&peer);
                move || act(&peer)
            };
            let (leave, come_back, on_online) =
                (call(Peer::leave), call(Peer::come_back), call(Peer::retry_now));
            let listeners = [
                window_event_listener(ev::pagehide, move |_| leave()),
                window_event_listener(ev::pageshow, move |_| come_back()),
                window_event_listener(ev::online, move |_| on_online()),
            ];
            let tick = set_interval_with_handle(call(Peer::tick), Duration::from_secs(1));
            on_cleanup(move || {
                listeners.into_iter().for_each(WindowListenerHandle::remove);
                tick.iter().for_each(IntervalHandle::clear);
            });
            if tabs.has_stream() {
                // A page has taken the stream before there was a peer.
                peer.take_stream();
            }
            tabs.peer.set(Some(StoredValue::new_local(peer)));
        });
        tabs
    }

    fn with_peer<R>(self, read: impl FnOnce(&Rc<Peer>) -> R) -> Option<R> {
        self.peer.get_untracked()?.try_with_value(read)
    }

    /// The tab that holds the session stream; tracked.
    pub(crate) fn holder(self) -> StreamHolder {
        self.holder.get()
    }

    /// The tab that holds the session stream.
    pub(crate) fn holder_now(self) -> StreamHolder {
        self.holder.get_untracked()
    }

    /// Returns `true` if this tab holds the session stream.
    pub(crate) fn has_stream(self) -> bool {
        self.holder_now() == StreamHolder::Own
    }

    /// Takes the session stream for this tab. The tab that held it closes it.
    pub(crate) fn take_stream(self) {
        if self.with_peer(Peer::take_stream).is_none() {
            self.holder.set_if_changed(StreamHolder::Own);
        }
    }

    /// Releases the session stream, if this tab holds it.
    pub(crate) fn release_stream(self) {
        self.with_peer(|peer| peer.release_stream());
    }

    /// Returns `true` if event streams do not get through to this page.
    pub(crate) fn is_stream_blocked(self) -> bool {
        self.stream_blocked.get_untracked()
    }

    /// Records whether event streams get through.
    pub(crate) fn set_stream_blocked(self, blocked: bool) {
        self.stream_blocked.set_if_changed(blocked);
    }

    /// Announces that this tab shows a session without streaming it.
    ///
    /// The leader names the session in `interactive`, so that the gateway knows that somebody can answer its requests.
    pub(crate) fn rest(self, session: &SessionId) {
        self.with_peer(|peer| peer.rest(session));
    }

    /// Announces that this tab shows no session any more.
    pub(crate) fn leave_session(self) {
        self.with_peer(|peer| peer.leave_session());
    }

    /// The summaries of the user's sessions; tracked. `None` until they have arrived.
    pub(crate) fn summaries(self) -> Option<Vec<SessionSummary>> {
        self.summaries.get()
    }

    /// The summary of a session. `None` if it has ended, or if no summaries have arrived.
    pub(crate) fn summary(self, session: &SessionId) -> Option<SessionSummary> {
        let is_own = |summary: &&SessionSummary| summary.id == *session;
        self.summaries.try_with_untracked(|all| all.as_ref()?.iter().find(is_own).cloned()).flatten()
    }

    /// Returns `true` if the summaries are kept up to date.
    pub(crate) fn are_summaries_live(self) -> bool {
        self.with_peer(|peer| peer.are_summaries_live()) == Some(true)
    }
}
