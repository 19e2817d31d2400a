//! What the parts of a conversation share, and what one can do with it.

use std::time::Duration;

use codex_gateway_wire::{ApprovalMode, SessionId, StartTurn, TurnId};
use leptos::{prelude::*, task::spawn_local};

use super::{
    choices::Choices,
    edit::{Edit, Said},
    find::Find,
};
use crate::{
    browser,
    composer::{Draft, composer_of, forget_draft, take_back},
    i18n::{Texts, texts},
    pages::FirstMessage,
    panel::Panel,
    project::Folder,
    route::{Navigator, Route, thread_path},
    server_fns::{self, ApiError, Conversation},
    signal::RwSignalExt as _,
    state::{ConnectionState, Outbox, Stream, Target, TranscriptStore, Unsent},
    tabs::Tabs,
};

/// A turn that starts later than this is told to wait for a long history, in seconds.
const SLOW_START_SECONDS: u32 = 3;

/// Called once a message has arrived, or why it did not.
type Done = Box<dyn FnOnce(Result<(), &ApiError>)>;

/// A conversation on the page.
#[derive(Clone, Copy)]
pub(crate) struct Chat {
    pub(crate) t: &'static Texts,
    pub(crate) live: TranscriptStore,
    pub(crate) outbox: Outbox,
    /// How the page is connected.
    pub(crate) link: RwSignal<ConnectionState>,
    /// The server is of another build than the page.
    pub(crate) outdated: RwSignal<bool>,
    /// The present moment by the server's clock, in Unix milliseconds; kept while a turn runs or something waits.
    pub(crate) now: RwSignal<i64>,
    /// For how long a message has waited for its turn to start, in seconds.
    sending_seconds: RwSignal<u32>,
    /// Stop was pressed, and the turn has not ended yet.
    pub(crate) stopping: RwSignal<bool>,
    /// What the reader is told that happened elsewhere.
    pub(crate) told: RwSignal<Option<String>>,
    /// What the reader has unfolded and folded.
    pub(crate) choices: Choices,
    /// Who answers what codex asks.
    pub(crate) approvals: ApprovalMode,
    /// The folder that it works in.
    folder: RwSignal<Folder>,
    /// What the reader is about to change in it.
    edit: RwSignal<Edit>,
    /// The search in it, once that is offered.
    find: RwSignal<Option<Find>>,
    /// The details beside the conversation.
    panel: RwSignal<Panel>,
    id: RwSignal<SessionId>,
    /// Names what is written in it and not sent.
    draft_key: RwSignal<String>,
    /// What is the browser's own stays there: the server has threads, and a page may end on another one.
    stream: RwSignal<Option<StoredValue<Stream, LocalStorage>>>,
}

impl Chat {
    /// Begins with what the server says. In the browser, the stream goes on from there.
    pub(crate) fn open(conversation: Conversation, first: Option<Unsent>) -> Self {
        let Conversation { site, snapshot, project } = conversation;
        let (id, approvals) = (snapshot.session.id.clone(), snapshot.session.approvals);
        let chat = Self {
            t: texts(),
            live: TranscriptStore::new(snapshot),
            outbox: Outbox::new(),
            link: RwSignal::new(ConnectionState::Connecting),
            outdated: RwSignal::new(false),
            now: RwSignal::new(site.now_ms),
            sending_seconds: RwSignal::new(0),
            stopping: RwSignal::new(false),
            told: RwSignal::new(None),
            choices: Choices::new(),
            approvals,
            folder: RwSignal::new(Folder::new(project)),
            edit: RwSignal::new(Edit::new()),
            find: RwSignal::new(None),
            panel: RwSignal::new(Panel::new()),
            id: RwSignal::new(id.clone()),
            draft_key: RwSignal::new(String::new()),
            stream: RwSignal::new(None),
        };
        chat.draft_key.set(chat.draft_name());
        if let Some(first) = first {
            chat.outbox.show(first);
            chat.outbox.reconcile(chat.live);
        }
        let tabs = use_context::<Tabs>();
        Effect::new(move |_| {
            if chat.is_past() {
                return chat.link.set(ConnectionState::Past);
            }
            let Some(tabs) = tabs else { return };
            let recorder = chat.panel().recorder;
            let stream =
                Stream::open(id.clone(), chat.live, chat.outbox, chat.link, chat.outdated, recorder, tabs);
            chat.stream.set(Some(StoredValue::new_local(stream)));
            chat.keep_time(site.now_ms);
        });
        Effect::new(move |_| {
            if !chat.running() {
                chat.stopping.set(false);
            }
        });
        let navigator = use_context::<Navigator>();
        Effect::new(move |_| {
            if chat.link.get() == ConnectionState::Expired {
                chat.leave_session(navigator);
            }
        });
        let thread = Memo::new(move |_| chat.live.meta(|transcript| transcript.thread_id.clone()));
        let keep_draft = move || {
            let (before, name) = (chat.draft_key(), chat.draft_name());
            if let Some(composer) = composer_of(&before) {
                composer.follow_to(&name);
            }
            chat.draft_key.set(name);
        };
        Effect::watch(move || thread.get(), move |_, _, _| keep_draft(), false);
        chat
    }

    /// Its id.
    pub(crate) fn id(self) -> SessionId {
        self.id.get_untracked_or_default()
    }

    /// Whether no session is in it: it can be read, and gone on with.
    pub(crate) fn is_past(self) -> bool {
        self.id().as_str().is_empty()
    }

    /// Names what is written in it and not sent.
    pub(crate) fn draft_key(self) -> String {
        self.draft_key.get_untracked_or_default()
    }

    /// The name of a draft in it: that of its thread, which outlives the session.
    fn draft_name(self) -> String {
        let thread =
            self.live.with_untracked(|transcript| transcript.thread_id.as_ref().map(ToString::to_string));
        thread.unwrap_or_else(|| self.id().to_string())
    }

    fn target(self) -> Target {
        match self.live.with_untracked(|transcript| transcript.thread_id.clone()) {
            Some(thread) if self.is_past() => Target::Thread(thread),
            _ => Target::Session(self.id()),
        }
    }

    /// The session has expired, and its thread is there: from now on the page shows that, and the next message begins another
    /// session in it.
    fn leave_session(self, navigator: Option<Navigator>) {
        let id = self.id();
        let Some(thread) = self.live.with_untracked(|transcript| transcript.thread_id.clone()) else {
            return self.link.set(ConnectionState::Gone);
        };
        if self.is_past() {
            return;
        }
        self.id.set(SessionId::default());
        self.link.set(ConnectionState::Past);
        // The messages of the queue come back to where they were written: no session waits to send them.
        for item in self.live.take_queue().into_iter().rev() {
            let turn = StartTurn { prompt: item.text, input: item.input, ..StartTurn::default() };
            take_back(&self.draft_key(), &turn);
        }
        self.told.set(Some(self.t.session_expired().to_owned()));
        if let Some(navigator) =
            navigator.filter(|navigator| navigator.route_untracked() == Route::Conversation(id))
        {
            navigator.rename(&thread_path(&thread));
        }
    }

    /// Whether a turn runs; tracked.
    pub(crate) fn running(self) -> bool {
        self.live.meta(|transcript| transcript.active_turn().is_some())
    }

    /// How much waits for the user; tracked.
    pub(crate) fn waiting(self) -> usize {
        self.live.meta(|transcript| transcript.pending_requests().count())
    }

    /// Whether nothing more can be sent; tracked.
    pub(crate) fn ended(self) -> bool {
        matches!(self.link.get(), ConnectionState::Closed | ConnectionState::Gone)
    }

    /// Whether one has to sign in again; tracked.
    pub(crate) fn signed_out(self) -> bool {
        matches!(self.link.get(), ConnectionState::SignedOut | ConnectionState::ProxySignedOut)
    }

    /// Whether there is something that Stop ends: a turn, or a message whose turn has not begun; tracked.
    pub(crate) fn can_stop(self) -> bool {
        self.running() || (self.outbox.busy() && !self.id().as_str().is_empty())
    }

    /// Whether a message can be sent now; tracked.
    pub(crate) fn may_send(self) -> bool {
        !self.running() && !self.ended() && !self.signed_out() && !self.is_sending()
    }

    /// Returns `true` if a message is on its way, or about to show in a page that gets what happens; tracked.
    pub(super) fn is_sending(self) -> bool {
        self.outbox.busy() || self.link.get().is_live() && self.outbox.has_accepted()
    }

    /// Returns `true` if a message waits until Codex has loaded a long conversation; tracked.
    pub(super) fn is_loading_history(self) -> bool {
        self.sending_seconds.get() >= SLOW_START_SECONDS && self.live.has_older()
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
        self.panel.try_with_untracked(|panel| *panel).unwrap_or_else(Panel::new)
    }

    /// The folder that it works in. (Kept apart, as the details are.)
    pub(crate) fn folder(self) -> Folder {
        self.folder.try_with_untracked(|folder| *folder).unwrap_or_else(|| Folder::new(None))
    }

    /// What the reader is about to change in the conversation. (Kept apart, as the details are.)
    pub(crate) fn edit(self) -> Edit {
        self.edit.try_with_untracked(|edit| *edit).unwrap_or_else(Edit::new)
    }

    /// Makes the search known to the keys.
    pub(super) fn offer_find(self, find: Find) {
        self.find.set(Some(find));
    }

    /// Closes the search. Returns `true` if it was open.
    pub(super) fn close_find(self) -> bool {
        self.find.get_untracked_or_default().is_some_and(Find::close_if_open)
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
        let arrived = move |sent: Result<(), &ApiError>| {
            if sent.is_ok() {
                done();
            }
        };
        self.dispatch(self.target(), Unsent::new(turn), Box::new(arrived));
    }

    /// Tells the turn that is running something. `done` learns whether it arrived; a message that did not is shown, to be sent again.
    pub(crate) fn tell(self, message: Unsent, done: impl FnOnce(bool) + 'static) {
        self.dispatch(self.target(), message, Box::new(move |sent| done(sent.is_ok())));
    }

    /// Sends a message that did not arrive in a new conversation, in the same folder.
    pub(crate) fn send_elsewhere(self, message: Unsent) {
        let (key, turn) = (self.draft_key(), message.turn.clone());
        let cwd = self.live.with_untracked(|transcript| transcript.cwd.clone());
        let arrived = move |sent: Result<(), &ApiError>| {
            if sent.is_ok() {
                forget_draft(&key, &turn);
            }
        };
        self.dispatch(Target::New(cwd), message, Box::new(arrived));
    }

    /// Sends a message that did not arrive again.
    pub(crate) fn resend(self, message: Unsent) {
        let message = message.again();
        let (key, turn) = (self.draft_key(), message.turn.clone());
        let arrived = move |sent: Result<(), &ApiError>| {
            // It was kept as the draft until now.
            if sent.is_ok() {
                forget_draft(&key, &turn);
            }
        };
        self.dispatch(self.target(), message, Box::new(arrived));
    }

    /// Sends what the user said in a turn again.
    pub(crate) fn retry_turn(self, turn: &TurnId) {
        if let Some(said) = self.live.with_untracked(|transcript| Said::in_turn(transcript, turn)) {
            self.resend(Unsent::new(said.again(said.text.clone())));
        }
    }

    /// Sends a message in the place of a turn, or of its copy in a fork of the conversation. `done` learns why it did not arrive;
    /// `None` if the turn is gone and the message stands at the end of the conversation.
    pub(super) fn replace(
        self,
        turn: StartTurn,
        forks: bool,
        done: impl FnOnce(Result<(), Option<ApiError>>) + 'static,
    ) {
        let thread = self.live.with_untracked(|transcript| transcript.thread_id.clone());
        let to = thread.filter(|_| forks).map_or_else(|| self.target(), Target::Fork);
        let message = Unsent::new(turn);
        let client_id = message.client_id.clone();
        let ended = move |sent: Result<(), &ApiError>| {
            done(sent.map_err(|failure| {
                self.outbox.take_unreplaced(&client_id, self.live).then(|| failure.clone())
            }));
        };
        self.dispatch(to, message, Box::new(ended));
    }

    fn dispatch(self, to: Target, message: Unsent, done: Done) {
        self.dispatch_from(use_context(), use_context(), to, message, done);
    }

    fn dispatch_from(
        self,
        first: Option<FirstMessage>,
        navigator: Option<Navigator>,
        to: Target,
        message: Unsent,
        done: Done,
    ) {
        let shown = message.clone();
        let elsewhere = !matches!(to, Target::Session(_));
        let page = navigator.map(Navigator::route_untracked).unwrap_or_default();
        self.outbox.send(to, message, move |sent| {
            self.outbox.reconcile(self.live);
            match sent {
                Err(failure) if failure.thread_id.is_some() && !elsewhere => {
                    self.leave_session(navigator);
                    self.dispatch_from(first, navigator, self.target(), shown, done);
                }
                Err(failure) => {
                    self.handle_auth_error(failure);
                    done(Err(failure));
                }
                Ok(session) => {
                    done(Ok(()));
                    // What the message brings about is looked for, if events do not come.
                    if let Some(stream) = self.stream.get_untracked_or_default() {
                        stream.with_value(Stream::note_reachable);
                    }
                    if let (true, Some(first), Some(navigator)) = (elsewhere, first, navigator) {
                        // A session is in it now: go there, and show the message until it has it.
                        first.is_session_created(navigator, &page, session, shown);
                    }
                }
            }
        });
    }

    /// Says that something did not work.
    pub(crate) fn say_failed(self, failure: &ApiError) {
        self.handle_auth_error(failure);
        self.told.set(Some(self.t.failure(failure)));
    }

    /// Stays away from the server if it, or a proxy in front of it, wants one to sign in first.
    pub(super) fn handle_auth_error(self, failure: &ApiError) {
        let Some(stream) = self.stream.get_untracked_or_default() else { return };
        if failure.is_unauthorized() {
            stream.with_value(Stream::sign_out);
        } else if failure.is_proxy_signed_out() {
            stream.with_value(Stream::leave_to_proxy);
        }
    }

    /// Stops the turn.
    pub(crate) fn stop(self) {
        if self.stopping.get_untracked_or_default() {
            return;
        }
        self.stopping.set(true);
        let id = self.id();
        spawn_local(async move {
            let stopped = server_fns::interrupt(id).await;
            if stopped.is_err() || !untrack(|| self.running()) {
                self.stopping.set(false);
            }
            if let Err(failure) = stopped {
                self.handle_auth_error(&failure);
            }
        });
    }

    /// Tries to connect at once instead of waiting.
    pub(crate) fn connect_now(self) {
        if let Some(stream) = self.stream.get_untracked_or_default() {
            stream.with_value(Stream::retry_now);
        }
    }

    /// Lets the clock run while a turn or a command does, or something waits, and counts how long a message waits.
    fn keep_time(self, server_now: i64) {
        let ahead = server_now - browser::now_ms();
        let tick = move || {
            if self.live.is_busy() || untrack(|| self.running() || self.waiting() > 0) {
                self.now.set(browser::now_ms() + ahead);
            }
            let waits_for_turn = untrack(|| self.is_sending() && !self.running());
            let seconds =
                if waits_for_turn { self.sending_seconds.get_untracked_or_default() + 1 } else { 0 };
            self.sending_seconds.set_if_changed(seconds);
        };
        if let Ok(interval) = set_interval_with_handle(tick, Duration::from_secs(1)) {
            on_cleanup(move || interval.clear());
        }
    }
}
