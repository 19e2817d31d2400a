//! Messages that were sent and that the session has not reported yet.

use codex_gateway_wire::{StartTurn, UploadId, api::InputPart};
use view::prelude::*;

use crate::{
    composer::Thumbnail,
    i18n::Texts,
    server_fns::ApiError,
    state::{Chat, Unsent, UnsentState},
};

/// The text of a message of the user.
#[component]
pub(super) fn Bubble(text: String) -> impl IntoView {
    view! { <div class="bubble" dir="auto">{text}</div> }
}

/// The images of a message; nothing if it has none.
#[component]
pub(super) fn MessageImages(uploads: Vec<UploadId>, t: &'static Texts) -> impl IntoView {
    let images = (!uploads.is_empty()).then(|| {
        let images = uploads.iter().cloned().map(|upload| view! { <li><Thumbnail upload t/></li> });
        view! { <ul class="pictures">{images.collect::<Vec<_>>()}</ul> }
    });
    view! { {images} }
}

/// The images and the text of a message that was sent.
#[component]
pub(crate) fn SentMessage(turn: StartTurn, t: &'static Texts) -> impl IntoView {
    let uploads = turn.input.iter().filter_map(InputPart::upload).cloned().collect();
    let text = Some(turn.prompt).filter(|text| !text.trim().is_empty());
    view! {
        <MessageImages uploads t/>
        {text.map(|text| view! { <Bubble text/> })}
    }
}

/// A message of the outbox, at the end of the log.
#[component]
pub(super) fn UnsentMessage(chat: Chat, client_id: String) -> impl IntoView {
    let message = move || chat.outbox.all().into_iter().find(|message| message.client_id == client_id);
    let entry = move || {
        let message = message()?;
        let (state, failure) = match &message.state {
            UnsentState::Sending => ("sending", None),
            UnsentState::Accepted => ("accepted", None),
            UnsentState::Failed(failure) => ("failed", Some(failure.clone())),
        };
        let turn = message.turn.clone();
        Some(view! {
            <div class="entry" data-kind="user" data-unsent=state>
                <SentMessage turn t=chat.t/>
                {failure.map(|failure| view! { <SendFailure chat message failure/> })}
            </div>
        })
    };
    view! { <section class="turn">{entry}</section> }
}

/// Why a message was not sent, with the buttons that send it again.
#[component]
fn SendFailure(chat: Chat, message: Unsent, failure: ApiError) -> impl IntoView {
    let t = chat.t;
    let send_in_new = failure.is_damaged_thread().then(|| {
        let message = message.clone();
        let send = move |_| chat.send_elsewhere(message.clone());
        view! { <button type="button" class="button" on:click=send>{t.send_in_new_conversation()}</button> }
    });
    let retry = move |_| chat.resend(message.clone());
    view! {
        <div class="unsent-reason" role="alert">
            <span><strong>{t.send_failed()}</strong> " · " {t.failure(&failure)}</span>
            <button type="button" class="button" on:click=retry disabled=move || chat.ended()>{t.retry()}</button>
            {send_in_new}
        </div>
    }
}
