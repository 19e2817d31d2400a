//! Parses Markdown into blocks of safe HTML.
//!
//! The HTML is safe because nothing of the source is passed through:
//!
//! - Raw HTML is shown as text.
//! - Only http, https and mailto addresses become links.
//! - Images become links. Loading an image would tell a third party that the message was read.

mod writer;

use std::borrow::Cow;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

use self::writer::{References, Writer};
use super::{
    blocks::kind::BlockKind,
    costly::{Limits, Scan, end_of_text},
    fence::{Fence, language},
    prepare::{Prefix, has_joined_lines, prepare, restore},
};

/// The maximum number of costly lines that cut a source. The rest of the source is plain text.
///
/// Each part between two cuts may contain, at a constant cost, repeated definitions and missing cells.
const MAX_CUTS: usize = 32;

/// The maximum nesting of inline elements: emphasis, links and images.
const MAX_INLINE_DEPTH: usize = 32;

/// A top-level block as the parser found it.
#[derive(Debug)]
pub(super) struct ParsedBlock {
    /// Where the first line of the block starts in the source.
    pub(super) start: usize,
    /// Where the block ends according to the parser, which may include blank lines after it or not.
    pub(super) end: usize,
    pub(super) shape: Shape,
    pub(super) kind: BlockKind,
}

/// What closes a block, besides the start of another block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A blank line.
    Plain,
    /// A blank line. Only the second line shows that the block is a table.
    Table,
    /// The block's own closing line.
    Fenced,
    /// Nothing: the block may continue after blank lines.
    Loose,
}

/// The top-level blocks of a source.
#[derive(Debug, Default)]
pub(super) struct ParsedBlocks {
    /// The blocks in order. Reference definitions are not blocks.
    pub(super) blocks: Vec<ParsedBlock>,
    /// The start of math that text to come may still close.
    pub(super) open_math: Option<usize>,
    /// `true` if the source defines references or footnotes.
    pub(super) has_definitions: bool,
}

/// Parses the top-level blocks of `source`.
///
/// Each byte is parsed at most once. Costly lines are not parsed: they are [`BlockKind::Plain`] together with the lines
/// after them, up to a blank line. A block in which inline elements nest too deeply is plain too.
///
/// References become links only in a `finished` source. Before that, their definitions may still come or grow.
pub(super) fn parse_blocks(source: &str, finished: bool) -> ParsedBlocks {
    let prepared = prepare(source, finished);
    let mut parsed = ParsedBlocks { open_math: prepared.open_math, ..ParsedBlocks::default() };
    parse_prepared(&prepared.text, finished, &mut parsed);
    for block in &mut parsed.blocks {
        block.start = prepared.source_offset(block.start);
        block.end = prepared.source_offset(block.end);
        if let BlockKind::Code { text, .. } = &mut block.kind {
            if !has_joined_lines(text) {
                if let Cow::Owned(restored) = restore(text, Prefix::Keep) {
                    *text = restored;
                }
            } else if let Some(mut fence) =
                Fence::open(source, block.start).filter(|_| block.shape == Shape::Fenced)
            {
                text.clear();
                fence.feed(&source[..block.end], true, text);
            } else {
                // The lines of indented code start with the indentation that makes them code.
                *text = restore(text, Prefix::Drop).into_owned();
            }
        }
    }
    parsed
}

/// Parses the parts of the source between costly lines.
fn parse_prepared(source: &str, finished: bool, parsed: &mut ParsedBlocks) {
    let mut scan = Scan::new(source, Limits::default());
    let (mut start, mut cuts) = (0, 0);
    while let Some(costly_line) = scan.next_costly_line() {
        parse_part(&source[start..costly_line], start, finished, parsed);
        cuts += 1;
        let last = parsed.blocks.last_mut().filter(|_| cuts < MAX_CUTS);
        start = if let Some(end) = last.and_then(|block| finish_fence(block, source, costly_line)) {
            end
        } else {
            let whole_rest = (source.len(), source.len());
            let (end, next) = if cuts < MAX_CUTS { end_of_text(source, costly_line) } else { whole_rest };
            let kind = BlockKind::Plain(String::new());
            parsed.blocks.push(ParsedBlock { start: costly_line, end, shape: Shape::Plain, kind });
            next
        };
        scan.resume(start);
    }
    parse_part(&source[start..], start, finished, parsed);
}

/// If `block` is a fence that is still open at `cut`, completes its code and returns the end of the fence.
fn finish_fence(block: &mut ParsedBlock, source: &str, cut: usize) -> Option<usize> {
    let BlockKind::Code { text, .. } = &mut block.kind else { return None };
    let mut fence = Fence::open(source, block.start).filter(|_| block.shape == Shape::Fenced)?;
    let mut code = String::new();
    if fence.feed(&source[..cut], false, &mut code) {
        return None;
    }
    fence.feed(source, true, &mut code);
    *text = code;
    block.end = fence.position();
    Some(fence.position())
}

/// Parses the part of a source that starts at `offset`, and appends its blocks.
fn parse_part(source: &str, offset: usize, finished: bool, parsed: &mut ParsedBlocks) {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_GFM;
    let references = if finished { References::Resolve } else { References::Keep };
    let mut writer = Writer::new(references);
    let mut depth = 0_usize;
    let events = Parser::new_ext(source, options).into_offset_iter();
    parsed.has_definitions |= events.reference_definitions().iter().next().is_some();
    let blocks = &mut parsed.blocks;
    for (event, range) in events {
        if depth == 0 {
            let line_start = source[..range.start].rfind(['\n', '\r']).map_or(0, |index| index + 1);
            // A footnote may start behind another footnote in the same line.
            let is_new_line =
                blocks.last().is_none_or(|block: &ParsedBlock| block.start < offset + line_start);
            let start = if is_new_line { line_start } else { range.start };
            let (shape, kind) = classify(&event);
            blocks.push(ParsedBlock { start: offset + start, end: offset + range.end, shape, kind });
        }
        parsed.has_definitions |= matches!(event, Event::Start(Tag::FootnoteDefinition(_)));
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
        match blocks.last_mut().map(|block| &mut block.kind) {
            Some(BlockKind::Code { text, .. }) => {
                if let Event::Text(line) = event {
                    text.push_str(&line);
                }
            }
            Some(kind @ BlockKind::Html { .. }) => {
                writer.write(event);
                if writer.inline_depth() > MAX_INLINE_DEPTH {
                    writer = Writer::new(references);
                    *kind = BlockKind::Plain(String::new());
                } else if depth == 0
                    && let BlockKind::Html { html, codes } = kind
                {
                    writer.finish_block(html, codes);
                }
            }
            Some(BlockKind::Plain(_)) | None => {}
        }
    }
}

/// Returns the shape of the block that `event` starts, and its kind without content.
fn classify(event: &Event<'_>) -> (Shape, BlockKind) {
    let shape = match event {
        Event::Start(Tag::CodeBlock(kind)) => {
            let (shape, info) = match kind {
                CodeBlockKind::Fenced(info) => (Shape::Fenced, &**info),
                CodeBlockKind::Indented => (Shape::Loose, ""),
            };
            return (shape, BlockKind::Code { lang: language(info), text: String::new(), closed: true });
        }
        Event::Start(Tag::Table(_)) => Shape::Table,
        Event::Start(Tag::List(_) | Tag::HtmlBlock | Tag::FootnoteDefinition(_)) => Shape::Loose,
        _ => Shape::Plain,
    };
    (shape, BlockKind::Html { html: String::new(), codes: Vec::new() })
}

#[cfg(test)]
mod tests;
