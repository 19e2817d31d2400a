//! Which tab leads: it streams the summaries for all tabs.
//!
//! There are no heartbeats, because the timers of hidden tabs run once a minute only. Messages reach them at once. A tab
//! that has received nothing from the leader for a while asks for it, and leads if there is no answer.

use super::stamp::Stamp;

/// The time without a message of the leader after which a tab asks for it.
const LEADER_TIMEOUT_MS: i64 = 25_000;
/// How long a tab waits for the leader's answer.
pub(super) const ANSWER_TIMEOUT_MS: i64 = 250;

/// The role of a tab. Times are in Unix milliseconds.
#[derive(Debug, PartialEq, Eq)]
enum Role {
    /// It asked for the leader at this time.
    Asking(i64),
    /// Another tab leads. Its last message arrived at this time.
    Following(i64),
    Leading(Stamp),
    /// It takes no part: its user has to sign in again.
    SignedOut,
}

/// What the tab has to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Nothing,
    /// Ask for the leader, and call [`Election::tick`] after [`ANSWER_TIMEOUT_MS`].
    Ask,
    /// Announce that it leads, and stream the summaries.
    Lead(Stamp),
    /// Announce again that it leads.
    Repeat(Stamp),
    /// Stop streaming the summaries.
    Resign,
}

/// What a tab knows about the leader.
#[derive(Debug)]
pub(super) struct Election(Role);

impl Election {
    /// Starts by asking for the leader.
    pub(super) fn new(now: i64) -> Self {
        Self(Role::Asking(now))
    }

    pub(super) fn is_leading(&self) -> bool {
        matches!(self.0, Role::Leading(_))
    }

    /// Asks for the leader: at the start, and when the leader has left.
    pub(super) fn ask(&mut self, now: i64) -> Step {
        if matches!(self.0, Role::Leading(_) | Role::SignedOut) {
            return Step::Nothing;
        }
        self.0 = Role::Asking(now);
        Step::Ask
    }

    /// To be called once a second.
    pub(super) fn tick(&mut self, now: i64, tab: &str) -> Step {
        match self.0 {
            Role::Following(last_ms) if now - last_ms > LEADER_TIMEOUT_MS => self.ask(now),
            Role::Asking(since) if now - since >= ANSWER_TIMEOUT_MS => {
                let stamp = Stamp { at: now, tab: tab.to_owned() };
                self.0 = Role::Leading(stamp.clone());
                Step::Lead(stamp)
            }
            _ => Step::Nothing,
        }
    }

    /// Another tab announces that it leads. Of two leaders, the one that has led longer stays.
    pub(super) fn on_lead(&mut self, other: &Stamp, now: i64) -> Step {
        match &self.0 {
            Role::Leading(own) if own < other => Step::Repeat(own.clone()),
            Role::Leading(_) => {
                self.0 = Role::Following(now);
                Step::Resign
            }
            Role::SignedOut => Step::Nothing,
            Role::Asking(_) | Role::Following(_) => {
                self.0 = Role::Following(now);
                Step::Nothing
            }
        }
    }

    /// The leader has passed a summary on.
    pub(super) fn on_summary(&mut self, now: i64) {
        if let Role::Following(last_ms) = &mut self.0 {
            *last_ms = now;
        }
    }

    /// Another tab asks for the leader.
    pub(super) fn on_ask(&self) -> Step {
        match &self.0 {
            Role::Leading(own) => Step::Repeat(own.clone()),
            _ => Step::Nothing,
        }
    }

    /// Stops leading: for good if signed out, otherwise until the tab asks again. Returns `true` if this tab led.
    pub(super) fn leave(&mut self, now: i64, signed_out: bool) -> bool {
        let led = self.is_leading();
        self.0 = if signed_out { Role::SignedOut } else { Role::Following(now) };
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
        assert_eq!(tab.on_ask(), Step::Repeat(stamp(300, "a")));
    }

    #[test]
    fn silent_leader_is_replaced() {
        let mut tab = Election::new(0);
        tab.on_lead(&stamp(0, "b"), 100);
        assert_eq!(tab.tick(300, "a"), Step::Nothing);
        tab.on_summary(20_000);
        assert_eq!(tab.tick(45_000, "a"), Step::Nothing);
        assert_eq!(tab.tick(45_001, "a"), Step::Ask);
        assert_eq!(tab.tick(46_000, "a"), Step::Lead(stamp(46_000, "a")));
    }

    #[test]
    fn later_of_two_leaders_resigns() {
        let (mut a, mut b) = (Election::new(0), Election::new(0));
        a.tick(300, "a");
        b.tick(400, "b");
        assert_eq!(a.on_lead(&stamp(400, "b"), 500), Step::Repeat(stamp(300, "a")));
        assert_eq!(b.on_lead(&stamp(300, "a"), 500), Step::Resign);
        assert!(a.is_leading() && !b.is_leading());
    }

    #[test]
    fn signed_out_tab_takes_no_part() {
        let mut tab = Election::new(0);
        tab.tick(300, "a");
        assert!(tab.leave(400, true));
        assert_eq!(
            (tab.ask(500), tab.tick(90_000, "a"), tab.on_ask()),
            (Step::Nothing, Step::Nothing, Step::Nothing)
        );
    }
}
