//! Questions of the agent, and forms and links of MCP servers.

use std::sync::Arc;

use codex_gateway_wire::{
    Json, UserRequest,
    request::{AnswerRequest, Decision, RequestKind},
};
use view::prelude::*;

use super::{
    approval_choices::ChoiceButton,
    card_context::CardContext,
    form_content::{ContentFormat, form_content},
    form_field::{FieldRow, option_count},
    keyboard::Shortcut,
};
use crate::{cards::JsonField, i18n::Texts, text::hidden::exact_name};

/// The state of a form.
#[derive(Clone)]
pub(super) struct Form {
    request: Arc<UserRequest>,
    /// The value of each field: the text, or the chosen options.
    values: Arc<[RwSignal<Vec<String>>]>,
    format: ContentFormat,
}

impl Form {
    pub(super) fn new(request: &Arc<UserRequest>) -> Self {
        let is_user_input = request.kind == RequestKind::UserInput;
        Self {
            request: request.clone(),
            values: request.summary.fields.iter().map(|field| RwSignal::new(field.default.clone())).collect(),
            format: if is_user_input { ContentFormat::Answers } else { ContentFormat::TypedValues },
        }
    }

    /// Returns the content. `None` while a required field is empty or a number is invalid; tracked.
    fn content(&self) -> Option<Json> {
        let values: Vec<Vec<String>> = self.values.iter().map(|value| value.get()).collect();
        form_content(&self.request.summary.fields, &values, self.format)
    }

    /// Returns the answer that sends the content. `None` as for [`Self::content`]; tracked.
    fn answer(&self) -> Option<AnswerRequest> {
        let content = Some(self.content()?);
        Some(match self.format {
            ContentFormat::Answers => AnswerRequest { answers: content, ..AnswerRequest::default() },
            ContentFormat::TypedValues => {
                let action = Some(Decision::ACCEPT.to_owned());
                AnswerRequest { action, content, ..AnswerRequest::default() }
            }
        })
    }
}

/// The fields of a form, or the link to follow.
#[component]
pub(super) fn FormFields(card: CardContext, form: Form) -> impl IntoView {
    let t = card.chat.t;
    let summary = &card.request.summary;
    let mut first_number = 1;
    let rows = summary.fields.iter().zip(&*form.values).enumerate().map(|(index, (field, value))| {
        let number = first_number;
        first_number += option_count(field);
        view! {
            <FieldRow
                id=format!("field-{index}")
                field=field.clone()
                value=*value
                first_number=number
                t
            />
        }
    });
    let link = summary.url.clone().map(|url| view! { <FormLink url t/> });
    // A request of an unknown form is shown as JSON.
    let is_unknown = summary.fields.is_empty() && link.is_none() && form.format == ContentFormat::TypedValues;
    let json = is_unknown
        .then(|| view! { <JsonField label=t.request_params() json=card.request.params.clone() t/> });
    view! {
        <div class="form">{rows.collect::<Vec<_>>()}</div>
        {link}
        {json}
    }
}

/// The buttons that send a form or decline it.
#[component]
pub(super) fn FormButtons(card: CardContext, form: Form) -> impl IntoView {
    let (t, locked, gate) = (card.chat.t, card.locked, card.gate);
    let is_available =
        |kind: &str| card.request.available_decisions.iter().any(|decision| decision.kind() == kind);
    let can_cancel = is_available(Decision::CANCEL);
    let can_send = form.format == ContentFormat::Answers || is_available(Decision::ACCEPT);
    let send_label = if card.request.summary.url.is_some() { t.link_followed() } else { t.send_answers() };
    let send_button = can_send.then(|| {
        let card = card.clone();
        let answer = form.clone();
        let send = move || {
            if let Some(answer) = untrack(|| answer.answer()) {
                card.answer(answer);
            }
        };
        let disabled = Signal::derive(move || locked.get() || form.content().is_none());
        view! {
            <ChoiceButton on_press=send disabled gate=Some(gate) is_primary=true shortcut=None>
                {send_label}
            </ChoiceButton>
        }
    });
    let decide = |kind: &'static str| {
        let card = card.clone();
        move || card.decide(Decision::from_kind(kind))
    };
    let (decline, cancel) = (decide(Decision::DECLINE), decide(Decision::CANCEL));
    view! {
        <div class="choices">
            {send_button}
            <ChoiceButton on_press=decline disabled=locked gate=None shortcut=Some(Shortcut::Escape)>
                <span>{t.decline()}</span>
            </ChoiceButton>
            {can_cancel.then(|| view! {
                <ChoiceButton on_press=cancel disabled=locked gate=None shortcut=None>
                    {t.decline_and_stop()}
                </ChoiceButton>
            })}
        </div>
    }
}

/// A link of an MCP server. The whole address is shown, so that the user sees where it leads.
#[component]
fn FormLink(url: String, t: &'static Texts) -> impl IntoView {
    let address = view! { <code>{exact_name(&url, t)}</code> };
    let content = if is_safe_link(&url) {
        view! {
            <a href=url target="_blank" rel="noopener noreferrer">
                {address}
            </a>
        }
    } else {
        address
    };
    view! { <p class="location">{content}</p> }
}

/// Returns `true` for web addresses whose host is what it looks like. Other addresses are not linked.
fn is_safe_link(url: &str) -> bool {
    let rest = ["https://", "http://"].into_iter().find_map(|scheme| url.strip_prefix(scheme));
    rest.is_some_and(|rest| {
        // A user name before an `@` looks like a host.
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        rest.is_ascii() && !host.contains('@')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_web_addresses_are_linked() {
        for url in ["https://a.example/x?to=b@c", "http://a.example"] {
            assert!(is_safe_link(url), "{url}");
        }
        for url in
            ["https://bank.example@evil.example/", "javascript:alert(1)", "https://\u{430}.example", ""]
        {
            assert!(!is_safe_link(url), "{url}");
        }
    }
}
