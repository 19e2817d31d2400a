//! Who does it: sessions, one actor each; the event log; the bridge to the codex subprocess.
//!
//! [`Sessions`] is the registry and the way in; [`Session`] a handle on one session's actor; [`log::Log`]
//! what its readers follow; [`bridge::Bridge`] one codex process.

mod aside;
pub mod bridge;
pub mod catalog;
pub mod clock;
pub mod config;
pub mod environment;
pub mod error;
mod files;
mod git;
mod greeting;
pub mod highlight;
mod holds;
mod library;
pub mod log;
pub mod login;
pub mod metrics;
mod once;
mod one_line;
mod places;
pub mod probe;
mod project;
pub mod requests;
pub mod rules;
pub mod session;
pub mod sessions;
pub mod store;
mod summary_changes;
mod temp_dirs;
pub mod uploads;
pub mod version;
mod warm;

pub use catalog::Catalog;
pub use config::{Config, ConfigError, Options, Surroundings};
pub use error::SessionError;
pub use files::Found;
pub use highlight::{Highlighter, Snippet};
pub use once::RequestKey;
pub use session::Session;
pub use sessions::{
    Export, ItemsQuery, OlderThan, Place, Sessions, SummaryChange, SummaryFollower, ThreadQuery,
};
pub use store::Store;
pub use uploads::{UploadError, Uploads};
