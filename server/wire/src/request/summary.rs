//! What a request says, in a form that is the same for all methods.

use serde::Serialize;

use crate::{
    codex::FileUpdateChange,
    ids::{ItemId, TurnId},
    read_fields,
    words::words,
};

/// What a request says, whatever its method: enough to show it and to fill it in. What a request does not have
/// is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The turn that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn_id: Option<TurnId>,
    /// The item that it is about: a command, a change of files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_id: Option<ItemId>,
    /// Why, or what, in the words of the agent or of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The command, as codex runs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Where it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// The host that is to be connected to, with the protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Also asks to write below this directory from here on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_root: Option<String>,
    /// The MCP server that asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The tool of that server that is to be called, if that is what is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolCall>,
    /// A link that is to be followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The changes of files that it is about, where the item that it names is a sub-agent's: nothing else tells them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FileUpdateChange>,
    /// What would be allowed beyond the sandbox.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<Permission>,
    /// What is to be filled in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
}
read_fields!(Summary {
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

/// A call of a tool that codex asks about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ToolCall {
    /// The tool.
    pub name: String,
    /// What it does, in the words of its server.
    pub description: Option<String>,
    /// What it is called with, in the order in which the agent wrote it.
    pub arguments: Vec<ToolArgument>,
}
read_fields!(ToolCall { name, description, arguments });

/// An argument of a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ToolArgument {
    /// What it is called.
    pub name: String,
    /// A text as it is, anything else as JSON.
    pub value: String,
}
read_fields!(ToolArgument { name, value });

/// Something that would be allowed beyond the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Permission {
    /// What kind.
    pub access: Access,
    /// The path, the pattern, or codex's JSON of a place that has neither; none for the network.
    pub target: Option<String>,
}
read_fields!(Permission { target; access });

words! {
    /// What would be allowed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Access {
        /// To use the network.
        Network = "network",
        /// To read files.
        Read = "read",
        /// To write files.
        Write = "write",
        /// Nothing: an exception to what is allowed around it.
        Deny = "deny",
        /// A word that this version does not know.
        Other = "other",
    }
    other = Other
}

/// Something to fill in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// What its value is sent by.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// More about it.
    pub hint: String,
    /// How it is filled in.
    pub input: Input,
    /// What can be chosen.
    pub choices: Vec<Choice>,
    /// How something beside the choices is written, if it can be.
    pub other: Option<Input>,
    /// It cannot be left out.
    pub required: bool,
    /// What it is filled in with at first: texts, also of numbers and of `true`.
    pub default: Vec<String>,
}
read_fields!(Field { name, label, hint, input, choices, other, required, default });

/// One of the choices of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What people call it.
    pub label: String,
    /// More about it.
    pub hint: String,
}
read_fields!(Choice { value, label, hint });

words! {
    /// How a field is filled in.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum Input {
        /// By writing.
        #[default]
        Text = "text",
        /// By writing what nobody else may see.
        Secret = "secret",
        /// By writing an email address.
        Email = "email",
        /// By writing an address of the web.
        Url = "url",
        /// By writing a date.
        Date = "date",
        /// By writing a number.
        Number = "number",
        /// By saying yes or no: `true` or `false`.
        Boolean = "boolean",
        /// By choosing one of the choices.
        One = "one",
        /// By choosing any of the choices.
        Many = "many",
    }
    other = Text
}
