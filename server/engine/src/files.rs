//! Finding files by a few letters of their paths, as one does while one types.
//!
//! Codex has such a search. It follows links out of the directory, reads the whole tree for each letter, and needs a
//! process; so here a list is made once, kept for some seconds, and searched.

mod list;
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

use self::list::List;
use crate::error::SessionError;

/// How long a list is good for.
const FRESH: Duration = Duration::from_secs(10);
/// How many lists are kept.
const LISTS: usize = 32;
/// How many searches run at the same time, those that read a tree included.
const WORKERS: usize = 2;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The best first.
    pub files: Vec<FoundFile>,
    /// Whether the whole tree was looked through.
    pub complete: bool,
}

/// Finds files. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    lists: Arc<Mutex<HashMap<PathBuf, Slot>>>,
    workers: Arc<Semaphore>,
}

/// The list of a directory. Its lock is held while it is made: one list for all who ask meanwhile.
type Slot = Arc<tokio::sync::Mutex<Option<(Instant, Arc<List>)>>>;

impl Default for Files {
    fn default() -> Self {
        Self { lists: Arc::default(), workers: Arc::new(Semaphore::new(WORKERS)) }
    }
}

impl Files {
    /// The paths in a directory that fit the query best. Whoever stops waiting stops the search, too: of a word that
    /// is being typed only the last query is of interest.
    ///
    /// # Errors
    /// [`SessionError::ShuttingDown`]
    pub(crate) async fn find(&self, dir: &Path, query: &str, limit: usize) -> Result<Found, SessionError> {
        let list = self.list(dir).await?;
        let place = self.place().await?;
        let (query, abandoned) = (query.to_owned(), Abandoned::default());
        let flag = Arc::clone(&abandoned.0);
        let work = move || {
            let _place = place;
            search::best(&list, &query, limit, &flag)
        };
        spawn_blocking(work).await.map_err(|_| SessionError::ShuttingDown)
    }

    async fn list(&self, dir: &Path) -> Result<Arc<List>, SessionError> {
        let slot = self.slot(dir);
        let mut list = slot.lock().await;
        if let Some((_, list)) = list.as_ref().filter(|(made, _)| made.elapsed() < FRESH) {
            return Ok(Arc::clone(list));
        }
        let (dir, place) = (dir.to_owned(), self.place().await?);
        let read = move || {
            let _place = place;
            List::read(&dir)
        };
        let new = Arc::new(spawn_blocking(read).await.map_err(|_| SessionError::ShuttingDown)?);
        *list = Some((Instant::now(), Arc::clone(&new)));
        Ok(new)
    }

    async fn place(&self) -> Result<tokio::sync::OwnedSemaphorePermit, SessionError> {
        Arc::clone(&self.workers).acquire_owned().await.map_err(|_| SessionError::ShuttingDown)
    }

    fn slot(&self, dir: &Path) -> Slot {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if lists.len() >= LISTS && !lists.contains_key(dir) {
            // One that nobody reads right now; which is not important: it is soon made again.
            let unused = lists.iter().find(|(_, slot)| Arc::strong_count(slot) == 1);
            if let Some(unused) = unused.map(|(dir, _)| dir.clone()) {
                lists.remove(&unused);
            }
        }
        Arc::clone(lists.entry(dir.to_owned()).or_default())
    }
}

/// Says that nobody waits any more, once it is dropped.
#[derive(Default)]
struct Abandoned(Arc<AtomicBool>);

impl Drop for Abandoned {
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
        let found = Files::default().find(dir, query, 50).await.unwrap();
        assert!(found.complete);
        found.files.into_iter().map(|file| file.path).collect()
    }

    /// Reading what never ends would take all memory, or a worker for good.
    #[tokio::test]
    async fn rules_that_are_no_file_are_not_read() {
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
    async fn the_best_comes_first() {
        let dir = tree(&[
            "src/main.rs",
            "src/domain/mail.rs",
            "Makefile",
            "docs/MAIN.md",
            "a b/c d.txt",
            "ünï/é.rs",
        ]);
        assert_eq!(found(dir.path(), "main").await[0], "src/main.rs");
        assert_eq!(found(dir.path(), "smain").await[0], "src/main.rs", "not scattered over it");
        assert_eq!(found(dir.path(), "MAIN").await, ["docs/MAIN.md"], "a capital means a capital");
        assert_eq!(found(dir.path(), "c d").await[0], "a b/c d.txt");
        assert_eq!(found(dir.path(), "uni/e").await, ["ünï/é.rs"]);
        assert_eq!(found(dir.path(), "nothing like it").await, [""; 0]);
    }

    #[tokio::test]
    async fn without_a_query_what_is_near_comes_first() {
        let dir = tree(&["z", "a/b/c", ".hidden"]);
        assert_eq!(found(dir.path(), " ").await, [".hidden", "a", "z", "a/b", "a/b/c"]);
        let files = Files::default().find(dir.path(), "", 2).await.unwrap().files;
        assert_eq!(files.iter().map(|file| file.directory).collect::<Vec<_>>(), [false, true]);
    }

    #[tokio::test]
    async fn what_git_ignores_is_left_out() {
        let dir = tree(&["target/x.rs", "x.rs", "sub/y.log", "sub/x.rs", ".git/x.rs", ".github/x.rs"]);
        fs::write(dir.path().join(".gitignore"), "/target\n").unwrap();
        fs::write(dir.path().join("sub/.gitignore"), "*.log\n").unwrap();
        let mut all = found(dir.path(), "x.rs").await;
        all.sort();
        assert_eq!(all, [".github/x.rs", "sub/x.rs", "x.rs"]);
        assert_eq!(found(dir.path(), "y.log").await, [""; 0]);
    }

    #[tokio::test]
    async fn links_lead_nowhere_outside() {
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
    async fn names_that_cannot_be_written_are_left_out() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
        let dir = tree(&["good", "line\nbreak"]);
        fs::write(dir.path().join(OsStr::from_bytes(b"not-utf8-\xff")), "").unwrap();
        assert_eq!(found(dir.path(), "").await, ["good"]);
    }

    #[tokio::test]
    async fn a_list_is_made_once_while_it_is_fresh() {
        let dir = tree(&["a"]);
        let files = Files::default();
        let (one, two) = tokio::join!(files.list(dir.path()), files.list(dir.path()));
        let third = files.list(dir.path()).await.unwrap();
        assert!(Arc::ptr_eq(&one.unwrap(), &third) && Arc::ptr_eq(&two.unwrap(), &third));
    }

    #[tokio::test]
    async fn only_so_many_lists_are_kept() {
        let dirs: Vec<_> = (0..LISTS + 3).map(|_| tree(&["a"])).collect();
        let files = Files::default();
        for dir in &dirs {
            files.list(dir.path()).await.unwrap();
        }
        assert_eq!(files.lists.lock().unwrap().len(), LISTS);
    }
}
