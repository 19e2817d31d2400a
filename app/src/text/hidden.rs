//! Texts in which every character is visible: commands, paths, rules and names.
//!
//! Copying such a text from the page gives the text itself, without the marks.

use codex_gateway_wire::hidden_chars::{Piece, code, line_count, pieces};
use view::{Node, prelude::*};

pub(crate) use codex_gateway_wire::hidden_chars::{TextKind, escaped};

use crate::i18n::Texts;

/// Draws a text with its hidden characters marked, its right-to-left words isolated and its blank lines counted.
///
/// CSS draws the code of a hidden character, so the code is not part of the page's text. The character itself is in the
/// page without a size, so that it is selected and copied with the text.
pub(crate) fn exact(text: &str, kind: TextKind, t: &Texts) -> Node {
    let mut pieces = pieces(text, kind).into_iter().map(|piece| match piece {
        Piece::Plain(text) => view! { {text.to_owned()} },
        Piece::RightToLeft(text) => view! { <bdi>{text.to_owned()}</bdi> },
        Piece::Hidden(c) => view! { <HiddenCharacter character=c/> },
        Piece::BlankLines(lines) => {
            let label = (t.blank_lines)(line_count(lines));
            view! {
                <span class="blank-lines" data-label=label>
                    <span class="hidden-source">{lines.to_owned()}</span>
                </span>
            }
        }
    });
    match (pieces.next(), pieces.next()) {
        (None, _) => Node::Empty,
        (Some(only), None) => only,
        (Some(first), Some(second)) => view::fragment([first, second].into_iter().chain(pieces)),
    }
}

/// Draws a path, a host, a rule or the name of a tool as [`exact`] does.
pub(crate) fn exact_name(name: &str, t: &Texts) -> Node {
    exact(name, TextKind::Name, t)
}

/// Returns a name with its hidden characters escaped, for attributes and other plain texts.
pub(crate) fn plain_name(name: &str) -> String {
    escaped(name, TextKind::Name)
}

/// Returns the last part of a directory's path, as which users know the directory.
pub(crate) fn directory_name(path: &str) -> &str {
    path.rsplit('/').find(|name| !name.is_empty()).unwrap_or(path)
}

/// A mark that holds a hidden character.
#[component]
fn HiddenCharacter(character: char) -> impl IntoView {
    let code = code(character);
    let title = match unicode_name(character) {
        Some(name) => format!("{code} {name}"),
        None => code.clone(),
    };
    // HTML cannot contain a null character.
    let raw = (character != '\0').then(|| view! { <span class="hidden-source">{character}</span> });
    view! { <span class="codepoint" data-label=code title=title>{raw}</span> }
}

/// Returns the Unicode name of a hidden character; `None` for rare characters.
fn unicode_name(c: char) -> Option<&'static str> {
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
    fn hidden_character_is_held_by_a_mark() {
        let mark = "<span class=\"codepoint\" data-label=\"U+200F\" title=\"U+200F RIGHT-TO-LEFT MARK\">\
            <span class=\"hidden-source\">\u{200f}</span></span>";
        let html = html("cat \u{200f}1", TextKind::Code);
        assert!(html.contains(mark), "{html}");
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
    fn directory_name_is_last_part_of_path() {
        assert_eq!(directory_name("/a/b/"), "b");
        assert_eq!(directory_name("/"), "/");
    }
}
