//! This tab's part among the tabs of the browser.

use leptos::prelude::*;
use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
    time::Duration,
};

use codex_gateway_wire::{
    SessionId,
    api::{SessionRemoved, SessionSummaries, SessionSummary, SummaryEventName},
};
use leptos::prelude::set_timeout;

use super::{
    StreamHolder,
    channel::Channel,
    election::{ANSWER_TIMEOUT, Election, Step},
    leader::SummaryReader,
    message::TabMessage,
    stream_slot::{StreamSlot, Taken},
};
use crate::{browser, server_fns::OWNER, signal::RwSignalExt as _};

/// How often a tab repeats that it rests on a session, in milliseconds. Timers of hidden tabs may take a minute.
const REST_INTERVAL: i64 = 30_000;
/// Summaries of which nothing was heard for so long are not up to date, in milliseconds: there is a ping every 15 s.
const SUMMARIES_TIMEOUT: i64 = 40_000;

/// This tab's part.
pub(super) struct Peer {
    /// Names the tab.
    tab: String,
    channel: Option<Channel>,
    slot: RefCell<StreamSlot>,
    election: RefCell<Election>,
    pub(super) reader: SummaryReader,
    /// The session that this tab shows without a stream of it, and when it last said so.
    resting: RefCell<Option<(SessionId, i64)>>,
    /// The page has gone away: it takes nothing and says nothing until it comes back.
    away: Cell<bool>,
    /// When something of the summaries last came.
    informed_ms: Cell<i64>,
    holder: RwSignal<StreamHolder>,
    summaries: RwSignal<Option<Vec<SessionSummary>>>,
}

impl Peer {
    /// Joins the other tabs of the same reader.
    pub(super) fn join(
        holder: RwSignal<StreamHolder>,
        summaries: RwSignal<Option<Vec<SessionSummary>>>,
    ) -> Rc<Self> {
        let owner = browser::root_attribute(OWNER).unwrap_or_default();
        let peer = Rc::new_cyclic(|peer: &Weak<Self>| {
            let peer = peer.clone();
            let take = move |message| {
                if let Some(peer) = peer.upgrade() {
                    peer.take(message);
                }
            };
            Self {
                tab: browser::unique_id(),
                channel: Channel::open(&format!("codex-gateway {owner}"), take),
                slot: RefCell::default(),
                election: RefCell::new(Election::new(browser::now_ms())),
                reader: SummaryReader::default(),
                resting: RefCell::default(),
                away: Cell::default(),
                informed_ms: Cell::default(),
                holder,
                summaries,
            }
        });
        peer.come_back();
        peer
    }

    /// The page is there, for the first time or again.
    pub(super) fn come_back(self: &Rc<Self>) {
        self.away.set(false);
        self.post(TabMessage::AskSummaries);
        self.rejoin();
    }

    /// Asks for the leader, in a tab that is new, comes back or is used.
    fn rejoin(self: &Rc<Self>) {
        let step = self.election.borrow_mut().ask(browser::now_ms());
        self.act(step);
    }

    /// The page goes away, and may come back.
    pub(super) fn leave(self: &Rc<Self>) {
        self.release_stream();
        self.leave_session();
        self.resign(false);
        self.away.set(true);
    }

    /// Stops leading, if this tab leads; for good if its reader has to sign in again.
    pub(super) fn resign(&self, signed_out: bool) {
        if self.election.borrow_mut().leave(browser::now_ms(), signed_out) {
            self.reader.stop();
            self.post(TabMessage::Resign);
        }
    }

    /// Once a second, or as often as the browser lets a hidden tab.
    pub(super) fn tick(self: &Rc<Self>) {
        if self.away.get() {
            return;
        }
        let now = browser::now_ms();
        let step = self.election.borrow_mut().tick(now, &self.tab);
        self.act(step);
        if self.is_leading() {
            self.read_on(now);
        }
        let repeat = self.resting.borrow().as_ref().is_some_and(|(_, at)| now - at >= REST_INTERVAL);
        if repeat {
            self.repeat_rest();
        }
    }

    pub(super) fn is_leading(&self) -> bool {
        self.election.borrow().is_leading()
    }

    fn post(&self, message: TabMessage) {
        if let Some(channel) = self.channel.as_ref().filter(|_| !self.away.get()) {
            channel.post(message);
        }
    }

    fn act(self: &Rc<Self>, step: Step) {
        match step {
            Step::Nothing => {}
            Step::Ask => {
                self.post(TabMessage::AskLeader);
                let peer = Rc::downgrade(self);
                let tick = move || {
                    if let Some(peer) = peer.upgrade() {
                        peer.tick();
                    }
                };
                // Several tabs that ask at once do not all lead at once.
                let spread = Duration::from_millis(100).mul_f64(browser::random());
                set_timeout(tick, Duration::from_millis(ANSWER_TIMEOUT.unsigned_abs() + 1) + spread);
            }
            Step::Lead(stamp) => {
                self.post(TabMessage::Lead(stamp));
                self.repeat_rest();
                self.read_summaries();
            }
            Step::Repeat(stamp) => self.post(TabMessage::Lead(stamp)),
            Step::Resign => self.reader.stop(),
        }
    }

    fn take(self: &Rc<Self>, message: TabMessage) {
        let now = browser::now_ms();
        match message {
            TabMessage::TakeStream(other) => {
                let taken = self.slot.borrow_mut().taken(&other);
                match taken {
                    Taken::LetGo | Taken::Noted => self.holder.set_if_changed(StreamHolder::Other),
                    Taken::Keep => {
                        let own = self.slot.borrow().own().cloned();
                        if let Some(own) = own {
                            self.post(TabMessage::TakeStream(own));
                        }
                    }
                }
            }
            TabMessage::StreamFree => {
                if !self.slot.borrow().is_own() {
                    self.holder.set_if_changed(StreamHolder::Free);
                }
            }
            TabMessage::Lead(other) => {
                let step = self.election.borrow_mut().heard(&other, now);
                self.act(step);
                self.repeat_rest();
            }
            TabMessage::AskLeader => {
                let step = self.election.borrow().asked();
                self.act(step);
            }
            TabMessage::AskSummaries => self.pass_on_all(),
            TabMessage::Resign => {
                let step = self.election.borrow_mut().ask(now);
                self.act(step);
            }
            TabMessage::Rest { tab, session } => self.reader.note_rest(tab, session, now),
            TabMessage::Left { tab } => self.reader.note_left(&tab),
            TabMessage::Summary { name, data } => {
                self.election.borrow_mut().heard_summary(now);
                self.apply(&name, &data);
            }
        }
    }

    /// Takes the session stream. A leader that went without a word is found out at the same time.
    pub(super) fn take_stream(self: &Rc<Self>) {
        if self.slot.borrow().is_own() || self.away.get() {
            return;
        }
        let stamp = self.slot.borrow_mut().take(browser::now_ms(), &self.tab);
        self.post(TabMessage::TakeStream(stamp));
        *self.resting.borrow_mut() = None;
        self.holder.set_if_changed(StreamHolder::Own);
        self.rejoin();
    }

    /// Gives the session stream up.
    pub(super) fn release_stream(&self) {
        let had = self.slot.borrow_mut().release();
        if had {
            self.post(TabMessage::StreamFree);
            self.holder.set_if_changed(StreamHolder::Free);
        }
    }

    /// This tab shows a session, and has no stream of it.
    pub(super) fn rest(&self, session: &SessionId) {
        *self.resting.borrow_mut() = Some((session.clone(), 0));
        self.repeat_rest();
    }

    /// Says again which session this tab rests on.
    fn repeat_rest(&self) {
        let now = browser::now_ms();
        let session = self.resting.borrow_mut().as_mut().map(|(session, at)| {
            *at = now;
            session.clone()
        });
        let Some(session) = session else { return };
        if self.is_leading() {
            self.reader.note_rest(self.tab.clone(), session, now);
        } else {
            self.post(TabMessage::Rest { tab: self.tab.clone(), session });
        }
    }

    /// This tab does not show a session any more.
    pub(super) fn leave_session(&self) {
        *self.resting.borrow_mut() = None;
        self.reader.note_left(&self.tab);
        self.post(TabMessage::Left { tab: self.tab.clone() });
    }

    /// An event of the stream, in the leading tab.
    pub(super) fn lead_with(&self, name: String, data: String) {
        self.apply(&name, &data);
        self.post(TabMessage::Summary { name, data });
    }

    /// Tells a tab that is new what the others know.
    fn pass_on_all(&self) {
        if !self.is_leading() {
            return;
        }
        let Some(sessions) = self.summaries.get_untracked_or_default() else { return };
        let all = SessionSummaries { build_id: String::new(), sessions };
        if let Ok(data) = serde_json::to_string(&all) {
            let name = SummaryEventName::Sessions.as_str().to_owned();
            self.post(TabMessage::Summary { name, data });
        }
    }

    fn apply(&self, name: &str, data: &str) {
        self.informed_ms.set(browser::now_ms());
        match SummaryEventName::parse(name) {
            Some(SummaryEventName::Sessions) => {
                if let Ok(SessionSummaries { sessions, .. }) = serde_json::from_str(data) {
                    self.summaries.set_if_changed(Some(sessions));
                }
            }
            Some(SummaryEventName::Summary) => {
                if let Ok(summary) = serde_json::from_str::<SessionSummary>(data) {
                    self.summaries.update(|all| {
                        let all = all.get_or_insert_default();
                        all.retain(|other| other.id != summary.id);
                        all.push(summary);
                    });
                }
            }
            Some(SummaryEventName::Removed) => {
                if let Ok(SessionRemoved { id }) = serde_json::from_str(data) {
                    self.summaries
                        .update(|all| all.iter_mut().for_each(|all| all.retain(|other| other.id != id)));
                }
            }
            Some(SummaryEventName::Ping) | None => {}
        }
    }

    pub(super) fn are_summaries_live(&self) -> bool {
        browser::now_ms() - self.informed_ms.get() < SUMMARIES_TIMEOUT
    }
}
