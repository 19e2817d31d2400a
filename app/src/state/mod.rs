//! The conversation as it changes: the transcript, and who is told of which change.
//!
//! - [`store`]: the plain transcript outside the reactive graph, a trigger for each of its parts
//! - [`groups`]: which entries stand together
//! - [`older`]: entries that are loaded later
//! - [`span`]: which part of all that the page shows
//! - [`turn`]: what the page says of a turn as a whole
//! - [`stream`]: the event stream that feeds the store; [`source`]: how it is read, [`sse`]: its format; [`transport`]:
//!   by which request, where something on the way holds streams back
//! - [`backoff`]: when to try again; [`catch_up`]: when a page without the stream asks
//! - [`outbox`]: messages that were sent and have not come back yet

mod backoff;
mod catch_up;
mod groups;
mod older;
mod outbox;
mod recorder;
mod source;
mod sse;
mod store;
mod stream;
mod transport;
mod turn;
mod visible_range;

pub(crate) use backoff::Backoff;
pub(crate) use groups::GroupKey;
pub(crate) use outbox::{Outbox, Target, Unsent, UnsentState};
pub(crate) use recorder::{EventRecorder, RawEvent};
pub(crate) use source::{Accept, Arrival, StreamHandle, read_events};
pub(crate) use sse::Message;
pub(crate) use store::{EntryRef, TranscriptStore};
pub(crate) use stream::{ConnectionState, Stream};
pub(crate) use turn::{TurnFacts, is_failed};
pub(crate) use visible_range::VisibleRange;
