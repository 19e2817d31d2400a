//! The box of one request: what is asked for, where, why, and what can be answered.

use leptos::prelude::*;
use std::{borrow::Cow, sync::Arc, time::Duration};

use codex_gateway_wire::{
    Content, Item, Timestamp, UserRequest,
    codex::FileUpdateChange,
    request::{AnswerRequest, RequestKind},
};
use leptos::{prelude::set_timeout, task::spawn_local};

use super::{
    ActiveRequest,
    approval_choices::{choices_view, long_labels},
    countdown::countdown_view,
    form::form_view,
    keyboard,
    permission_list::permissions_view,
    read_gate::Reading,
    reason::why_view,
};
use crate::{
    cards::{changes_view, json_view, unwrap_shell_command},
    conversation::Chat,
    icon::{Icon, icon},
    node::{El, ElementExt as _, ElementRef, Node, el, link_button, live, many},
    server_fns::{self, ApiError},
    signal::RwSignalExt as _,
    text::hidden::{TextKind, exact, exact_name},
};

/// Who presses something within this time meant what stood there before: the request has just come under the pointer, or
/// taken the place of the one that was answered.
pub(super) const CLICK_GUARD: Duration = Duration::from_millis(500);

/// The longest name in a title, in characters. Above what scrolls, a longer one would push it out of view.
const MAX_TITLE_NAME: usize = 60;

/// Answers a request.
pub(super) type Answer = Arc<dyn Fn(AnswerRequest) + Send + Sync>;

/// What the parts of a card share.
#[derive(Clone)]
pub(super) struct Card {
    pub(super) chat: Chat,
    pub(super) request: Arc<UserRequest>,
    pub(super) answer: Answer,
    /// It cannot be answered: nobody has had the time to read it yet, or an answer is on its way, or has arrived.
    pub(super) closed: RwSignal<bool>,
    /// How far it has been seen: before its end was, it cannot be allowed.
    pub(super) reading: Reading,
}

pub(super) fn card_view(shown: ActiveRequest, request: UserRequest) -> El {
    let (chat, t) = (shown.chat, shown.chat.t);
    let closed = RwSignal::new(true);
    Effect::new(move |_| set_timeout(move || closed.set(false), CLICK_GUARD));
    let failure = RwSignal::new(None::<ApiError>);
    let reading = Reading::new();
    let answer = answer_of(chat, &request, closed, failure);
    let card = Card { chat, answer, request: Arc::new(request), closed, reading };
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
    keyboard::focus_when_shown(frame);
    let header = el("header")
        .child(icon(Icon::Shield))
        .child(el("h2").attr("id", "question").child(exact_name(&title(&card), t)))
        .child(el("span").class("place").child(live(place)));
    let sends = is_form(&card);
    let (form, choices) = if sends { form_view(&card) } else { (Node::Empty, choices_view(&card)) };
    let asked = el("div").class("what").child(what(&card)).child(form);
    el("section")
        .class("question")
        .node_ref(frame)
        .attr("tabindex", "-1")
        .attr("aria-labelledby", "question")
        .attr("data-kind", card.request.kind.as_str())
        .live_attr("data-seen", move || reading.word())
        .on("keydown", move |event| keyboard::pressed(&event, reading))
        .child(header)
        .child(reading.view(asked, why(&card)))
        .child(live(failed))
        .child(reading.hint_view(sends, t))
        .child(choices)
        .child(countdown_view(chat, card.request.deadline.map(Timestamp::ms)))
}

fn answer_of(
    chat: Chat,
    request: &UserRequest,
    closed: RwSignal<bool>,
    failure: RwSignal<Option<ApiError>>,
) -> Answer {
    let id = request.id.clone();
    Arc::new(move |answer| {
        if closed.get_untracked_or_default() {
            return;
        }
        closed.set(true);
        failure.set(None);
        chat.toast.set(None);
        let (session, id) = (chat.id(), id.clone());
        spawn_local(async move {
            // The box goes when the stream says that the request has ended.
            let Err(why) = server_fns::answer(session, id, answer).await else { return };
            if why.code == "request_ended" {
                return chat.toast.set(Some(chat.t.answered_elsewhere().to_owned()));
            }
            closed.set(false);
            failure.set(Some(why));
        });
    })
}

/// Returns `true` if something is to be filled in and sent, or a link to be followed; else it is decided.
fn is_form(card: &Card) -> bool {
    match card.request.kind {
        RequestKind::UserInput => true,
        RequestKind::Elicitation => card.request.summary.tool.is_none(),
        _ => false,
    }
}

fn title(card: &Card) -> String {
    let (t, about) = (card.chat.t, &card.request.summary);
    match card.request.kind {
        RequestKind::Command => match &about.host {
            Some(host) => (t.ask_network)(&bounded(host, MAX_TITLE_NAME)),
            None => t.ask_command().to_owned(),
        },
        RequestKind::FileChange => t.ask_edit().to_owned(),
        RequestKind::Permissions => t.ask_permissions().to_owned(),
        RequestKind::Elicitation if let Some(tool) = &about.tool => {
            let name = bounded(&tool.name, MAX_TITLE_NAME);
            (t.ask_tool)(&bounded(server(card), MAX_TITLE_NAME), &name)
        }
        RequestKind::Elicitation => (t.ask_form)(&bounded(server(card), MAX_TITLE_NAME)),
        RequestKind::UserInput | RequestKind::Other => t.ask_question().to_owned(),
    }
}

fn server(card: &Card) -> &str {
    card.request.summary.server.as_deref().unwrap_or("MCP")
}

/// The beginning of a long text.
pub(super) fn bounded(text: &str, max_chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Why it is asked for, in the agent's words. (A server's words are what it asks.)
fn why(card: &Card) -> Option<El> {
    let reason = card.request.summary.reason.as_ref()?;
    (card.request.kind != RequestKind::Elicitation).then(|| why_view(reason, card.chat.t))
}

/// What is asked for.
fn what(card: &Card) -> Node {
    let (t, about) = (card.chat.t, &card.request.summary);
    let says = match &about.tool {
        Some(tool) => tool.description.as_ref(),
        None => about.reason.as_ref().filter(|_| card.request.kind == RequestKind::Elicitation),
    };
    let says = says.map(|words| el("p").class("says").child(exact(words, TextKind::Prose, t)));
    let tool = about.tool.as_ref().map(|tool| tool.name.as_str());
    let names = about.host.as_deref().into_iter().chain(about.server.as_deref()).chain(tool);
    let names = names.filter(|name| name.chars().nth(MAX_TITLE_NAME).is_some()).map(ToOwned::to_owned);
    let in_full = names.chain(long_labels(card)).map(|text| el("p").class("where").child(code(&text, card)));
    let command = about.command.as_ref().map(|line| {
        let line = el("code").child(exact(&unwrap_shell_command(line), TextKind::Code, t));
        el("pre").class("prompt").attr("aria-label", t.asked_command()).child(line)
    });
    let place = about.cwd.as_ref().filter(|_| command.is_some());
    let place = place.map(|cwd| el("p").class("where").child(icon(Icon::Folder)).child(code(cwd, card)));
    let root = about.grant_root.as_ref();
    let root = root.map(|root| el("p").class("where").child(t.ask_root()).child(" ").child(code(root, card)));
    let permissions = permissions_view(&about.permissions, t);
    let said = match card.request.kind {
        RequestKind::Command => command.is_some() || about.host.is_some(),
        // Files see to it themselves, and so do forms.
        RequestKind::FileChange | RequestKind::UserInput | RequestKind::Elicitation => true,
        RequestKind::Permissions => permissions.is_some(),
        RequestKind::Other => false,
    };
    // What cannot be shown in words is shown as it came: nobody should allow nothing in particular.
    let raw = (!said).then(|| json_view(t.asked(), &card.request.params, t));
    let files = (card.request.kind == RequestKind::FileChange).then(|| files(card));
    let parts: [Node; 9] = [
        says.into(),
        arguments_view(card),
        command.into(),
        place.into(),
        files.into(),
        root.into(),
        permissions.into(),
        many(in_full.collect::<Vec<_>>()),
        raw.into(),
    ];
    many(parts)
}

/// What a tool would be called with.
fn arguments_view(card: &Card) -> Node {
    let t = card.chat.t;
    let Some(tool) = card.request.summary.tool.as_ref().filter(|tool| !tool.arguments.is_empty()) else {
        return Node::Empty;
    };
    let rows = tool.arguments.iter().map(|argument| {
        let value = el("code").child(exact(&argument.value, TextKind::Code, t));
        el("tr")
            .child(el("th").attr("scope", "row").child(exact_name(&argument.name, t)))
            .child(el("td").child(value))
    });
    let rows = el("tbody").child(many(rows.collect::<Vec<_>>()));
    el("table").class("arguments").attr("aria-label", t.tool_arguments()).child(rows).into()
}

fn code(name: &str, card: &Card) -> El {
    el("code").child(exact_name(name, card.chat.t))
}

/// The diff of the changes that are asked about. When codex changes what it asks, it is shown, and has to be seen again.
fn files(card: &Card) -> Node {
    let (t, reading) = (card.chat.t, card.reading);
    let changes = {
        let card = card.clone();
        Memo::new(move |_| changes(&card))
    };
    Effect::watch(move || changes.get(), move |_, _, _| reading.restart(), false);
    let cwd = card.chat.live.with_untracked(|transcript| transcript.cwd.clone()).unwrap_or_default();
    let params = card.request.params.clone();
    live(move || {
        let changes = changes.get();
        if changes.is_empty() {
            return json_view(t.asked(), &params, t).into();
        }
        Node::from(el("div").class("files").child(changes_view(&changes, &cwd, reading.all, t)))
    })
}

/// The changes that are asked about; tracked. Their item has come already, unless it is a sub-agent's.
fn changes(card: &Card) -> Vec<FileUpdateChange> {
    let about = &card.request.summary;
    let own = about.item_id.as_ref().and_then(|item| {
        card.chat.live.read(item, |entry| match &entry.content {
            Content::Item(Item::FileChange(change)) => change.changes.clone(),
            _ => Vec::new(),
        })
    });
    own.filter(|own| !own.is_empty()).unwrap_or_else(|| about.changes.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_name_in_a_title_is_cut() {
        assert_eq!(bounded("héllo", 5), "héllo");
        assert_eq!(bounded("héllo!", 5), "héllo…");
    }
}
