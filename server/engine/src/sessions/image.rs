//! Pictures that an agent has looked at or made, for people to see.
//!
//! Which file it is says the conversation, never the client. It must be inside the session's directory, or be where
//! codex keeps what it makes; that is checked in the opening itself, by the system, so that no link that is put in the
//! way meanwhile leads elsewhere. What it is says its content.

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

/// How many bytes a picture has at most.
const BYTES: u64 = 16 * 1024 * 1024;

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its media type.
    pub media_type: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl Sessions {
    /// The picture of an entry that the session keeps.
    ///
    /// # Errors
    /// [`SessionError::NoSuchEntry`], [`SessionError::NoImage`].
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
        // Files are read where waiting for them holds nobody up.
        let read = move || roots.iter().flatten().find_map(|root| read(root, &path));
        tokio::task::spawn_blocking(read).await.ok().flatten().ok_or(SessionError::NoImage)
    }
}

/// Reads a picture below a directory; none if it is elsewhere, too large, or none.
fn read(root: &Path, path: &Path) -> Option<Image> {
    let below = if path.is_absolute() { path.strip_prefix(root).ok()? } else { path };
    let root = open(root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    // Opening something that is no file must not wait.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let within = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let file = File::from(openat2(root.as_fd(), below, flags, Mode::empty(), within).ok()?);
    if !file.metadata().is_ok_and(|found| found.is_file() && found.len() <= BYTES) {
        return None;
    }
    let mut bytes = Vec::new();
    // It may grow meanwhile.
    file.take(BYTES + 1).read_to_end(&mut bytes).ok()?;
    let media_type = media_type(&bytes).filter(|_| bytes.len() as u64 <= BYTES)?;
    Some(Image { media_type, bytes })
}

/// What a picture is, by its first bytes. (SVG is none: it can hold scripts.)
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
    fn a_picture_below_the_directory_is_read_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let (root, outside) = (dir.path().join("work"), dir.path().join("outside"));
        for dir in [root.join("sub"), outside.clone()] {
            fs::create_dir_all(dir).unwrap();
        }
        fs::write(root.join("sub/a.png"), PNG).unwrap();
        fs::write(root.join("b.svg"), "<svg/>").unwrap();
        fs::write(outside.join("c.png"), PNG).unwrap();
        fs::write(root.join("large.png"), [PNG, &vec![0; usize::try_from(BYTES).unwrap()]].concat()).unwrap();
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
