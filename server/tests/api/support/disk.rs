//! A small file system that a test can fill or make read-only, and files that cannot be written.

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use rustix::process::getuid;
use tempfile::TempDir;

/// Environment variable that is set while a test runs in its own user and mount namespace.
const IN_NAMESPACE_VARIABLE: &str = "CODEX_GATEWAY_TEST_OWN_NAMESPACE";
/// Environment variable with the test features to skip, comma-separated.
///
/// A feature that the machine does not support is otherwise a failure, so that no skipped test looks like a passed one.
const SKIP_VARIABLE: &str = "CODEX_GATEWAY_TEST_LEAVE_OUT";

/// A tmpfs of a fixed size.
pub(crate) struct TestDisk {
    dir: TempDir,
}

impl TestDisk {
    /// Mounts a file system of `kib` KiB.
    ///
    /// Without the permission to mount, this runs the whole test in its own namespaces, asserts that it passed, and
    /// returns `None`. Also returns `None` if the feature `disk` is skipped.
    pub(crate) fn mount(kib: usize) -> Option<Self> {
        if is_skipped("disk") {
            return None;
        }
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let options = format!("size={kib}k,mode=700");
        if getuid().is_root() && run(&["mount", "-t", "tmpfs", "-o", &options, "tmpfs", path(dir.path())]) {
            return Some(Self { dir });
        }
        assert!(
            env::var_os(IN_NAMESPACE_VARIABLE).is_none(),
            "mounting fails even in a namespace of its own"
        );
        let test = thread::current().name().expect("a test's thread is named after the test").to_owned();
        let tests = env::current_exe().unwrap();
        let rerun = ["unshare", "--user", "--map-root-user", "--mount", path(&tests), &test, "--exact"];
        assert!(
            run(&rerun),
            "{test} failed in its own namespaces, or user namespaces are not allowed: run it as root, or allow them; \
             {SKIP_VARIABLE}=disk skips it"
        );
        None
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Fills the file system.
    pub(crate) fn fill(&self) {
        let mut file = fs::File::create(self.filler()).unwrap();
        while file.write_all(&[b'~'; 512]).is_ok() {}
        assert!(fs::write(self.path().join("more"), "x").is_err(), "the file system should be full");
    }

    /// Undoes [`TestDisk::fill`].
    pub(crate) fn free_space(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    /// Remounts the file system read-only or read-write. No file may be open for writing.
    pub(crate) fn set_read_only(&self, read_only: bool) {
        let options = if read_only { "remount,ro" } else { "remount,rw" };
        assert!(run(&["mount", "-o", options, path(self.path())]));
    }
}

impl Drop for TestDisk {
    fn drop(&mut self) {
        // Lazily, because the gateway of a failed test may still use the file system.
        run(&["umount", "-l", path(self.path())]);
    }
}

/// Makes files immutable until it is dropped. Writes through open descriptors fail as well.
pub(crate) struct ImmutableFiles(Vec<PathBuf>);

impl ImmutableFiles {
    /// Returns `None` if the feature `unchangeable` is skipped.
    pub(crate) fn new(files: Vec<PathBuf>) -> Option<Self> {
        if is_skipped("unchangeable") {
            return None;
        }
        let immutable = Self(files);
        assert!(
            immutable.set("+i"),
            "files cannot be made immutable: this needs root, or sudo without a password, and a file system like ext4; \
             {SKIP_VARIABLE}=unchangeable skips it"
        );
        Some(immutable)
    }

    fn set(&self, attribute: &str) -> bool {
        let sudo: &[&str] = if getuid().is_root() { &[] } else { &["sudo", "-n"] };
        self.0.iter().all(|file| run(&[sudo, &["chattr", attribute, path(file)]].concat()))
    }
}

impl Drop for ImmutableFiles {
    fn drop(&mut self) {
        self.set("-i");
    }
}

fn is_skipped(feature: &str) -> bool {
    env::var(SKIP_VARIABLE).is_ok_and(|all| all.split(',').any(|skipped| skipped == feature))
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Runs a command. Returns `true` if it exited successfully.
fn run(words: &[&str]) -> bool {
    #[expect(clippy::disallowed_methods, reason = "the test changes the file system under the gateway")]
    let mut command = Command::new(words[0]);
    let output = command.args(&words[1..]).env(IN_NAMESPACE_VARIABLE, "1").output();
    output.is_ok_and(|output| {
        if !output.status.success() {
            let printed = [output.stdout, output.stderr].concat();
            eprintln!("{words:?}: {}", String::from_utf8_lossy(&printed));
        }
        output.status.success()
    })
}
