//! A page of a conversation's older entries.

use serde::Serialize;

use crate::{
    ids::{EventId, ThreadId},
    read_fields,
    transcript::{Entry, TurnRecord},
};

/// `GET /api/sessions/{id}/items`: entries that follow each other, and what they are older than.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ItemsPage {
    /// Always true.
    pub ok: bool,
    /// The event it includes last; its entries are as of this one, or of an older one that is the last about them.
    pub at: EventId,
    /// The thread it is of; none before the session has one.
    pub thread_id: Option<ThreadId>,
    /// The turns that the entries belong to, oldest first.
    pub turns: Vec<TurnRecord>,
    /// What was said and done, oldest first.
    pub entries: Vec<Entry>,
    /// Whether there are older ones.
    pub older: bool,
    /// Where the page before this one ends, to be asked with; none if the oldest entry's id has to do, or there
    /// is no such page.
    pub cursor: Option<String>,
}
read_fields!(ItemsPage { ok, thread_id, turns, entries, older, cursor; at });
