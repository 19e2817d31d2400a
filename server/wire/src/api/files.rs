//! Files: uploaded, found, changed.

use serde::Serialize;

use crate::{
    ids::{EventId, ThreadId, TurnId, UploadId},
    read_fields,
    words::words,
};

words! {
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

/// `POST /api/uploads`: an image that messages can bring, by its id.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Upload {
    /// Always true.
    pub ok: bool,
    /// Its id.
    pub id: UploadId,
    /// What kind of image it is, by its content.
    pub kind: ImageKind,
    /// How wide it is as it is seen, in pixels: a photo that its EXIF orientation turns has the sides exchanged.
    pub width: u32,
    /// How high it is as it is seen, in pixels.
    pub height: u32,
    /// How large it is, in bytes.
    pub bytes: u64,
}
read_fields!(Upload { ok, width, height, bytes; id, kind });

/// `GET /api/sessions/{id}/files`
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileList {
    /// Always true.
    pub ok: bool,
    /// What fits the query, the best first.
    pub files: Vec<FoundFile>,
    /// Whether the whole directory was looked through; it may be too large.
    pub complete: bool,
}

/// A file or a directory that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FoundFile {
    /// Its path, from the session's directory.
    pub path: String,
    /// Whether it is a directory.
    pub directory: bool,
}
read_fields!(FoundFile { path, directory });

/// `GET /api/sessions/{id}/diff`: what was changed in files, as told by the agent's own changes of files. What its
/// commands wrote is not in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DiffReply {
    /// Always true.
    pub ok: bool,
    /// The event it includes last.
    pub at: EventId,
    /// The thread it is of; none before the session has one.
    pub thread_id: Option<ThreadId>,
    /// What the newest turn has changed so far; none before there is one.
    pub turn: Option<TurnDiff>,
    /// What the whole conversation has changed.
    pub thread: ThreadDiff,
}

/// What a turn has changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TurnDiff {
    /// The turn.
    pub id: TurnId,
    /// What it has changed.
    #[serde(flatten)]
    pub changed: Changed,
}

/// What a conversation has changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ThreadDiff {
    /// Whether it was looked at from its beginning.
    pub complete: bool,
    /// What it has changed.
    #[serde(flatten)]
    pub changed: Changed,
}

/// What was changed: several changes of a file are one.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Changed {
    /// A unified diff, as git writes it. Paths are told from the thread's directory.
    pub diff: String,
    /// Whether the end of the diff was left out: it has at most 1 MiB. The files are all there.
    pub cut: bool,
    /// The files.
    pub files: Vec<ChangedFile>,
}

/// A file that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChangedFile {
    /// Where it was, or is if it is new; told from the thread's directory if it is in there, else absolute.
    pub path: String,
    /// `add`, `delete` or `update`.
    pub kind: String,
    /// Where it was moved to.
    pub move_path: Option<String>,
    /// How many lines came.
    pub added: usize,
    /// How many lines went.
    pub removed: usize,
}
