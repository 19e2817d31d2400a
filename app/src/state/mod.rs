//! What the page knows, without views. Nothing here uses the modules that show it.
//!
//! A conversation:
//! - [`chat`]: what the parts of a conversation share; [`sending`]: sending its messages
//! - [`store`]: the transcript, outside the reactive graph, with a trigger for each of its parts
//! - [`turn`]: what the page says about a turn as a whole; [`changed_file`]: a file that a turn has changed
//! - [`outbox`]: messages that were sent and are not in the transcript yet; [`first_message`]: the first one
//! - [`drafts`]: messages that are not sent yet; [`edit`]: the change of a message
//! - [`disclosure`]: what the user has unfolded; [`panel`]: the details panel; [`folder`]: the working directory
//!
//! Its events:
//! - [`stream`]: the event stream that feeds the store; [`recorder`]: its newest events, for the panel
//! - [`event_reader`]: reading a response with events; [`sse_parser`]: its format; [`backoff`]: when to retry
//! - [`tabs`]: the two event streams that all tabs of a browser share

mod backoff;
mod changed_file;
mod chat;
mod disclosure;
pub(crate) mod drafts;
mod edit;
mod event_reader;
mod first_message;
mod folder;
mod outbox;
mod panel;
mod recorder;
mod sending;
mod sse_parser;
mod store;
mod stream;
mod tabs;
#[cfg(all(test, feature = "ssr"))]
pub(crate) mod test_chat;
mod turn;

pub(crate) use changed_file::{ChangedFile, FileKey};
pub(crate) use chat::Chat;
pub(crate) use disclosure::DisclosureKey;
pub(crate) use drafts::{Draft, DraftEditor};
pub(crate) use edit::{Edit, EditSubject, SentMessage};
pub(crate) use first_message::FirstMessage;
pub(crate) use folder::Folder;
pub(crate) use outbox::{Unsent, UnsentState};
pub(crate) use panel::{Panel, PanelTab};
pub(crate) use recorder::RawEvent;
pub(crate) use store::{EntryRef, GroupKey, TranscriptStore, VisibleRange};
pub(crate) use stream::ConnectionState;
pub(crate) use tabs::Tabs;
pub(crate) use turn::{TurnFacts, waited_ms};
