//! Which tab has the one session stream of the browser: the tab that took it last.

use super::stamp::Stamp;

/// What a tab knows of the session stream.
#[derive(Debug, Default)]
pub(super) struct StreamSlot {
    /// When this tab took it, if it still has it.
    own: Option<Stamp>,
    /// The latest stamp that this tab knows.
    latest: i64,
}

/// What comes of another tab taking the session stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// This tab had it, and has it no more.
    LetGo,
    /// This tab took it later, which the other one does not know.
    Keep,
    /// It was not this tab's.
    Noted,
}

impl StreamSlot {
    pub(super) fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// The stamp with which this tab has it.
    pub(super) fn own(&self) -> Option<&Stamp> {
        self.own.as_ref()
    }

    /// Takes it for this tab. Clocks can be set: the stamp is later than all that are known.
    pub(super) fn take(&mut self, now: i64, tab: &str) -> Stamp {
        self.latest = now.max(self.latest + 1);
        let stamp = Stamp { at: self.latest, tab: tab.to_owned() };
        self.own = Some(stamp.clone());
        stamp
    }

    /// Gives it up. Returns `true` if this tab had it.
    pub(super) fn release(&mut self) -> bool {
        self.own.take().is_some()
    }

    /// Another tab takes it.
    pub(super) fn taken(&mut self, other: &Stamp) -> Taken {
        self.latest = self.latest.max(other.at);
        match &self.own {
            None => Taken::Noted,
            Some(own) if own > other => Taken::Keep,
            Some(_) => {
                self.own = None;
                Taken::LetGo
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tab_that_takes_it_last_has_it() {
        let (mut a, mut b) = (StreamSlot::default(), StreamSlot::default());
        let first = a.take(10, "a");
        assert_eq!(b.taken(&first), Taken::Noted);
        let second = b.take(11, "b");
        assert_eq!(a.taken(&second), Taken::LetGo);
        assert!(!a.is_own() && b.is_own());
    }

    #[test]
    fn two_tabs_that_take_it_at_once_agree() {
        let (mut a, mut b) = (StreamSlot::default(), StreamSlot::default());
        let (first, second) = (a.take(10, "a"), b.take(10, "b"));
        assert_eq!((a.taken(&second), b.taken(&first)), (Taken::LetGo, Taken::Keep));
    }

    #[test]
    fn clock_that_was_set_back_keeps_no_tab_from_taking_it() {
        let (mut a, mut b) = (StreamSlot::default(), StreamSlot::default());
        let first = a.take(1000, "a");
        let second = b.take(5, "b");
        assert_eq!((a.taken(&second), b.taken(&first)), (Taken::Keep, Taken::LetGo));
        let third = b.take(6, "b");
        assert_eq!(a.taken(&third), Taken::LetGo);
    }
}
