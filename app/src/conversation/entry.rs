//! An entry of the log: a message of the user, a text of the agent, or a step of the work.

use codex_gateway_wire::{
    Content, Item, Phase, UploadId,
    codex::{UserInput, UserMessage},
};
use view::prelude::*;

use super::{
    edit_form::EditMessageForm,
    step::StepRow,
    turn::Turn,
    unsent::{Bubble, MessageImages},
};
use crate::{
    cards::Markdown,
    i18n::Texts,
    markdown::MarkdownText,
    state::{Chat, EntryRef},
    text::hidden::exact_name,
};

/// How an entry is shown.
#[derive(Clone, Copy)]
enum Layout {
    /// A message of the user: a tinted block on the right.
    Bubble,
    /// A text of the agent, with a title unless it is an ordinary answer.
    Prose(Option<fn(&Texts) -> &'static str>),
    /// A step of the work: a row that opens.
    Step,
}

impl Layout {
    fn of(content: &Content) -> Self {
        match content {
            Content::Item(Item::UserMessage(_)) => Self::Bubble,
            Content::Item(Item::AgentMessage(_)) => Self::Prose(None),
            Content::Item(Item::Plan(_)) => Self::Prose(Some(|t| t.proposed_plan())),
            Content::Item(Item::ExitedReviewMode(_)) => Self::Prose(Some(|t| t.review_done())),
            Content::Item(_)
            | Content::Plan(_)
            | Content::Notice(_)
            | Content::Request(_)
            | Content::Question(_) => Self::Step,
        }
    }
}

/// An entry of the log. Messages and answers have a heading for screen readers, whose users jump between headings.
#[component]
pub(super) fn LogEntry(chat: Chat, turn: Turn, entry: EntryRef) -> impl IntoView {
    let t = chat.t;
    let is_instructions = untrack(|| turn.facts.read().instructions.contains(&entry.id()));
    let layout = untrack(|| entry.read(|entry| Layout::of(&entry.content))).unwrap_or(Layout::Step);
    let layout = if is_instructions { Layout::Step } else { layout };
    let (kind, heading, content) = match layout {
        Layout::Bubble => (
            "user",
            Some(view! { <h2 class="visually-hidden">{t.you_said()}</h2> }),
            view! { <UserContent chat entry/> },
        ),
        Layout::Prose(title) => (
            "answer",
            Some(view! { <h3 class="visually-hidden">{t.codex_said()}</h3> }),
            view! { <ProseContent entry title=title.map(|title| title(t)) t/> },
        ),
        Layout::Step => ("step", None, view! { <StepRow chat turn entry/> }),
    };
    // A message gets the focus back when its edit closes.
    let tabindex = matches!(layout, Layout::Bubble).then_some("-1");
    view! {
        {heading}
        <div class="entry" data-kind=kind data-item=entry.id().to_string() tabindex=tabindex>{content}</div>
    }
}

/// A message of the user, or the form that edits it.
#[component]
fn UserContent(chat: Chat, entry: EntryRef) -> impl IntoView {
    let content = move || {
        if chat.edit().is_of_entry(&entry.id()) {
            return Some(view! { <EditMessageForm chat/> });
        }
        let parts = entry.read(|entry| match &entry.content {
            Content::Item(Item::UserMessage(message)) => {
                let uploads = message.content.iter().filter_map(UserInput::upload).collect();
                Some((message.text(), uploads, attachment_names(message)))
            }
            _ => None,
        });
        parts.flatten().map(|(text, uploads, attachments)| {
            view! { <UserMessageView text uploads attachments t=chat.t/> }
        })
    };
    view! { {content} }
}

/// A message of the user: its images, its text, and the names of its other attachments.
#[component]
fn UserMessageView(
    text: String,
    uploads: Vec<UploadId>,
    attachments: Vec<String>,
    t: &'static Texts,
) -> impl IntoView {
    let text = Some(text).filter(|text| !text.trim().is_empty());
    let attachments = attachments.iter().map(|name| {
        view! { <li>{t.attached_file()} " " <code>{exact_name(name, t)}</code></li> }
    });
    view! {
        <MessageImages uploads t/>
        {text.map(|text| view! { <Bubble text/> })}
        <ul class="attached">{attachments.collect::<Vec<_>>()}</ul>
    }
}

/// Returns the names of the parts of a message that are neither texts nor uploads.
fn attachment_names(message: &UserMessage) -> Vec<String> {
    let attachments = message.content.iter().filter(|part| part.text.is_none() && part.upload().is_none());
    let name = |part: &UserInput| {
        part.name.clone().or_else(|| part.path.clone()).unwrap_or_else(|| part.kind.clone())
    };
    attachments.map(name).collect()
}

/// A text of the agent.
#[component]
fn ProseContent(entry: EntryRef, title: Option<&'static str>, t: &'static Texts) -> impl IntoView {
    let text = MarkdownText::new(move |lend| {
        // The text is borrowed from the store, not copied: it can be long, and it changes with every frame.
        entry.read(|entry| {
            let text = match &entry.content {
                Content::Item(Item::AgentMessage(message)) => &message.text,
                Content::Item(Item::Plan(plan)) => &plan.text,
                Content::Item(Item::ExitedReviewMode(review)) => &review.review,
                _ => return,
            };
            lend(text, entry.phase != Phase::Running);
        });
    });
    view! {
        {title.map(|title| view! { <h2 class="prose-title">{title}</h2> })}
        <Markdown text t/>
    }
}
