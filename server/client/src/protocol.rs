//! Codex's requests and their replies.
//!
//! Codex's JSON is known in two places: here and in `codex_gateway_wire::codex`. The types have only the fields that
//! the client sends or reads. Replies are parsed leniently.
//!
//! Source: the types that `codex app-server generate-ts --experimental` prints for 0.171.0.

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

/// A request to codex. The implementing type is serialized as its parameters.
pub trait Request: Serialize + Sync {
    /// The method.
    const METHOD: &'static str;
    /// How long codex may take to reply.
    const DEADLINE: Duration = Duration::from_secs(30);
    /// Whether the process is probed for a sign of life while the reply takes long.
    const PROBED: bool = true;
    /// The type of the reply.
    type Reply: DeserializeOwned + Send;
}

/// Implements [`Request`]: `request!(Type = "method" -> Reply, within 60 s, probed: false)`.
macro_rules! request {
    ($name:ident = $method:literal -> $reply:ty $(, within $seconds:literal s)? $(, probed: $probed:literal)?) => {
        impl Request for $name {
            const METHOD: &'static str = $method;
            $(const DEADLINE: Duration = Duration::from_secs($seconds);)?
            $(const PROBED: bool = $probed;)?
            type Reply = $reply;
        }
    };
}

mod config;
mod damage;
mod history;
mod indexing;
mod initialize;
mod thread_start;
mod threads;
mod trust;
mod turns;

pub use self::config::{CodexConfig, ConfigRead, ConfigReply, ProjectEntry, WorkspaceWrite};
pub use self::damage::thread_damage;
pub use self::history::{
    HistoricalTurn, ItemTimes, MAX_INCLUDED_THREADS, ThreadDelete, ThreadList, ThreadNameSet, ThreadPage,
    ThreadRead, TurnsList, TurnsPage, USER_SOURCE_KINDS, is_invalid_cursor, is_thread_not_found,
    is_write_locked,
};
pub use self::indexing::{ThreadIndex, is_unknown_provider};
pub use self::initialize::{
    AccountRead, AccountReply, Capabilities, ClientInfo, Initialize, InitializeReply, LoadedList, ModelList,
    ModelPage,
};
pub use self::thread_start::{Thread, ThreadConfig, ThreadReply, ThreadResume, ThreadStart};
pub use self::threads::{
    CompactStart, FullTurnsList, FullTurnsPage, RevertReply, ReviewStart, ThreadArchive, ThreadFork,
    ThreadRevert, ThreadUnarchive, is_thread_archived, is_thread_empty, is_turn_not_found,
};
pub use self::trust::{Projects, TrustLevel};
pub use self::turns::{
    Overrides, SandboxOverride, TerminalTerminate, ThreadSettingsUpdate, TurnInput, TurnInterrupt, TurnReply,
    TurnStart, TurnSteer,
};
