//! The stream of session summaries, `GET /api/events`.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{EventId, SessionId, ThreadId},
    read_fields,
    timestamp::Timestamp,
    words::words,
};

words! {
    /// The name of an event of the summaries' stream.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum SummaryEventName {
        /// All sessions of the caller; the first event of every connection.
        Sessions = "sessions",
        /// A session that is new or has changed.
        Summary = "summary",
        /// A session that has ended.
        Removed = "removed",
        /// A sign of life.
        Ping = "ping",
    }
}

/// A session in short: what lists, titles and notifications need.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionSummary {
    /// Its id.
    pub id: SessionId,
    /// What it is about.
    pub title: Option<String>,
    /// The thread that it is in.
    pub thread_id: Option<ThreadId>,
    /// When it was last used.
    pub last_access_at: Timestamp,
    /// The same in Unix milliseconds, for clients from before `lastAccessAt`.
    #[cfg_attr(feature = "openapi", schema(deprecated))]
    pub last_access_ms: i64,
    /// Whether a turn is running.
    pub running: bool,
    /// Whether something waits for the user.
    pub waiting: bool,
    /// When a turn last ended, or something was last asked of the user. `None` if never.
    pub news_at: Option<Timestamp>,
    /// The same in Unix milliseconds, for clients from before `newsAt`; 0 if never.
    #[cfg_attr(feature = "openapi", schema(deprecated))]
    pub news_ms: i64,
    /// The newest event of its log; none while the session is in the store only.
    pub last_event_id: Option<EventId>,
}
read_fields!(SessionSummary {
    id,
    title,
    thread_id,
    last_access_at,
    last_access_ms,
    running,
    waiting,
    news_at,
    news_ms,
    last_event_id
});

impl SessionSummary {
    /// The summary with these times, in Unix milliseconds; `news_ms` is 0 if there was never any news.
    #[must_use]
    pub fn at(self, last_access_ms: i64, news_ms: i64) -> Self {
        Self {
            last_access_at: Timestamp::from_ms(last_access_ms),
            last_access_ms,
            news_at: (news_ms != 0).then_some(Timestamp::from_ms(news_ms)),
            news_ms,
            ..self
        }
    }
}

/// The data of the event `sessions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionSummaries {
    /// Names the server's build.
    pub build_id: String,
    /// The sessions, the last used first.
    pub sessions: Vec<SessionSummary>,
}
read_fields!(SessionSummaries { build_id, sessions });

/// The data of the event `removed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionRemoved {
    /// The session that has ended.
    pub id: SessionId,
}
