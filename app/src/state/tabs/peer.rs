//! This tab, as one of the tabs of the browser.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
    time::Duration,
};

use codex_gateway_wire::{
    SessionId,
    api::{SessionRemoved, SessionSummaries, SessionSummary, SummaryEventName},
};
use leptos::{prelude::*, task::spawn_local};

use super::{
    super::{
        event_reader::{Arrival, read_events},
        sse_parser::Message,
    },
    StreamHolder,
    channel::Channel,
    election::{ANSWER_TIMEOUT_MS, Election, Step},
    message::TabMessage,
    stream_slot::{StreamSlot, Taken},
    summary_reader::{SummaryReader, SummaryRequest},
};
use crate::{browser, server_fns::OWNER_ATTRIBUTE, signal::RwSignalExt as _};

/// How often a tab repeats that it rests on a session. In a hidden tab a timer may take a minute.
const REST_INTERVAL_MS: i64 = 30_000;
/// Without an event for so long, the summaries are not up to date. The server pings every 15 s.
const SUMMARIES_TIMEOUT_MS: i64 = 40_000;

/// This tab.
pub(super) struct Peer {
    /// The tab's id.
    tab: String,
    channel: Option<Channel>,
    slot: RefCell<StreamSlot>,
    election: RefCell<Election>,
    reader: SummaryReader,
    /// The session that this tab shows without streaming it, and when the tab last announced that.
    resting: RefCell<Option<(SessionId, i64)>>,
    /// The browser has left the page. It takes no part until the browser comes back to it.
    is_away: Cell<bool>,
    /// When an event of the summary stream last arrived, in Unix milliseconds.
    last_summary_ms: Cell<i64>,
    holder: RwSignal<StreamHolder>,
    /// Event streams do not get through to this tab.
    stream_blocked: RwSignal<bool>,
    summaries: RwSignal<Option<Vec<SessionSummary>>>,
}

impl Peer {
    /// Joins the other tabs of the same user.
    pub(super) fn join(
        holder: RwSignal<StreamHolder>,
        stream_blocked: RwSignal<bool>,
        summaries: RwSignal<Option<Vec<SessionSummary>>>,
    ) -> Rc<Self> {
        let owner = browser::root_attribute(OWNER_ATTRIBUTE).unwrap_or_default();
        let peer = Rc::new_cyclic(|peer: &Weak<Self>| {
            let peer = peer.clone();
            let on_message = move |message| {
                if let Some(peer) = peer.upgrade() {
                    peer.on_message(message);
                }
            };
            Self {
                tab: browser::unique_id(),
                channel: Channel::open(&format!("codex-gateway {owner}"), on_message),
                slot: RefCell::default(),
                election: RefCell::new(Election::new(browser::now_ms())),
                reader: SummaryReader::default(),
                resting: RefCell::default(),
                is_away: Cell::default(),
                last_summary_ms: Cell::default(),
                holder,
                stream_blocked,
                summaries,
            }
        });
        peer.come_back();
        peer
    }

    /// Takes part, for the first time or again.
    pub(super) fn come_back(self: &Rc<Self>) {
        self.is_away.set(false);
        self.post(TabMessage::AskSummaries);
        self.ask_for_leader();
    }

    /// Asks for the leader: it may have left without a message.
    fn ask_for_leader(self: &Rc<Self>) {
        let step = self.election.borrow_mut().ask(browser::now_ms());
        self.act(step);
    }

    /// Takes no part any more. The browser leaves the page, and may come back to it.
    pub(super) fn leave(self: &Rc<Self>) {
        self.release_stream();
        self.leave_session();
        self.resign(false);
        self.is_away.set(true);
    }

    /// Stops leading, if this tab leads. For good if its user has to sign in again.
    fn resign(&self, signed_out: bool) {
        if self.election.borrow_mut().leave(browser::now_ms(), signed_out) {
            self.reader.stop();
            self.post(TabMessage::Resign);
        }
    }

    /// Runs once a second, and less often in a hidden tab.
    pub(super) fn tick(self: &Rc<Self>) {
        if self.is_away.get() {
            return;
        }
        let now = browser::now_ms();
        let step = self.election.borrow_mut().tick(now, &self.tab);
        self.act(step);
        if self.is_leading() && self.reader.is_due(now) {
            self.read_summaries();
        }
        let is_due = self.resting.borrow().as_ref().is_some_and(|(_, at)| now - at >= REST_INTERVAL_MS);
        if is_due {
            self.announce_rest();
        }
    }

    fn is_leading(&self) -> bool {
        self.election.borrow().is_leading()
    }

    fn post(&self, message: TabMessage) {
        if let Some(channel) = self.channel.as_ref().filter(|_| !self.is_away.get()) {
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
                // Tabs that ask at the same time should not become leaders at the same time.
                let spread = Duration::from_millis(100).mul_f64(browser::random());
                set_timeout(tick, Duration::from_millis(ANSWER_TIMEOUT_MS.unsigned_abs() + 1) + spread);
            }
            Step::Lead(stamp) => {
                self.post(TabMessage::Lead(stamp));
                self.announce_rest();
                self.read_summaries();
            }
            Step::Repeat(stamp) => self.post(TabMessage::Lead(stamp)),
            Step::Resign => self.reader.stop(),
        }
    }

    fn on_message(self: &Rc<Self>, message: TabMessage) {
        let now = browser::now_ms();
        match message {
            TabMessage::TakeStream(other) => {
                let taken = self.slot.borrow_mut().on_taken(&other);
                match taken {
                    Taken::Lost | Taken::Noted => self.holder.set_if_changed(StreamHolder::Other),
                    Taken::Kept => {
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
                let step = self.election.borrow_mut().on_lead(&other, now);
                self.act(step);
                self.announce_rest();
            }
            TabMessage::AskLeader => {
                let step = self.election.borrow().on_ask();
                self.act(step);
            }
            TabMessage::AskSummaries => self.send_all_summaries(),
            TabMessage::Resign => {
                let step = self.election.borrow_mut().ask(now);
                self.act(step);
            }
            TabMessage::Rest { tab, session } => self.reader.note_rest(tab, session, now),
            TabMessage::Left { tab } => self.reader.note_left(&tab),
            TabMessage::Summary { name, data } => {
                self.election.borrow_mut().on_summary(now);
                self.apply(&name, &data);
            }
        }
    }

    /// Takes the session stream. Also finds out if the leader has left without a message.
    pub(super) fn take_stream(self: &Rc<Self>) {
        if self.slot.borrow().is_own() || self.is_away.get() {
            return;
        }
        let stamp = self.slot.borrow_mut().take(browser::now_ms(), &self.tab);
        self.post(TabMessage::TakeStream(stamp));
        *self.resting.borrow_mut() = None;
        self.holder.set_if_changed(StreamHolder::Own);
        self.ask_for_leader();
    }

    /// Releases the session stream.
    pub(super) fn release_stream(&self) {
        let was_own = self.slot.borrow_mut().release();
        if was_own {
            self.post(TabMessage::StreamFree);
            self.holder.set_if_changed(StreamHolder::Free);
        }
    }

    /// This tab shows a session without streaming it.
    pub(super) fn rest(&self, session: &SessionId) {
        *self.resting.borrow_mut() = Some((session.clone(), 0));
        self.announce_rest();
    }

    /// Announces the session that this tab rests on, if any.
    fn announce_rest(&self) {
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

    /// This tab shows no session any more.
    pub(super) fn leave_session(&self) {
        *self.resting.borrow_mut() = None;
        self.reader.note_left(&self.tab);
        self.post(TabMessage::Left { tab: self.tab.clone() });
    }

    /// Applies an event of the summary stream and passes it on to the other tabs.
    fn pass_on(&self, name: String, data: String) {
        self.apply(&name, &data);
        self.post(TabMessage::Summary { name, data });
    }

    /// Sends the summaries to a tab that has asked for them.
    fn send_all_summaries(&self) {
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

    /// Applies an event of the summary stream.
    fn apply(&self, name: &str, data: &str) {
        self.last_summary_ms.set(browser::now_ms());
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

    /// Returns `true` if the summaries are up to date.
    pub(super) fn are_summaries_live(&self) -> bool {
        browser::now_ms() - self.last_summary_ms.get() < SUMMARIES_TIMEOUT_MS
    }

    /// Streams the summaries, or polls them.
    fn read_summaries(self: &Rc<Self>) {
        let is_blocked = self.stream_blocked.get_untracked_or_default();
        let Some(request) = self.reader.start(browser::now_ms(), is_blocked) else { return };
        let SummaryRequest { path, accept, signal } = request;
        let peer = Rc::downgrade(self);
        spawn_local(async move {
            let on_arrival = |arrival| {
                let Some(peer) = peer.upgrade() else { return };
                peer.reader.on_arrival(&arrival);
                if let Arrival::Event(Message { name, data, .. }) = arrival {
                    peer.pass_on(name, data);
                }
            };
            let read = read_events(&path, &signal, accept, on_arrival).await;
            if let Some(peer) = peer.upgrade().filter(|_| !signal.aborted()) {
                if read.is_err_and(|failure| failure.is_unauthorized()) {
                    peer.resign(true);
                } else {
                    peer.reader.on_end();
                }
            }
        });
    }

    /// Streams the summaries without waiting: the network is back.
    pub(super) fn retry_now(self: &Rc<Self>) {
        self.reader.retry_now();
        self.tick();
    }
}
