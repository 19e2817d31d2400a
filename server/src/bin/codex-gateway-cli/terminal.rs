//! State of the terminal across prompts.

use std::{
    io::stdin,
    sync::{Arc, OnceLock},
};

use console::Term;
use rustix::{
    process::getpgrp,
    termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr},
};

/// Settings of the terminal before the first prompt. An abandoned prompt leaves the terminal in raw mode.
#[derive(Clone, Default)]
pub(crate) struct TerminalState(Arc<OnceLock<Option<Termios>>>);

impl TerminalState {
    /// Saves the settings. Only the first call has an effect.
    pub(crate) fn save(&self) {
        self.0.get_or_init(|| tcgetattr(stdin()).ok());
    }

    /// Restores the settings, if they were saved and the terminal still belongs to this process group.
    pub(crate) fn restore(&self) {
        let Some(Some(before)) = self.0.get() else { return };
        if tcgetpgrp(stdin()).is_ok_and(|group| group == getpgrp()) {
            // The terminal may be gone. Then the error does not matter.
            let _ = tcsetattr(stdin(), OptionalActions::Now, before);
            let _ = Term::stderr().show_cursor();
        }
    }
}
