//! What the parts of a request's card share, and sending the answer.

use std::sync::Arc;

use codex_gateway_wire::{
    UserRequest,
    request::{AnswerRequest, Decision},
};
use leptos::task::spawn_local;
use view::prelude::*;

use super::read_gate::ReadGate;
use crate::{
    server_fns::{self, ApiError},
    signal::RwSignalExt as _,
    state::Chat,
};

/// What the parts of a card share.
#[derive(Clone)]
pub(super) struct CardContext {
    pub(super) chat: Chat,
    pub(super) request: Arc<UserRequest>,
    /// No button answers: the card is too new to be read, or an answer is being sent or was accepted.
    pub(super) locked: RwSignal<bool>,
    /// Keeps the request from being accepted before its end was in view.
    pub(super) gate: ReadGate,
    /// Why the last answer failed.
    pub(super) failure: RwSignal<Option<ApiError>>,
}

impl CardContext {
    pub(super) fn new(chat: Chat, request: UserRequest) -> Self {
        Self {
            chat,
            request: Arc::new(request),
            locked: RwSignal::new(true),
            gate: ReadGate::new(),
            failure: RwSignal::new(None),
        }
    }

    /// Answers the request by a decision. Does nothing while the card is locked.
    pub(super) fn decide(&self, decision: Decision) {
        self.answer(AnswerRequest { decision: Some(decision), ..AnswerRequest::default() });
    }

    /// Answers the request. Does nothing while the card is locked.
    pub(super) fn answer(&self, answer: AnswerRequest) {
        let Self { chat, locked, failure, .. } = *self;
        if locked.get_untracked_or_default() {
            return;
        }
        locked.set(true);
        failure.set(None);
        chat.toast.set(None);
        let (session, id) = (chat.id(), self.request.id.clone());
        spawn_local(async move {
            // The card disappears when the stream reports the end of the request.
            let Err(error) = server_fns::answer_server_request(session, id, answer).await else { return };
            if error.code == "request_ended" {
                return chat.toast.set(Some(chat.t.answered_elsewhere().to_owned()));
            }
            locked.set(false);
            failure.set(Some(error));
        });
    }
}
