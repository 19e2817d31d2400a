//! The first message of a conversation, shown until the conversation has it.

use codex_gateway_wire::{SessionId, StartTurn};
use leptos::prelude::*;

use super::outbox::Unsent;
use crate::{server_fns::ApiError, signal::RwSignalExt as _};

/// The first message of a new conversation; a context of all pages.
#[derive(Clone, Copy)]
pub(crate) struct FirstMessage {
    /// The message that is shown: at most one. (The page has this type anyway; an `Option` would add a KB to it.)
    pub(crate) message: RwSignal<Vec<Unsent>>,
    /// The session of the conversation. Empty until it has been created.
    pub(crate) session: RwSignal<SessionId>,
    /// Why the session could not be created.
    pub(crate) failure: RwSignal<Option<ApiError>>,
    /// The last message if it may have arrived: its request failed without a reply of the gateway. At most one.
    pub(crate) open: RwSignal<Vec<Unsent>>,
    /// The client ids of the messages that the user stopped while they were being sent.
    stopped: RwSignal<Vec<String>>,
}

impl FirstMessage {
    pub(crate) fn new() -> Self {
        Self {
            message: RwSignal::new(Vec::new()),
            session: RwSignal::new(SessionId::default()),
            failure: RwSignal::new(None),
            open: RwSignal::new(Vec::new()),
            stopped: RwSignal::new(Vec::new()),
        }
    }

    /// Stops the message that is being sent and returns it. Its turn is interrupted once its session has been created.
    pub(crate) fn stop(self) -> Option<Unsent> {
        let message = self.message.get_untracked().pop()?;
        self.message.set(Vec::new());
        self.stopped.update(|all| all.push(message.client_id.clone()));
        Some(message)
    }

    /// Returns the message to send for a turn. It keeps the id of the open message if both say the same: the server then
    /// takes it once.
    pub(crate) fn message(self, turn: StartTurn) -> Unsent {
        let is_same = |open: &Unsent| StartTurn { client_message_id: None, ..open.turn.clone() } == turn;
        let message = self.open.take_untracked().pop().filter(is_same).unwrap_or_else(|| Unsent::new(turn));
        // The user wants a message that they send again.
        self.stopped.update(|all| all.retain(|id| *id != message.client_id));
        message
    }

    /// Returns `true` if the user stopped the message while it was being sent.
    pub(crate) fn is_stopped(self, message: &Unsent) -> bool {
        self.stopped.with_untracked(|all| all.contains(&message.client_id))
    }

    /// Takes the message out for the page of its session. `None` if it belongs to another session.
    pub(crate) fn take_for(self, id: &SessionId) -> Option<Unsent> {
        let is_own = self.has_session() && self.session.get_untracked() == *id;
        if is_own { self.message.take_untracked().pop() } else { None }
    }

    /// Records the session. Its page shows `message`, which is `None` if the reader has left the page where they wrote
    /// it.
    pub(crate) fn session_created(self, id: SessionId, message: Option<Unsent>) {
        self.session.set(id);
        self.message.set(Vec::from_iter(message));
    }

    /// Returns `true` if the session has been created.
    pub(crate) fn has_session(self) -> bool {
        !self.session.get_untracked().as_str().is_empty()
    }
}
