//! Sending the messages of a conversation.

use codex_gateway_wire::{StartTurn, TurnId};
use leptos::prelude::*;

use super::{
    chat::Chat,
    drafts::{Draft, forget_sent},
    edit::SentMessage,
    first_message::FirstMessage,
    outbox::{Target, Unsent},
    stream::Stream,
};
use crate::{
    router::{NavigateOptions, Route, conversation_path, use_navigate, use_route},
    server_fns::ApiError,
};

/// Called with the result of sending a message.
type OnSent = Box<dyn FnOnce(Result<(), &ApiError>)>;

impl Chat {
    /// Sends the draft.
    pub(crate) fn send(self, draft: Draft) {
        let Draft { turn, done } = draft;
        let on_sent = move |sent: Result<(), &ApiError>| {
            if sent.is_ok() {
                done();
            }
        };
        self.dispatch(self.target(), Unsent::new(turn), Box::new(on_sent));
    }

    /// Sends a message to the running turn. `on_sent` gets `true` if it arrived. A message that failed is shown with a
    /// button that sends it again.
    pub(crate) fn tell(self, message: Unsent, on_sent: impl FnOnce(bool) + 'static) {
        self.dispatch(self.target(), message, Box::new(move |sent| on_sent(sent.is_ok())));
    }

    /// Sends a failed message in a new conversation in the same folder.
    pub(crate) fn send_elsewhere(self, message: Unsent) {
        let cwd = self.transcript.with_untracked(|transcript| transcript.cwd.clone());
        let on_sent = self.forget_draft_once_sent(&message.turn);
        self.dispatch(Target::New(cwd), message, on_sent);
    }

    /// Sends a failed message again.
    pub(crate) fn resend(self, message: Unsent) {
        let message = message.again();
        let on_sent = self.forget_draft_once_sent(&message.turn);
        self.dispatch(self.target(), message, on_sent);
    }

    /// Sends the messages again whose requests got no response of the gateway. A message that arrived nevertheless is
    /// accepted once, because it keeps its id.
    pub(super) fn resend_unanswered(self) {
        self.outbox.reconcile(self.transcript);
        let messages = self.outbox.unanswered().into_iter();
        self.resend_in_order(use_context(), use_route(), use_navigate(), messages);
    }

    /// Sends each message once the one before it has arrived, so that they keep their order.
    fn resend_in_order(
        self,
        first: Option<FirstMessage>,
        route: ReadSignal<Route>,
        navigate: impl Fn(&str, NavigateOptions) + Copy + 'static,
        mut messages: std::vec::IntoIter<Unsent>,
    ) {
        let Some(message) = messages.next() else { return };
        let message = message.again();
        let forget_draft = self.forget_draft_once_sent(&message.turn);
        let on_sent = move |sent: Result<(), &ApiError>| {
            let has_arrived = sent.is_ok();
            forget_draft(sent);
            if has_arrived {
                self.resend_in_order(first, route, navigate, messages);
            }
        };
        self.dispatch_from(first, route, navigate, self.target(), message, Box::new(on_sent));
    }

    /// Sends the user's message of a turn again.
    pub(crate) fn retry_turn(self, turn: &TurnId) {
        if let Some(sent) =
            self.transcript.with_untracked(|transcript| SentMessage::of_turn(transcript, turn))
        {
            self.resend(Unsent::new(sent.into_turn()));
        }
    }

    /// Sends a message in place of a turn, here or in a fork of the conversation.
    ///
    /// `on_sent` gets the failure if there is one. It gets `Err(None)` if the turn was gone already: the failed message
    /// then stands at the end of the conversation.
    pub(crate) fn replace(
        self,
        turn: StartTurn,
        forks: bool,
        on_sent: impl FnOnce(Result<(), Option<ApiError>>) + 'static,
    ) {
        let thread = self.transcript.with_untracked(|transcript| transcript.thread_id.clone());
        let target = thread.filter(|_| forks).map_or_else(|| self.target(), Target::Fork);
        let message = Unsent::new(turn);
        let client_id = message.client_id.clone();
        let on_sent = move |sent: Result<(), &ApiError>| {
            on_sent(sent.map_err(|failure| {
                self.outbox.take_unreplaced(&client_id, self.transcript).then(|| failure.clone())
            }));
        };
        self.dispatch(target, message, Box::new(on_sent));
    }

    /// The session, or the thread if no session is attached.
    fn target(self) -> Target {
        match self.transcript.with_untracked(|transcript| transcript.thread_id.clone()) {
            Some(thread) if self.is_past() => Target::Thread(thread),
            _ => Target::Session(self.id()),
        }
    }

    /// A failed message may have been stored as the draft. Returns a callback that removes it after a success.
    fn forget_draft_once_sent(self, turn: &StartTurn) -> OnSent {
        let (key, turn) = (self.draft_key(), turn.clone());
        Box::new(move |sent| {
            if sent.is_ok() {
                forget_sent(&key, &turn);
            }
        })
    }

    fn dispatch(self, target: Target, message: Unsent, on_sent: OnSent) {
        self.dispatch_from(use_context(), use_route(), use_navigate(), target, message, on_sent);
    }

    fn dispatch_from(
        self,
        first: Option<FirstMessage>,
        route: ReadSignal<Route>,
        navigate: impl Fn(&str, NavigateOptions) + Copy + 'static,
        target: Target,
        message: Unsent,
        on_sent: OnSent,
    ) {
        let shown = message.clone();
        let is_elsewhere = !matches!(target, Target::Session(_));
        let page = route.get_untracked();
        self.outbox.send(target, message, move |sent| {
            self.outbox.reconcile(self.transcript);
            match sent {
                Err(failure) if failure.thread_id.is_some() && !is_elsewhere => {
                    // The session has expired, and its thread is still there.
                    self.leave_session(route, navigate);
                    self.dispatch_from(first, route, navigate, self.target(), shown, on_sent);
                }
                Err(failure) => {
                    self.handle_auth_error(failure);
                    on_sent(Err(failure));
                }
                Ok(session) => {
                    on_sent(Ok(()));
                    // If no events come, the stream finds out why.
                    self.with_stream(Stream::note_reachable);
                    if let (true, Some(first)) = (is_elsewhere, first) {
                        // The new session's page shows the message until its conversation has it.
                        let (is_page_shown, path) =
                            (route.get_untracked() == page, conversation_path(&session));
                        first.session_created(session, is_page_shown.then_some(shown));
                        if is_page_shown {
                            navigate(&path, NavigateOptions::default());
                        }
                    }
                }
            }
        });
    }
}
