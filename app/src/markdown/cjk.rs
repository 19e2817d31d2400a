//! Chinese, Japanese and Korean characters.

/// Returns `true` for letters and punctuation of scripts that are written without spaces, and for Hangul.
pub(super) fn is_cjk(c: char) -> bool {
    matches!(
        u32::from(c),
        0x1100..=0x11ff
            | 0x2e80..=0x2fff
            | 0x3001..=0xa4cf
            | 0xa960..=0xa97f
            | 0xac00..=0xd7ff
            | 0xf900..=0xfaff
            | 0xfe30..=0xfe4f
            | 0xff00..=0xffee
            | 0x1b000..=0x1b16f
            | 0x20000..=0x3ffff
    )
}
