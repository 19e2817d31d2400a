//! The site as it was when this was compiled.

use std::{
    borrow::Cow,
    time::{Duration, UNIX_EPOCH},
};

use crate::memory::{Files, MemoryFile};

// The struct `Embedded`: the build script knows the directory.
include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// All of its files.
pub(crate) const FILES: Files = Files(find);

fn find(path: &str) -> Option<MemoryFile> {
    let file = Embedded::get(path)?;
    // Taken in while compiling, all are borrowed.
    let Cow::Borrowed(content) = file.data else { return None };
    let modified = file.metadata.last_modified().map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
    Some(MemoryFile { content, modified })
}
