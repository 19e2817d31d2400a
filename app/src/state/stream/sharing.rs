//! The browser's one session stream, which the tabs share.

use std::rc::Rc;

use super::{
    super::tabs::StreamHolder,
    Inner,
    catch_up::{Headline, Situation},
    transport::Request,
};
use crate::browser;

impl Inner {
    /// Another tab has taken the session stream, or has released it.
    pub(super) fn on_holder_change(self: &Rc<Self>) {
        if self.tabs.has_stream() || self.has_ended() {
            return;
        }
        if self.tabs.holder_now() == StreamHolder::Free && !browser::is_hidden() {
            return self.take_stream();
        }
        if self.request.get() != Request::CatchUp && self.handle.take().is_some() {
            self.note_caught_up(browser::now_ms());
        }
        self.tabs.rest(&self.session);
    }

    /// Notes that the page has all events up to now, and how the session is.
    pub(super) fn note_caught_up(&self, now_ms: i64) {
        self.caught_up_ms.set(now_ms);
        *self.headline.borrow_mut() = self.tabs.summary(&self.session).as_ref().map(Headline::from);
    }

    /// Catches up if this tab has no stream and there is something that it has to know.
    pub(super) fn catch_up_if_due(self: &Rc<Self>) {
        let is_busy = self.tabs.has_stream() || self.is_reading() || self.is_fetching.get();
        if is_busy || !self.state().is_live() {
            return;
        }
        let summary = self.tabs.summary(&self.session);
        let headline = self.headline.borrow().clone();
        let situation = Situation {
            is_hidden: browser::is_hidden(),
            has_summaries: self.tabs.are_summaries_live(),
            is_blocked: self.tabs.is_stream_blocked(),
            summary: summary.as_ref(),
            headline: headline.as_ref(),
            last_event: &self.store.last_event_untracked(),
            since_last_ms: browser::now_ms() - self.caught_up_ms.get(),
        };
        let is_due = situation.is_due();
        if is_due {
            self.connect();
        }
    }

    /// Takes the session stream for this tab, and connects.
    fn take_stream(self: &Rc<Self>) {
        self.tabs.take_stream();
        if self.is_fetching.get() {
            return; // The snapshot's response connects.
        }
        if self.state().is_live() {
            self.connect();
        } else {
            self.retry_now();
        }
    }

    /// The user uses this tab: the stream belongs here.
    pub(super) fn on_use(self: &Rc<Self>) {
        if !self.tabs.has_stream() && !self.has_ended() && !browser::is_hidden() {
            self.take_stream();
        }
    }
}
