//! Finds addresses, places in files and footnote references in a text without markup.

use super::address::{FilePlace, address_len, is_path_char};
use super::escape::{Prose, push_address};

/// The maximum length of a footnote's label.
const MAX_LABEL_BYTES: usize = 40;

/// Appends a text that is not part of a link or of code.
pub(super) fn push_text(out: &mut Prose, text: &str) {
    let (mut written, mut at) = (0, 0);
    let mut before = ' ';
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let found = match c {
            '[' => footnote_label(rest).map(|label| (Found::Footnote(label), label.len() + 3)),
            // After `](`, the address is part of a link that is not complete.
            'h' | 'H' if !before.is_alphanumeric() && !text[..at].ends_with("](") => {
                address_len(rest).map(|length| (Found::Address, length))
            }
            _ => None,
        };
        let found = found.or_else(|| {
            let begins_word = is_path_char(c) && !is_path_char(before);
            let place = begins_word.then(|| FilePlace::at_start(rest)).flatten()?;
            Some((Found::Place(place), place.length))
        });
        let Some((found, length)) = found else {
            (at, before) = (at + c.len_utf8(), c);
            continue;
        };
        out.push_prose(&text[written..at]);
        let source = &rest[..length];
        match found {
            Found::Address => {
                push_anchor(out, source, false);
                out.push_text(source);
                out.push_str("</a>");
            }
            Found::Footnote(label) => push_footnote(out, label),
            Found::Place(place) => {
                out.push_str("<span");
                push_place(out, place);
                out.push_str(">");
                out.push_text(source);
                out.push_str("</span>");
            }
        }
        at += length;
        written = at;
        before = source.chars().next_back().unwrap_or(' ');
    }
    out.push_prose(&text[written..]);
}

/// What is found in a text.
enum Found<'a> {
    Address,
    Footnote(&'a str),
    Place(FilePlace<'a>),
}

/// Returns the label if `text` starts with a footnote reference.
fn footnote_label(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("[^")?;
    let length = rest.bytes().take(MAX_LABEL_BYTES + 1).position(|byte| byte == b']')?;
    let label = &rest[..length];
    let is_label = |c: char| !c.is_whitespace() && !matches!(c, '[' | '^' | '\\');
    (!label.is_empty() && label.chars().all(is_label)).then_some(label)
}

/// Appends the label of a footnote, for a reference and for the footnote itself.
///
/// A reference looks the same whether its footnote exists or not, because the footnote may come much later.
pub(super) fn push_footnote(out: &mut Prose, label: &str) {
    out.push_str("<sup>");
    out.push_text(label);
    out.push_str("</sup>");
}

/// Appends the opening tag of a link. The address must be allowed.
///
/// With `has_text`, the link's text is not its address, and the address is the title.
pub(super) fn push_anchor(out: &mut Prose, address: &str, has_text: bool) {
    let mut value = String::new();
    push_address(&mut value, address);
    out.push_str("<a href=\"");
    out.push_str(&value);
    if has_text {
        out.push_str("\" title=\"");
        out.push_str(&value);
    }
    out.push_str("\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">");
}

/// Appends the attributes of a place in a file.
///
/// They are for a file viewer. Until the page has one, a place does not look like a link.
pub(super) fn push_place(out: &mut Prose, place: FilePlace<'_>) {
    let mut path = String::new();
    push_address(&mut path, place.path);
    out.push_str(" data-path=\"");
    out.push_str(&path);
    out.push_str("\" data-line=\"");
    out.push_str(place.line);
    out.push_str("\"");
}
