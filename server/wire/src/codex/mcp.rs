//! MCP servers, as codex tells of their start.

use serde::Serialize;

use crate::{read_fields, words::words};

/// An MCP server of a thread, and how far its start has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct McpServer {
    /// Its name in codex's configuration.
    pub name: String,
    /// How far its start has come.
    pub status: McpServerStatus,
    /// Why it could not be started, in codex's words.
    pub error: Option<String>,
}
read_fields!(McpServer { error; name, status });

words! {
    /// How far the start of an MCP server has come.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum McpServerStatus {
        /// It is being started: its tools are not there yet.
        Starting = "starting",
        /// Its tools are there.
        Ready = "ready",
        /// It could not be started: its tools are missing.
        Failed = "failed",
        /// Its start was given up.
        Cancelled = "cancelled",
        /// A word that this version does not know.
        Other = "other",
    }
    other = Other
}
