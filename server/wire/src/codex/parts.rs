//! Parts of items: user input, hook prompts, actions of commands, changes of files.

use serde::Serialize;

use crate::{ids::UploadId, lenient_deserialize, string_enum::string_enum};

/// A part of a user message: a text, an image, a mention of a file, …
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct UserInput {
    /// `text`, `image`, `localImage`, `skill`, `mention`, or a later type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The text of a `text`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The URL of an `image`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The name of a `mention` or `skill`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The path of a `localImage`, `mention` or `skill`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}
lenient_deserialize!(UserInput { kind as "type", text, url, name, path });

impl UserInput {
    /// The upload behind a `localImage`. `None` for other images.
    ///
    /// Codex reports the path of the file, and the gateway stores an upload as `…/uploads/{id}`.
    pub fn upload(&self) -> Option<UploadId> {
        let path = self.path.as_deref().filter(|_| self.kind == "localImage")?;
        let (directory, id) = path.rsplit_once('/')?;
        let is_id = id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        (directory.ends_with("/uploads") && is_id).then(|| id.into())
    }
}

/// A part of a hook's message.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct HookPromptFragment {
    /// The text.
    pub text: String,
}
lenient_deserialize!(HookPromptFragment { text });

string_enum! {
    /// The kind of a command action.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum CommandActionKind {
        /// Reads a file.
        Read = "read",
        /// Lists files.
        ListFiles = "listFiles",
        /// Searches in files.
        Search = "search",
        /// Something else, or a value that this version does not know.
        #[default]
        Unknown = "unknown",
    }
    other = Unknown
}

/// What a part of a command line does, as far as codex recognises it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CommandAction {
    /// The kind of action.
    #[serde(rename = "type")]
    pub kind: CommandActionKind,
    /// The path of the file that is read, of the directory that is listed, or of what is searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What a `search` looks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
}
lenient_deserialize!(CommandAction { kind as "type", path, query });

/// A change of a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct FileUpdateChange {
    /// The file's path, before a move.
    pub path: String,
    /// The kind of change.
    pub kind: PatchChangeKind,
    /// The unified diff of an update, without file headers. For an added or deleted file, its whole content.
    pub diff: String,
}
lenient_deserialize!(FileUpdateChange { path, kind, diff });

/// The kind of a file change.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PatchChangeKind {
    /// `add`, `delete` or `update`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The new path of an updated file that is moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub move_path: Option<String>,
}
lenient_deserialize!(PatchChangeKind { kind as "type", move_path });

/// The error of an MCP tool call.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct McpToolCallError {
    /// Human-readable text.
    pub message: String,
}
lenient_deserialize!(McpToolCallError { message });

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn local_image_in_uploads_directory_is_an_upload() {
        let input = |kind: &str, path: &str| {
            let input = UserInput { kind: kind.into(), path: Some(path.into()), ..UserInput::default() };
            input.upload().map(|id| id.to_string())
        };
        let id = "67e55044-10b1-426f-9247-bb680e5fe0c8";
        assert_eq!(input("localImage", &format!("/data/uploads/{id}")).as_deref(), Some(id));
        for (kind, path) in [
            ("mention", format!("/data/uploads/{id}")),
            ("localImage", format!("/data/pictures/{id}")),
            ("localImage", "/data/uploads/cat.png".to_owned()),
            ("localImage", id.to_owned()),
        ] {
            assert_eq!(input(kind, &path), None, "{path}");
        }
    }
}
