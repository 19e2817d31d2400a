//! When a page without the session stream asks for what has happened.

use codex_gateway_wire::{EventId, api::SessionSummary};

/// How often it asks at most, in milliseconds.
const POLL_INTERVAL: i64 = 1_000;
/// How often it asks in sight while nothing tells it of what is new, in milliseconds.
const BLIND_POLL_INTERVAL: i64 = 2_000;
/// How often it asks in sight while there is nothing new, to notice a gateway that is gone, in milliseconds.
const IDLE_POLL_INTERVAL: i64 = 5_000;
/// How often it asks out of sight where no summaries get through, in milliseconds.
const HIDDEN_POLL_INTERVAL: i64 = 30_000;

/// What a hidden page has to know of: its title, its icon and its notifications tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Headline {
    title: Option<String>,
    running: bool,
    waiting: bool,
    news_ms: i64,
}

impl From<&SessionSummary> for Headline {
    fn from(summary: &SessionSummary) -> Self {
        let SessionSummary { running, waiting, news_ms, .. } = *summary;
        Self { title: summary.title.clone(), running, waiting, news_ms }
    }
}

/// What a page knows when it decides.
pub(super) struct Situation<'a> {
    /// The page is out of sight.
    pub(super) hidden: bool,
    /// The summaries are up to date.
    pub(super) informed: bool,
    /// Event streams, and so the summaries, do not get through.
    pub(super) blocked: bool,
    /// That of the session. `None` if the session has ended.
    pub(super) summary: Option<&'a SessionSummary>,
    /// How the session stood when the page last asked.
    pub(super) headline: Option<&'a Headline>,
    /// The last event that the page has.
    pub(super) at: &'a EventId,
    /// How long ago the page last asked, in milliseconds.
    pub(super) since_last_ms: i64,
}

impl Situation<'_> {
    /// Returns `true` if the page should ask now.
    pub(super) fn is_due(&self) -> bool {
        if self.hidden && !self.informed {
            return self.blocked && self.since_last_ms >= HIDDEN_POLL_INTERVAL;
        }
        if self.hidden {
            return self.summary.map(Headline::from).as_ref() != self.headline;
        }
        let interval = match (self.informed, self.is_behind()) {
            (false, _) => BLIND_POLL_INTERVAL,
            (true, true) => POLL_INTERVAL,
            (true, false) => IDLE_POLL_INTERVAL,
        };
        self.since_last_ms >= interval
    }

    /// Returns `true` if there are events that the page does not have, or if the session has ended. A session that is in
    /// the store only has no newer ones.
    fn is_behind(&self) -> bool {
        let Some(summary) = self.summary else { return true };
        let newer = |newest: &EventId| newest.epoch != self.at.epoch || newest.seq > self.at.seq;
        summary.last_event_id.as_ref().is_some_and(newer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(epoch: &str, seq: u64) -> EventId {
        EventId { epoch: epoch.to_owned(), seq }
    }

    fn summary(newest: Option<EventId>, running: bool) -> SessionSummary {
        SessionSummary { last_event_id: newest, running, ..SessionSummary::default() }
    }

    /// When a page asks that is in sight and has the event `e:5`.
    fn asks_in_sight(informed: bool, summary: Option<&SessionSummary>, since_last_ms: i64) -> bool {
        let at = id("e", 5);
        Situation { hidden: false, informed, blocked: false, summary, headline: None, at: &at, since_last_ms }
            .is_due()
    }

    #[test]
    fn page_in_sight_asks_soon_if_it_is_behind() {
        for newest in [Some(id("e", 6)), Some(id("f", 1))] {
            assert!(asks_in_sight(true, Some(&summary(newest.clone(), false)), 1_000));
            assert!(!asks_in_sight(true, Some(&summary(newest, false)), 999));
        }
        assert!(asks_in_sight(true, None, 1_000), "the session has ended");
    }

    #[test]
    fn page_in_sight_asks_rarely_if_there_is_nothing_new() {
        for newest in [None, Some(id("e", 5)), Some(id("e", 4))] {
            assert!(!asks_in_sight(true, Some(&summary(newest.clone(), false)), 4_999));
            assert!(asks_in_sight(true, Some(&summary(newest, false)), 5_000));
        }
    }

    #[test]
    fn page_in_sight_asks_all_the_time_if_nothing_tells_it_of_what_is_new() {
        assert!(asks_in_sight(false, None, 2_000) && !asks_in_sight(false, None, 1_999));
    }

    #[test]
    fn hidden_page_asks_only_if_a_turn_or_a_request_has_begun_or_ended() {
        let at = id("e", 5);
        let (idle, runs) = (summary(Some(id("e", 9)), false), summary(Some(id("e", 9)), true));
        let before = Headline::from(&idle);
        let asks = |informed: bool, summary: Option<&SessionSummary>, headline: Option<&Headline>| {
            Situation {
                hidden: true,
                informed,
                blocked: false,
                summary,
                headline,
                at: &at,
                since_last_ms: 60_000,
            }
            .is_due()
        };
        assert!(!asks(true, Some(&idle), Some(&before)), "events alone do not matter");
        assert!(asks(true, Some(&runs), Some(&before)));
        assert!(asks(true, None, Some(&before)), "the session has ended");
        assert!(!asks(false, Some(&runs), Some(&before)));
    }

    #[test]
    fn hidden_page_asks_now_and_then_where_streams_are_blocked() {
        let at = id("e", 5);
        let asks = |blocked: bool, since_last_ms: i64| {
            Situation {
                hidden: true,
                informed: false,
                blocked,
                summary: None,
                headline: None,
                at: &at,
                since_last_ms,
            }
            .is_due()
        };
        assert!(asks(true, 30_000) && !asks(true, 29_999) && !asks(false, 60_000));
    }
}
