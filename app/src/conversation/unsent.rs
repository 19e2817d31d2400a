//! A message that was sent and has not come back yet.

use super::Chat;
use crate::{
    live::UnsentState,
    node::{El, button, el, live},
};

/// What the user said.
pub(crate) fn bubble(text: String) -> El {
    el("div").class("bubble").child(text)
}

pub(crate) fn unsent_view(chat: Chat, client_id: String) -> El {
    let t = chat.t;
    let message = move || chat.outbox.all().into_iter().find(|message| message.client_id == client_id);
    let content = live(move || {
        message().map(|message| {
            let bubble = bubble(message.text.clone());
            let entry = el("div").class("entry").attr("data-kind", "user");
            let UnsentState::Failed(failure) = &message.state else {
                return entry.attr("data-unsent", "sending").child(bubble);
            };
            let what = el("strong").child(t.send_failed);
            let why = el("span").child(what).child(" · ").child(t.failure(failure));
            let retry = button(t.retry, move || chat.resend(message.clone()))
                .live_attr("disabled", move || chat.ended());
            let why = el("div").class("unsent-why").attr("role", "alert").child(why).child(retry);
            entry.attr("data-unsent", "failed").child(bubble).child(why)
        })
    });
    el("section").class("turn").child(content)
}
