//! Which tab holds the browser's one session stream: the tab that took it last.

use super::stamp::Stamp;

/// What a tab knows of the session stream.
#[derive(Debug, Default)]
pub(super) struct StreamSlot {
    /// The stamp with which this tab holds the stream. `None` if it does not.
    own: Option<Stamp>,
    /// The latest stamp that this tab knows.
    latest: i64,
}

/// The result of another tab's claim to the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// This tab held the stream, and has lost it.
    Lost,
    /// This tab took the stream later. The other tab does not know that yet.
    Kept,
    /// This tab did not hold the stream.
    Noted,
}

impl StreamSlot {
    pub(super) fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// The stamp with which this tab holds the stream.
    pub(super) fn own(&self) -> Option<&Stamp> {
        self.own.as_ref()
    }

    /// Takes the stream for this tab. The stamp is later than all known ones, even if the clock was set back.
    pub(super) fn take(&mut self, now: i64, tab: &str) -> Stamp {
        self.latest = now.max(self.latest + 1);
        let stamp = Stamp { at: self.latest, tab: tab.to_owned() };
        self.own = Some(stamp.clone());
        stamp
    }

    /// Releases the stream. Returns `true` if this tab held it.
    pub(super) fn release(&mut self) -> bool {
        self.own.take().is_some()
    }

    /// Another tab takes the stream.
    pub(super) fn on_taken(&mut self, other: &Stamp) -> Taken {
        self.latest = self.latest.max(other.at);
        match &self.own {
            None => Taken::Noted,
            Some(own) if own > other => Taken::Kept,
            Some(_) => {
                self.own = None;
                Taken::Lost
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tab_that_takes_the_stream_last_holds_it() {
        let (mut a, mut b) = (StreamSlot::default(), StreamSlot::default());
        let first = a.take(10, "a");
        assert_eq!(b.on_taken(&first), Taken::Noted);
        let second = b.take(11, "b");
        assert_eq!(a.on_taken(&second), Taken::Lost);
        assert!(!a.is_own() && b.is_own());
    }

    #[test]
    fn two_tabs_that_take_the_stream_at_once_agree() {
        let (mut a, mut b) = (StreamSlot::default(), StreamSlot::default());
        let (first, second) = (a.take(10, "a"), b.take(10, "b"));
        assert_eq!((a.on_taken(&second), b.on_taken(&first)), (Taken::Lost, Taken::Kept));
    }

    #[test]
    fn tab_with_a_clock_set_back_can_take_the_stream() {
        let (mut a, mut b) = (StreamSlot::default(), StreamSlot::default());
        let first = a.take(1000, "a");
        let second = b.take(5, "b");
        assert_eq!((a.on_taken(&second), b.on_taken(&first)), (Taken::Kept, Taken::Lost));
        let third = b.take(6, "b");
        assert_eq!(a.on_taken(&third), Taken::Lost);
    }
}
