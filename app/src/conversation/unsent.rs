//! A message that was sent and has not come back yet.

use codex_gateway_wire::{StartTurn, UploadId};

use super::Chat;
use crate::{
    composer::{thumbnail, upload},
    i18n::Texts,
    node::{El, ElementExt as _, Node, button, el, live, many},
    state::UnsentState,
};

/// What the user said.
pub(crate) fn bubble(text: String) -> El {
    el("div").class("bubble").attr("dir", "auto").child(text)
}

/// The images that go with it, above.
pub(crate) fn images_view(uploads: impl Iterator<Item = UploadId>, t: &'static Texts) -> Option<El> {
    let all: Vec<El> = uploads.map(|upload| el("li").child(thumbnail(&upload, t))).collect();
    (!all.is_empty()).then(|| el("ul").class("pictures").child(many(all)))
}

/// A message that is on its way.
pub(crate) fn sent_view(turn: &StartTurn, t: &'static Texts) -> Node {
    let says = !turn.prompt.trim().is_empty();
    let images = images_view(turn.input.iter().filter_map(upload).cloned(), t);
    many([images, says.then(|| bubble(turn.prompt.clone()))])
}

pub(crate) fn unsent_view(chat: Chat, client_id: String) -> El {
    let t = chat.t;
    let message = move || chat.outbox.all().into_iter().find(|message| message.client_id == client_id);
    let content = live(move || {
        message().map(|message| {
            let bubble = sent_view(&message.turn, t);
            let entry = el("div").class("entry").attr("data-kind", "user");
            let failure = match &message.state {
                UnsentState::Sending => return entry.attr("data-unsent", "sending").child(bubble),
                UnsentState::Accepted => return entry.attr("data-unsent", "accepted").child(bubble),
                UnsentState::Failed(failure) => failure,
            };
            let what = el("strong").child(t.send_failed());
            let why = el("span").child(what).child(" · ").child(t.failure(failure));
            let again = message.clone();
            let retry = button(t.retry(), move || chat.resend(again.clone()))
                .live_attr("disabled", move || chat.ended());
            let elsewhere = failure.is_damaged_thread().then(|| {
                let message = message.clone();
                button(t.send_in_new(), move || chat.send_elsewhere(message.clone()))
            });
            let why =
                el("div").class("unsent-why").attr("role", "alert").child(why).child(retry).child(elsewhere);
            entry.attr("data-unsent", "failed").child(bubble).child(why)
        })
    });
    el("section").class("turn").child(content)
}
