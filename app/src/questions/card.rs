//! The box of one request: what is asked for, where, why, and what can be answered.

use std::{sync::Arc, time::Duration};

use codex_gateway_wire::{
    Content, Item, UserRequest,
    request::{AnswerRequest, RequestKind},
};
use leptos::{prelude::set_timeout, task::spawn_local};

use super::{
    Shown, choices::choices_view, countdown::countdown_view, form::form_view, keys,
    permissions::permissions_view,
};
use crate::{
    cards::{changes_view, command_line, json_view},
    conversation::Chat,
    icon::{Icon, icon},
    node::{El, ElementRef, Node, el, link_button, live, many},
    server_fns::{self, Failure},
    state::{State, effect},
    text::hidden::in_order,
};

/// Who presses something within this time meant what stood there before: the request has just come under the pointer, or
/// taken the place of the one that was answered.
const UNREAD: Duration = Duration::from_millis(500);

/// Answers a request.
pub(super) type Answer = Arc<dyn Fn(AnswerRequest) + Send + Sync>;

/// What the parts of a card share.
#[derive(Clone)]
pub(super) struct Card {
    pub(super) chat: Chat,
    pub(super) request: Arc<UserRequest>,
    pub(super) answer: Answer,
    /// It cannot be answered: nobody has had the time to read it yet, or an answer is on its way, or has arrived.
    pub(super) closed: State<bool>,
}

pub(super) fn card_view(shown: Shown, request: UserRequest) -> El {
    let (chat, t) = (shown.chat, shown.chat.t);
    let closed = State::new(true);
    effect(move || set_timeout(move || closed.set(false), UNREAD));
    let failure = State::new(None::<Failure>);
    let card =
        Card { chat, answer: answer_of(chat, &request, closed, failure), request: Arc::new(request), closed };
    let place = move || {
        let all = shown.all().len();
        (all > 1).then(|| {
            let place = (t.question_place)(shown.place() + 1, all);
            many([el("span").child(place), link_button(t.next_question(), move || shown.next())])
        })
    };
    let failed = move || {
        failure.get().map(|failure| el("p").class("failed").attr("role", "alert").child(t.failure(&failure)))
    };
    let frame = ElementRef::new();
    keys::focus_when_shown(frame);
    let header = el("header")
        .child(icon(Icon::Shield))
        .child(el("h2").attr("id", "question").child(title(&card)))
        .child(el("span").class("place").child(live(place)));
    el("section")
        .class("question")
        .node_ref(frame)
        .attr("tabindex", "-1")
        .attr("aria-labelledby", "question")
        .attr("data-kind", card.request.kind.as_str())
        .on("keydown", keys::pressed)
        .child(header)
        .child(why(&card))
        .child(el("div").class("what").child(what(&card)))
        .child(live(failed))
        .child(answers(&card))
        .child(countdown_view(chat, card.request.deadline))
}

fn answer_of(
    chat: Chat,
    request: &UserRequest,
    closed: State<bool>,
    failure: State<Option<Failure>>,
) -> Answer {
    let id = request.id.clone();
    Arc::new(move |answer| {
        if closed.peek() {
            return;
        }
        closed.set(true);
        failure.set(None);
        chat.told.set(None);
        let (session, id) = (chat.id(), id.clone());
        spawn_local(async move {
            // The box goes when the stream says that the request has ended.
            let Err(why) = server_fns::answer(session, id, answer).await else { return };
            if why.code == "request_ended" {
                return chat.told.set(Some(chat.t.answered_elsewhere().to_owned()));
            }
            closed.set(false);
            failure.set(Some(why));
        });
    })
}

fn title(card: &Card) -> String {
    let (t, about) = (card.chat.t, &card.request.summary);
    match card.request.kind {
        RequestKind::Command => match &about.host {
            Some(host) => (t.ask_network)(&in_order(host)),
            None => t.ask_command().to_owned(),
        },
        RequestKind::FileChange => t.ask_edit().to_owned(),
        RequestKind::Permissions => t.ask_permissions().to_owned(),
        RequestKind::Elicitation => (t.ask_form)(&in_order(about.server.as_deref().unwrap_or("MCP"))),
        RequestKind::UserInput | RequestKind::Other => t.ask_question().to_owned(),
    }
}

/// Why it is asked for, in the agent's or the server's words.
fn why(card: &Card) -> Option<El> {
    Some(el("p").class("why").child(card.request.summary.reason.clone()?))
}

/// What is asked for.
fn what(card: &Card) -> Node {
    let (t, about) = (card.chat.t, &card.request.summary);
    let command = about.command.as_ref().map(|line| {
        let line = el("code").child(command_line(line));
        el("pre").class("prompt").attr("tabindex", "0").attr("aria-label", t.asked_command()).child(line)
    });
    let place = about.cwd.clone().filter(|_| command.is_some());
    let place = place
        .map(|cwd| el("p").class("where").child(icon(Icon::Folder)).child(el("code").child(in_order(&cwd))));
    let root = about.grant_root.clone();
    let root = root.map(|root| {
        el("p").class("where").child(t.ask_root()).child(" ").child(el("code").child(in_order(&root)))
    });
    let changes = changes(card);
    let permissions = permissions_view(&about.permissions, t);
    let said = match card.request.kind {
        RequestKind::Command => command.is_some() || about.host.is_some(),
        RequestKind::FileChange => changes.is_some(),
        RequestKind::Permissions => permissions.is_some(),
        // Forms see to it themselves.
        RequestKind::UserInput | RequestKind::Elicitation => true,
        RequestKind::Other => false,
    };
    // What cannot be shown in words is shown as it came: nobody should allow nothing in particular.
    let raw = (!said).then(|| json_view(t.asked(), &card.request.params));
    let parts: [Node; 6] =
        [command.into(), place.into(), changes.into(), root.into(), permissions.into(), raw.into()];
    many(parts)
}

/// The diff of the change that is asked about: its item has come already, unless it is a sub-agent's.
fn changes(card: &Card) -> Option<El> {
    let about = &card.request.summary;
    let (own, cwd) = card.chat.live.peek(|transcript| {
        let entry = about.item_id.as_ref().and_then(|item| transcript.entries.get(item));
        let changes = match entry.map(|entry| &entry.content) {
            Some(Content::Item(Item::FileChange(change))) => change.changes.clone(),
            _ => Vec::new(),
        };
        (changes, transcript.cwd.clone().unwrap_or_default())
    });
    let changes = if own.is_empty() { &about.changes } else { &own };
    let shown = card.request.kind == RequestKind::FileChange && !changes.is_empty();
    shown.then(|| el("div").class("files").child(changes_view(changes, &cwd, card.chat.t)))
}

/// What can be answered.
fn answers(card: &Card) -> Node {
    match card.request.kind {
        RequestKind::UserInput | RequestKind::Elicitation => form_view(card),
        _ => choices_view(card).into(),
    }
}
