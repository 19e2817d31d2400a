//! The terminal that somebody is asked on.

use std::{
    io::stdin,
    sync::{Arc, OnceLock},
};

use console::Term;
use rustix::{
    process::getpgrp,
    termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr},
};

/// How the terminal was before anybody was asked. Who is left while they read a key leaves it as keys are read.
#[derive(Clone, Default)]
pub(crate) struct Terminal(Arc<OnceLock<Option<Termios>>>);

impl Terminal {
    /// Remembers it; once is enough.
    pub(crate) fn keep(&self) {
        self.0.get_or_init(|| tcgetattr(stdin()).ok());
    }

    /// Makes it as it was. If nobody was asked, or if it is another program's by now, it is left alone.
    pub(crate) fn restore(&self) {
        let Some(Some(before)) = self.0.get() else { return };
        if tcgetpgrp(stdin()).is_ok_and(|group| group == getpgrp()) {
            // It may be gone, and then nobody sees it.
            let _ = tcsetattr(stdin(), OptionalActions::Now, before);
            let _ = Term::stderr().show_cursor();
        }
    }
}
