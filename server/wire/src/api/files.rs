//! Uploaded images, file search, and diffs.

use serde::Serialize;

use crate::{
    ids::{EventId, ThreadId, TurnId, UploadId},
    lenient_deserialize,
    string_enum::string_enum,
};

string_enum! {
    /// A kind of image that can be uploaded.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ImageKind {
        /// PNG.
        Png = "png",
        /// JPEG.
        Jpeg = "jpeg",
        /// GIF.
        Gif = "gif",
        /// WebP.
        Webp = "webp",
    }
}

/// `POST /api/uploads`: an image that messages can refer to by its id.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Upload {
    /// Always true.
    pub ok: bool,
    /// The upload's id.
    pub id: UploadId,
    /// The image format, detected from the content.
    pub kind: ImageKind,
    /// The displayed width in pixels, after the EXIF orientation is applied.
    pub width: u32,
    /// The displayed height in pixels, after the EXIF orientation is applied.
    pub height: u32,
    /// The size in bytes.
    pub bytes: u64,
}
lenient_deserialize!(Upload { ok, width, height, bytes; id, kind });

/// `GET /api/sessions/{id}/files`
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileList {
    /// Always true.
    pub ok: bool,
    /// The matches, the best first.
    pub files: Vec<FoundFile>,
    /// Whether the whole directory was searched. `false` if it is too large.
    pub complete: bool,
}

/// A file or a directory that matches a query.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FoundFile {
    /// The path, relative to the session's directory.
    pub path: String,
    /// Whether the path is a directory.
    pub directory: bool,
}
lenient_deserialize!(FoundFile { path, directory });

/// `GET /api/sessions/{id}/diff`: the changes of files that the agent made by patches. Files that its commands wrote
/// are not included.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DiffReply {
    /// Always true.
    pub ok: bool,
    /// The newest event that the reply includes.
    pub at: EventId,
    /// The thread. `null` before the session has one.
    pub thread_id: Option<ThreadId>,
    /// The changes of the newest turn so far. `null` before the first turn.
    pub turn: Option<TurnDiff>,
    /// The changes of the whole conversation.
    pub thread: ThreadDiff,
}

/// The changes of a turn.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TurnDiff {
    /// The turn.
    pub id: TurnId,
    /// The changes.
    #[serde(flatten)]
    pub changed: ComposedDiff,
}

/// The changes of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ThreadDiff {
    /// Whether the conversation was read from its beginning.
    pub complete: bool,
    /// The changes.
    #[serde(flatten)]
    pub changed: ComposedDiff,
}

/// Changes of files. Several changes of one file are composed into one.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Changed))]
pub struct ComposedDiff {
    /// A unified diff in git's format. Paths are relative to the thread's directory.
    pub diff: String,
    /// Whether the diff is truncated to 1 MiB. `files` is complete in any case.
    pub cut: bool,
    /// The changed files.
    pub files: Vec<ChangedFile>,
}

/// A changed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChangedFile {
    /// The path before the change, or that of the new file. Relative to the thread's directory if inside it, else
    /// absolute.
    pub path: String,
    /// `add`, `delete` or `update`.
    pub kind: String,
    /// The path after a move.
    pub move_path: Option<String>,
    /// The number of added lines.
    pub added: usize,
    /// The number of removed lines.
    pub removed: usize,
}
