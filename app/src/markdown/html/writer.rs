//! Writes blocks as safe HTML from the parser's events.

use pulldown_cmark::{Alignment, BlockQuoteKind, CodeBlockKind, Event, HeadingLevel, LinkType, Tag, TagEnd};

use crate::markdown::{
    address::FilePlace,
    blocks::kind::NestedCode,
    escape::{Prose, is_allowed, push_text},
    fence::language,
    inline,
    placeholder::{CAUTION, CODE, IMPORTANT, NOTE, TIP, WARNING},
    prepare::{Prefix, is_math, restore},
};

/// How references (`[a][b]`, `[b]`) are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum References {
    /// As links, if they are defined.
    Resolve,
    /// As text.
    Keep,
}

/// A link or an image that is open.
enum Link {
    /// A link with an address.
    Target {
        address: String,
        /// `true` if the link is written as an `<a>`. Otherwise the address is written behind the text.
        is_anchor: bool,
        /// Where the link's text starts in the output.
        text_start: usize,
    },
    /// A reference that is written as text. Holds the source behind the reference's text.
    Unresolved(String),
}

/// Writes the HTML of blocks from the parser's events.
pub(super) struct Writer {
    out: Prose,
    /// Text that is not written yet: the parser splits a text into several events.
    text: String,
    /// The nested code blocks that are complete.
    codes: Vec<NestedCode>,
    /// The nested code block that is open.
    code: Option<NestedCode>,
    references: References,
    inline_depth: usize,
    /// Open links and images, the innermost last.
    links: Vec<Link>,
    /// `true` inside of an `<a>`: HTML does not allow a link inside a link.
    in_anchor: bool,
    /// `true` while the label of a task's checkbox is open.
    in_label: bool,
    /// The alignments of the columns of the current table.
    alignments: Vec<Alignment>,
    /// The index of the next cell in its row.
    cell: usize,
    in_table_head: bool,
}

impl Writer {
    pub(super) fn new(references: References) -> Self {
        Self {
            out: Prose::default(),
            text: String::new(),
            codes: Vec::new(),
            code: None,
            references,
            inline_depth: 0,
            links: Vec::new(),
            in_anchor: false,
            in_label: false,
            alignments: Vec::new(),
            cell: 0,
            in_table_head: false,
        }
    }

    /// Returns how many inline elements are open.
    pub(super) fn inline_depth(&self) -> usize {
        self.inline_depth
    }

    /// Ends a top-level block, and appends what was written of it.
    pub(super) fn finish_block(&mut self, html: &mut String, codes: &mut Vec<NestedCode>) {
        self.write_text();
        self.out.finish_paragraph();
        html.push_str(&self.out.take());
        codes.append(&mut self.codes);
    }

    /// Writes the next event.
    pub(super) fn write(&mut self, event: Event<'_>) {
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
            // Text is handled above. The parser reads math as code.
            Event::Text(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {}
            Event::SoftBreak => self.out.push_str("\n"),
            Event::HardBreak => self.line_break(),
            Event::Rule => self.block("<hr>"),
            Event::TaskListMarker(done) => {
                self.out.push_str("<label><input type=\"checkbox\" disabled");
                self.out.push_str(if done { " checked> " } else { "> " });
                self.in_label = true;
            }
            Event::FootnoteReference(label) => {
                inline::push_footnote(&mut self.out, &restore(&label, Prefix::Keep));
            }
        }
    }

    /// Writes the text since the last tag.
    fn write_text(&mut self) {
        if self.text.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.text);
        let text = restore(&text, Prefix::Keep);
        if self.links.iter().all(|link| matches!(link, Link::Unresolved(_))) {
            inline::push_text(&mut self.out, &text);
        } else {
            self.out.push_prose(&text);
        }
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

    /// Writes a tag that is not allowed inside a label.
    fn block(&mut self, tag: &str) {
        self.out.finish_paragraph();
        if std::mem::take(&mut self.in_label) {
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
        self.out.push_placeholder(CODE);
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
        self.out.push_placeholder(mark);
        self.out.push_str("</p>");
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Emphasis => self.open("<em>"),
            Tag::Strong => self.open("<strong>"),
            Tag::Strikethrough => self.open("<del>"),
            Tag::Link { link_type: LinkType::Email, dest_url, .. } => {
                self.start_link(&format!("mailto:{dest_url}"), false);
            }
            Tag::Link { link_type, dest_url, id, .. } => match self.reference_end(link_type, &id) {
                Some(end) => self.unresolved("[", end),
                None => self.start_link(&dest_url, link_type != LinkType::Autolink),
            },
            Tag::Image { link_type, dest_url, id, .. } => match self.reference_end(link_type, &id) {
                Some(end) => self.unresolved("![", end),
                None => self.start_link(&dest_url, true),
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
                self.in_table_head = true;
                self.row("<thead><tr>");
            }
            Tag::TableRow => self.row("<tr>"),
            Tag::TableCell => {
                self.out.push_str(if self.in_table_head { "<th scope=\"col\"" } else { "<td" });
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
            // The parser's options do not enable these.
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
                self.in_table_head = false;
                self.out.push_str("</tr></thead><tbody>");
            }
            TagEnd::TableRow => self.out.push_str("</tr>"),
            TagEnd::TableCell => {
                self.out.finish_paragraph();
                self.out.push_str(if self.in_table_head { "</th>" } else { "</td>" });
            }
            TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::MetadataBlock(_) => {}
        }
    }

    /// Writes the tag of a heading. The page itself uses h1 and h2, so a message starts with h3.
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

    /// Returns the source behind a reference's text; `None` if the reference is resolved.
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

    /// Starts a reference that is written as text.
    fn unresolved(&mut self, open: &str, end: String) {
        self.inline_depth += 1;
        self.text.push_str(open);
        self.links.push(Link::Unresolved(end));
    }

    /// Starts a link or an image. An image is written as a link to the image with the alternative text.
    fn start_link(&mut self, address: &str, has_text: bool) {
        let address = restore(address, Prefix::Keep).into_owned();
        self.inline_depth += 1;
        let is_anchor = !self.in_anchor && is_allowed(&address);
        self.in_anchor |= is_anchor;
        if is_anchor {
            inline::push_anchor(&mut self.out, &address, has_text);
        }
        self.links.push(Link::Target { address, is_anchor, text_start: self.out.len() });
    }

    fn end_link(&mut self) {
        let Some(link) = self.links.pop() else { return };
        self.inline_depth -= 1;
        let (target, is_anchor, text_start) = match link {
            Link::Target { address, is_anchor, text_start } => (address, is_anchor, text_start),
            Link::Unresolved(end) => return self.text.push_str(&end),
        };
        let mut address = String::new();
        push_text(&mut address, &target);
        let text = self.out.written_since(text_start);
        if text.is_empty() {
            self.out.push_str(&address);
        } else if !is_anchor && !self.in_anchor && text != address && !address.is_empty() {
            self.out.push_str(" <span class=\"address\"");
            if let Some(place) = FilePlace::of_address(&target) {
                inline::push_place(&mut self.out, place);
            }
            self.out.push_str(">(");
            self.out.push_str(&address);
            self.out.push_str(")</span>");
        }
        if is_anchor {
            self.out.push_str("</a>");
            self.in_anchor = false;
        }
    }
}

/// Returns `true` for `<br>`, the only HTML tag that is not shown as text.
fn is_line_break(html: &str) -> bool {
    let name = html.trim().strip_prefix('<').and_then(|tag| tag.strip_suffix('>')).unwrap_or_default();
    name.trim_end_matches('/').trim_end().eq_ignore_ascii_case("br")
}
