//! The stream of session summaries: `GET /api/events`.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{EventId, SessionId, ThreadId},
    lenient_deserialize,
    string_enum::string_enum,
    timestamp::Timestamp,
};

string_enum! {
    /// The name of an event in the stream of session summaries.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum SummaryEventName {
        /// All sessions of the caller. The first event of every connection.
        Sessions = "sessions",
        /// A new or changed session.
        Summary = "summary",
        /// A session that has ended.
        Removed = "removed",
        /// Keeps the connection alive.
        Ping = "ping",
    }
}

/// The summary of a session, for lists, titles and notifications.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionSummary {
    /// The session's id.
    pub id: SessionId,
    /// The thread's title.
    pub title: Option<String>,
    /// The session's thread.
    pub thread_id: Option<ThreadId>,
    /// When the session was last used.
    pub last_access_at: Timestamp,
    /// The same in Unix milliseconds, for clients older than `lastAccessAt`.
    #[cfg_attr(feature = "openapi", schema(deprecated))]
    pub last_access_ms: i64,
    /// Whether a turn is running.
    pub running: bool,
    /// Whether a request waits for the user.
    pub waiting: bool,
    /// When a turn last ended or the user was last asked. `null` if never.
    pub news_at: Option<Timestamp>,
    /// The same in Unix milliseconds, for clients older than `newsAt`. 0 if never.
    #[cfg_attr(feature = "openapi", schema(deprecated))]
    pub news_ms: i64,
    /// The newest event of the session's log. `null` while the session is dormant.
    pub last_event_id: Option<EventId>,
}
lenient_deserialize!(SessionSummary {
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
    /// Returns the summary with these times in Unix milliseconds. `news_ms` is 0 if no turn ended and nothing was
    /// asked.
    #[must_use]
    pub fn with_times(self, last_access_ms: i64, news_ms: i64) -> Self {
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
    /// The build of the gateway.
    pub build_id: String,
    /// The sessions, the most recently used first.
    pub sessions: Vec<SessionSummary>,
}
lenient_deserialize!(SessionSummaries { build_id, sessions });

/// The data of the event `removed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionRemoved {
    /// The session that has ended.
    pub id: SessionId,
}
