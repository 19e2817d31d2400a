//! From Markdown to HTML: our own small writer over the parser's events.
//!
//! Nothing of the source is passed through: raw HTML is shown as text, only http, https and mailto become links,
//! images are never loaded (each would tell a third party that the message was read).

use pulldown_cmark::{Alignment, CodeBlockKind, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd};

use super::blocks::BlockKind;
use super::costly::{Limits, Scan, end_of_text};
use super::escape::{is_allowed, push_address, push_text};
use super::fence::Fence;

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

/// The top-level blocks of `source`, in order. Reference definitions are none.
///
/// Every byte is parsed once. What the parser should not see is [`BlockKind::Plain`]: costly lines, and what follows them
/// up to a blank line. So are blocks with too many inline elements in each other.
pub(super) fn pieces(source: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut scan = Scan::new(source, Limits::default());
    let (mut start, mut cuts) = (0, 0);
    while let Some(costly) = scan.next_costly_line() {
        parse(&source[start..costly], start, &mut pieces);
        cuts += 1;
        let last = pieces.last_mut().filter(|_| cuts < MAX_CUTS);
        start = if let Some(end) = last.and_then(|piece| finish_fence(piece, source, costly)) {
            end
        } else {
            let all = (source.len(), source.len());
            let (end, next) = if cuts < MAX_CUTS { end_of_text(source, costly) } else { all };
            let kind = BlockKind::Plain(String::new());
            pieces.push(Piece { start: costly, end, shape: Shape::Plain, kind });
            next
        };
        scan.resume(start);
    }
    parse(&source[start..], start, &mut pieces);
    pieces
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
fn parse(source: &str, offset: usize, pieces: &mut Vec<Piece>) {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH;
    let mut writer = Writer::default();
    let mut depth = 0_usize;
    for (event, range) in Parser::new_ext(source, options).into_offset_iter() {
        if depth == 0 {
            let start = source[..range.start].rfind(['\n', '\r']).map_or(0, |at| at + 1);
            let (shape, kind) = classify(&event);
            pieces.push(Piece { start: offset + start, end: offset + range.end, shape, kind });
        }
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
            Some(kind @ BlockKind::Html(_)) => {
                writer.write(event, source.as_bytes().get(range.end).copied());
                if writer.inline_depth > MAX_INLINE {
                    writer = Writer::default();
                    *kind = BlockKind::Plain(String::new());
                } else if depth == 0
                    && let BlockKind::Html(html) = kind
                {
                    html.push_str(&writer.out);
                    writer.out.clear();
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
            let lang = info.split(|c: char| c == ',' || c.is_whitespace()).next().unwrap_or_default();
            return (shape, BlockKind::Code { lang: lang.to_owned(), text: String::new(), closed: true });
        }
        Event::Start(Tag::Table(_)) => Shape::Table,
        Event::Start(Tag::List(_) | Tag::HtmlBlock) => Shape::Loose,
        _ => Shape::Plain,
    };
    (shape, BlockKind::Html(String::new()))
}

struct Link {
    address: String,
    /// It was written as a link; otherwise its address is shown behind its text.
    anchor: bool,
    /// Where its text begins in the output.
    start: usize,
}

#[derive(Default)]
struct Writer {
    out: String,
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
    /// Writes one event; `next` is the byte of the source right after it.
    fn write(&mut self, event: Event<'_>, next: Option<u8>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                push_text(&mut self.out, &text);
            }
            Event::Code(code) => self.code("<code translate=\"no\">", "", &code),
            // `$HOME/bin:$PATH` is no formula.
            Event::InlineMath(math)
                if next.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') =>
            {
                self.out.push('$');
                push_text(&mut self.out, &math);
                self.out.push('$');
            }
            Event::InlineMath(math) => self.code("<code class=\"math\" translate=\"no\">", "$", &math),
            Event::DisplayMath(math) => self.code("<code class=\"math\" translate=\"no\">", "$$", &math),
            Event::SoftBreak => self.out.push('\n'),
            Event::HardBreak => self.out.push_str("<br>"),
            Event::Rule => self.block("<hr>"),
            Event::TaskListMarker(done) => {
                self.out.push_str("<label><input type=\"checkbox\" disabled");
                self.out.push_str(if done { " checked> " } else { "> " });
                self.label = true;
            }
            Event::FootnoteReference(_) => {}
        }
    }

    fn code(&mut self, open: &str, delimiter: &str, code: &str) {
        self.out.push_str(open);
        self.out.push_str(delimiter);
        push_text(&mut self.out, code);
        self.out.push_str(delimiter);
        self.out.push_str("</code>");
    }

    /// Writes a tag that cannot stand inside a label.
    fn block(&mut self, tag: &str) {
        if std::mem::take(&mut self.label) {
            self.out.push_str("</label>");
        }
        self.out.push_str(tag);
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Emphasis => self.open("<em>"),
            Tag::Strong => self.open("<strong>"),
            Tag::Strikethrough => self.open("<del>"),
            Tag::Link { link_type: LinkType::Email, dest_url, .. } => self.link(format!("mailto:{dest_url}")),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => self.link(dest_url.into_string()),
            Tag::Paragraph => self.block("<p>"),
            Tag::Heading { level, .. } => self.heading("<h", level),
            Tag::BlockQuote(_) => self.block("<blockquote>"),
            Tag::CodeBlock(_) => self.block("<pre tabindex=\"0\" translate=\"no\"><code>"),
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
            // Not asked of the parser.
            Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
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
            TagEnd::CodeBlock => self.block("</code></pre>"),
            TagEnd::HtmlBlock => self.block("</div>"),
            TagEnd::List(false) => self.block("</ul>"),
            TagEnd::List(true) => self.block("</ol>"),
            TagEnd::Item => self.block("</li>"),
            TagEnd::Table => self.block("</tbody></table></div>"),
            TagEnd::TableHead => {
                self.head = false;
                self.out.push_str("</tr></thead><tbody>");
            }
            TagEnd::TableRow => self.out.push_str("</tr>"),
            TagEnd::TableCell => self.out.push_str(if self.head { "</th>" } else { "</td>" }),
            TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
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

    /// Links and images alike: an image is a link to where it is, named by its alternative text.
    fn link(&mut self, address: String) {
        self.inline_depth += 1;
        let anchor = !self.in_anchor && is_allowed(&address);
        self.in_anchor |= anchor;
        if anchor {
            self.out.push_str("<a href=\"");
            push_address(&mut self.out, &address);
            self.out.push_str("\" title=\"");
            push_address(&mut self.out, &address);
            self.out.push_str("\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">");
        }
        self.links.push(Link { address, anchor, start: self.out.len() });
    }

    fn end_link(&mut self) {
        let Some(link) = self.links.pop() else { return };
        self.inline_depth -= 1;
        let mut address = String::new();
        push_text(&mut address, &link.address);
        let text = &self.out[link.start..];
        if text.is_empty() {
            self.out.push_str(&address);
        } else if !link.anchor && !self.in_anchor && text != address && !address.is_empty() {
            self.out.push_str(" <span class=\"address\">(");
            self.out.push_str(&address);
            self.out.push_str(")</span>");
        }
        if link.anchor {
            self.out.push_str("</a>");
            self.in_anchor = false;
        }
    }
}

#[cfg(test)]
#[path = "html_tests.rs"]
mod tests;
