//! Colours for code, on the server.

use std::time::Duration;

use codex_gateway_engine::Snippet;
use codex_gateway_wire::{Content, Entry, Item, Phase, highlight::MAX_SNIPPETS};

use super::{PageData, ServerContext};
use crate::markdown::{
    blocks::{BlockKind, Document},
    highlight::{self, key, may_have},
};

/// Runs of blocks, by what the page names the blocks.
#[derive(Clone, Debug, Default)]
pub struct Colours(pub(crate) highlight::Known);

/// How long a page waits for the colours of its code; then the browser asks for what is missing.
const OF_A_PAGE: Duration = Duration::from_millis(300);
/// How long the browser waits.
const OF_THE_BROWSER: Duration = Duration::from_secs(5);
/// How many blocks of a page are coloured, the newest ones.
const BLOCKS: usize = 200;

impl ServerContext {
    /// The runs of each piece, which is a language, a line break, and the code.
    pub(super) async fn colours(&self, sources: Vec<String>) -> Vec<String> {
        let snippet = |source: &String| {
            let (lang, code) = source.split_once('\n').unwrap_or_default();
            Snippet { lang: lang.to_owned(), code: code.to_owned() }
        };
        let snippets = sources.iter().take(MAX_SNIPPETS).map(snippet).collect();
        let found = self.sessions.highlighter().highlight(snippets, OF_THE_BROWSER).await;
        found.into_iter().map(|runs| runs.as_deref().unwrap_or_default().to_owned()).collect()
    }
}

/// The colours of the code on a page, for as long as a page may wait. To be known before it is rendered.
pub async fn known(context: &ServerContext, loaded: &PageData) -> Colours {
    let Some(conversation) = &loaded.conversation else { return Colours::default() };
    let entries: Vec<&Entry> = conversation.snapshot.transcript.entries.iter().collect();
    let snippets: Vec<Snippet> = entries.into_iter().rev().flat_map(snippets).take(BLOCKS).collect();
    let found = context.sessions.highlighter().highlight(snippets.clone(), OF_A_PAGE).await;
    let known = |(snippet, runs): (Snippet, Option<std::sync::Arc<str>>)| {
        Some((key(&snippet.lang, &snippet.code), runs?.to_string()))
    };
    Colours(snippets.into_iter().zip(found).filter_map(known).collect())
}

/// The code of an entry that is shown as Markdown, as far as it is closed.
fn snippets(entry: &Entry) -> Vec<Snippet> {
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
    let codes = codes.filter(|(lang, text)| may_have(lang, text));
    codes.map(|(lang, text)| Snippet { lang: lang.clone(), code: text.clone() }).collect()
}
