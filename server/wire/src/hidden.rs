//! Characters that reorder what is read, or are not seen at all, made visible.

use std::fmt::Write as _;

/// A text in which characters that reorder what is read (U+202A–U+202E, U+2066–U+2069) are written by their code: what
/// reads differently from what runs must not be allowed unseen.
pub fn in_order(text: &str) -> String {
    written(text, |_| None)
}

/// A line of a file, in which control characters, and others that are not seen, are shown too.
pub fn visible(line: &str) -> String {
    written(line, |c| match u32::from(c) {
        0x09 => None,
        // The pictures of control characters.
        code @ 0..0x20 => char::from_u32(0x2400 + code),
        0x7f => Some('\u{2421}'),
        0x80..0xa0 | 0x061c | 0x200b | 0x200e | 0x200f | 0x2028 | 0x2029 | 0x2060 | 0xfeff => Some(c),
        _ => None,
    })
}

/// Writes what `shown` gives in place of a character; the character itself stands for its code.
fn written(text: &str, shown: fn(char) -> Option<char>) -> String {
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        let reorders = matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        match shown(c) {
            None if !reorders => written.push(c),
            Some(picture) if picture != c => written.push(picture),
            // Writing to a string cannot fail.
            _ => drop(write!(written, "[U+{:04X}]", u32::from(c))),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::{in_order, visible};

    #[test]
    fn what_reorders_is_written_by_its_code() {
        assert_eq!(in_order("ls \u{202E}~ fr- mr\u{2069}"), "ls [U+202E]~ fr- mr[U+2069]");
        for plain in ["", "echo 'שלום' 日本語 \u{2065}\u{202F}\u{206A}\n"] {
            assert_eq!(in_order(plain), plain);
        }
    }

    #[test]
    fn what_is_not_seen_is_shown_in_a_line() {
        assert_eq!(visible("a\tb\r\u{1b}[31m\u{0}\u{7f}"), "a\tb␍␛[31m␀␡");
        assert_eq!(visible("x\u{200b}y\u{202e}z\u{85}"), "x[U+200B]y[U+202E]z[U+0085]");
        assert_eq!(visible("👩‍👩 שלום é"), "👩‍👩 שלום é");
    }
}
