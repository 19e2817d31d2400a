//! Tests of parsing and writing, with the helpers that they share.

mod limits;
mod markup;
mod safety;
mod sanitizer;

use self::sanitizer::{oracle, parts};
use super::*;
use crate::markdown::{
    blocks::{Document, NestedCode},
    escape::push_text,
    placeholder::{CODE, MARK},
};

/// Returns the HTML of a message without its top-level code blocks.
fn html(source: &str) -> String {
    Document::parse(source)
        .blocks()
        .iter()
        .map(|block| match &block.kind {
            BlockKind::Html { html, codes } => with_codes(html, codes),
            BlockKind::Code { .. } | BlockKind::Plain(_) => String::new(),
        })
        .collect()
}

/// Fills in the nested code blocks. The titles of alerts stay empty.
fn with_codes(html: &str, codes: &[NestedCode]) -> String {
    let mut codes = codes.iter();
    let mut parts = html.split(MARK);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        if part.starts_with(CODE) {
            let code = codes.next().expect("each mark has its code");
            written.push_str("<pre tabindex=\"0\"><code>");
            push_text(&mut written, &code.lang);
            push_text(&mut written, &code.text);
            written.push_str("</code></pre>");
        }
        written.push_str(&part[1..]);
    }
    assert_eq!(codes.next(), None);
    written
}

/// Returns the HTML of `source`. Checks that the sanitizer changes nothing in it.
#[track_caller]
fn safe(source: &str) -> String {
    let html = html(source);
    assert_eq!(parts(&html), parts(&oracle().clean(&html).to_string()), "{source:?}\n{html}");
    html
}

/// Returns the blocks of a message: their HTML, or their text with the kind before it.
fn blocks(source: &str) -> Vec<String> {
    let content = |kind: &BlockKind| match kind {
        BlockKind::Html { html, codes } => with_codes(html, codes),
        BlockKind::Code { text, .. } => format!("code {text}"),
        BlockKind::Plain(text) => format!("plain {text}"),
    };
    Document::parse(source).blocks().iter().map(|block| content(&block.kind)).collect()
}
