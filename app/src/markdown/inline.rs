//! What stands in a text without being marked: addresses, places in files, references to footnotes.

use super::address::{FilePlace, address_len, is_path_char};
use super::escape::{Prose, push_address};

/// How long the label of a footnote may be, in bytes.
const MAX_LABEL_BYTES: usize = 40;

/// Appends a text that is in no link and no code.
pub(super) fn push(out: &mut Prose, text: &str) {
    let (mut written, mut at) = (0, 0);
    let mut before = ' ';
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let found = match c {
            '[' => footnote_label(rest).map(|label| (Found::Footnote(label), label.len() + 3)),
            // The rest of a link that is not complete.
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

enum Found<'a> {
    Address,
    Footnote(&'a str),
    Place(FilePlace<'a>),
}

/// The label of the footnote that `text` begins with a reference to.
fn footnote_label(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("[^")?;
    let length = rest.bytes().take(MAX_LABEL_BYTES + 1).position(|byte| byte == b']')?;
    let label = &rest[..length];
    let is_label = |c: char| !c.is_whitespace() && !matches!(c, '[' | '^' | '\\');
    (!label.is_empty() && label.chars().all(is_label)).then_some(label)
}

/// Appends a footnote's label, where it is referred to and where it is.
///
/// It does not depend on whether the footnote is there: that may come much later than the reference.
pub(super) fn push_footnote(out: &mut Prose, label: &str) {
    out.push_str("<sup>");
    out.push_text(label);
    out.push_str("</sup>");
}

/// Appends the opening tag of a link, whose address must be allowed. `has_text` says that its text is another than that.
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

/// Appends the attributes that name a place in a file. A viewer of files can open it; nothing looks like a link before
/// there is one.
pub(super) fn push_place(out: &mut Prose, place: FilePlace<'_>) {
    let mut path = String::new();
    push_address(&mut path, place.path);
    out.push_str(" data-path=\"");
    out.push_str(&path);
    out.push_str("\" data-line=\"");
    out.push_str(place.line);
    out.push_str("\"");
}
