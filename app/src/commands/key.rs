//! What one presses.

use web_sys::KeyboardEvent;

use crate::browser;

/// A key, alone or with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A character, where nobody writes.
    Plain(&'static str),
    /// With Ctrl, on a Mac with ⌘; in lower case.
    Ctrl(&'static str),
    /// With Shift as well.
    CtrlShift(&'static str),
}

impl Key {
    /// Whether it is what was pressed.
    pub(super) fn is(self, event: &KeyboardEvent) -> bool {
        let ctrl = event.ctrl_key() || event.meta_key();
        let (key, alt, shift) = (event.key(), event.alt_key(), event.shift_key());
        match self {
            _ if alt => false,
            // On some keyboards it takes Shift, on others not.
            Self::Plain(plain) => !ctrl && key == plain && !browser::targets_input(event),
            Self::Ctrl(letter) => ctrl && !shift && key.eq_ignore_ascii_case(letter),
            Self::CtrlShift(letter) => ctrl && shift && key.eq_ignore_ascii_case(letter),
        }
    }

    /// How it is written on the reader's keyboard.
    pub(crate) fn name(self) -> String {
        let mac = browser::is_mac();
        match self {
            Self::Plain(key) => key.to_owned(),
            Self::Ctrl(letter) if mac => format!("⌘{}", letter.to_ascii_uppercase()),
            Self::Ctrl(letter) => format!("Ctrl {}", letter.to_ascii_uppercase()),
            Self::CtrlShift(letter) if mac => format!("⇧⌘{}", letter.to_ascii_uppercase()),
            Self::CtrlShift(letter) => format!("Ctrl Shift {}", letter.to_ascii_uppercase()),
        }
    }
}
