//! The highlights of a page that the server renders.

use std::{sync::Arc, time::Duration};

use codex_gateway_engine::Snippet;
use codex_gateway_wire::{Content, Entry, Item, Phase};

use super::{
    blocks::{BlockKind, Document},
    highlight::{KnownRuns, block_key, is_highlightable},
};
use crate::server_fns::{PageData, ServerContext};

/// The token runs of code blocks on a page that the server renders, by the blocks' hashes.
#[derive(Clone, Debug, Default)]
pub struct PageHighlights(pub(crate) KnownRuns);

/// How long the rendering of a page waits for its highlights. The browser requests what is missing.
const PAGE_TIMEOUT: Duration = Duration::from_millis(300);
/// Code blocks that a page is rendered with, counted from its end.
const MAX_PAGE_BLOCKS: usize = 200;

/// Highlights the code on a page. Provide the result to the page as context before rendering it.
pub async fn page_highlights(context: &ServerContext, data: &PageData) -> PageHighlights {
    let Some(conversation) = &data.conversation else { return PageHighlights::default() };
    let entries = conversation.snapshot.transcript.entries.iter().collect::<Vec<&Entry>>();
    let snippets: Vec<Snippet> =
        entries.into_iter().rev().flat_map(closed_code_blocks).take(MAX_PAGE_BLOCKS).collect();
    let found = context.sessions.highlighter().highlight(snippets.clone(), PAGE_TIMEOUT).await;
    let known = |(snippet, runs): (Snippet, Option<Arc<str>>)| {
        Some((block_key(&snippet.lang, &snippet.code), runs?.to_string()))
    };
    PageHighlights(snippets.into_iter().zip(found).filter_map(known).collect())
}

/// Returns the code blocks of an entry that is shown as Markdown. A block that is still being written is left out.
fn closed_code_blocks(entry: &Entry) -> Vec<Snippet> {
    let text = match &entry.content {
        Content::Item(Item::AgentMessage(message)) => &message.text,
        Content::Item(Item::Plan(plan)) => &plan.text,
        Content::Item(Item::ExitedReviewMode(review)) => &review.review,
        _ => return Vec::new(),
    };
    if !text.contains("```") && !text.contains("~~~") {
        return Vec::new();
    }
    let mut document = Document::default();
    document.update(text, entry.phase != Phase::Running);
    let frozen = document.blocks().iter().take(document.frozen());
    let codes = frozen.flat_map(|block| match &block.kind {
        BlockKind::Code { lang, text, .. } => vec![(lang, text)],
        BlockKind::Html { codes, .. } => codes.iter().map(|code| (&code.lang, &code.text)).collect(),
        BlockKind::Plain(_) => Vec::new(),
    });
    let codes = codes.filter(|(lang, text)| is_highlightable(lang, text));
    codes.map(|(lang, text)| Snippet { lang: lang.clone(), code: text.clone() }).collect()
}
