//! A message that was sent and has not come back yet.

use leptos::prelude::*;

use super::Chat;
use crate::live::{Unsent, UnsentState};

/// What the user said.
pub(crate) fn bubble(text: String) -> AnyView {
    view! { <div class="bubble">{text}</div> }.into_any()
}

pub(crate) fn unsent_view(chat: Chat, message: Unsent) -> AnyView {
    let t = chat.t;
    let failed = match &message.state {
        UnsentState::Sending => None,
        UnsentState::Failed(failure) => Some(t.failure(failure)),
    };
    let text = message.text.clone();
    let unsent = failed.is_some().to_string();
    let failure = failed.map(|why| {
        let retry = move |_| chat.resend(message.clone());
        view! {
            <div class="unsent-why" role="alert">
                <span><strong>{t.send_failed}</strong>" · "{why}</span>
                <button type="button" class="button" on:click=retry>{t.retry}</button>
            </div>
        }
    });
    view! {
        <section class="turn">
            <div class="entry" data-kind="user" data-unsent=unsent>
                {bubble(text)}
                {failure}
            </div>
        </section>
    }
    .into_any()
}
