//! The agent's reasoning.

use codex_gateway_wire::{
    Content, Item, Phase,
    codex::{Reasoning, summary_topic},
};
use view::prelude::*;

use super::{EntryHeader, Markdown};
use crate::{i18n::Texts, icon::Icon, markdown::MarkdownText, state::EntryRef};

pub(super) fn header(reasoning: &Reasoning, running: bool, t: &Texts) -> EntryHeader {
    let verb = if running { t.thinking() } else { t.thought() };
    let topic = reasoning.summary.iter().rev().find_map(|part| summary_topic(part)).unwrap_or_default();
    EntryHeader::new(Icon::Thought, verb).text(topic)
}

/// The reasoning, or a note if codex does not show it.
#[component]
pub(super) fn ReasoningBody(entry: EntryRef, t: &'static Texts) -> impl IntoView {
    let text = MarkdownText::new(move |lend| {
        let text = entry.read(|entry| (reasoning_text(&entry.content), entry.phase != Phase::Running));
        if let Some((text, finished)) = text {
            lend(if text.is_empty() && finished { t.reasoning_hidden() } else { &text }, finished);
        }
    });
    view! { <div class="reasoning"><Markdown text t/></div> }
}

/// Returns the summary, or the full reasoning if there is no summary.
fn reasoning_text(content: &Content) -> String {
    let Content::Item(Item::Reasoning(reasoning)) = content else { return String::new() };
    let parts = if reasoning.summary.is_empty() { &reasoning.content } else { &reasoning.summary };
    parts.join("\n\n")
}
