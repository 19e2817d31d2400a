//! Display of text in which every character is visible, in the order in which it is written.
//!
//! A command, a path or a rule must not look different from what it is. [`pieces`] splits a text into parts that are
//! displayed unchanged, isolated or marked. [`escaped`] does the same for plain text.

use std::fmt::Write as _;

use crate::bidi::{is_isolate, suspicious_isolates};

/// The maximum number of consecutive blank lines that are displayed unchanged.
const MAX_BLANK_LINES: usize = 2;

/// The kind of a text. It determines which characters are displayed unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// A command, JSON or lines of a file. Line breaks and tabs are layout.
    Code,
    /// A path, a host, a rule or the name of a tool, on one line. Line breaks and tabs are marked.
    Name,
    /// Prose of an agent, a server or a person, in any language. Only characters that reorder text are marked, except
    /// for harmless isolates.
    Prose,
}

/// A part of a text, classified by how it is displayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Displayed unchanged, from left to right.
    Plain(&'a str),
    /// Letters or digits of a right-to-left script. Displayed in an isolate, so that they do not reorder other text.
    RightToLeft(&'a str),
    /// A character that is invisible, looks like a space or reorders text. Displayed as its code point: see [`code`].
    Hidden(char),
    /// Blank lines with their line breaks. Displayed as a number of lines: see [`line_count`].
    BlankLines(&'a str),
}

/// Splits a text into pieces. Concatenated, they are the text.
pub fn pieces(text: &str, kind: TextKind) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    // The start of the current piece, and the class of its characters.
    let (mut start, mut class) = (0, Class::Plain);
    let mut end_piece = |start: usize, end: usize, class: Class| {
        let run = &text[start..end];
        match class {
            _ if run.is_empty() => {}
            Class::Letter | Class::Digit => pieces.push(Piece::RightToLeft(run)),
            Class::Plain => pieces.push(Piece::Plain(run)),
            Class::Hidden => pieces.extend(run.chars().map(Piece::Hidden)),
            Class::BlankLines => pieces.push(Piece::BlankLines(run)),
        }
    };
    let mut at = 0;
    let mut at_line_start = kind != TextKind::Name;
    let suspicious = if kind == TextKind::Prose { suspicious_isolates(text) } else { Vec::new() };
    while let Some(c) = text[at..].chars().next() {
        let blank = if at_line_start { blank_lines(&text[at..]) } else { 0 };
        let (next, length) = match blank {
            0 if kind == TextKind::Prose && is_isolate(c) && suspicious.binary_search(&at).is_err() => {
                (Class::Plain, c.len_utf8())
            }
            0 => (class_of(c, kind, class), c.len_utf8()),
            length => (Class::BlankLines, length),
        };
        if next != class {
            end_piece(start, at, class);
            (start, class) = (at, next);
        }
        at += length;
        at_line_start = kind != TextKind::Name && c == '\n' && blank == 0;
    }
    end_piece(start, at, class);
    pieces
}

/// The length of the blank lines at the start of a text, in bytes. 0 if there are at most [`MAX_BLANK_LINES`].
fn blank_lines(text: &str) -> usize {
    let blank = |line: &&str| line.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\n'));
    let lengths = || text.split_inclusive('\n').take_while(blank).map(str::len);
    if lengths().nth(MAX_BLANK_LINES).is_some() { lengths().sum() } else { 0 }
}

/// The number of lines of a [`Piece::BlankLines`].
pub fn line_count(blank_lines: &str) -> usize {
    blank_lines.split_inclusive('\n').count()
}

/// The class of a character, by how it is displayed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    Letter,
    Digit,
    Hidden,
    BlankLines,
}

/// The class of a character after a character of the class `before`.
fn class_of(c: char, kind: TextKind, before: Class) -> Class {
    match c {
        ' '..='~' => Class::Plain,
        '\n' | '\t' if kind != TextKind::Name => Class::Plain,
        _ if kind == TextKind::Prose => {
            if reorders(c) {
                Class::Hidden
            } else {
                Class::Plain
            }
        }
        _ if is_hidden(c) => Class::Hidden,
        _ if is_right_to_left_digit(c) => Class::Digit,
        _ if is_right_to_left(c) => Class::Letter,
        // A combining accent belongs to the letter before it.
        '\u{300}'..='\u{36f}' if before == Class::Letter => Class::Letter,
        _ => Class::Plain,
    }
}

/// Returns `true` for directional embeddings, overrides and isolates.
fn reorders(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns `true` for characters that are invisible, look like a space, or reorder text: control and format characters
/// (Cc, Cf), Unicode's default ignorable code points, fillers, noncharacters, and all spaces but U+0020.
fn is_hidden(c: char) -> bool {
    matches!(
        u32::from(c),
        0x00..=0x1f
            | 0x7f..=0xa0
            | 0xad
            | 0x34f
            | 0x600..=0x605
            | 0x61c
            | 0x6dd
            | 0x70f
            | 0x890..=0x891
            | 0x8e2
            | 0x115f..=0x1160
            | 0x1680
            | 0x17b4..=0x17b5
            | 0x180b..=0x180f
            | 0x2000..=0x200f
            | 0x2028..=0x202f
            | 0x205f..=0x206f
            | 0x2800
            | 0x3000
            | 0x3164
            | 0xfdd0..=0xfdef
            | 0xfe00..=0xfe0f
            | 0xfeff
            | 0xffa0
            | 0xfff0..=0xfffc
            | 0x110bd
            | 0x110cd
            | 0x13430..=0x1343f
            | 0x16fe4
            | 0x1bca0..=0x1bca3
            | 0x1d159
            | 0x1d173..=0x1d17a
            | 0xe0000..=0xe0fff
    ) || u32::from(c) & 0xfffe == 0xfffe
}

/// Returns `true` for digits that reorder surrounding left-to-right text, as right-to-left letters do.
fn is_right_to_left_digit(c: char) -> bool {
    matches!(u32::from(c), 0x660..=0x669 | 0x66b..=0x66c | 0x10d30..=0x10d39 | 0x10e60..=0x10e7e)
}

/// Returns `true` for right-to-left characters: the blocks that Unicode reserves for right-to-left scripts, without the
/// direction-neutral characters in them.
pub(crate) fn is_right_to_left(c: char) -> bool {
    let block = matches!(
        u32::from(c),
        0x590..=0x8ff | 0xfb1d..=0xfdff | 0xfe70..=0xfeff | 0x10800..=0x10fff | 0x1e800..=0x1efff
    );
    let neutral = matches!(
        u32::from(c),
        0x606..=0x607
            | 0x609..=0x60a
            | 0x60c
            | 0x60e..=0x60f
            | 0x66a
            | 0x6de
            | 0x6e9
            | 0x6f0..=0x6f9
            | 0x7f6..=0x7f9
            | 0xfd3e..=0xfd4f
            | 0xfdcf
            | 0xfdfd..=0xfdff
    );
    block && !neutral
}

/// The code point of a character, as displayed in place of a hidden one: `U+200F`.
pub fn code(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

/// Replaces hidden characters by their code points: `a[U+200F]b`. For plain text such as titles and attributes.
pub fn escaped(text: &str, kind: TextKind) -> String {
    let mut escaped = String::with_capacity(text.len());
    for piece in pieces(text, kind) {
        match piece {
            Piece::Plain(text) | Piece::RightToLeft(text) | Piece::BlankLines(text) => escaped.push_str(text),
            Piece::Hidden(c) => push_code(&mut escaped, c),
        }
    }
    escaped
}

/// Appends a hidden character as displayed in plain text: `[U+200F]`.
pub fn push_code(out: &mut String, c: char) {
    // Writing to a string cannot fail.
    let _ = write!(out, "[{}]", code(c));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn joined(text: &str, kind: TextKind) -> String {
        let mut joined = String::new();
        for piece in pieces(text, kind) {
            match piece {
                Piece::Plain(text) | Piece::RightToLeft(text) | Piece::BlankLines(text) => {
                    joined.push_str(text);
                }
                Piece::Hidden(c) => joined.push(c),
            }
        }
        joined
    }

    #[test]
    fn command_with_invisible_characters_marks_each() {
        let expected = [
            Piece::Plain("cat "),
            Piece::Hidden('\u{200f}'),
            Piece::Plain("1 > 2024"),
            Piece::Hidden('\u{200f}'),
        ];
        assert_eq!(pieces("cat \u{200f}1 > 2024\u{200f}", TextKind::Code), expected);
    }

    #[test]
    fn every_kind_of_invisible_character_is_marked_in_code_and_names() {
        let table = [
            "\0",
            "\u{7}",
            "\u{1b}",
            "\r",
            "\u{7f}",
            "\u{85}",
            "\u{9b}",
            "\u{a0}",
            "\u{ad}",
            "\u{34f}",
            "\u{61c}",
            "\u{70f}",
            "\u{115f}",
            "\u{1160}",
            "\u{1680}",
            "\u{17b4}",
            "\u{180b}",
            "\u{180e}",
            "\u{180f}",
            "\u{2000}",
            "\u{200a}",
            "\u{200b}",
            "\u{200c}",
            "\u{200d}",
            "\u{200e}",
            "\u{200f}",
            "\u{2028}",
            "\u{2029}",
            "\u{202a}",
            "\u{202e}",
            "\u{202f}",
            "\u{205f}",
            "\u{2060}",
            "\u{2061}",
            "\u{2064}",
            "\u{2066}",
            "\u{2069}",
            "\u{206a}",
            "\u{206f}",
            "\u{2800}",
            "\u{3000}",
            "\u{3164}",
            "\u{fe00}",
            "\u{fe0f}",
            "\u{feff}",
            "\u{ffa0}",
            "\u{fff9}",
            "\u{fffb}",
            "\u{fffe}",
            "\u{1d173}",
            "\u{e0001}",
            "\u{e0041}",
            "\u{e007f}",
            "\u{e0100}",
            "\u{e01ef}",
        ];
        for hidden in table {
            let c = hidden.chars().next().unwrap();
            for kind in [TextKind::Code, TextKind::Name] {
                let text = format!("a{hidden}b");
                let expected = [Piece::Plain("a"), Piece::Hidden(c), Piece::Plain("b")];
                assert_eq!(pieces(&text, kind), expected, "{}", code(c));
            }
        }
    }

    #[test]
    fn line_breaks_and_tabs_are_layout_in_code_and_marked_in_names() {
        assert_eq!(pieces("a\n\tb", TextKind::Code), [Piece::Plain("a\n\tb")]);
        assert_eq!(escaped("a\n\tb", TextKind::Name), "a[U+000A][U+0009]b");
    }

    #[test]
    fn visible_text_is_one_plain_piece() {
        for text in ["ls -la", "é 日本語 👩 한글 q\u{301}", "{\"a\": 1}\n\n\n", "~/x", "۱۲"] {
            assert_eq!(pieces(text, TextKind::Code), [Piece::Plain(text)], "{text}");
        }
        assert_eq!(pieces("", TextKind::Code), []);
    }

    #[test]
    fn right_to_left_words_and_digits_are_isolated_one_by_one() {
        let expected = [
            Piece::Plain("cat "),
            Piece::RightToLeft("שלום"),
            Piece::Plain("/"),
            Piece::RightToLeft("עולם"),
            Piece::Plain(" > "),
            Piece::RightToLeft("ملف"),
            Piece::RightToLeft("٣"),
            Piece::Plain("، 12"),
        ];
        assert_eq!(pieces("cat שלום/עולם > ملف٣، 12", TextKind::Code), expected);
        assert_eq!(pieces("ש\u{301}x", TextKind::Name), [Piece::RightToLeft("ש\u{301}"), Piece::Plain("x")]);
    }

    #[test]
    fn only_reordering_characters_are_marked_in_prose() {
        let harmless = "שלום 👩\u{200d}👩 ❤\u{fe0f} a\u{a0}b";
        assert_eq!(pieces(harmless, TextKind::Prose), [Piece::Plain(harmless)]);
        assert_eq!(escaped("ls \u{202E}~ fr- mr\u{2069}", TextKind::Prose), "ls [U+202E]~ fr- mr[U+2069]");
        let isolated = "\u{2068}שלום\u{2069} a";
        assert_eq!(pieces(isolated, TextKind::Prose), [Piece::Plain(isolated)]);
        assert_eq!(escaped("\u{2068}a\u{2069}", TextKind::Code), "[U+2068]a[U+2069]");
        assert_eq!(escaped("\u{2067}rm\u{2069}", TextKind::Prose), "[U+2067]rm[U+2069]");
    }

    #[test]
    fn many_blank_lines_are_one_piece() {
        let newlines = "\n".repeat(400);
        let text = format!("ls{newlines}rm");
        let expected = [Piece::Plain("ls\n"), Piece::BlankLines(&newlines[1..]), Piece::Plain("rm")];
        assert_eq!(pieces(&text, TextKind::Code), expected);
        assert_eq!(line_count(&newlines[1..]), 399);
        assert_eq!(pieces("a\n\n\nb", TextKind::Code), [Piece::Plain("a\n\n\nb")]);
        assert_eq!(pieces(" \n\t\n \n\n", TextKind::Prose), [Piece::BlankLines(" \n\t\n \n\n")]);
        assert_eq!(
            pieces("a\n\n \n\n  b", TextKind::Code),
            [Piece::Plain("a\n"), Piece::BlankLines("\n \n\n"), Piece::Plain("  b")]
        );
    }

    #[test]
    fn escaped_text_has_code_points_of_hidden_characters() {
        assert_eq!(
            escaped("a\tb\r\u{1b}[31m\u{0}\u{7f}", TextKind::Code),
            "a\tb[U+000D][U+001B][31m[U+0000][U+007F]"
        );
        assert_eq!(escaped("x\u{200b}y\u{202e}z\u{85}", TextKind::Code), "x[U+200B]y[U+202E]z[U+0085]");
    }

    proptest! {
        /// The pieces add up to the text, and no hidden character is displayed unchanged.
        #[test]
        fn pieces_add_up_to_text_without_hidden_characters(text in "[a-c \n\t\r\u{200e}-\u{202e}\u{5d0}-\u{5d9}\u{660}-\u{669}\u{e0001}é👩\u{200d}]{0,40}") {
            for kind in [TextKind::Code, TextKind::Name, TextKind::Prose] {
                prop_assert_eq!(joined(&text, kind), text.as_str());
                for piece in pieces(&text, kind) {
                    match piece {
                        Piece::Plain(plain) if kind != TextKind::Prose => {
                            let strange = |c: char| is_right_to_left(c) || (is_hidden(c) && !matches!(c, '\n' | '\t'));
                            prop_assert!(!plain.contains(strange), "{plain:?}");
                        }
                        Piece::RightToLeft(run) => prop_assert!(!run.contains(is_hidden), "{run:?}"),
                        _ => {}
                    }
                }
            }
        }

        /// The pieces add up to any text.
        #[test]
        fn pieces_add_up_to_any_text(text in any::<String>()) {
            for kind in [TextKind::Code, TextKind::Name, TextKind::Prose] {
                prop_assert_eq!(joined(&text, kind), text.as_str());
            }
        }
    }
}
