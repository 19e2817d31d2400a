//! The stream of session summaries, `GET /api/events`.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{EventId, SessionId, ThreadId},
    read_fields,
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
    /// When it was last used, in Unix milliseconds.
    pub last_access_ms: i64,
    /// Whether a turn is running.
    pub running: bool,
    /// Whether something waits for the user.
    pub waiting: bool,
    /// When a turn last ended, or something was last asked of the user, in Unix milliseconds; 0 if never.
    pub news_ms: i64,
    /// The newest event of its log; none while the session is in the store only.
    pub last_event_id: Option<EventId>,
}
read_fields!(SessionSummary {
    id,
    title,
    thread_id,
    last_access_ms,
    running,
    waiting,
    news_ms,
    last_event_id
});

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
