//! Characters that reorder what is read, made visible.

use std::fmt::Write as _;

/// A text in which characters that reorder what is read (U+202A–U+202E, U+2066–U+2069) are written by their code: what
/// reads differently from what runs must not be allowed unseen.
pub(crate) fn in_order(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}') {
            // Writing to a string cannot fail.
            let _ = write!(shown, "[U+{:04X}]", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::in_order;

    #[test]
    fn what_reorders_is_written_by_its_code() {
        assert_eq!(in_order("ls \u{202E}~ fr- mr\u{2069}"), "ls [U+202E]~ fr- mr[U+2069]");
        for plain in ["", "echo 'שלום' 日本語 \u{2065}\u{202F}\u{206A}\n"] {
            assert_eq!(in_order(plain), plain);
        }
    }
}
