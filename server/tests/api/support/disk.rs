//! A disk of a test's own, which can be filled up and made read-only.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// A small disk.
pub(crate) struct Disk {
    dir: TempDir,
}

impl Disk {
    /// One of so many KiB. On a machine where nothing may be mounted there is none, and the test says that it was left
    /// out.
    pub(crate) fn mount(kib: usize) -> Option<Self> {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let (user, group) = (rustix::process::getuid(), rustix::process::getgid());
        let options = format!("size={kib}k,uid={},gid={}", user.as_raw(), group.as_raw());
        let mounted = run(&["mount", "-t", "tmpfs", "-o", &options, "tmpfs", path(dir.path())]);
        if !mounted {
            left_out("a disk cannot be mounted (it takes root, or sudo without a password)");
        }
        mounted.then_some(Self { dir })
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Leaves no room on it.
    pub(crate) fn fill(&self) {
        let mut file = fs::File::create(self.filler()).unwrap();
        while file.write_all(&[b'~'; 512]).is_ok() {}
        assert!(fs::write(self.path().join("more"), "x").is_err(), "it should be full");
    }

    /// Makes room again.
    pub(crate) fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    /// Lets nobody write any more, or again. Nobody may have a file open for writing.
    pub(crate) fn set_read_only(&self, read_only: bool) {
        let options = if read_only { "remount,ro" } else { "remount,rw" };
        assert!(run(&["mount", "-o", options, path(self.path())]));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Also under a gateway that is still there because the test has failed.
        run(&["umount", "-l", path(self.path())]);
    }
}

/// Files that nobody can change, not even who has them open, as long as this is held.
pub(crate) struct Unchangeable(Vec<PathBuf>);

impl Unchangeable {
    /// Where there is no such thing, the test says that it was left out.
    pub(crate) fn make(files: Vec<PathBuf>) -> Option<Self> {
        let made = Self(files);
        if made.set("+i") {
            return Some(made);
        }
        left_out("files cannot be made unchangeable (it takes root, or sudo without a password, and ext4)");
        None
    }

    fn set(&self, attribute: &str) -> bool {
        self.0.iter().all(|file| run(&["chattr", attribute, path(file)]))
    }
}

impl Drop for Unchangeable {
    fn drop(&mut self) {
        self.set("-i");
    }
}

fn left_out(why: &str) {
    eprintln!("LEFT OUT: {why}");
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Runs a command as root, if one can be that; whether it did well.
fn run(words: &[&str]) -> bool {
    let sudo: &[&str] = if rustix::process::getuid().is_root() { &[] } else { &["sudo", "-n"] };
    let words: Vec<&str> = sudo.iter().chain(words).copied().collect();
    #[expect(clippy::disallowed_methods, reason = "the test takes the disk away under the gateway")]
    let output = Command::new(words[0]).args(&words[1..]).output();
    output.is_ok_and(|output| output.status.success())
}
