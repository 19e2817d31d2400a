//! When a page without the session stream catches up.

use codex_gateway_wire::{EventId, api::SessionSummary};

/// How often a visible page catches up at most.
const POLL_INTERVAL_MS: i64 = 1_000;
/// How often a visible page catches up while it gets no summaries.
const BLIND_POLL_INTERVAL_MS: i64 = 2_000;
/// How often a visible page catches up while nothing is new, to notice when the gateway is gone.
const IDLE_POLL_INTERVAL_MS: i64 = 5_000;
/// How often a hidden page catches up where no summaries get through.
const HIDDEN_POLL_INTERVAL_MS: i64 = 30_000;

/// The part of a summary that a hidden page shows in its title, its icon and its notifications.
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
    pub(super) is_hidden: bool,
    /// The summaries are up to date.
    pub(super) has_summaries: bool,
    /// Event streams do not get through.
    pub(super) is_blocked: bool,
    /// The session's summary. `None` if the session has ended.
    pub(super) summary: Option<&'a SessionSummary>,
    /// The summary's headline when the page last caught up.
    pub(super) headline: Option<&'a Headline>,
    /// The last event that the page has.
    pub(super) last_event: &'a EventId,
    /// How long ago the page last caught up.
    pub(super) since_last_ms: i64,
}

impl Situation<'_> {
    /// Returns `true` if the page should catch up now.
    pub(super) fn is_due(&self) -> bool {
        if self.is_hidden && !self.has_summaries {
            return self.is_blocked && self.since_last_ms >= HIDDEN_POLL_INTERVAL_MS;
        }
        if self.is_hidden {
            return self.summary.map(Headline::from).as_ref() != self.headline;
        }
        let interval_ms = match (self.has_summaries, self.is_behind()) {
            (false, _) => BLIND_POLL_INTERVAL_MS,
            (true, true) => POLL_INTERVAL_MS,
            (true, false) => IDLE_POLL_INTERVAL_MS,
        };
        self.since_last_ms >= interval_ms
    }

    /// Returns `true` if there are events that the page does not have, or if the session has ended. A session that is not
    /// loaded has no last event in its summary, and no new ones.
    fn is_behind(&self) -> bool {
        let Some(summary) = self.summary else { return true };
        let is_newer =
            |newest: &EventId| newest.epoch != self.last_event.epoch || newest.seq > self.last_event.seq;
        summary.last_event_id.as_ref().is_some_and(is_newer)
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

    /// Decides for a visible page whose last event is `e:5`.
    fn visible_page_is_due(
        has_summaries: bool,
        summary: Option<&SessionSummary>,
        since_last_ms: i64,
    ) -> bool {
        let last_event = id("e", 5);
        Situation {
            is_hidden: false,
            has_summaries,
            is_blocked: false,
            summary,
            headline: None,
            last_event: &last_event,
            since_last_ms,
        }
        .is_due()
    }

    #[test]
    fn visible_page_that_is_behind_catches_up_soon() {
        for newest in [Some(id("e", 6)), Some(id("f", 1))] {
            assert!(visible_page_is_due(true, Some(&summary(newest.clone(), false)), 1_000));
            assert!(!visible_page_is_due(true, Some(&summary(newest, false)), 999));
        }
        assert!(visible_page_is_due(true, None, 1_000), "the session has ended");
    }

    #[test]
    fn visible_page_without_news_catches_up_rarely() {
        for newest in [None, Some(id("e", 5)), Some(id("e", 4))] {
            assert!(!visible_page_is_due(true, Some(&summary(newest.clone(), false)), 4_999));
            assert!(visible_page_is_due(true, Some(&summary(newest, false)), 5_000));
        }
    }

    #[test]
    fn visible_page_without_summaries_catches_up_regularly() {
        assert!(visible_page_is_due(false, None, 2_000) && !visible_page_is_due(false, None, 1_999));
    }

    #[test]
    fn hidden_page_catches_up_only_if_the_headline_changed() {
        let last_event = id("e", 5);
        let (idle, runs) = (summary(Some(id("e", 9)), false), summary(Some(id("e", 9)), true));
        let before = Headline::from(&idle);
        let is_due = |has_summaries: bool, summary: Option<&SessionSummary>, headline: Option<&Headline>| {
            Situation {
                is_hidden: true,
                has_summaries,
                is_blocked: false,
                summary,
                headline,
                last_event: &last_event,
                since_last_ms: 60_000,
            }
            .is_due()
        };
        assert!(!is_due(true, Some(&idle), Some(&before)), "events alone do not matter");
        assert!(is_due(true, Some(&runs), Some(&before)));
        assert!(is_due(true, None, Some(&before)), "the session has ended");
        assert!(!is_due(false, Some(&runs), Some(&before)));
    }

    #[test]
    fn hidden_page_catches_up_regularly_where_streams_are_blocked() {
        let last_event = id("e", 5);
        let is_due = |is_blocked: bool, since_last_ms: i64| {
            Situation {
                is_hidden: true,
                has_summaries: false,
                is_blocked,
                summary: None,
                headline: None,
                last_event: &last_event,
                since_last_ms,
            }
            .is_due()
        };
        assert!(is_due(true, 30_000) && !is_due(true, 29_999) && !is_due(false, 60_000));
    }
}
