//! What a codex process reads once, when it is started: its own executable, and who it is signed in as. (Its
//! configuration it reads for each thread.)

use std::{fs::Metadata, os::unix::fs::MetadataExt, path::Path};

use crate::bridge::Launch;

/// The files of codex's home that it reads once.
const READ_ONCE: [&str; 2] = ["auth.json", ".env"];

/// The state of these files at one moment; equal as long as none of them was changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stamp(Vec<Option<File>>);

/// Which file it is, and when it was changed: device, inode, size in bytes, seconds and nanoseconds.
type File = (u64, u64, u64, i64, i64);

impl Stamp {
    /// Looks at the files. One that is not there, or cannot be looked at, is as good as any other such.
    pub(super) async fn of(launch: &Launch) -> Self {
        let home = launch.home();
        let files = READ_ONCE.iter().filter_map(|name| Some(home.as_ref()?.join(name)));
        let files = std::iter::once(launch.program.clone()).chain(files);
        Self(futures::future::join_all(files.map(async |file| look(&file).await)).await)
    }
}

async fn look(file: &Path) -> Option<File> {
    let of = |data: Metadata| (data.dev(), data.ino(), data.size(), data.mtime(), data.mtime_nsec());
    tokio::fs::metadata(file).await.ok().map(of)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::PassEnv;

    #[tokio::test]
    async fn a_login_and_an_update_change_it() {
        let dir = tempfile::tempdir().unwrap();
        let launch = Launch {
            program: dir.path().join("codex"),
            codex_home: Some(dir.path().to_owned()),
            cwd: dir.path().to_owned(),
            settings: Vec::new(),
            pass_env: PassEnv::default(),
        };
        fs::write(&launch.program, "1").unwrap();
        let mut before = Stamp::of(&launch).await;
        for (file, changes) in [
            ("auth.json", true),
            ("auth.json", true),
            ("codex", true),
            (".env", true),
            ("config.toml", false),
        ] {
            let path = dir.path().join(file);
            // As codex and npm do it: another file takes the place.
            let other = dir.path().join("other");
            fs::write(&other, file).unwrap();
            fs::rename(&other, &path).unwrap();
            let after = Stamp::of(&launch).await;
            assert_eq!(after != before, changes, "{file}");
            before = after;
        }
        fs::remove_file(dir.path().join("auth.json")).unwrap();
        assert_ne!(Stamp::of(&launch).await, before, "signing out is a change, too");
    }
}
