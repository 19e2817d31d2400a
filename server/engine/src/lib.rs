//! The engine of the gateway: sessions, the event log, and the store.
//!
//! - [`Sessions`] is the registry of sessions and the entry point.
//! - [`Session`] is a handle on one session. Behind it, one actor task owns the session's state.
//! - [`event_log::EventLog`] is the log of a session's events, which its readers follow.
//! - Sessions talk to their processes through the crate `codex_app_server_client`.

mod app_server_info;
mod blocking;
pub mod catalog;
pub mod clock;
pub mod config;
pub mod environment;
pub mod error;
pub mod event_log;
mod files;
mod git;
pub mod highlight;
mod idempotency;
mod indexing;
pub mod login;
pub mod metrics;
mod process_pool;
mod process_slots;
mod project;
pub mod rules;
pub mod server_requests;
pub mod session;
mod session_ttl;
pub mod sessions;
pub mod store;
mod summary_changes;
mod temp_dirs;
mod thread_locks;
mod thread_reader;
pub mod uploads;

pub use catalog::Catalog;
pub use codex_app_server_client::ConfigWarning;
pub use config::{Config, ConfigError, Options, RuntimeContext};
pub use error::SessionError;
pub use files::FileSearchResult;
pub use highlight::{Highlighter, Snippet};
pub use idempotency::IdempotencyKey;
pub use session::Session;
pub use sessions::{
    Export, ItemsQuery, OlderThan, Sessions, SummaryChange, SummaryFollower, ThreadQuery, ThreadView,
};
pub use store::Store;
pub use uploads::{UploadError, Uploads};
