//! One entry of the log: something said, or a step of the work.

use codex_gateway_wire::{
    Content, Item, Phase, UploadId,
    codex::{UserInput, UserMessage},
};
use leptos::prelude::*;

use super::{
    Chat,
    edit::edit_message_view,
    step::step_view,
    turn::Turn,
    unsent::{bubble, images_view},
};
use crate::{
    cards::markdown_view,
    i18n::Texts,
    markdown::MarkdownText,
    node::{ElementExt as _, Node, el, live, many},
    state::EntryRef,
    text::hidden::exact_name,
};

/// How an entry is shown.
#[derive(Clone, Copy)]
enum Shape {
    /// What the user said: a tinted block on the right.
    Bubble,
    /// What the agent says: bare text. With a heading, if it is not simply an answer.
    Prose(Option<fn(&Texts) -> &'static str>),
    /// A step of the work: a row.
    Step,
}

fn shape(content: &Content) -> Shape {
    match content {
        Content::Item(Item::UserMessage(_)) => Shape::Bubble,
        Content::Item(Item::AgentMessage(_)) => Shape::Prose(None),
        Content::Item(Item::Plan(_)) => Shape::Prose(Some(|t| t.proposed_plan())),
        Content::Item(Item::ExitedReviewMode(_)) => Shape::Prose(Some(|t| t.review_done())),
        Content::Item(_)
        | Content::Plan(_)
        | Content::Notice(_)
        | Content::Request(_)
        | Content::Question(_) => Shape::Step,
    }
}

pub(crate) fn entry_view(chat: Chat, turn: Turn, entry: EntryRef) -> Node {
    let t = chat.t;
    let shape = untrack(|| entry.read(|entry| shape(&entry.content))).unwrap_or(Shape::Step);
    let (kind, heading, content) = match shape {
        Shape::Bubble => ("user", Some(el("h2").child(t.you_said())), user_view(chat, entry)),
        Shape::Prose(title) => {
            ("answer", Some(el("h3").child(t.codex_said())), prose_view(chat, entry, title))
        }
        Shape::Step => ("step", None, step_view(chat, turn, entry).into()),
    };
    // For those who hear the page: they go from heading to heading.
    let heading = heading.map(|heading| heading.class("heard"));
    let element = el("div")
        .class("entry")
        .attr("data-kind", kind)
        .attr("data-item", entry.id().to_string())
        // It gets the focus back from its edit.
        .attr("tabindex", matches!(shape, Shape::Bubble).then_some("-1"))
        .child(content);
    many([heading.into(), Node::from(element)])
}

fn user_view(chat: Chat, entry: EntryRef) -> Node {
    let t = chat.t;
    live(move || {
        if chat.edit().is_of_entry(&entry.id()) {
            return Some(edit_message_view(chat).into());
        }
        let said = entry.read(|entry| match &entry.content {
            Content::Item(Item::UserMessage(message)) => {
                let uploads: Vec<UploadId> = images(message).collect();
                Some((message.text(), uploads, attachments(message)))
            }
            _ => None,
        });
        said.flatten().map(|(text, uploads, attached)| {
            let attached = attached.into_iter();
            let attached = attached.map(|name| {
                el("li").child(t.attached()).child(" ").child(el("code").child(exact_name(&name, t)))
            });
            let says = !text.trim().is_empty();
            many([
                images_view(uploads.into_iter(), t),
                says.then(|| bubble(text)),
                Some(el("ul").class("attached").child(many(attached))),
            ])
        })
    })
}

/// The images that go with a message and are the gateway's to show.
pub(super) fn images(message: &UserMessage) -> impl Iterator<Item = UploadId> {
    message.content.iter().filter_map(UserInput::upload)
}

/// What else goes with a message beside its text.
fn attachments(message: &UserMessage) -> Vec<String> {
    let others = message.content.iter().filter(|part| part.text.is_none() && part.upload().is_none());
    let name = |part: &UserInput| {
        part.name.clone().or_else(|| part.path.clone()).unwrap_or_else(|| part.kind.clone())
    };
    others.map(name).collect()
}

fn prose_view(chat: Chat, entry: EntryRef, title: Option<fn(&Texts) -> &'static str>) -> Node {
    let t = chat.t;
    let text = MarkdownText::new(move |lend| {
        // The text is lent from the store, not copied: it may be long, and changes with every frame.
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
    let title = title.map(|title| el("h2").class("prose-title").child(title(t)));
    many([title.into(), markdown_view(text, t)])
}
