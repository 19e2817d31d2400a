//! MCP servers and their startup status.

use serde::Serialize;

use crate::{lenient_deserialize, string_enum::string_enum};

/// An MCP server of a thread, with its startup status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct McpServer {
    /// The server's name in codex's configuration.
    pub name: String,
    /// The startup status.
    pub status: McpServerStatus,
    /// Why the start failed, as codex reports it.
    pub error: Option<String>,
}
lenient_deserialize!(McpServer { error; name, status });

string_enum! {
    /// The startup status of an MCP server.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum McpServerStatus {
        /// The server is starting. Its tools are not available yet.
        Starting = "starting",
        /// The server's tools are available.
        Ready = "ready",
        /// The start failed. The server's tools are not available.
        Failed = "failed",
        /// The start was cancelled.
        Cancelled = "cancelled",
        /// A value that this version does not know.
        Other = "other",
    }
    other = Other
}
