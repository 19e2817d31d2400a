//! A message as a list of top-level blocks that grows while the message streams.

use std::ops::Range;

use super::fence::Fence;
use super::html::{self, Piece, Pieces, Shape};

/// A top-level block of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Unique within its document, for as long as the block may be drawn by the same node of the page.
    pub key: u32,
    /// What is drawn.
    pub kind: BlockKind,
    /// Where it is in the message, in bytes. Blank lines and reference definitions belong to a neighbour.
    pub source: Range<usize>,
}

/// What a block is drawn as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// Safe HTML: only tags that our own writer made.
    Html {
        /// The HTML, with marks in place of what depends on the page: code blocks and the titles of alerts.
        html: String,
        /// The code blocks inside it, in order.
        codes: Vec<NestedCode>,
    },
    /// A code block of its own.
    Code {
        /// The first word of the fence's info string, or nothing.
        lang: String,
        /// The code. While its block is open, this only grows.
        text: String,
        /// No more text will come.
        closed: bool,
    },
    /// What is shown as it was written: it nests too deeply, or is too much. While its block is open, this only grows.
    Plain(String),
}

/// A code block in a list, a quote or a footnote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NestedCode {
    /// The first word of the fence's info string, or nothing.
    pub lang: String,
    /// The code.
    pub text: String,
}

impl BlockKind {
    /// Whether a node that draws `self` can go on to draw `next`: code may only have grown.
    fn continues_as(&self, next: &Self) -> bool {
        match (self, next) {
            (Self::Html { .. }, Self::Html { .. }) => true,
            (Self::Code { lang, text, .. }, Self::Code { lang: next_lang, text: next_text, .. }) => {
                lang == next_lang && next_text.starts_with(text.as_str())
            }
            (Self::Plain(text), Self::Plain(next)) => next.starts_with(text.as_str()),
            _ => false,
        }
    }
}

/// How many tags a block may have, the closing ones too: a list of a hundred thousand items is more than a page can
/// draw at ease.
const MAX_BLOCK_TAGS: usize = 20_000;

/// How many tags all blocks of a message may have; what comes then is one block of plain text.
const MAX_TAGS: usize = 40_000;

/// How many tags each block counts as, beside those inside it: the page watches it.
const TAGS_AROUND_BLOCK: usize = 8;

/// How long the open end of a message may be to be parsed whenever it grows, in bytes.
const MAX_EAGER_TAIL: usize = 64 * 1024;

/// A longer end is parsed again when it has grown by one part in so many. So all parsing of a message together takes
/// linear time, however it comes.
const LAZY_PARTS: usize = 16;

/// A message's blocks. Those that are closed are frozen: they never change again, nor does their key. Only what
/// comes after them is parsed when the message grows.
#[derive(Debug, Default)]
pub struct Document {
    /// Frozen ones first, then those that are still open (at most two or three, usually one).
    blocks: Vec<Block>,
    frozen: usize,
    /// Where in the text the open blocks begin.
    tail: usize,
    /// The last block is this open fence: nothing is parsed until it closes.
    fence: Option<Fence>,
    /// How many tags the frozen blocks have.
    frozen_tags: usize,
    /// The last block is plain text up to the end of the message.
    is_full: bool,
    /// How much of the text was parsed, in bytes.
    parsed: usize,
    /// Definitions of references or footnotes were met, which reach blocks before them too.
    has_definitions: bool,
    next_key: u32,
    /// How much of the text was seen, in bytes, and its hash.
    seen: usize,
    seen_hash: u64,
    finished: bool,
}

impl Document {
    /// The blocks of a finished message.
    pub fn parse(text: &str) -> Self {
        let mut document = Self::default();
        document.update(text, true);
        document
    }

    /// All blocks, in order.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// How many of the blocks (the first ones) never change again.
    pub fn frozen(&self) -> usize {
        self.frozen
    }

    /// Takes over the message as it is now, and returns the index of the first block that may have changed.
    ///
    /// While a message streams, its text is trusted to grow only: what was seen is not compared again at every
    /// delta. The finished text is compared; if it is another one, it is parsed whole, and the blocks that are
    /// equal keep their keys. It is parsed whole too if it has reference definitions: references become links then.
    pub fn update(&mut self, text: &str, finished: bool) -> usize {
        if !self.is_extended_by(text, finished) {
            return self.replace(text, finished);
        }
        if text.len() == self.seen && (self.finished || !finished) {
            return self.blocks.len();
        }
        let first_open = self.frozen;
        if finished && self.has_definitions && first_open > 0 {
            return self.replace(text, finished);
        }
        self.seen_hash = hash(self.seen_hash, &text[self.seen..]);
        self.seen = text.len();
        self.finished = finished;
        self.advance(text);
        if finished && self.has_definitions && first_open > 0 {
            return self.replace(text, finished);
        }
        first_open
    }

    fn is_extended_by(&self, text: &str, finished: bool) -> bool {
        let Some(known) = text.get(..self.seen) else { return false };
        if self.finished && known.len() < text.len() {
            return false;
        }
        !finished || hash(0, known) == self.seen_hash
    }

    fn replace(&mut self, text: &str, finished: bool) -> usize {
        let old = std::mem::take(self);
        self.next_key = old.next_key;
        self.update(text, finished);
        for (new, old) in self.blocks.iter_mut().zip(&old.blocks).filter(|(new, old)| new.kind == old.kind) {
            new.key = old.key;
        }
        self.blocks.iter().zip(&old.blocks).take_while(|(new, old)| new.key == old.key).count()
    }

    fn advance(&mut self, text: &str) {
        if self.is_full {
            return self.extend_plain(text);
        }
        if let (Some(fence), Some(block)) = (&mut self.fence, self.blocks.last_mut()) {
            if let BlockKind::Code { text: code, closed, .. } = &mut block.kind {
                *closed = fence.feed(text, self.finished, code) || self.finished;
                if !*closed {
                    block.source.end = text.len();
                    return;
                }
            }
            block.source.end = fence.at();
            self.tail = fence.at();
            self.frozen = self.blocks.len();
            self.frozen_tags += TAGS_AROUND_BLOCK;
            self.fence = None;
        }

        let end = if self.finished { text.len() } else { self.tail + telling_len(&text[self.tail..]) };
        let (tail, source) = (&text[self.tail..], &text[self.tail..end]);
        let is_early = text.len() - self.parsed.max(self.tail) < source.len() / LAZY_PARTS;
        if is_early && !self.finished && source.len() > MAX_EAGER_TAIL {
            return;
        }
        self.parsed = text.len();
        let Pieces { list: mut pieces, open_math, has_definitions } = html::pieces(source, self.finished);
        self.has_definitions |= has_definitions;
        let (mut closed, mut end) = (pieces.len(), source.len());
        if !self.finished {
            (closed, end) = closed_pieces(source, &pieces);
            let may_change = |piece: &Piece| open_math.is_some_and(|math| math < piece.end);
            if let Some(open) = pieces[..closed].iter().position(may_change) {
                (closed, end) = (open, pieces[open].start);
            }
            if let Some(last) = pieces.get_mut(closed).filter(|piece| piece.shape == Shape::Fenced)
                && let Some(mut fence) = Fence::open(tail, last.start)
                && let BlockKind::Code { text: code, .. } = &mut last.kind
            {
                code.clear();
                if fence.feed(tail, false, code) {
                    (closed, end) = (closed + 1, fence.at());
                } else {
                    self.fence = Some(fence.moved(self.tail));
                    pieces.truncate(closed + 1);
                }
            }
        }
        self.install(pieces, closed, end, text);
    }

    /// Replaces the open blocks by `pieces` of the tail of the text; the first `closed` of them, which end at `end` of
    /// the tail, are frozen.
    fn install(&mut self, pieces: Vec<Piece>, closed: usize, end: usize, text: &str) {
        let mut starts: Vec<usize> = pieces.iter().map(|piece| self.tail + piece.start).collect();
        starts.push(text.len());
        starts[closed] = self.tail + end;
        // What comes before the first block is parsed with it: blank lines, reference definitions.
        starts[0] = self.tail;
        self.tail = starts[closed];
        let mut old = self.blocks.split_off(self.frozen).into_iter();
        let mut tags = self.frozen_tags;
        for ((index, piece), source) in pieces.into_iter().enumerate().zip(starts.windows(2)) {
            let mut source = source[0]..source[1];
            let mut kind = piece.kind;
            if tags_of(&kind) > MAX_BLOCK_TAGS {
                kind = BlockKind::Plain(String::new());
            }
            tags += TAGS_AROUND_BLOCK + tags_of(&kind);
            if tags > MAX_TAGS {
                self.is_full = true;
                self.fence = None;
                source.end = text.len();
                kind = BlockKind::Plain(String::new());
            }
            match &mut kind {
                BlockKind::Plain(plain) => text[source.clone()].clone_into(plain),
                BlockKind::Code { closed: is_closed, .. } => *is_closed = index < closed,
                BlockKind::Html { .. } => {}
            }
            let key = match old.next() {
                Some(old) if old.kind.continues_as(&kind) => old.key,
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

    /// Takes over what is new, once the last block is plain text up to the end.
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

/// How many tags are inside a block.
fn tags_of(kind: &BlockKind) -> usize {
    match kind {
        BlockKind::Html { html, codes } => {
            html.bytes().filter(|byte| *byte == b'<').count() + codes.len() * TAGS_AROUND_BLOCK
        }
        BlockKind::Code { .. } | BlockKind::Plain(_) => 0,
    }
}

/// How many of the first pieces are closed for good, and where in the source they end.
///
/// A line that is still being written says nothing yet: `#` may become a heading or a mere hashtag. So a block is
/// closed by the next one only when that one's first line is complete (for a table: both lines that make it one).
fn closed_pieces(source: &str, pieces: &[Piece]) -> (usize, usize) {
    let Some((last, before)) = pieces.split_last() else { return (0, 0) };
    let lines = source[last.start..].bytes().filter(|&byte| byte == b'\n').take(2).count();
    if lines < if last.shape == Shape::Table { 2 } else { 1 } {
        return before.split_last().map_or((0, 0), |(open, before)| (before.len(), open.start));
    }
    match last.shape {
        Shape::Plain | Shape::Table => after_blank_line(source, last.end),
        Shape::Fenced | Shape::Loose => None,
    }
    .map_or((before.len(), last.start), |end| (pieces.len(), end))
}

/// How much of a growing text says something: all of it, or all but its last line.
///
/// The beginning of a line can be that of many blocks. As long as it is made of their marks alone, it would be drawn as one
/// that it does not become: `-` below a paragraph makes a heading of it, and is the beginning of a list more often.
fn telling_len(text: &str) -> usize {
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
    let waits =
        rest.is_empty() || (is_task && !marks.is_empty()) || (is_alert && marks.starts_with('>')) || is_fence;
    if waits { start } else { text.len() }
}

/// Where the blank line ends that follows a block which ends at `end`; `None` if there is none (yet).
fn after_blank_line(source: &str, end: usize) -> Option<usize> {
    let next_line = |at: usize| source[at..].find('\n').map(|length| at + length + 1);
    let start = if source[..end].ends_with('\n') { end } else { next_line(end)? };
    next_line(start).filter(|&end| source[start..end].trim_ascii().is_empty())
}

/// FNV-1a, continued from `seed`: cheap to continue, and texts that differ by accident give different values.
pub(crate) fn hash(seed: u64, text: &str) -> u64 {
    text.bytes().fold(seed, |hash, byte| (hash ^ (u64::from(byte) + 1)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
#[path = "blocks_tests.rs"]
mod tests;
