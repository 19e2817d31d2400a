//! A message as a list of top-level blocks, which grows while the message streams.

pub(super) mod kind;

use std::ops::Range;

pub use self::kind::{BlockKind, NestedCode};

use super::{
    fence::Fence,
    html::{ParsedBlock, ParsedBlocks, Shape, parse_blocks},
};

/// A top-level block of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Unique within the document. A block keeps its key while the same node of the page can draw it.
    pub key: u32,
    /// The content.
    pub kind: BlockKind,
    /// The block's part of the message. Blank lines and reference definitions belong to the next block, or to the last.
    pub source: Range<usize>,
}

/// The maximum number of tags in a block, closing tags included. Larger blocks make the page slow.
const MAX_BLOCK_TAGS: usize = 20_000;

/// The maximum number of tags in all blocks of a message. The rest of the message is one block of plain text.
const MAX_TAGS: usize = 40_000;

/// The number of tags that each block counts as, besides the tags inside of it: each block costs the page some time.
const TAGS_AROUND_BLOCK: usize = 8;

/// An open end of a message up to this length is parsed each time it grows.
const MAX_EAGER_TAIL_BYTES: usize = 64 * 1024;

/// A longer open end is parsed when it has grown by one part in so many. So the total time for a message is linear.
const LAZY_PARTS: usize = 16;

/// The blocks of a message.
///
/// Closed blocks are frozen: they never change again, and keep their keys. Only the text after them is parsed when the
/// message grows.
#[derive(Debug, Default)]
pub struct Document {
    /// The frozen blocks, then the open ones: usually one, at most two or three.
    blocks: Vec<Block>,
    frozen: usize,
    /// Where the open blocks start in the text.
    tail_start: usize,
    /// The last block if it is an open fence. Nothing is parsed until the fence closes.
    open_fence: Option<Fence>,
    /// The number of tags in the frozen blocks.
    frozen_tags: usize,
    /// `true` if the last block is plain text up to the end of the message.
    is_full: bool,
    /// The length of the text when it was last parsed.
    parsed_len: usize,
    /// `true` if the text defines references or footnotes, which blocks before the definition may use too.
    has_definitions: bool,
    next_key: u32,
    /// The length and the hash of the text at the last update.
    text_len: usize,
    text_hash: u64,
    finished: bool,
}

impl Document {
    /// Parses a finished message.
    pub fn parse(text: &str) -> Self {
        let mut document = Self::default();
        document.update(text, true);
        document
    }

    /// Returns all blocks in order.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Returns the number of frozen blocks, which are the first ones.
    pub fn frozen(&self) -> usize {
        self.frozen
    }

    /// Updates the blocks to the current text, and returns the index of the first block that may have changed.
    ///
    /// A text that streams is expected to grow only: it is not compared with the text before. A finished text is
    /// compared. If it differs, it is parsed as a whole, and equal blocks keep their keys. It is also parsed as a whole
    /// if it has reference definitions, because references become links then.
    pub fn update(&mut self, text: &str, finished: bool) -> usize {
        if !self.is_extended_by(text, finished) {
            return self.replace(text, finished);
        }
        if text.len() == self.text_len && (self.finished || !finished) {
            return self.blocks.len();
        }
        let first_open = self.frozen;
        if finished && self.has_definitions && first_open > 0 {
            return self.replace(text, finished);
        }
        self.text_hash = hash(self.text_hash, &text[self.text_len..]);
        self.text_len = text.len();
        self.finished = finished;
        self.advance(text);
        if finished && self.has_definitions && first_open > 0 {
            return self.replace(text, finished);
        }
        first_open
    }

    /// Returns `true` if `text` continues the text of the last update.
    fn is_extended_by(&self, text: &str, finished: bool) -> bool {
        let Some(known) = text.get(..self.text_len) else { return false };
        if self.finished && known.len() < text.len() {
            return false;
        }
        !finished || hash(0, known) == self.text_hash
    }

    /// Parses `text` as a whole. Equal blocks keep their keys.
    fn replace(&mut self, text: &str, finished: bool) -> usize {
        let old = std::mem::take(self);
        self.next_key = old.next_key;
        self.update(text, finished);
        for (new, old) in self.blocks.iter_mut().zip(&old.blocks).filter(|(new, old)| new.kind == old.kind) {
            new.key = old.key;
        }
        self.blocks.iter().zip(&old.blocks).take_while(|(new, old)| new.key == old.key).count()
    }

    /// Parses the text after the frozen blocks.
    fn advance(&mut self, text: &str) {
        if self.is_full {
            return self.extend_plain(text);
        }
        if let (Some(fence), Some(block)) = (&mut self.open_fence, self.blocks.last_mut()) {
            if let BlockKind::Code { text: code, closed, .. } = &mut block.kind {
                *closed = fence.feed(text, self.finished, code) || self.finished;
                if !*closed {
                    block.source.end = text.len();
                    return;
                }
            }
            block.source.end = fence.position();
            self.tail_start = fence.position();
            self.frozen = self.blocks.len();
            self.frozen_tags += TAGS_AROUND_BLOCK;
            self.open_fence = None;
        }

        let end =
            if self.finished { text.len() } else { self.tail_start + stable_len(&text[self.tail_start..]) };
        let (tail, source) = (&text[self.tail_start..], &text[self.tail_start..end]);
        let is_early = text.len() - self.parsed_len.max(self.tail_start) < source.len() / LAZY_PARTS;
        if is_early && !self.finished && source.len() > MAX_EAGER_TAIL_BYTES {
            return;
        }
        self.parsed_len = text.len();
        let ParsedBlocks { mut blocks, open_math, has_definitions } = parse_blocks(source, self.finished);
        self.has_definitions |= has_definitions;
        let (mut closed, mut end) = (blocks.len(), source.len());
        if !self.finished {
            (closed, end) = closed_blocks(source, &blocks);
            let has_open_math = |block: &ParsedBlock| open_math.is_some_and(|math| math < block.end);
            if let Some(open) = blocks[..closed].iter().position(has_open_math) {
                (closed, end) = (open, blocks[open].start);
            }
            if let Some(last) = blocks.get_mut(closed).filter(|block| block.shape == Shape::Fenced)
                && let Some(mut fence) = Fence::open(tail, last.start)
                && let BlockKind::Code { text: code, .. } = &mut last.kind
            {
                code.clear();
                if fence.feed(tail, false, code) {
                    (closed, end) = (closed + 1, fence.position());
                } else {
                    self.open_fence = Some(fence.moved(self.tail_start));
                    blocks.truncate(closed + 1);
                }
            }
        }
        self.replace_open_blocks(blocks, closed, end, text);
    }

    /// Replaces the open blocks by those parsed from the tail of the text.
    ///
    /// The first `closed` of them are frozen. They end at `end` in the tail.
    fn replace_open_blocks(&mut self, parsed: Vec<ParsedBlock>, closed: usize, end: usize, text: &str) {
        let mut starts: Vec<usize> = parsed.iter().map(|block| self.tail_start + block.start).collect();
        starts.push(text.len());
        starts[closed] = self.tail_start + end;
        // Blank lines and reference definitions before the first block belong to it.
        starts[0] = self.tail_start;
        self.tail_start = starts[closed];
        let mut old = self.blocks.split_off(self.frozen).into_iter();
        let mut tags = self.frozen_tags;
        for ((index, block), source) in parsed.into_iter().enumerate().zip(starts.windows(2)) {
            let mut source = source[0]..source[1];
            let mut kind = block.kind;
            if tag_count(&kind) > MAX_BLOCK_TAGS {
                kind = BlockKind::Plain(String::new());
            }
            tags += TAGS_AROUND_BLOCK + tag_count(&kind);
            if tags > MAX_TAGS {
                self.is_full = true;
                self.open_fence = None;
                source.end = text.len();
                kind = BlockKind::Plain(String::new());
            }
            match &mut kind {
                BlockKind::Plain(plain) => text[source.clone()].clone_into(plain),
                BlockKind::Code { closed: is_closed, .. } => *is_closed = index < closed,
                BlockKind::Html { .. } => {}
            }
            let key = match old.next() {
                Some(old) if old.kind.can_become(&kind) => old.key,
                _ => {
                    self.next_key += 1;
                    self.next_key
                }
            };
            self.blocks.push(Block { key, kind, source });
            if self.is_full {
                self.frozen += if self.finished { index + 1 } else { index.min(closed) };
                return;
            }
            if index < closed {
                self.frozen_tags = tags;
            }
        }
        self.frozen += closed;
    }

    /// Appends the new text to the last block, which is plain text up to the end of the message.
    fn extend_plain(&mut self, text: &str) {
        if let Some(Block { kind: BlockKind::Plain(plain), source, .. }) = self.blocks.last_mut() {
            plain.push_str(&text[source.end..]);
            source.end = text.len();
        }
        if self.finished {
            self.frozen = self.blocks.len();
        }
    }
}

/// Returns the number of tags inside a block.
fn tag_count(kind: &BlockKind) -> usize {
    match kind {
        BlockKind::Html { html, codes } => {
            html.bytes().filter(|byte| *byte == b'<').count() + codes.len() * TAGS_AROUND_BLOCK
        }
        BlockKind::Code { .. } | BlockKind::Plain(_) => 0,
    }
}

/// Returns the number of closed blocks, which are the first ones, and where they end in the source.
///
/// The first characters of a line do not decide what the line is: `#` may become a heading or a hashtag. So the next block
/// closes a block only when the first line of the next block is complete; for a table, the first two lines.
fn closed_blocks(source: &str, blocks: &[ParsedBlock]) -> (usize, usize) {
    let Some((last, before)) = blocks.split_last() else { return (0, 0) };
    let lines = source[last.start..].bytes().filter(|&byte| byte == b'\n').take(2).count();
    if lines < if last.shape == Shape::Table { 2 } else { 1 } {
        return before.split_last().map_or((0, 0), |(open, before)| (before.len(), open.start));
    }
    match last.shape {
        Shape::Plain | Shape::Table => after_blank_line(source, last.end),
        Shape::Fenced | Shape::Loose => None,
    }
    .map_or((before.len(), last.start), |end| (blocks.len(), end))
}

/// Returns the length of a growing text without its last line, if the meaning of that line is not decided yet.
///
/// A line of marks alone may become one of several blocks, and would be drawn as the wrong one: `-` below a paragraph turns
/// the paragraph into a heading, but more often starts a list.
fn stable_len(text: &str) -> usize {
    let start = text.rfind('\n').map_or(0, |newline| newline + 1);
    let line = &text[start..];
    let is_mark = |c: char| " \t>-=|:+*#_~`.)0123456789".contains(c);
    let rest = line.trim_start_matches(is_mark);
    let is_task = matches!(rest, "[" | "[ " | "[x" | "[X" | "[ ]" | "[x]" | "[X]");
    let is_alert = rest
        .strip_prefix("[!")
        .is_some_and(|kind| kind.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b']'));
    let marks = line[..line.len() - rest.len()].trim_start();
    let is_fence = (marks.starts_with("```") || marks.starts_with("~~~")) && !rest.contains('`');
    let is_undecided =
        rest.is_empty() || (is_task && !marks.is_empty()) || (is_alert && marks.starts_with('>')) || is_fence;
    if is_undecided { start } else { text.len() }
}

/// Returns the end of the blank line after a block that ends at `end`; `None` if no blank line follows.
fn after_blank_line(source: &str, end: usize) -> Option<usize> {
    let next_line = |at: usize| source[at..].find('\n').map(|length| at + length + 1);
    let start = if source[..end].ends_with('\n') { end } else { next_line(end)? };
    next_line(start).filter(|&end| source[start..end].trim_ascii().is_empty())
}

/// Returns the FNV-1a hash of a text, continued from `seed`.
///
/// It is cheap to continue, and is not made to resist deliberate collisions.
pub(crate) fn hash(seed: u64, text: &str) -> u64 {
    text.bytes().fold(seed, |hash, byte| (hash ^ (u64::from(byte) + 1)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests;
