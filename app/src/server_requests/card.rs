//! The card of one request: what codex asks for, the reason, and the buttons that answer it.

use std::{sync::Arc, time::Duration};

use codex_gateway_wire::{
    UserRequest,
    request::{AnswerRequest, Decision, RequestKind},
};
use leptos::{html, task::spawn_local};
use view::prelude::*;

use super::{
    ActiveRequest,
    approval_choices::ApprovalChoices,
    countdown::Countdown,
    details::RequestDetails,
    form::{Form, FormButtons, FormFields},
    heading::heading,
    keyboard,
    read_gate::{LockHint, ReadGate},
    reason::Reason,
};
use crate::{
    icon::{Icon, icon},
    server_fns::{self, ApiError},
    signal::RwSignalExt as _,
    state::Chat,
    text::hidden::exact_name,
};

/// How long the buttons of a new card are disabled. A click within this time was meant for what was there before: the
/// card has just come under the pointer, or has replaced the card of the request that was answered.
pub(super) const CLICK_GUARD: Duration = Duration::from_millis(500);

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
    failure: RwSignal<Option<ApiError>>,
}

impl CardContext {
    fn new(chat: Chat, request: UserRequest) -> Self {
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

/// The card of a pending request.
#[component]
pub(super) fn RequestCard(active: ActiveRequest, request: UserRequest) -> impl IntoView {
    let card = CardContext::new(active.chat, request);
    let CardContext { chat, locked, failure, gate, .. } = card;
    let t = chat.t;
    let frame = NodeRef::<html::Section>::new();
    Effect::new(move |_| set_timeout(move || locked.set(false), CLICK_GUARD));
    keyboard::focus_when_shown(frame);

    let position = move || {
        let count = active.ids().len();
        (count > 1).then(|| {
            view! {
                <span>{(t.question_place)(active.index() + 1, count)}</span>
                <button type="button" class="link" on:click=move |_| active.select_next()>
                    {t.next_question()}
                </button>
            }
        })
    };
    let error = move || {
        let failure = failure.get();
        failure.map(|failure| view! { <p class="failed" role="alert">{t.failure(&failure)}</p> })
    };
    let kind = card.request.kind;
    let heading = exact_name(&heading(&card.request, t), t);
    // The reason of an elicitation is what the server asks: the details show it.
    let reason = card.request.summary.reason.clone().filter(|_| kind != RequestKind::Elicitation);
    let deadline = card.request.deadline;
    let form = is_form(&card.request).then(|| Form::new(&card.request));
    let sends = form.is_some();
    let fields = form.clone().map(|form| view! { <FormFields card=card.clone() form/> });
    let buttons = match form {
        Some(form) => view! { <FormButtons card=card.clone() form/> },
        None => view! { <ApprovalChoices card=card.clone()/> },
    };
    view! {
        <section
            class="question"
            node_ref=frame
            tabindex="-1"
            aria-labelledby="question"
            data-kind=kind.as_str()
            data-seen=move || gate.seen_attribute()
            on:keydown=move |event| keyboard::handle_key(&event, gate)
        >
            <header>
                {icon(Icon::Shield)}
                <h2 id="question">{heading}</h2>
                <span class="place">{position}</span>
            </header>
            // Expanding something may leave the end in view, which the observer does not report.
            <div
                class="asked"
                node_ref=gate.scroll_box
                tabindex="0"
                role="group"
                aria-labelledby="question"
                on:click=move |_| gate.observe_again()
            >
                <div class="what">
                    <RequestDetails card/>
                    {fields}
                </div>
                <div class="end" aria-hidden="true" node_ref=gate.end></div>
                {reason.map(|reason| view! { <Reason reason t/> })}
            </div>
            {error}
            <LockHint gate sends t/>
            {buttons}
            {deadline.map(|deadline| view! { <Countdown deadline_ms=deadline.ms() now_ms=chat.now t/> })}
        </section>
    }
}

/// Returns `true` if the answer is filled in and sent, or is to follow a link. Other requests are answered by a decision.
fn is_form(request: &UserRequest) -> bool {
    match request.kind {
        RequestKind::UserInput => true,
        RequestKind::Elicitation => request.summary.tool.is_none(),
        _ => false,
    }
}
