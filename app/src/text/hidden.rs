//! Text of which every character is to be seen: commands, paths, rules, names. What is copied of it is the text itself.

use codex_gateway_wire::hidden_chars::{Piece, code, line_count, pieces};

pub(crate) use codex_gateway_wire::hidden_chars::{TextKind, escaped};

use crate::{
    i18n::Texts,
    node::{El, ElementExt as _, Node, el, many},
};

/// A text with its hidden characters marked, its right-to-left words isolated and its blank lines counted.
///
/// A marker shows a code that is no part of the page's text (CSS adds it); the character itself is in the page, and has no
/// size. So what a reader selects and copies is what was written.
pub(crate) fn exact(text: &str, kind: TextKind, t: &Texts) -> Node {
    let mut pieces = pieces(text, kind).into_iter().map(|piece| match piece {
        Piece::Plain(text) => text.to_owned().into(),
        Piece::RightToLeft(text) => el("bdi").child(text.to_owned()).into(),
        Piece::Hidden(c) => marker(c).into(),
        Piece::BlankLines(lines) => {
            let label = (t.blank_lines)(line_count(lines));
            el("span").class("blank-lines").attr("data-label", label).child(unseen(lines.to_owned())).into()
        }
    });
    match (pieces.next(), pieces.next()) {
        (None, _) => Node::Empty,
        (Some(only), None) => only,
        (Some(first), Some(second)) => many([first, second].into_iter().chain(pieces)),
    }
}

/// A path, a host, a rule or the name of a tool.
pub(crate) fn exact_name(name: &str, t: &Texts) -> Node {
    exact(name, TextKind::Name, t)
}

/// The same for an attribute, which takes plain text only.
pub(crate) fn plain_name(name: &str) -> String {
    escaped(name, TextKind::Name)
}

/// The last part of a directory's path, which people call it by.
pub(crate) fn directory_name(path: &str) -> &str {
    path.rsplit('/').find(|name| !name.is_empty()).unwrap_or(path)
}

fn marker(c: char) -> El {
    let name = name(c).map(|name| format!("{} {name}", code(c)));
    // HTML cannot hold this one.
    let raw = (c != '\0').then(|| unseen(c.to_string()));
    el("span")
        .class("codepoint")
        .attr("data-label", code(c))
        .attr("title", name.unwrap_or_else(|| code(c)))
        .child(raw)
}

fn unseen(text: String) -> El {
    el("span").class("unseen").child(text)
}

/// What Unicode calls the characters that are met most.
fn name(c: char) -> Option<&'static str> {
    Some(match c {
        '\0' => "NULL",
        '\t' => "TAB",
        '\n' => "LINE FEED",
        '\r' => "CARRIAGE RETURN",
        '\u{1b}' => "ESCAPE",
        '\u{a0}' => "NO-BREAK SPACE",
        '\u{ad}' => "SOFT HYPHEN",
        '\u{61c}' => "ARABIC LETTER MARK",
        '\u{200b}' => "ZERO WIDTH SPACE",
        '\u{200c}' => "ZERO WIDTH NON-JOINER",
        '\u{200d}' => "ZERO WIDTH JOINER",
        '\u{200e}' => "LEFT-TO-RIGHT MARK",
        '\u{200f}' => "RIGHT-TO-LEFT MARK",
        '\u{202a}' => "LEFT-TO-RIGHT EMBEDDING",
        '\u{202b}' => "RIGHT-TO-LEFT EMBEDDING",
        '\u{202c}' => "POP DIRECTIONAL FORMATTING",
        '\u{202d}' => "LEFT-TO-RIGHT OVERRIDE",
        '\u{202e}' => "RIGHT-TO-LEFT OVERRIDE",
        '\u{2060}' => "WORD JOINER",
        '\u{2066}' => "LEFT-TO-RIGHT ISOLATE",
        '\u{2067}' => "RIGHT-TO-LEFT ISOLATE",
        '\u{2068}' => "FIRST STRONG ISOLATE",
        '\u{2069}' => "POP DIRECTIONAL ISOLATE",
        '\u{3000}' => "IDEOGRAPHIC SPACE",
        '\u{3164}' => "HANGUL FILLER",
        '\u{feff}' => "ZERO WIDTH NO-BREAK SPACE",
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => "VARIATION SELECTOR",
        '\u{e0000}'..='\u{e007f}' => "TAG",
        _ => return None,
    })
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use leptos::prelude::RenderHtml;

    use super::*;
    use crate::i18n::Lang;

    fn html(text: &str, kind: TextKind) -> String {
        exact(text, kind, Lang::En.texts()).to_html()
    }

    #[test]
    fn hidden_character_is_a_marker_that_holds_it() {
        let marker = "<span class=\"codepoint\" data-label=\"U+200F\" title=\"U+200F RIGHT-TO-LEFT MARK\">\
            <span class=\"unseen\">\u{200f}</span></span>";
        let html = html("cat \u{200f}1", TextKind::Code);
        assert!(html.contains(marker), "{html}");
    }

    #[test]
    fn right_to_left_word_is_isolated() {
        let html = html("rm א/ב", TextKind::Name);
        assert!(html.contains("<bdi>א</bdi>") && html.contains("<bdi>ב</bdi>"), "{html}");
    }

    #[test]
    fn blank_lines_are_counted() {
        let html = html("ls\n\n\n\n\nrm", TextKind::Code);
        assert!(html.contains("data-label=\"4 blank lines\""), "{html}");
    }

    #[test]
    fn null_is_marked_without_being_in_the_page() {
        let html = html("a\0", TextKind::Code);
        assert!(html.contains("data-label=\"U+0000\"") && !html.contains('\0'), "{html}");
    }

    #[test]
    fn directory_is_called_by_its_last_part() {
        assert_eq!(directory_name("/a/b/"), "b");
        assert_eq!(directory_name("/"), "/");
    }
}
