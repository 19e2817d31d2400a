//! What items are made of: what the user said, what became of files.

use serde::Serialize;

use crate::{ids::UploadId, read_fields};

/// One part of what the user said: a text, an image, a mention of a file, …
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct UserInput {
    /// `text`, `image`, `localImage`, `skill`, `mention`, or what comes next.
    #[serde(rename = "type")]
    pub kind: String,
    /// The text of a `text`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The address of an `image`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The name of a `mention` or `skill`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The path of a `localImage`, `mention` or `skill`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}
read_fields!(UserInput { kind as "type", text, url, name, path });

impl UserInput {
    /// The upload that an image is, if it is one: the gateway keeps each as a file of its id, in a directory of this
    /// name, and codex tells the file's path.
    pub fn upload(&self) -> Option<UploadId> {
        let path = self.path.as_deref().filter(|_| self.kind == "localImage")?;
        let (directory, id) = path.rsplit_once('/')?;
        let is_id = id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        (directory.ends_with("/uploads") && is_id).then(|| id.into())
    }
}

/// One part of what a hook told the agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct HookPromptFragment {
    /// The text.
    pub text: String,
}
read_fields!(HookPromptFragment { text });

/// A change of one file.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct FileUpdateChange {
    /// The file.
    pub path: String,
    /// What happens to it.
    pub kind: PatchChangeKind,
    /// A unified diff of an update; the whole content of a file that is added or deleted.
    pub diff: String,
}
read_fields!(FileUpdateChange { path, kind, diff });

/// What happens to a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PatchChangeKind {
    /// `add`, `delete` or `update`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where an updated file moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub move_path: Option<String>,
}
read_fields!(PatchChangeKind { kind as "type", move_path });

/// Why a call of an MCP tool failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct McpToolCallError {
    /// For people.
    pub message: String,
}
read_fields!(McpToolCallError { message });

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn an_image_of_a_message_is_an_upload_by_its_path() {
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
