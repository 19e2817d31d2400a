//! A conversation on the page: what its parts share. [`super::sending`] sends its messages.

use std::{sync::Arc, time::Duration};

use codex_gateway_wire::{ApprovalMode, SessionId, StartTurn};
use leptos::{prelude::*, task::spawn_local};

use super::{
    disclosure::Disclosures,
    drafts::{self, DraftEditor},
    edit::Edit,
    folder::Folder,
    outbox::{Outbox, Unsent},
    panel::Panel,
    store::TranscriptStore,
    stream::{ConnectionState, Stream},
    tabs::Tabs,
};
use crate::{
    browser,
    i18n::{Texts, texts},
    router::{NavigateOptions, Route, thread_path, use_navigate, use_route},
    server_fns::{self, ApiError, Conversation},
    signal::RwSignalExt as _,
};

/// A message whose turn starts later than this, in seconds, is reported to wait for a long history.
const SLOW_START_SECONDS: u32 = 3;

/// A conversation on the page.
///
/// The parts that are read rarely are signals of their own types, which keeps this type small: it is copied into many
/// closures.
#[derive(Clone, Copy)]
pub(crate) struct Chat {
    pub(crate) t: &'static Texts,
    pub(crate) transcript: TranscriptStore,
    pub(crate) outbox: Outbox,
    /// The state of the event stream.
    pub(crate) connection: RwSignal<ConnectionState>,
    /// The server runs another build than the page.
    pub(crate) outdated: RwSignal<bool>,
    /// The server's time in Unix milliseconds. It is updated only while a turn runs or a request waits.
    pub(crate) now: RwSignal<i64>,
    /// For how many seconds a message has waited for its turn to start.
    sending_seconds: RwSignal<u32>,
    /// The user pressed Stop, and the turn has not ended yet.
    pub(crate) stopping: RwSignal<bool>,
    /// A message to the user about something that they did not see happen.
    pub(crate) toast: RwSignal<Option<String>>,
    pub(crate) disclosures: Disclosures,
    /// Who answers codex's requests.
    pub(crate) approvals: ApprovalMode,
    folder: RwSignal<Folder>,
    edit: RwSignal<Edit>,
    panel: RwSignal<Panel>,
    /// The composer, once it is on the page.
    draft_editor: RwSignal<Option<Arc<dyn DraftEditor>>>,
    /// Empty if no session is attached.
    id: RwSignal<SessionId>,
    /// Identifies the conversation's draft.
    draft_key: RwSignal<String>,
    /// Local, because it holds objects of the browser. On the server, a page may end on another thread than it began.
    stream: RwSignal<Option<StoredValue<Stream, LocalStorage>>>,
}

impl Chat {
    /// Shows a conversation as the server has sent it. In the browser, an event stream continues from there.
    pub(crate) fn open(conversation: Conversation, first: Option<Unsent>) -> Self {
        let Conversation { site, snapshot, project } = conversation;
        let (id, approvals) = (snapshot.session.id.clone(), snapshot.session.approvals);
        let chat = Self {
            t: texts(),
            transcript: TranscriptStore::new(snapshot),
            outbox: Outbox::new(),
            connection: RwSignal::new(ConnectionState::Connecting),
            outdated: RwSignal::new(false),
            now: RwSignal::new(site.now_ms),
            sending_seconds: RwSignal::new(0),
            stopping: RwSignal::new(false),
            toast: RwSignal::new(None),
            disclosures: Disclosures::new(),
            approvals,
            folder: RwSignal::new(Folder::new(project)),
            edit: RwSignal::new(Edit::new()),
            panel: RwSignal::new(Panel::new()),
            draft_editor: RwSignal::new(None),
            id: RwSignal::new(id.clone()),
            draft_key: RwSignal::new(String::new()),
            stream: RwSignal::new(None),
        };
        chat.draft_key.set(chat.thread_or_session_id());
        if let Some(first) = first {
            chat.outbox.show(first);
            chat.outbox.reconcile(chat.transcript);
        }
        let tabs = use_context::<Tabs>();
        Effect::new(move |_| {
            if chat.is_past() {
                return chat.connection.set(ConnectionState::Past);
            }
            let Some(tabs) = tabs else { return };
            let recorder = chat.panel().recorder;
            let stream = Stream::open(
                id.clone(),
                chat.transcript,
                chat.outbox,
                chat.connection,
                chat.outdated,
                recorder,
                tabs,
            );
            chat.stream.set(Some(StoredValue::new_local(stream)));
            chat.run_clock(site.now_ms);
        });
        Effect::new(move |_| {
            if !chat.running() {
                chat.stopping.set(false);
            }
        });
        Effect::watch(
            move || chat.connection.get_or_default().is_live(),
            move |is_live, was_live, _| {
                if *is_live && was_live == Some(&false) {
                    chat.resend_unanswered();
                }
            },
            false,
        );
        let (route, navigate) = (use_route(), use_navigate());
        Effect::new(move |_| {
            if chat.connection.get_or_default() == ConnectionState::Expired {
                chat.leave_session(route, navigate);
            }
        });
        let thread = Memo::new(move |_| chat.transcript.meta(|transcript| transcript.thread_id.clone()));
        let move_draft = move || {
            let key = chat.thread_or_session_id();
            if let Some(editor) = chat.draft_editor.get_untracked_or_default() {
                editor.move_to(&key);
            }
            chat.draft_key.set(key);
        };
        Effect::watch(move || thread.get(), move |_, _, _| move_draft(), false);
        chat
    }

    /// The session's id. Empty if no session is attached.
    pub(crate) fn id(self) -> SessionId {
        self.id.get_untracked_or_default()
    }

    /// Returns `true` if no session is attached: the next message starts one.
    pub(crate) fn is_past(self) -> bool {
        self.id().as_str().is_empty()
    }

    /// Identifies the conversation's draft; see [`drafts::key`].
    pub(crate) fn draft_key(self) -> String {
        self.draft_key.get_untracked_or_default()
    }

    /// The id of the thread, which outlives the session; the session's id before there is a thread.
    fn thread_or_session_id(self) -> String {
        let thread = self
            .transcript
            .with_untracked(|transcript| transcript.thread_id.as_ref().map(ToString::to_string));
        thread.unwrap_or_else(|| self.id().to_string())
    }

    /// Detaches the page from a session that has expired. The page shows the thread from now on.
    pub(super) fn leave_session(self, route: ReadSignal<Route>, navigate: impl Fn(&str, NavigateOptions)) {
        let id = self.id();
        let Some(thread) = self.transcript.with_untracked(|transcript| transcript.thread_id.clone()) else {
            return self.connection.set(ConnectionState::Gone);
        };
        if self.is_past() {
            return;
        }
        self.id.set(SessionId::default());
        self.connection.set(ConnectionState::Past);
        // No session is left that would send the messages of the queue: they become the draft again.
        for item in self.transcript.take_queue().into_iter().rev() {
            let turn = StartTurn { prompt: item.text, input: item.input, ..StartTurn::default() };
            self.restore_draft(&turn);
        }
        self.toast.set(Some(self.t.session_expired().to_owned()));
        if route.get_untracked() == Route::Conversation(id) {
            navigate(&thread_path(&thread), NavigateOptions { replace: true, keep_page: true });
        }
    }

    /// Returns `true` if a turn is running; tracked.
    pub(crate) fn running(self) -> bool {
        self.transcript.meta(|transcript| transcript.active_turn().is_some())
    }

    /// The number of requests that wait for the user; tracked.
    pub(crate) fn waiting(self) -> usize {
        self.transcript.meta(|transcript| transcript.pending_requests().count())
    }

    /// Returns `true` if the conversation takes no more messages; tracked.
    pub(crate) fn ended(self) -> bool {
        matches!(self.connection.get_or_default(), ConnectionState::Closed | ConnectionState::Gone)
    }

    /// Returns `true` if the user has to sign in again; tracked.
    pub(crate) fn signed_out(self) -> bool {
        matches!(
            self.connection.get_or_default(),
            ConnectionState::SignedOut | ConnectionState::ProxySignedOut
        )
    }

    /// Returns `true` if Stop has something to end: a turn, or a message whose turn has not started; tracked.
    pub(crate) fn can_stop(self) -> bool {
        self.running() || (self.outbox.busy() && !self.id().as_str().is_empty())
    }

    /// Returns `true` if a message can be sent now; tracked.
    pub(crate) fn may_send(self) -> bool {
        !self.running() && !self.ended() && !self.signed_out() && !self.is_sending()
    }

    /// Returns `true` while a message is being sent, or has arrived and its events have not; tracked.
    pub(crate) fn is_sending(self) -> bool {
        self.outbox.busy() || self.connection.get_or_default().is_live() && self.outbox.has_accepted()
    }

    /// Returns `true` if a message waits until codex has loaded a long conversation; tracked.
    pub(crate) fn is_loading_history(self) -> bool {
        self.sending_seconds.get_or_default() >= SLOW_START_SECONDS && self.transcript.has_older()
    }

    /// The used part of the model's context window, in percent. `None` if it is not known; tracked.
    pub(crate) fn context_used(self) -> Option<u64> {
        self.transcript.meta(|transcript| {
            let usage = transcript.usage.as_ref()?;
            let window = usage.model_context_window.filter(|window| *window > 0)?;
            Some((usage.last.total_tokens * 100).div_ceil(window).min(100))
        })
    }

    /// The state of the details panel.
    pub(crate) fn panel(self) -> Panel {
        self.panel.try_with_untracked(|panel| *panel).unwrap_or_else(Panel::new)
    }

    /// The folder that the conversation works in.
    pub(crate) fn folder(self) -> Folder {
        self.folder.try_with_untracked(|folder| *folder).unwrap_or_else(|| Folder::new(None))
    }

    /// The edit of a message.
    pub(crate) fn edit(self) -> Edit {
        self.edit.try_with_untracked(|edit| *edit).unwrap_or_else(Edit::new)
    }

    /// Registers the composer.
    pub(crate) fn set_draft_editor(self, editor: Arc<dyn DraftEditor>) {
        self.draft_editor.set(Some(editor));
    }

    /// Adds a text at the end of the draft.
    pub(crate) fn add_to_draft(self, text: &str) {
        if let Some(editor) = self.draft_editor.get_untracked_or_default() {
            editor.append(text);
        }
    }

    /// Replaces the text of the draft, and gives the composer the focus.
    pub(crate) fn begin_draft_with(self, text: &str) {
        if let Some(editor) = self.draft_editor.get_untracked_or_default() {
            editor.begin_with(text);
        }
    }

    /// Puts a message that was not sent back into the draft.
    pub(crate) fn restore_draft(self, turn: &StartTurn) {
        match self.draft_editor.get_untracked_or_default() {
            Some(editor) => editor.restore(turn),
            None => drafts::restore(&drafts::key(&self.draft_key()), turn),
        }
    }

    /// Reports a failed request to the user.
    pub(crate) fn say_failed(self, failure: &ApiError) {
        self.handle_auth_error(failure);
        self.toast.set(Some(self.t.failure(failure)));
    }

    /// Closes the event stream if the server, or a proxy in front of it, requires a sign-in.
    pub(crate) fn handle_auth_error(self, failure: &ApiError) {
        if failure.is_unauthorized() {
            self.with_stream(Stream::sign_out);
        } else if failure.is_proxy_signed_out() {
            self.with_stream(Stream::leave_to_proxy);
        }
    }

    /// Interrupts the turn.
    pub(crate) fn stop(self) {
        if self.stopping.get_untracked_or_default() {
            return;
        }
        self.stopping.set(true);
        let id = self.id();
        spawn_local(async move {
            let stopped = server_fns::interrupt_turn(id).await;
            if stopped.is_err() || !untrack(|| self.running()) {
                self.stopping.set(false);
            }
            if let Err(failure) = stopped {
                self.handle_auth_error(&failure);
            }
        });
    }

    /// Connects at once instead of waiting for the next attempt.
    pub(crate) fn connect_now(self) {
        self.with_stream(Stream::retry_now);
    }

    /// Calls a method of the event stream, if there is one.
    pub(super) fn with_stream(self, act: impl FnOnce(&Stream)) {
        if let Some(stream) = self.stream.get_untracked_or_default() {
            stream.with_value(act);
        }
    }

    /// Updates [`Self::now`] while something runs or waits, and counts how long a message has waited.
    fn run_clock(self, server_now_ms: i64) {
        let ahead_ms = server_now_ms - browser::now_ms();
        let tick = move || {
            // What the page shows may have ended meanwhile: without a connection the time stands still.
            let is_live = self.connection.get_untracked_or_default().is_live();
            if is_live && (self.transcript.is_busy() || untrack(|| self.running() || self.waiting() > 0)) {
                self.now.set(browser::now_ms() + ahead_ms);
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
