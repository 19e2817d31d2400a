//! Fuzzy search for file paths in a directory, for completion while typing.
//!
//! Codex has such a search too. It follows links out of the directory, reads the whole tree for each letter, and
//! needs a process. So the paths are listed here, and the listing is kept for some seconds.

mod listing;
mod search;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use codex_gateway_wire::api::FoundFile;
use tokio::{sync::Semaphore, task::spawn_blocking};

use self::listing::Listing;
use crate::error::SessionError;

/// How long a listing is used.
const LISTING_TTL: Duration = Duration::from_secs(10);
/// The maximum number of listings in memory.
const MAX_LISTINGS: usize = 32;
/// The maximum number of concurrent searches and listings.
const MAX_WORKERS: usize = 2;

/// The result of a file search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSearchResult {
    /// The matches, the best first.
    pub files: Vec<FoundFile>,
    /// `true` if the whole tree was searched.
    pub complete: bool,
}

/// Searches for files. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct FileFinder {
    listings: Arc<Mutex<HashMap<PathBuf, ListingCell>>>,
    workers: Arc<Semaphore>,
}

/// The listing of a directory and when it was made. Locked while the directory is read, so that concurrent searches
/// share the listing.
type ListingCell = Arc<tokio::sync::Mutex<Option<(Instant, Arc<Listing>)>>>;

impl Default for FileFinder {
    fn default() -> Self {
        Self { listings: Arc::default(), workers: Arc::new(Semaphore::new(MAX_WORKERS)) }
    }
}

impl FileFinder {
    /// Returns the paths in a directory that match the query best. Dropping the returned future stops the search:
    /// while a user types, only the last query matters.
    ///
    /// # Errors
    /// [`SessionError::ShuttingDown`]
    pub(crate) async fn find(
        &self,
        dir: &Path,
        query: &str,
        limit: usize,
    ) -> Result<FileSearchResult, SessionError> {
        let listing = self.listing(dir).await?;
        let permit = self.worker_permit().await?;
        let (query, cancel) = (query.to_owned(), CancelOnDrop::default());
        let cancelled = Arc::clone(&cancel.0);
        let work = move || {
            let _permit = permit;
            search::best(&listing, &query, limit, &cancelled)
        };
        spawn_blocking(work).await.map_err(|_| SessionError::ShuttingDown)
    }

    async fn listing(&self, dir: &Path) -> Result<Arc<Listing>, SessionError> {
        let cell = self.cell(dir);
        let mut listing = cell.lock().await;
        if let Some((_, listing)) = listing.as_ref().filter(|(made, _)| made.elapsed() < LISTING_TTL) {
            return Ok(Arc::clone(listing));
        }
        let (dir, permit) = (dir.to_owned(), self.worker_permit().await?);
        let read = move || {
            let _permit = permit;
            Listing::read(&dir)
        };
        let new = Arc::new(spawn_blocking(read).await.map_err(|_| SessionError::ShuttingDown)?);
        *listing = Some((Instant::now(), Arc::clone(&new)));
        Ok(new)
    }

    async fn worker_permit(&self) -> Result<tokio::sync::OwnedSemaphorePermit, SessionError> {
        Arc::clone(&self.workers).acquire_owned().await.map_err(|_| SessionError::ShuttingDown)
    }

    fn cell(&self, dir: &Path) -> ListingCell {
        let mut listings = self.listings.lock().unwrap_or_else(PoisonError::into_inner);
        if listings.len() >= MAX_LISTINGS && !listings.contains_key(dir) {
            // Evicts any listing that is not in use: it is quick to make again.
            let unused = listings.iter().find(|(_, cell)| Arc::strong_count(cell) == 1);
            if let Some(unused) = unused.map(|(dir, _)| dir.clone()) {
                listings.remove(&unused);
            }
        }
        Arc::clone(listings.entry(dir.to_owned()).or_default())
    }
}

/// Sets its flag when it is dropped, which cancels the search.
#[derive(Default)]
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        dir
    }

    async fn found(dir: &Path, query: &str) -> Vec<String> {
        let found = FileFinder::default().find(dir, query, 50).await.unwrap();
        assert!(found.complete);
        found.files.into_iter().map(|file| file.path).collect()
    }

    /// Reading an endless file would take all memory, or block a worker forever.
    #[tokio::test]
    async fn ignore_rules_that_are_not_regular_files_are_not_read() {
        let dir = tree(&["here.txt", "below/hidden.txt", "piped/hidden.txt"]);
        symlink("/dev/zero", dir.path().join(".gitignore")).unwrap();
        symlink("/dev/zero", dir.path().join("below/.gitignore")).unwrap();
        let pipe = dir.path().join("piped/.gitignore");
        mknodat(CWD, pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        assert_eq!(found(dir.path(), "here").await, ["here.txt"]);
        assert_eq!(found(dir.path(), "hidden").await, [""; 0]);
        assert_eq!(found(&dir.path().join("below"), "hidden").await, ["hidden.txt"]);
    }

    #[tokio::test]
    async fn best_match_comes_first() {
        let dir = tree(&[
            "src/main.rs",
            "src/domain/mail.rs",
            "Makefile",
            "docs/MAIN.md",
            "a b/c d.txt",
            "ünï/é.rs",
        ]);
        assert_eq!(found(dir.path(), "main").await[0], "src/main.rs");
        assert_eq!(
            found(dir.path(), "smain").await[0],
            "src/main.rs",
            "adjacent letters match better than scattered ones"
        );
        assert_eq!(
            found(dir.path(), "MAIN").await,
            ["docs/MAIN.md"],
            "a capital letter in the query makes the search case-sensitive"
        );
        assert_eq!(found(dir.path(), "c d").await[0], "a b/c d.txt");
        assert_eq!(found(dir.path(), "uni/e").await, ["ünï/é.rs"]);
        assert_eq!(found(dir.path(), "nothing like it").await, [""; 0]);
    }

    #[tokio::test]
    async fn empty_query_lists_paths_by_depth() {
        let dir = tree(&["z", "a/b/c", ".hidden"]);
        assert_eq!(found(dir.path(), " ").await, [".hidden", "a", "z", "a/b", "a/b/c"]);
        let files = FileFinder::default().find(dir.path(), "", 2).await.unwrap().files;
        assert_eq!(files.iter().map(|file| file.directory).collect::<Vec<_>>(), [false, true]);
    }

    #[tokio::test]
    async fn ignored_files_are_left_out() {
        let dir = tree(&["target/x.rs", "x.rs", "sub/y.log", "sub/x.rs", ".git/x.rs", ".github/x.rs"]);
        fs::write(dir.path().join(".gitignore"), "/target\n").unwrap();
        fs::write(dir.path().join("sub/.gitignore"), "*.log\n").unwrap();
        let mut all = found(dir.path(), "x.rs").await;
        all.sort();
        assert_eq!(all, [".github/x.rs", "sub/x.rs", "x.rs"]);
        assert_eq!(found(dir.path(), "y.log").await, [""; 0]);
    }

    #[tokio::test]
    async fn links_out_of_the_directory_are_left_out() {
        let outside = tree(&["secret.txt"]);
        let dir = tree(&["inside/real.txt"]);
        let link = |to: &Path, name: &str| symlink(to, dir.path().join(name)).unwrap();
        link(outside.path(), "out");
        link(&outside.path().join("secret.txt"), "secret.txt");
        link(Path::new("/etc/passwd"), "passwd");
        link(Path::new("inside/real.txt"), "linked.txt");
        link(Path::new("inside"), "again");
        link(Path::new(".."), "up");
        link(Path::new("nowhere"), "broken");
        link(Path::new("loop"), "loop");
        let mut all = found(dir.path(), "").await;
        all.sort();
        assert_eq!(all, ["inside", "inside/real.txt", "linked.txt"]);
    }

    #[tokio::test]
    async fn paths_with_control_characters_or_invalid_utf8_are_left_out() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
        let dir = tree(&["good", "line\nbreak"]);
        fs::write(dir.path().join(OsStr::from_bytes(b"not-utf8-\xff")), "").unwrap();
        assert_eq!(found(dir.path(), "").await, ["good"]);
    }

    #[tokio::test]
    async fn listing_is_shared_within_its_ttl() {
        let dir = tree(&["a"]);
        let files = FileFinder::default();
        let (first, second) = tokio::join!(files.listing(dir.path()), files.listing(dir.path()));
        let third = files.listing(dir.path()).await.unwrap();
        assert!(Arc::ptr_eq(&first.unwrap(), &third) && Arc::ptr_eq(&second.unwrap(), &third));
    }

    #[tokio::test]
    async fn number_of_listings_is_limited() {
        let dirs: Vec<_> = (0..MAX_LISTINGS + 3).map(|_| tree(&["a"])).collect();
        let files = FileFinder::default();
        for dir in &dirs {
            files.listing(dir.path()).await.unwrap();
        }
        assert_eq!(files.listings.lock().unwrap().len(), MAX_LISTINGS);
    }
}
