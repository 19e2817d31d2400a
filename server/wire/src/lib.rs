//! Data types shared by codex, the gateway and its clients.
//!
//! The crate consists of serde types and one pure function, the transcript fold. It depends on no async runtime and
//! compiles to WebAssembly.
//!
//! - [`api`]: request and response bodies of the HTTP API
//! - [`event`]: events of a session's stream
//! - [`transcript`]: the fold. [`Transcript::apply`] turns events into a transcript. The session runs it on every
//!   event, the server renders the result, and the browser applies the rest of the stream to it
//! - [`snapshot`]: a transcript as of one event, from which a client continues with the stream
//! - [`page`]: entries older than those of a snapshot
//! - [`turn`]: messages to the agent, and the queue of a session
//! - [`request`]: requests to the user: approvals and questions
//! - [`rule`]: standing approvals of a user
//! - [`search`]: search results in a thread
//! - [`codex`]: codex's own JSON, as far as the fold needs it: notifications and items
//! - [`diff`]: file changes, and their composition
//! - [`highlight`]: syntax highlighting of code blocks
//! - [`hidden_chars`]: marking of invisible and reordering characters; [`bidi`]: directional isolates
//! - [`shell`]: the command inside `bash -lc '…'`
//! - [`ids`], [`json`], [`output`], [`timestamp`]: values that the types above are made of
//! - [`fields`]: the deserializer that most types use

pub mod api;
pub mod bidi;
pub mod codex;
pub mod diff;
pub mod event;
pub mod fields;
pub mod hidden_chars;
pub mod highlight;
pub mod ids;
pub mod json;
pub mod output;
pub mod page;
pub mod request;
pub mod rule;
#[cfg(feature = "openapi")]
mod schema;
pub mod search;
pub mod shell;
mod single_line;
pub mod snapshot;
mod string_enum;
pub mod timestamp;
pub mod transcript;
pub mod turn;

pub use codex::{Item, Notification};
pub use event::{Event, EventBody, EventName};
pub use ids::{
    EventId, ItemId, OwnerId, QueueItemId, RequestId, RuleId, SessionId, ThreadId, TurnId, UploadId,
};
pub use json::Json;
pub use output::Output;
pub use page::ItemsPage;
pub use request::{ApprovalMode, RequestResolved, UserRequest};
pub use rule::Rule;
pub use search::{Match, Matches, SearchCursor};
pub use single_line::replace_newlines;
pub use snapshot::Snapshot;
pub use timestamp::Timestamp;
pub use transcript::{Change, Content, Entry, Phase, Transcript, TurnRecord};
pub use turn::{InputPart, Queue, QueueItem, StartTurn};
