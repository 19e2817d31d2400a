//! From Markdown to HTML: our own small writer over the parser's events.
//!
//! Nothing of the source is passed through: raw HTML is shown as text, only http, https and mailto become links,
//! images are never loaded (each would tell a third party that the message was read).

use std::borrow::Cow;

use pulldown_cmark::{
    Alignment, BlockQuoteKind, CodeBlockKind, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd,
};

use super::address::FilePlace;
use super::blocks::{BlockKind, NestedCode};
use super::costly::{Limits, Scan, end_of_text};
use super::escape::{Prose, is_allowed, push_text};
use super::fence::Fence;
use super::inline;
use super::prepare::{Prefix, has_joined_lines, is_math, prepare, restore};

/// How many times a source is cut because a line would cost the parser too much. The rest is plain text then: each part
/// may have, at a constant cost, definitions that are repeated and cells that are missing.
const MAX_CUTS: usize = 32;

/// How many inline elements (emphasis, links, images) may be open in each other.
const MAX_INLINE: usize = 32;

/// A top-level block as the parser found it in a source.
#[derive(Debug)]
pub(super) struct Piece {
    /// Where its first line begins, in bytes.
    pub(super) start: usize,
    /// Where it ends according to the parser: blank lines after it may be included or not.
    pub(super) end: usize,
    pub(super) shape: Shape,
    pub(super) kind: BlockKind,
}

/// What ends a block, besides the start of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A blank line.
    Plain,
    /// A blank line; and it takes two lines to know that it is a table.
    Table,
    /// Its own closing line.
    Fenced,
    /// Nothing else: it may go on after blank lines.
    Loose,
}

/// The top-level blocks of a source.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// In order. Reference definitions are not blocks.
    pub(super) list: Vec<Piece>,
    /// Where math begins that may still be closed by text to come.
    pub(super) open_math: Option<usize>,
    /// It has definitions of references or footnotes.
    pub(super) has_definitions: bool,
}

/// Finds the top-level blocks of `source`.
///
/// Every byte is parsed once. What the parser should not see is [`BlockKind::Plain`]: costly lines, and what follows them
/// up to a blank line. So are blocks with too many inline elements in each other.
///
/// References become links in a `finished` source only. Before that, their definitions may still come, or grow.
pub(super) fn pieces(source: &str, finished: bool) -> Pieces {
    let prepared = prepare(source, finished);
    let mut found = Pieces { open_math: prepared.open_math, ..Pieces::default() };
    pieces_of_prepared(&prepared.text, finished, &mut found);
    for piece in &mut found.list {
        piece.start = prepared.source_offset(piece.start);
        piece.end = prepared.source_offset(piece.end);
        if let BlockKind::Code { text, .. } = &mut piece.kind {
            if !has_joined_lines(text) {
                if let Cow::Owned(restored) = restore(text, Prefix::Keep) {
                    *text = restored;
                }
            } else if let Some(mut fence) =
                Fence::open(source, piece.start).filter(|_| piece.shape == Shape::Fenced)
            {
                text.clear();
                fence.feed(&source[..piece.end], true, text);
            } else {
                // What the lines begin with is the indentation that makes them code.
                *text = restore(text, Prefix::Drop).into_owned();
            }
        }
    }
    found
}

fn pieces_of_prepared(source: &str, finished: bool, found: &mut Pieces) {
    let mut scan = Scan::new(source, Limits::default());
    let (mut start, mut cuts) = (0, 0);
    while let Some(costly) = scan.next_costly_line() {
        parse(&source[start..costly], start, finished, found);
        cuts += 1;
        let last = found.list.last_mut().filter(|_| cuts < MAX_CUTS);
        start = if let Some(end) = last.and_then(|piece| finish_fence(piece, source, costly)) {
            end
        } else {
            let all = (source.len(), source.len());
            let (end, next) = if cuts < MAX_CUTS { end_of_text(source, costly) } else { all };
            let kind = BlockKind::Plain(String::new());
            found.list.push(Piece { start: costly, end, shape: Shape::Plain, kind });
            next
        };
        scan.resume(start);
    }
    parse(&source[start..], start, finished, found);
}

/// If `piece` is a fence that is still open at `at`, takes over its code up to its end and returns that.
fn finish_fence(piece: &mut Piece, source: &str, at: usize) -> Option<usize> {
    let BlockKind::Code { text, .. } = &mut piece.kind else { return None };
    let mut fence = Fence::open(source, piece.start).filter(|_| piece.shape == Shape::Fenced)?;
    let mut code = String::new();
    if fence.feed(&source[..at], false, &mut code) {
        return None;
    }
    fence.feed(source, true, &mut code);
    *text = code;
    piece.end = fence.at();
    Some(fence.at())
}

/// Appends the top-level blocks of a part of the source that begins at `offset`.
fn parse(source: &str, offset: usize, finished: bool, found: &mut Pieces) {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_GFM;
    let references = if finished { References::Resolve } else { References::Keep };
    let mut writer = Writer { references, ..Writer::default() };
    let mut depth = 0_usize;
    let events = Parser::new_ext(source, options).into_offset_iter();
    found.has_definitions |= events.reference_definitions().iter().next().is_some();
    let pieces = &mut found.list;
    for (event, range) in events {
        if depth == 0 {
            let line_start = source[..range.start].rfind(['\n', '\r']).map_or(0, |at| at + 1);
            // A footnote can begin behind another one, in its line.
            let is_new_line = pieces.last().is_none_or(|piece: &Piece| piece.start < offset + line_start);
            let start = if is_new_line { line_start } else { range.start };
            let (shape, kind) = classify(&event);
            pieces.push(Piece { start: offset + start, end: offset + range.end, shape, kind });
        }
        found.has_definitions |= matches!(event, Event::Start(Tag::FootnoteDefinition(_)));
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
        match pieces.last_mut().map(|piece| &mut piece.kind) {
            Some(BlockKind::Code { text, .. }) => {
                if let Event::Text(line) = event {
                    text.push_str(&line);
                }
            }
            Some(kind @ BlockKind::Html { .. }) => {
                writer.write(event);
                if writer.inline_depth > MAX_INLINE {
                    writer = Writer { references, ..Writer::default() };
                    *kind = BlockKind::Plain(String::new());
                } else if depth == 0
                    && let BlockKind::Html { html, codes } = kind
                {
                    writer.finish_text();
                    html.push_str(&writer.out.take());
                    codes.append(&mut writer.codes);
                }
            }
            Some(BlockKind::Plain(_)) | None => {}
        }
    }
}

/// The shape of the block that `event` begins, and its kind, still empty.
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

/// The first word of a fence's info string.
fn language(info: &str) -> String {
    let info = restore(info, Prefix::Keep);
    info.split(|c: char| c == ',' || c.is_whitespace()).next().unwrap_or_default().to_owned()
}

/// What becomes of references (`[a][b]`, `[b]`).
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum References {
    /// Links, if they are defined.
    #[default]
    Resolve,
    /// Text: their definitions may still come, or grow.
    Keep,
}

enum Link {
    /// It goes to an address.
    Target {
        address: String,
        /// It was written as a link; otherwise its address is shown behind its text.
        anchor: bool,
        /// Where its text begins in the output.
        start: usize,
    },
    /// A reference that is not resolved, which stays text; this is behind it.
    Unresolved(String),
}

/// Begins a mark in HTML, where this character cannot be otherwise. The next one says what the mark stands for.
pub(super) const MARK: char = '\0';
/// A code block; its code is in the list beside.
pub(super) const CODE: char = 'C';
/// The title of an alert.
pub(super) const NOTE: char = 'n';
pub(super) const TIP: char = 't';
pub(super) const IMPORTANT: char = 'i';
pub(super) const WARNING: char = 'w';
pub(super) const CAUTION: char = 'c';

#[derive(Default)]
struct Writer {
    out: Prose,
    /// Text that is not written yet. The parser gives it in pieces.
    text: String,
    codes: Vec<NestedCode>,
    /// The code that is being read.
    code: Option<NestedCode>,
    references: References,
    /// How many inline elements are open.
    inline_depth: usize,
    /// Open links and images, the innermost last.
    links: Vec<Link>,
    /// A link was written around the current position. HTML does not allow a link inside a link.
    in_anchor: bool,
    /// A task's text is the label of its checkbox: one is open.
    label: bool,
    alignments: Vec<Alignment>,
    cell: usize,
    head: bool,
}

impl Writer {
    fn write(&mut self, event: Event<'_>) {
        if let Event::Text(text) = &event {
            if let Some(code) = &mut self.code {
                code.text.push_str(&restore(text, Prefix::Drop));
            } else {
                self.text.push_str(text);
            }
            return;
        }
        self.write_text();
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Html(html) | Event::InlineHtml(html) if is_line_break(&html) => self.line_break(),
            Event::Html(html) | Event::InlineHtml(html) => self.out.push_prose(&restore(&html, Prefix::Keep)),
            Event::Code(code) if is_math(&code) => {
                self.out.push_str("<code class=\"math\" dir=\"ltr\" translate=\"no\">");
                self.out.push_text(&restore(&code, Prefix::Drop));
                self.out.push_str("</code>");
            }
            Event::Code(code) => self.code(&restore(&code, Prefix::Keep)),
            // Text is written above, and math is code to the parser.
            Event::Text(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {}
            Event::SoftBreak => self.out.push_str("\n"),
            Event::HardBreak => self.line_break(),
            Event::Rule => self.block("<hr>"),
            Event::TaskListMarker(done) => {
                self.out.push_str("<label><input type=\"checkbox\" disabled");
                self.out.push_str(if done { " checked> " } else { "> " });
                self.label = true;
            }
            Event::FootnoteReference(label) => {
                inline::push_footnote(&mut self.out, &restore(&label, Prefix::Keep));
            }
        }
    }

    /// Writes the text that has come since the last tag.
    fn write_text(&mut self) {
        if self.text.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.text);
        let text = restore(&text, Prefix::Keep);
        if self.links.iter().all(|link| matches!(link, Link::Unresolved(_))) {
            inline::push(&mut self.out, &text);
        } else {
            self.out.push_prose(&text);
        }
    }

    /// Ends a paragraph, a cell or anything else whose text is on its own.
    fn finish_text(&mut self) {
        self.write_text();
        self.out.finish_paragraph();
    }

    fn line_break(&mut self) {
        self.out.finish_paragraph();
        self.out.push_str("<br>");
    }

    fn code(&mut self, code: &str) {
        self.out.push_str("<code dir=\"ltr\" translate=\"no\"");
        if let Some(place) = FilePlace::of_address(code) {
            inline::push_place(&mut self.out, place);
        }
        self.out.push_str(">");
        self.out.push_text(code);
        self.out.push_str("</code>");
    }

    /// Writes a tag that cannot stand inside a label.
    fn block(&mut self, tag: &str) {
        self.out.finish_paragraph();
        if std::mem::take(&mut self.label) {
            self.out.push_str("</label>");
        }
        self.out.push_str(tag);
    }

    fn start_code(&mut self, kind: &CodeBlockKind<'_>) {
        let info = match kind {
            CodeBlockKind::Fenced(info) => info,
            CodeBlockKind::Indented => "",
        };
        self.block("");
        self.out.push_mark(CODE);
        self.code = Some(NestedCode { lang: language(info), text: String::new() });
    }

    fn start_quote(&mut self, kind: Option<BlockQuoteKind>) {
        let Some(kind) = kind else { return self.block("<blockquote>") };
        let (name, mark) = match kind {
            BlockQuoteKind::Note => ("note", NOTE),
            BlockQuoteKind::Tip => ("tip", TIP),
            BlockQuoteKind::Important => ("important", IMPORTANT),
            BlockQuoteKind::Warning => ("warning", WARNING),
            BlockQuoteKind::Caution => ("caution", CAUTION),
        };
        self.block("<blockquote class=\"alert\" data-alert=\"");
        self.out.push_str(name);
        self.out.push_str("\"><p class=\"alert-title\">");
        self.out.push_mark(mark);
        self.out.push_str("</p>");
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Emphasis => self.open("<em>"),
            Tag::Strong => self.open("<strong>"),
            Tag::Strikethrough => self.open("<del>"),
            Tag::Link { link_type: LinkType::Email, dest_url, .. } => {
                self.link(&format!("mailto:{dest_url}"), false);
            }
            Tag::Link { link_type, dest_url, id, .. } => match self.reference_end(link_type, &id) {
                Some(end) => self.unresolved("[", end),
                None => self.link(&dest_url, link_type != LinkType::Autolink),
            },
            Tag::Image { link_type, dest_url, id, .. } => match self.reference_end(link_type, &id) {
                Some(end) => self.unresolved("![", end),
                None => self.link(&dest_url, true),
            },
            Tag::Paragraph => self.block("<p>"),
            Tag::Heading { level, .. } => self.heading("<h", level),
            Tag::BlockQuote(kind) => self.start_quote(kind),
            Tag::CodeBlock(kind) => self.start_code(&kind),
            Tag::HtmlBlock => self.block("<div class=\"raw\">"),
            Tag::List(None) => self.block("<ul>"),
            Tag::List(Some(first)) => self.block(&format!("<ol start=\"{first}\">")),
            Tag::Item => self.block("<li>"),
            Tag::Table(alignments) => {
                self.alignments = alignments;
                self.block("<div class=\"table\" tabindex=\"0\"><table>");
            }
            Tag::TableHead => {
                self.head = true;
                self.row("<thead><tr>");
            }
            Tag::TableRow => self.row("<tr>"),
            Tag::TableCell => {
                self.out.push_str(if self.head { "<th scope=\"col\"" } else { "<td" });
                self.out.push_str(match self.alignments.get(self.cell) {
                    Some(Alignment::Left) => " class=\"align-left\">",
                    Some(Alignment::Center) => " class=\"align-center\">",
                    Some(Alignment::Right) => " class=\"align-right\">",
                    Some(Alignment::None) | None => ">",
                });
                self.cell += 1;
            }
            Tag::FootnoteDefinition(label) => {
                self.block("<div class=\"footnote\">");
                inline::push_footnote(&mut self.out, &restore(&label, Prefix::Keep));
            }
            // Not asked of the parser.
            Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Superscript
            | Tag::Subscript
            | Tag::MetadataBlock(_) => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Emphasis => self.close("</em>"),
            TagEnd::Strong => self.close("</strong>"),
            TagEnd::Strikethrough => self.close("</del>"),
            TagEnd::Link | TagEnd::Image => self.end_link(),
            TagEnd::Paragraph => self.block("</p>"),
            TagEnd::Heading(level) => self.heading("</h", level),
            TagEnd::BlockQuote(_) => self.block("</blockquote>"),
            TagEnd::CodeBlock => self.codes.extend(self.code.take()),
            TagEnd::HtmlBlock | TagEnd::FootnoteDefinition => self.block("</div>"),
            TagEnd::List(false) => self.block("</ul>"),
            TagEnd::List(true) => self.block("</ol>"),
            TagEnd::Item => self.block("</li>"),
            TagEnd::Table => self.block("</tbody></table></div>"),
            TagEnd::TableHead => {
                self.head = false;
                self.out.push_str("</tr></thead><tbody>");
            }
            TagEnd::TableRow => self.out.push_str("</tr>"),
            TagEnd::TableCell => {
                self.out.finish_paragraph();
                self.out.push_str(if self.head { "</th>" } else { "</td>" });
            }
            TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::MetadataBlock(_) => {}
        }
    }

    /// The page's own headings are h1 and h2: those of a message come below.
    fn heading(&mut self, tag: &str, level: HeadingLevel) {
        self.block(tag);
        self.out.push_str(match level {
            HeadingLevel::H1 => "3>",
            HeadingLevel::H2 => "4>",
            HeadingLevel::H3 => "5>",
            _ => "6>",
        });
    }

    fn row(&mut self, tag: &str) {
        self.cell = 0;
        self.out.push_str(tag);
    }

    fn open(&mut self, tag: &str) {
        self.inline_depth += 1;
        self.out.push_str(tag);
    }

    fn close(&mut self, tag: &str) {
        self.inline_depth -= 1;
        self.out.push_str(tag);
    }

    /// What follows the text of a reference that is not resolved.
    fn reference_end(&self, link_type: LinkType, id: &str) -> Option<String> {
        if self.references == References::Resolve {
            return None;
        }
        match link_type {
            LinkType::Reference => Some(format!("][{id}]")),
            LinkType::Collapsed => Some("][]".to_owned()),
            LinkType::Shortcut => Some("]".to_owned()),
            _ => None,
        }
    }

    /// Begins a reference that stays text.
    fn unresolved(&mut self, open: &str, end: String) {
        self.inline_depth += 1;
        self.text.push_str(open);
        self.links.push(Link::Unresolved(end));
    }

    /// Links and images alike: an image is a link to where it is, named by its alternative text.
    fn link(&mut self, address: &str, has_text: bool) {
        let address = restore(address, Prefix::Keep).into_owned();
        self.inline_depth += 1;
        let anchor = !self.in_anchor && is_allowed(&address);
        self.in_anchor |= anchor;
        if anchor {
            inline::push_anchor(&mut self.out, &address, has_text);
        }
        self.links.push(Link::Target { address, anchor, start: self.out.len() });
    }

    fn end_link(&mut self) {
        let Some(link) = self.links.pop() else { return };
        self.inline_depth -= 1;
        let (target, anchor, start) = match link {
            Link::Target { address, anchor, start } => (address, anchor, start),
            Link::Unresolved(end) => return self.text.push_str(&end),
        };
        let mut address = String::new();
        push_text(&mut address, &target);
        let text = self.out.written_since(start);
        if text.is_empty() {
            self.out.push_str(&address);
        } else if !anchor && !self.in_anchor && text != address && !address.is_empty() {
            self.out.push_str(" <span class=\"address\"");
            if let Some(place) = FilePlace::of_address(&target) {
                inline::push_place(&mut self.out, place);
            }
            self.out.push_str(">(");
            self.out.push_str(&address);
            self.out.push_str(")</span>");
        }
        if anchor {
            self.out.push_str("</a>");
            self.in_anchor = false;
        }
    }
}

/// Returns `true` for `<br>`, the one tag of HTML that means here what it means there.
fn is_line_break(html: &str) -> bool {
    let name = html.trim().strip_prefix('<').and_then(|tag| tag.strip_suffix('>')).unwrap_or_default();
    name.trim_end_matches('/').trim_end().eq_ignore_ascii_case("br")
}

#[cfg(test)]
#[path = "html_tests.rs"]
mod tests;
