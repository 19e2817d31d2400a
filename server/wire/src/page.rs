//! A page of older entries.

use serde::Serialize;

use crate::{
    ids::{EventId, ThreadId},
    lenient_deserialize,
    transcript::{Entry, TurnRecord},
};

/// `GET /api/sessions/{id}/items`: consecutive entries of the transcript.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ItemsPage {
    /// Always true.
    pub ok: bool,
    /// The newest event that the page includes.
    pub at: EventId,
    /// The thread. `null` before the session has one.
    pub thread_id: Option<ThreadId>,
    /// The turns of the entries, oldest first.
    pub turns: Vec<TurnRecord>,
    /// The entries, oldest first.
    pub entries: Vec<Entry>,
    /// Whether there are older entries.
    pub older: bool,
    /// The cursor of the next older page. `null` if there is none, or if the page is requested by the id of the oldest
    /// entry.
    pub cursor: Option<String>,
}
lenient_deserialize!(ItemsPage { ok, thread_id, turns, entries, older, cursor; at });
