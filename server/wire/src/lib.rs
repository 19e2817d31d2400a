//! What is said between codex, the gateway and its clients.
//!
//! This crate knows no runtime: it is serde types and one pure function, and compiles to WebAssembly.
//!
//! - [`ids`]: the names of things, as types
//! - [`codex`]: the part of codex's own JSON that is folded: notifications and items, read tolerantly
//! - [`diff`]: changes of files, and what several of them come to
//! - [`fields`]: how most of it is read
//! - [`request`]: what codex asks of the user
//! - [`rule`]: what a user allows from then on
//! - [`turn`]: a message to the agent, and the queue in which it can wait
//! - [`event`]: the events of a session's stream, one [`Event`] each
//! - [`transcript`]: the fold. [`Transcript::apply`] turns events into the conversation; the session
//!   runs it, the server renders it, and the browser runs it on the tail of the stream
//! - [`snapshot`]: a transcript at an event, from which a client goes on with the stream
//! - [`page`]: entries older than those of a snapshot
//! - [`highlight`]: which tokens a piece of code has
//! - [`search`]: what is found in a conversation
//! - [`timestamp`]: moments, as they are written and read
//! - [`api`]: bodies and replies of the HTTP API

pub mod api;
pub mod codex;
pub mod diff;
pub mod event;
pub mod fields;
pub mod hidden;
pub mod highlight;
pub mod ids;
pub mod isolates;
pub mod json;
pub mod output;
pub mod page;
pub mod request;
pub mod rule;
#[cfg(feature = "openapi")]
mod schema;
pub mod search;
pub mod shell;
pub mod snapshot;
pub mod timestamp;
pub mod transcript;
pub mod turn;
mod words;

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
pub use search::{Match, Matches, SearchPlace};
pub use snapshot::Snapshot;
pub use timestamp::Timestamp;
pub use transcript::{Change, Content, Entry, Phase, Transcript, TurnRecord};
pub use turn::{InputPart, Queue, QueueItem, StartTurn};
