//! The files that a codex process reads only once, at its start: its executable, its login and its `.env`. (It reads
//! its configuration again for each thread.)

use std::{fs::Metadata, os::unix::fs::MetadataExt, path::Path};

use codex_app_server_client::LaunchConfig;

/// The files in codex's home that a process reads only at its start.
const READ_AT_START: [&str; 2] = ["auth.json", ".env"];

/// The state of these files at one moment. Two fingerprints are equal if none of the files was changed between them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LaunchFingerprint(Vec<Option<FileState>>);

/// Identity and change time of a file: device, inode, size in bytes, seconds and nanoseconds.
pub(crate) type FileState = (u64, u64, u64, i64, i64);

impl LaunchFingerprint {
    /// Reads the state of the files. A file that does not exist or cannot be read counts as absent.
    pub(super) async fn read(launch: &LaunchConfig) -> Self {
        let home = launch.home();
        let files = READ_AT_START.iter().filter_map(|name| Some(home.as_ref()?.join(name)));
        let files = std::iter::once(launch.program.clone()).chain(files);
        Self(futures::future::join_all(files.map(async |file| file_state(&file).await)).await)
    }
}

/// Reads the state of a file. `None` if it does not exist or cannot be read.
pub(crate) async fn file_state(file: &Path) -> Option<FileState> {
    let state = |data: Metadata| (data.dev(), data.ino(), data.size(), data.mtime(), data.mtime_nsec());
    tokio::fs::metadata(file).await.ok().map(state)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::CLIENT;

    #[tokio::test]
    async fn fingerprint_changes_with_login_env_file_and_executable_only() {
        let dir = tempfile::tempdir().unwrap();
        let launch = LaunchConfig {
            codex_home: Some(dir.path().to_owned()),
            ..LaunchConfig::new(dir.path().join("codex"), dir.path().to_owned(), CLIENT)
        };
        fs::write(&launch.program, "1").unwrap();
        let mut before = LaunchFingerprint::read(&launch).await;
        for (file, changes) in [
            ("auth.json", true),
            ("auth.json", true),
            ("codex", true),
            (".env", true),
            ("config.toml", false),
        ] {
            let path = dir.path().join(file);
            // Replaced by a rename, as codex and npm do.
            let replacement = dir.path().join("replacement");
            fs::write(&replacement, file).unwrap();
            fs::rename(&replacement, &path).unwrap();
            let after = LaunchFingerprint::read(&launch).await;
            assert_eq!(after != before, changes, "{file}");
            before = after;
        }
        fs::remove_file(dir.path().join("auth.json")).unwrap();
        assert_ne!(LaunchFingerprint::read(&launch).await, before, "a sign-out changes the fingerprint");
    }
}
