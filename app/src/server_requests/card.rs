//! The card of one request: what codex asks for, the reason, and the buttons that answer it.

use codex_gateway_wire::{UserRequest, request::RequestKind};
use leptos::html;
use view::prelude::*;

use super::{
    active_request::ActiveRequest,
    approval_choices::ApprovalChoices,
    card_context::CardContext,
    countdown::Countdown,
    details::RequestDetails,
    form::{Form, FormButtons, FormFields},
    heading::heading,
    keyboard,
    read_gate::{CLICK_GUARD, LockHint},
    reason::Reason,
};
use crate::{
    icon::{Icon, icon},
    text::hidden::exact_name,
};

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
                <span>{(t.request_position)(active.index() + 1, count)}</span>
                <button type="button" class="link" on:click=move |_| active.select_next()>
                    {t.next_request()}
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
                <span class="position">{position}</span>
            </header>
            // Expanding something may leave the end in view, which the observer does not report.
            <div
                class="request-scroller"
                node_ref=gate.scroll_box
                tabindex="0"
                role="group"
                aria-labelledby="question"
                on:click=move |_| gate.observe_again()
            >
                <div class="request-details">
                    <RequestDetails card/>
                    {fields}
                </div>
                <div class="end-marker" aria-hidden="true" node_ref=gate.end></div>
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
