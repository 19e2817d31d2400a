//! What waits for the user: a box above the composer, in which it is answered.
//!
//! - [`subject()`]: what is asked for, in a line
//! - `card`: the box of one request: what, where, why, and the choices
//! - `approval_choices`: the decisions, as buttons
//! - `permission_list`: what would be allowed, line by line
//! - `form`: questions and forms; `form_content`: what they were filled in with
//! - `decline_with_message`: declining with a message
//! - `reason`: the reason
//! - `read_gate`: whether all of it has been in view, without which nothing is allowed
//! - `keyboard`: answering by keyboard
//! - `countdown`: until when one can answer

mod approval_choices;
mod card;
mod countdown;
mod decline_with_message;
mod form;
mod form_content;
mod keyboard;
mod permission_list;
mod read_gate;
mod reason;
mod title;

use codex_gateway_wire::UserRequest;
use leptos::prelude::*;

pub(crate) use self::title::{Subject, subject};
use crate::{
    conversation::Chat,
    node::{El, ElementExt as _, Node, el, list, live},
};

/// Which of the requests that wait is shown.
#[derive(Clone, Copy)]
struct ActiveRequest {
    chat: Chat,
    /// The one that the reader went to, and where it stood; once it has ended, the one that stands there.
    chosen: RwSignal<(String, usize)>,
}

impl ActiveRequest {
    /// The ids of all, the oldest first; tracked.
    fn all(self) -> Vec<String> {
        self.chat
            .live
            .meta(|transcript| transcript.pending_requests().map(|request| request.id.to_string()).collect())
    }

    /// The place of the one that is shown; tracked.
    fn place(self) -> usize {
        let (chosen, at) = self.chosen.get();
        let all = self.all();
        all.iter().position(|id| *id == chosen).unwrap_or(at.min(all.len().saturating_sub(1)))
    }

    /// Goes to the next one.
    fn next(self) {
        let all = untrack(|| self.all());
        let next = (untrack(|| self.place()) + 1) % all.len().max(1);
        self.chosen.set((all.get(next).cloned().unwrap_or_default(), next));
    }
}

/// The box; nothing while nothing waits.
pub(crate) fn questions_view(chat: Chat) -> El {
    let shown = ActiveRequest { chat, chosen: RwSignal::new(Default::default()) };
    // A card stays as it is while others come and go: what is written into it must not be lost.
    let ids = move || shown.all().into_iter().skip(shown.place()).take(1).collect();
    let card = move |id: String| {
        find(chat, &id).map_or(Node::Empty, |request| card::card_view(shown, request).into())
    };
    // Those who hear the page are told, wherever they are.
    let heard = move || {
        let waits = !shown.all().is_empty();
        waits.then(|| el("p").class("heard").attr("role", "alert").child(chat.t.codex_waits()))
    };
    el("div").class("questions").child(live(heard)).child(list(ids, card))
}

fn find(chat: Chat, id: &str) -> Option<UserRequest> {
    chat.live.with_untracked(|transcript| {
        transcript.pending_requests().find(|request| request.id.as_str() == id).cloned()
    })
}
