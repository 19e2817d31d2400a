//! The paths in a directory.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use codex_gateway_wire::api::FoundFile;
use ignore::{DirEntry, WalkBuilder};

/// How many paths a list has at most.
const MOST: usize = 50_000;
/// What is read of a directory to know what is ignored in it.
const RULES: [&str; 3] = [".gitignore", ".ignore", ".git/info/exclude"];
/// How large each may be, in bytes.
const LARGEST: u64 = 64 * 1024;
/// How many directories above and below are looked into.
const DEEPEST: usize = 64;
/// How long one may be made.
const PATIENCE: Duration = Duration::from_secs(2);

/// All paths in a directory that git does not ignore, as far as there was room and time.
#[derive(Debug, Default)]
pub(super) struct List {
    pub files: Vec<FoundFile>,
    pub complete: bool,
}

impl List {
    /// Reads the tree. Blocks. What cannot be read is left out.
    pub(super) fn read(root: &Path) -> Self {
        let until = Instant::now() + PATIENCE;
        let real = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
        let mut walk = WalkBuilder::new(root);
        // What lies beside the files is only read where it is a file, and no endless one: an agent may have put it there.
        let own = can_be_read(root);
        let parents = own && root.ancestors().all(can_be_read) && root.ancestors().count() <= DEEPEST;
        walk.hidden(false)
            .follow_links(false)
            .max_depth(Some(DEEPEST))
            .same_file_system(true)
            .require_git(false)
            .ignore(own)
            .git_ignore(own)
            .git_exclude(own)
            .git_global(false)
            .parents(parents)
            .filter_entry(|entry| {
                let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
                entry.file_name() != ".git" && (!is_dir || can_be_read(entry.path()))
            });
        let mut list = Self { complete: true, ..Self::default() };
        for entry in walk.build().flatten() {
            if list.files.len() == MOST || Instant::now() > until {
                list.complete = false;
                break;
            }
            list.files.extend(found(root, &real, &entry));
        }
        list.files.sort_by(|a, b| (depth(a), &a.path).cmp(&(depth(b), &b.path)));
        list
    }
}

/// Whether what a directory says of files to be ignored can be read: a pipe or a device may never end.
fn can_be_read(dir: &Path) -> bool {
    RULES.into_iter().all(|name| {
        let rules = fs::metadata(dir.join(name));
        rules.map_or(true, |rules| rules.is_file() && rules.len() <= LARGEST)
    })
}

fn depth(file: &FoundFile) -> usize {
    file.path.bytes().filter(|&byte| byte == b'/').count()
}

/// What is told of an entry: files, directories, and links to files inside of the tree.
fn found(root: &Path, real: &Path, entry: &DirEntry) -> Option<FoundFile> {
    let kind = entry.file_type()?;
    if kind.is_symlink() {
        let target = fs::canonicalize(entry.path()).ok()?;
        if !target.starts_with(real) || !target.is_file() {
            return None;
        }
    } else if !kind.is_file() && !kind.is_dir() {
        return None;
    }
    let path = entry.path().strip_prefix(root).ok()?.to_str()?;
    let can_be_written = !path.is_empty() && !path.chars().any(char::is_control);
    can_be_written.then(|| FoundFile { path: path.to_owned(), directory: kind.is_dir() })
}
