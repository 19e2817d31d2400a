//! Which tab leads: it reads the summaries for all of them.
//!
//! There are no heartbeats: timers of hidden tabs run once a minute, but messages reach them at once. A tab that has
//! heard nothing of the leader for a while asks for it, and leads if there is no answer.

use super::stamp::Stamp;

/// How long the leader may be silent before it is asked for, in milliseconds.
const SILENCE: i64 = 25_000;
/// How long an answer of the leader is waited for, in milliseconds.
pub(super) const ANSWER_TIMEOUT: i64 = 250;

/// What a tab is.
#[derive(Debug, PartialEq, Eq)]
enum Role {
    /// It has asked for the leader, at that moment.
    Asking(i64),
    /// Another tab leads, and was last heard at that moment.
    Following(i64),
    Leading(Stamp),
    /// It can neither lead nor follow: its reader has to sign in again.
    Out,
}

/// What a tab has to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Nothing,
    /// Ask for the leader, and come back after [`ANSWER_TIMEOUT`].
    Ask,
    /// Say that it leads, and read the summaries.
    Lead(Stamp),
    /// Say again that it leads.
    Repeat(Stamp),
    /// Stop reading the summaries.
    Resign,
}

/// What a tab knows of the leader.
#[derive(Debug)]
pub(super) struct Election(Role);

impl Election {
    /// Begins by asking.
    pub(super) fn new(now: i64) -> Self {
        Self(Role::Asking(now))
    }

    pub(super) fn is_leading(&self) -> bool {
        matches!(self.0, Role::Leading(_))
    }

    /// Asks, at the beginning and when the leader has left.
    pub(super) fn ask(&mut self, now: i64) -> Step {
        if matches!(self.0, Role::Leading(_) | Role::Out) {
            return Step::Nothing;
        }
        self.0 = Role::Asking(now);
        Step::Ask
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now: i64, tab: &str) -> Step {
        match self.0 {
            Role::Following(heard) if now - heard > SILENCE => self.ask(now),
            Role::Asking(since) if now - since >= ANSWER_TIMEOUT => {
                let stamp = Stamp { at: now, tab: tab.to_owned() };
                self.0 = Role::Leading(stamp.clone());
                Step::Lead(stamp)
            }
            _ => Step::Nothing,
        }
    }

    /// A tab says that it leads. Of two that do, the one that has led longer goes on.
    pub(super) fn heard(&mut self, other: &Stamp, now: i64) -> Step {
        match &self.0 {
            Role::Leading(own) if own < other => Step::Repeat(own.clone()),
            Role::Leading(_) => {
                self.0 = Role::Following(now);
                Step::Resign
            }
            Role::Out => Step::Nothing,
            Role::Asking(_) | Role::Following(_) => {
                self.0 = Role::Following(now);
                Step::Nothing
            }
        }
    }

    /// The leader has passed something on.
    pub(super) fn heard_summary(&mut self, now: i64) {
        if let Role::Following(heard) = &mut self.0 {
            *heard = now;
        }
    }

    /// A tab asks.
    pub(super) fn asked(&self) -> Step {
        match &self.0 {
            Role::Leading(own) => Step::Repeat(own.clone()),
            _ => Step::Nothing,
        }
    }

    /// Leaves for good, if `out`, or until it asks again. Returns `true` if this tab led.
    pub(super) fn leave(&mut self, now: i64, out: bool) -> bool {
        let led = self.is_leading();
        self.0 = if out { Role::Out } else { Role::Following(now) };
        led
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(at: i64, tab: &str) -> Stamp {
        Stamp { at, tab: tab.to_owned() }
    }

    #[test]
    fn tab_that_gets_no_answer_leads() {
        let mut tab = Election::new(0);
        assert_eq!(tab.tick(100, "a"), Step::Nothing);
        assert_eq!(tab.tick(300, "a"), Step::Lead(stamp(300, "a")));
        assert_eq!(tab.asked(), Step::Repeat(stamp(300, "a")));
    }

    #[test]
    fn leader_that_falls_silent_is_asked_for_and_replaced() {
        let mut tab = Election::new(0);
        tab.heard(&stamp(0, "b"), 100);
        assert_eq!(tab.tick(300, "a"), Step::Nothing);
        tab.heard_summary(20_000);
        assert_eq!(tab.tick(45_000, "a"), Step::Nothing);
        assert_eq!(tab.tick(45_001, "a"), Step::Ask);
        assert_eq!(tab.tick(46_000, "a"), Step::Lead(stamp(46_000, "a")));
    }

    #[test]
    fn of_two_leaders_the_later_one_steps_down() {
        let (mut a, mut b) = (Election::new(0), Election::new(0));
        a.tick(300, "a");
        b.tick(400, "b");
        assert_eq!(a.heard(&stamp(400, "b"), 500), Step::Repeat(stamp(300, "a")));
        assert_eq!(b.heard(&stamp(300, "a"), 500), Step::Resign);
        assert!(a.is_leading() && !b.is_leading());
    }

    #[test]
    fn tab_that_is_signed_out_takes_no_part() {
        let mut tab = Election::new(0);
        tab.tick(300, "a");
        assert!(tab.leave(400, true));
        assert_eq!(
            (tab.ask(500), tab.tick(90_000, "a"), tab.asked()),
            (Step::Nothing, Step::Nothing, Step::Nothing)
        );
    }
}
