//! Keys and key combinations that run commands.

use web_sys::KeyboardEvent;

use crate::browser;

/// A key, alone or with modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A character, outside of input fields.
    Plain(&'static str),
    /// A lower-case letter with Ctrl, or with ⌘ on a Mac.
    Ctrl(&'static str),
    /// A lower-case letter with Shift and Ctrl, or with Shift and ⌘ on a Mac.
    CtrlShift(&'static str),
}

impl Key {
    /// Returns `true` if the event is a press of this key.
    pub(super) fn matches(self, event: &KeyboardEvent) -> bool {
        let ctrl = event.ctrl_key() || event.meta_key();
        let (key, alt, shift) = (event.key(), event.alt_key(), event.shift_key());
        match self {
            _ if alt => false,
            // Some keyboard layouts need Shift for the character, so Shift does not matter.
            Self::Plain(plain) => !ctrl && key == plain && !browser::targets_input(event),
            Self::Ctrl(letter) => ctrl && !shift && key.eq_ignore_ascii_case(letter),
            Self::CtrlShift(letter) => ctrl && shift && key.eq_ignore_ascii_case(letter),
        }
    }

    /// Returns the key's label, with the modifier names of the user's platform.
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
