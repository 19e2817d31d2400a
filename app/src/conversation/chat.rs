//! What the parts of a conversation share, and what one can do with it.

use std::time::Duration;

use codex_gateway_wire::{ApprovalMode, SessionId, StartTurn, TurnId};
use leptos::{prelude::*, task::spawn_local};

use super::choices::Choices;
use crate::{
    browser,
    composer::{Draft, composer_of, forget_draft, take_back},
    i18n::{Texts, texts},
    live::{LinkState, Live, Outbox, Stream, Target, Unsent},
    pages::FirstMessage,
    panel::Panel,
    route::Navigator,
    server_fns::{self, Conversation, Failure},
    state::{State, effect},
    tabs::Tabs,
};

/// A conversation on the page.
#[derive(Clone, Copy)]
pub(crate) struct Chat {
    pub(crate) t: &'static Texts,
    pub(crate) live: Live,
    pub(crate) outbox: Outbox,
    /// How the page is connected.
    pub(crate) link: State<LinkState>,
    /// The server is of another build than the page.
    pub(crate) outdated: State<bool>,
    /// The present moment by the server's clock, in Unix milliseconds; kept while a turn runs or something waits.
    pub(crate) now: State<i64>,
    /// Stop was pressed, and the turn has not ended yet.
    pub(crate) stopping: State<bool>,
    /// What the reader is told that happened elsewhere.
    pub(crate) told: State<Option<String>>,
    /// What the reader has unfolded and folded.
    pub(crate) choices: Choices,
    /// Who answers what codex asks.
    pub(crate) approvals: ApprovalMode,
    /// The details beside the conversation.
    panel: State<Panel>,
    id: State<SessionId>,
    /// What is the browser's own stays there: the server has threads, and a page may end on another one.
    stream: State<Option<StoredValue<Stream, LocalStorage>>>,
}

impl Chat {
    /// Begins with what the server says. In the browser, the stream goes on from there.
    pub(crate) fn open(conversation: Conversation, first: Option<Unsent>) -> Self {
        let Conversation { site, snapshot } = conversation;
        let (id, approvals) = (snapshot.session.id.clone(), snapshot.session.approvals);
        let chat = Self {
            t: texts(),
            live: Live::new(snapshot),
            outbox: Outbox::new(),
            link: State::new(LinkState::Connecting),
            outdated: State::new(false),
            now: State::new(site.now_ms),
            stopping: State::new(false),
            told: State::new(None),
            choices: Choices::new(),
            approvals,
            panel: State::new(Panel::new()),
            id: State::new(id.clone()),
            stream: State::new(None),
        };
        if let Some(first) = first {
            chat.outbox.show(first);
            chat.outbox.settle(chat.live);
        }
        let tabs = use_context::<Tabs>();
        effect(move || {
            if chat.is_past() {
                return chat.link.set(LinkState::Past);
            }
            let Some(tabs) = tabs else { return };
            let tap = chat.panel().tap;
            let stream =
                Stream::open(id.clone(), chat.live, chat.outbox, chat.link, chat.outdated, tap, tabs);
            chat.stream.set(Some(StoredValue::new_local(stream)));
            chat.keep_time(site.now_ms);
        });
        effect(move || {
            if !chat.running() {
                chat.stopping.set(false);
            }
        });
        chat
    }

    /// Its id.
    pub(crate) fn id(self) -> SessionId {
        self.id.peek()
    }

    /// Whether no session is in it: it can be read, and gone on with.
    pub(crate) fn is_past(self) -> bool {
        self.id().as_str().is_empty()
    }

    /// Names what is written in it and not sent.
    pub(crate) fn draft_key(self) -> String {
        match self.target() {
            Target::Session(id) => id.to_string(),
            Target::Thread(id) => id.to_string(),
        }
    }

    fn target(self) -> Target {
        match self.live.peek(|transcript| transcript.thread_id.clone()) {
            Some(thread) if self.is_past() => Target::Thread(thread),
            _ => Target::Session(self.id()),
        }
    }

    /// Whether a turn runs; tracked.
    pub(crate) fn running(self) -> bool {
        self.live.meta(|transcript| transcript.active_turn().is_some())
    }

    /// How much waits for the user; tracked.
    pub(crate) fn waiting(self) -> usize {
        self.live.meta(|transcript| transcript.waiting().count())
    }

    /// Whether nothing more can be sent; tracked.
    pub(crate) fn ended(self) -> bool {
        matches!(self.link.get(), LinkState::Closed | LinkState::Gone)
    }

    /// Whether one has to sign in again; tracked.
    pub(crate) fn signed_out(self) -> bool {
        self.link.get() == LinkState::SignedOut
    }

    /// Whether a message can be sent now; tracked.
    pub(crate) fn may_send(self) -> bool {
        !self.running() && !self.ended() && !self.signed_out() && !self.outbox.busy()
    }

    /// How full the model's window is, in percent; tracked.
    pub(crate) fn context_used(self) -> Option<u64> {
        self.live.meta(|transcript| {
            let usage = transcript.usage.as_ref()?;
            let window = usage.model_context_window.filter(|window| *window > 0)?;
            Some((usage.last.total_tokens * 100).div_ceil(window).min(100))
        })
    }

    /// The details beside the conversation. (Kept apart, so that a conversation is handed on in few words.)
    pub(crate) fn panel(self) -> Panel {
        self.panel.try_peek(|panel| *panel).unwrap_or_else(Panel::new)
    }

    /// Adds a text to the message that is being written.
    pub(crate) fn add_to_draft(self, text: &str) {
        if let Some(composer) = composer_of(&self.draft_key()) {
            composer.add(text);
        }
    }

    /// Sends a message.
    pub(crate) fn send(self, draft: Draft) {
        let Draft { turn, done } = draft;
        self.dispatch(Unsent::new(turn), done);
    }

    /// Takes a message that comes back, whatever page is there by then.
    pub(crate) fn taker(self) -> impl Fn(&StartTurn) {
        let key = self.draft_key();
        move |turn| take_back(&key, turn)
    }

    /// Sends a message that did not arrive again.
    pub(crate) fn resend(self, message: Unsent) {
        let (key, turn) = (self.draft_key(), message.turn.clone());
        // It was kept as the draft until now.
        self.dispatch(message, move || forget_draft(&key, &turn));
    }

    /// Sends what the user said in a turn again.
    pub(crate) fn retry_turn(self, turn: &TurnId) {
        if let Some(turn) = self.said_in(turn) {
            self.resend(Unsent::new(turn));
        }
    }

    fn dispatch(self, message: Unsent, arrived: impl FnOnce() + 'static) {
        let (first, navigator) = (use_context::<FirstMessage>(), use_context::<Navigator>());
        let shown = message.clone();
        let (past, page) = (self.is_past(), navigator.map(Navigator::route_untracked).unwrap_or_default());
        self.outbox.send(self.target(), message, move |sent| {
            self.outbox.settle(self.live);
            match sent {
                Err(failure) => self.heed(failure),
                Ok(session) => {
                    arrived();
                    if let (true, Some(first), Some(navigator)) = (past, first, navigator) {
                        // A session is in it now: go there, and show the message until it has it.
                        first.has_come(navigator, &page, session, shown);
                    }
                }
            }
        });
    }

    /// Says that something did not work.
    pub(crate) fn say_failed(self, failure: &Failure) {
        self.heed(failure);
        self.told.set(Some(self.t.failure(failure)));
    }

    /// Stays away from the server if it wants one to sign in first.
    pub(super) fn heed(self, failure: &Failure) {
        if let Some(stream) = self.stream.peek().filter(|_| failure.is_unauthorized()) {
            stream.with_value(Stream::sign_out);
        }
    }

    /// Stops the turn.
    pub(crate) fn stop(self) {
        if self.stopping.peek() {
            return;
        }
        self.stopping.set(true);
        let id = self.id();
        spawn_local(async move {
            if let Err(failure) = server_fns::interrupt(id).await {
                self.stopping.set(false);
                self.heed(&failure);
            }
        });
    }

    /// Tries to connect at once instead of waiting.
    pub(crate) fn connect_now(self) {
        if let Some(stream) = self.stream.peek() {
            stream.with_value(Stream::retry_now);
        }
    }

    /// Lets the clock run while a turn or a command does, or something waits.
    fn keep_time(self, server_now: i64) {
        let ahead = server_now - browser::now_ms();
        let tick = move || {
            if self.live.is_busy() || untrack(|| self.running() || self.waiting() > 0) {
                self.now.set(browser::now_ms() + ahead);
            }
        };
        if let Ok(interval) = set_interval_with_handle(tick, Duration::from_secs(1)) {
            on_cleanup(move || interval.clear());
        }
    }
}
