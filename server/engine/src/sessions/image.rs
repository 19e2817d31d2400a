//! Images that an agent has viewed or generated.
//!
//! The path comes from the conversation, never from the client. The file must be inside the
//! session's directory, or where codex stores generated images. The kernel checks this when it
//! opens the file, so a link that is created in the meantime cannot lead elsewhere. The media type
//! comes from the content.

use std::{
    fs::File,
    io::Read,
    os::fd::AsFd,
    path::{Path, PathBuf},
};

use codex_gateway_wire::{Content, Item, ItemId};
use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};

use super::Sessions;
use crate::{error::SessionError, session::Session};

/// Maximum size of an image.
const MAX_IMAGE_BYTES: u64 = 16 * 1024 * 1024;

/// An image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The media type.
    pub media_type: &'static str,
    /// The content of the file.
    pub bytes: Vec<u8>,
}

impl Sessions {
    /// Returns the image of an entry in the session's transcript.
    ///
    /// # Errors
    /// [`SessionError::NoSuchEntry`], [`SessionError::NoImage`]
    pub async fn image(&self, session: &Session, id: &ItemId) -> Result<Image, SessionError> {
        let transcript = session.snapshot().await?.transcript;
        let made = self.inner.config.launch.home().map(|home| home.join("generated_images"));
        let cwd = transcript.cwd.as_ref().map(PathBuf::from);
        let entry = transcript.entries.get(id).ok_or(SessionError::NoSuchEntry)?;
        let (path, roots) = match &entry.content {
            Content::Item(Item::ImageView(image)) => (Some(image.path.clone()), vec![cwd]),
            Content::Item(Item::ImageGeneration(image)) => (image.saved_path.clone(), vec![cwd, made]),
            _ => (None, Vec::new()),
        };
        let path = PathBuf::from(path.ok_or(SessionError::NoImage)?);
        // Reading blocks.
        let read = move || roots.iter().flatten().find_map(|root| read(root, &path));
        tokio::task::spawn_blocking(read).await.ok().flatten().ok_or(SessionError::NoImage)
    }
}

/// Reads an image below a directory. `None` if the file is elsewhere, too large, or not an image.
fn read(root: &Path, path: &Path) -> Option<Image> {
    let below = if path.is_absolute() { path.strip_prefix(root).ok()? } else { path };
    let root = open(root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    // Opening a FIFO or a device must not block.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let within = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let file = File::from(openat2(root.as_fd(), below, flags, Mode::empty(), within).ok()?);
    if !file.metadata().is_ok_and(|found| found.is_file() && found.len() <= MAX_IMAGE_BYTES) {
        return None;
    }
    let mut bytes = Vec::new();
    // The file may grow while it is read.
    file.take(MAX_IMAGE_BYTES + 1).read_to_end(&mut bytes).ok()?;
    let media_type = media_type(&bytes).filter(|_| bytes.len() as u64 <= MAX_IMAGE_BYTES)?;
    Some(Image { media_type, bytes })
}

/// Returns the media type for the first bytes of an image. SVG is excluded, because it can contain
/// scripts.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\nand so on";

    #[test]
    fn only_images_below_the_directory_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let (root, outside) = (dir.path().join("work"), dir.path().join("outside"));
        for dir in [root.join("sub"), outside.clone()] {
            fs::create_dir_all(dir).unwrap();
        }
        fs::write(root.join("sub/a.png"), PNG).unwrap();
        fs::write(root.join("b.svg"), "<svg/>").unwrap();
        fs::write(outside.join("c.png"), PNG).unwrap();
        fs::write(
            root.join("large.png"),
            [PNG, &vec![0; usize::try_from(MAX_IMAGE_BYTES).unwrap()]].concat(),
        )
        .unwrap();
        symlink("sub", root.join("inside")).unwrap();
        symlink(&outside, root.join("away")).unwrap();
        symlink("../outside/c.png", root.join("d.png")).unwrap();

        let image = Image { media_type: "image/png", bytes: PNG.to_vec() };
        for path in ["sub/a.png", "inside/a.png"] {
            assert_eq!(read(&root, Path::new(path)).as_ref(), Some(&image), "{path}");
            assert_eq!(read(&root, &root.join(path)).as_ref(), Some(&image), "{path}");
        }
        for path in ["b.svg", "sub", "nothing", "away/c.png", "d.png", "../outside/c.png", "large.png", ""] {
            assert_eq!(read(&root, Path::new(path)), None, "{path}");
        }
        assert_eq!(read(&root, &outside.join("c.png")), None);
        assert_eq!(read(&root, &root.join("../outside/c.png")), None);
    }
}
