//! A snapshot of a session, from which a client continues with the stream.

use serde::Serialize;

use crate::{
    api::{Model, SessionInfo},
    ids::EventId,
    lenient_deserialize,
    transcript::Transcript,
};

/// A session as of the event [`Snapshot::at`]: the newest part of the transcript, and further data for a page. The
/// stream with `since=at` continues from here.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The newest event that the snapshot includes.
    pub at: EventId,
    /// The session.
    pub session: SessionInfo,
    /// The available models.
    pub models: Vec<Model>,
    /// Whether there are entries older than the transcript's first.
    pub older: bool,
    /// The transcript.
    pub transcript: Transcript,
}
lenient_deserialize!(Snapshot { models, older, transcript; at, session });
