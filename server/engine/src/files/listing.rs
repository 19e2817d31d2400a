//! Lists the paths in a directory.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use codex_gateway_wire::api::FoundFile;
use ignore::{DirEntry, WalkBuilder};

/// The maximum number of paths in a listing.
const MAX_PATHS: usize = 50_000;
/// The files with ignore rules that are read in each directory.
const IGNORE_FILES: [&str; 3] = [".gitignore", ".ignore", ".git/info/exclude"];
/// The maximum size of a file with ignore rules, in bytes.
const MAX_IGNORE_FILE_BYTES: u64 = 64 * 1024;
/// The maximum depth below the directory, and the maximum number of its parents whose ignore rules count.
const MAX_DEPTH: usize = 64;
/// How long making a listing may take.
const LISTING_TIMEOUT: Duration = Duration::from_secs(2);

/// The paths in a directory that git does not ignore, within the limits of size and time.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub files: Vec<FoundFile>,
    /// `true` if no limit was reached.
    pub complete: bool,
}

impl Listing {
    /// Reads the tree. Blocks. Unreadable directories are left out.
    pub(super) fn read(root: &Path) -> Self {
        let deadline = Instant::now() + LISTING_TIMEOUT;
        let real = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
        let mut walk = WalkBuilder::new(root);
        // Ignore rules are only read from regular files of limited size, because an agent may have created them.
        let own = has_readable_rules(root);
        let parents =
            own && root.ancestors().all(has_readable_rules) && root.ancestors().count() <= MAX_DEPTH;
        walk.hidden(false)
            .follow_links(false)
            .max_depth(Some(MAX_DEPTH))
            .same_file_system(true)
            .require_git(false)
            .ignore(own)
            .git_ignore(own)
            .git_exclude(own)
            .git_global(false)
            .parents(parents)
            .filter_entry(|entry| {
                let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
                entry.file_name() != ".git" && (!is_dir || has_readable_rules(entry.path()))
            });
        let mut listing = Self { complete: true, ..Self::default() };
        for entry in walk.build().flatten() {
            if listing.files.len() == MAX_PATHS || Instant::now() > deadline {
                listing.complete = false;
                break;
            }
            listing.files.extend(found_file(root, &real, &entry));
        }
        listing.files.sort_by(|a, b| (depth(a), &a.path).cmp(&(depth(b), &b.path)));
        listing
    }
}

/// Returns `true` if the ignore files of a directory are regular files of limited size: a pipe or a device may be
/// endless.
fn has_readable_rules(dir: &Path) -> bool {
    IGNORE_FILES.into_iter().all(|name| {
        let rules = fs::metadata(dir.join(name));
        rules.map_or(true, |rules| rules.is_file() && rules.len() <= MAX_IGNORE_FILE_BYTES)
    })
}

fn depth(file: &FoundFile) -> usize {
    file.path.bytes().filter(|&byte| byte == b'/').count()
}

/// Converts an entry. `None` unless it is a file, a directory, or a link to a file inside of the tree.
fn found_file(root: &Path, real: &Path, entry: &DirEntry) -> Option<FoundFile> {
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
    let is_printable = !path.is_empty() && !path.chars().any(char::is_control);
    is_printable.then(|| FoundFile { path: path.to_owned(), directory: kind.is_dir() })
}
