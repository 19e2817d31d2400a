//! A session at an event, from which a client goes on with the stream.

use serde::Serialize;

use crate::{
    api::{Model, SessionInfo},
    ids::EventId,
    read_fields,
    transcript::Transcript,
};

/// A session as it stands after the event [`Snapshot::at`]: the conversation's newest part, and what a page
/// needs around it. The stream with `since=at` goes on from here.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The event it includes last.
    pub at: EventId,
    /// The session.
    pub session: SessionInfo,
    /// The models that can be chosen.
    pub models: Vec<Model>,
    /// Whether entries older than the transcript's first are left out.
    pub older: bool,
    /// The conversation.
    pub transcript: Transcript,
}
read_fields!(Snapshot { models, older, transcript; at, session });
