//! The summary of a request to the user, in a format that is the same for all methods.

use serde::Serialize;

use crate::{
    codex::FileUpdateChange,
    ids::{ItemId, TurnId},
    lenient_deserialize,
    string_enum::string_enum,
};

/// The content of a request to the user, independent of its method: everything that is needed to display and answer it.
/// Fields that do not apply are omitted.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Summary))]
#[serde(rename_all = "camelCase")]
pub struct RequestSummary {
    /// The turn of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn_id: Option<TurnId>,
    /// The item of the request: a command or a change of files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_id: Option<ItemId>,
    /// The reason or the question, as given by the agent or the MCP server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The command line, as codex runs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The command's working directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// The host to connect to, with the protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// A directory that codex also wants to write to for the rest of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_root: Option<String>,
    /// The MCP server that sent the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The tool call that needs approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolCall>,
    /// A link to open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The changes of files, if the item belongs to a sub-agent and is therefore not in the transcript.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FileUpdateChange>,
    /// The requested permissions beyond the sandbox.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<Permission>,
    /// The fields of the form.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FormField>,
}
lenient_deserialize!(RequestSummary {
    turn_id,
    item_id,
    reason,
    command,
    cwd,
    host,
    grant_root,
    server,
    tool,
    url,
    changes,
    permissions,
    fields
});

/// A tool call that needs approval.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ToolCall {
    /// The tool's name.
    pub name: String,
    /// The MCP server's description of the tool.
    pub description: Option<String>,
    /// The arguments, in the order in which the agent wrote them.
    pub arguments: Vec<ToolArgument>,
}
lenient_deserialize!(ToolCall { name, description, arguments });

/// An argument of a tool call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ToolArgument {
    /// The argument's name.
    pub name: String,
    /// The argument's value: a string without quotes, any other value as JSON.
    pub value: String,
}
lenient_deserialize!(ToolArgument { name, value });

/// A permission beyond the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Permission {
    /// The kind of access.
    pub access: PermissionAccess,
    /// The path, the pattern, or codex's JSON if there is neither. `null` for the network.
    pub target: Option<String>,
}
lenient_deserialize!(Permission { target; access });

string_enum! {
    /// The kind of access that a permission grants.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum PermissionAccess {
        /// Network access.
        Network = "network",
        /// Reading files.
        Read = "read",
        /// Writing files.
        Write = "write",
        /// No access: an exception from a wider permission.
        Deny = "deny",
        /// A value that this version does not know.
        Other = "other",
    }
    other = Other
    schema_name = "Access"
}

/// A field of a form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Field))]
#[serde(rename_all = "camelCase")]
pub struct FormField {
    /// The field's name in the answer.
    pub name: String,
    /// The label to display.
    pub label: String,
    /// Help text.
    pub hint: String,
    /// The type of input.
    pub input: FieldInput,
    /// The choices.
    pub choices: Vec<FieldChoice>,
    /// The type of input for a value other than the choices. `null` if only the choices are valid.
    pub other: Option<FieldInput>,
    /// Whether a value is required.
    pub required: bool,
    /// The default values as strings, also for numbers and booleans.
    pub default: Vec<String>,
}
lenient_deserialize!(FormField { name, label, hint, input, choices, other, required, default });

/// A choice of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Choice))]
#[serde(rename_all = "camelCase")]
pub struct FieldChoice {
    /// The value in the answer.
    pub value: String,
    /// The label to display.
    pub label: String,
    /// Help text.
    pub hint: String,
}
lenient_deserialize!(FieldChoice { value, label, hint });

string_enum! {
    /// The type of input of a field.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum FieldInput {
        /// A text.
        #[default]
        Text = "text",
        /// A text that is hidden while it is typed.
        Secret = "secret",
        /// An email address.
        Email = "email",
        /// A URL.
        Url = "url",
        /// A date.
        Date = "date",
        /// A number.
        Number = "number",
        /// `true` or `false`.
        Boolean = "boolean",
        /// One of the choices.
        One = "one",
        /// Any number of the choices.
        Many = "many",
    }
    other = Text
    schema_name = "Input"
}
