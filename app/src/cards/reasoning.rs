//! What the agent thought.

use super::{Head, markdown_view};
use crate::{
    i18n::Texts,
    icon::Icon,
    markdown::MarkdownText,
    node::{ElementExt as _, Node, el},
    state::EntryRef,
};
use codex_gateway_wire::{
    Content, Item, Phase,
    codex::{Reasoning, summary_topic},
};

pub(super) fn head(reasoning: &Reasoning, running: bool, t: &Texts) -> Head {
    let verb = if running { t.thinking() } else { t.thought() };
    let topic = reasoning.summary.iter().rev().find_map(|part| summary_topic(part)).unwrap_or_default();
    Head::new(Icon::Thought, verb).words(topic)
}

pub(super) fn body(entry: EntryRef, t: &'static Texts) -> Node {
    let text = MarkdownText::new(move |lend| {
        let text = entry.read(|entry| (thoughts(&entry.content), entry.phase != Phase::Running));
        if let Some((text, finished)) = text {
            lend(if text.is_empty() && finished { t.nothing_shown() } else { &text }, finished);
        }
    });
    el("div").class("thoughts").child(markdown_view(text, t)).into()
}

/// The summary, or the thoughts themselves where there is none.
fn thoughts(content: &Content) -> String {
    let Content::Item(Item::Reasoning(reasoning)) = content else { return String::new() };
    let parts = if reasoning.summary.is_empty() { &reasoning.content } else { &reasoning.summary };
    parts.join("\n\n")
}
