//! A disk of a test's own, which can be filled up and made read-only.

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use rustix::process::getuid;
use tempfile::TempDir;

/// Says that a test runs in namespaces of its own.
const OWN_NAMESPACE: &str = "CODEX_GATEWAY_TEST_OWN_NAMESPACE";
/// Says, with commas between, what is left out: what cannot be done on a machine is a failure otherwise, so that nobody takes it for done.
const LEAVE_OUT: &str = "CODEX_GATEWAY_TEST_LEAVE_OUT";

/// A small disk.
pub(crate) struct Disk {
    dir: TempDir,
}

impl Disk {
    /// One of so many KiB. Who may not mount one here gets none: then the test has been run, and has gone well, in
    /// namespaces of its own where it may. So does who has said that it is left out.
    pub(crate) fn mount(kib: usize) -> Option<Self> {
        if is_left_out("disk") {
            return None;
        }
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let options = format!("size={kib}k,mode=700");
        if getuid().is_root() && run(&["mount", "-t", "tmpfs", "-o", &options, "tmpfs", path(dir.path())]) {
            return Some(Self { dir });
        }
        assert!(env::var_os(OWN_NAMESPACE).is_none(), "nothing can be mounted here");
        let test = thread::current().name().expect("a test's thread has its name").to_owned();
        let tests = env::current_exe().unwrap();
        let own = ["unshare", "--user", "--map-root-user", "--mount", path(&tests), &test, "--exact"];
        assert!(
            run(&own),
            "{test} failed in namespaces of its own, or there are none: run it as root, or allow user namespaces; \
             {LEAVE_OUT}=disk leaves it out"
        );
        None
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
    /// None if the machine has no such thing, and somebody has said that it is left out.
    pub(crate) fn make(files: Vec<PathBuf>) -> Option<Self> {
        if is_left_out("unchangeable") {
            return None;
        }
        let made = Self(files);
        assert!(
            made.set("+i"),
            "files cannot be made unchangeable: it takes root, or sudo without a password, and a file system like ext4; \
             {LEAVE_OUT}=unchangeable leaves it out"
        );
        Some(made)
    }

    fn set(&self, attribute: &str) -> bool {
        let sudo: &[&str] = if getuid().is_root() { &[] } else { &["sudo", "-n"] };
        self.0.iter().all(|file| run(&[sudo, &["chattr", attribute, path(file)]].concat()))
    }
}

impl Drop for Unchangeable {
    fn drop(&mut self) {
        self.set("-i");
    }
}

fn is_left_out(what: &str) -> bool {
    env::var(LEAVE_OUT).is_ok_and(|all| all.split(',').any(|one| one == what))
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Runs a command; whether it did well.
fn run(words: &[&str]) -> bool {
    #[expect(clippy::disallowed_methods, reason = "the test takes the disk away under the gateway")]
    let mut command = Command::new(words[0]);
    let output = command.args(&words[1..]).env(OWN_NAMESPACE, "1").output();
    output.is_ok_and(|output| {
        if !output.status.success() {
            let said = [output.stdout, output.stderr].concat();
            eprintln!("{words:?}: {}", String::from_utf8_lossy(&said));
        }
        output.status.success()
    })
}
