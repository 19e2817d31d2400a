//! The direction of the text in a field.

use codex_gateway_wire::bidi::{Direction, base_direction};

/// The size up to which the browser finds the direction, in bytes.
///
/// With `dir="auto"`, Chromium lays out the whole text in both directions at each key: half a second for 300,000
/// characters. Up to this size that takes no noticeable time.
const MAX_AUTO_BYTES: usize = 20_000;

/// Returns the value of the attribute `dir` for a field with this text.
pub(crate) fn field_direction(text: &str) -> &'static str {
    if text.len() <= MAX_AUTO_BYTES {
        return "auto";
    }
    match base_direction(text) {
        Some(Direction::RightToLeft) => "rtl",
        Some(Direction::LeftToRight) | None => "ltr",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_has_the_direction_of_its_first_letter() {
        let long = |start: &str| format!("{start}{}", " word".repeat(MAX_AUTO_BYTES));
        assert_eq!(field_direction(""), "auto");
        assert_eq!(field_direction("שלום"), "auto");
        assert_eq!(field_direction(&long("1. hello")), "ltr");
        assert_eq!(field_direction(&long("1. שלום")), "rtl");
        assert_eq!(field_direction(&"12 ".repeat(MAX_AUTO_BYTES)), "ltr");
    }
}
