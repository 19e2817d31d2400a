//! A place for the fake codex: see `tests/fake_codex`.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

/// A directory with a link to the fake codex, and the files that steer it.
#[derive(Debug)]
pub(crate) struct Fake(PathBuf);

impl Fake {
    pub(crate) fn new(dir: PathBuf, mode: &str) -> Self {
        fs::create_dir_all(&dir).unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_codex-gateway")).with_file_name("examples/fake-codex");
        assert!(
            program.is_file(),
            "{} is missing: cargo build -p codex-gateway --examples",
            program.display()
        );
        symlink(program, dir.join("codex")).unwrap();
        let fake = Self(dir);
        fake.set_mode(mode);
        fake
    }

    pub(crate) fn executable(&self) -> PathBuf {
        self.0.join("codex")
    }

    pub(crate) fn set_mode(&self, mode: &str) {
        // A process that reads it meanwhile reads the one or the other.
        let new = self.0.join("mode.new");
        fs::write(&new, mode).unwrap();
        fs::rename(new, self.0.join("mode")).unwrap();
    }

    /// What the next turns ask to run, in mode `asks-commands`: members of requests, which are otherwise as usual.
    pub(crate) fn set_commands(&self, commands: &Value) {
        let new = self.0.join("commands.new");
        fs::write(&new, commands.to_string()).unwrap();
        fs::rename(new, self.0.join("commands")).unwrap();
    }

    /// Lets a turn go on that waits.
    pub(crate) fn open_gate(&self) {
        fs::write(self.0.join("gate"), "").unwrap();
    }

    /// What a login was given.
    pub(crate) fn login(&self) -> String {
        fs::read_to_string(self.0.join("login")).unwrap()
    }

    /// Puts a thread on disk that no session has made. Those of sessions were created some 10¹⁵ later than at 1.
    pub(crate) fn put_thread(&self, id: &str, created: u64, turns: &Value) {
        let dir = self.0.join("threads");
        fs::create_dir_all(&dir).unwrap();
        let thread = json!({ "id": id, "createdAt": created, "cwd": "/", "preview": "From elsewhere", "turns": turns });
        fs::write(dir.join(format!("{id}.json")), thread.to_string()).unwrap();
    }

    /// Puts a thread on disk of so many turns, which are made up as they are told.
    pub(crate) fn put_long_thread(&self, id: &str, turns: usize) {
        let dir = self.0.join("threads");
        fs::create_dir_all(&dir).unwrap();
        let thread = json!({
            "id": id, "createdAt": 1, "cwd": "/", "preview": "From elsewhere", "turns": [], "invented": turns,
        });
        fs::write(dir.join(format!("{id}.json")), thread.to_string()).unwrap();
    }

    /// Puts a thread on disk that codex has not indexed, and indexes when it is opened and the gate is open.
    pub(crate) fn put_unindexed_thread(&self, id: &str, turns: &Value) {
        let dir = self.0.join("threads");
        fs::create_dir_all(&dir).unwrap();
        let thread = json!({
            "id": id, "createdAt": 1, "cwd": "/", "preview": "From elsewhere", "turns": [], "unindexed": turns,
        });
        fs::write(dir.join(format!("{id}.json")), thread.to_string()).unwrap();
    }

    /// Holds a thread, as a program outside of the gateway would.
    pub(crate) fn hold_thread(&self, id: &str) {
        fs::write(self.0.join(format!("threads/{id}.writer")), std::process::id().to_string()).unwrap();
    }

    /// How many processes were asked something that they do not answer.
    pub(crate) fn unanswered(&self) -> usize {
        let names = fs::read_dir(&self.0).unwrap().flatten().map(|file| file.file_name());
        names.filter(|name| name.to_str().unwrap().starts_with("unanswered-")).count()
    }

    /// With what threads were opened, the first first.
    pub(crate) fn opened(&self) -> Vec<Value> {
        self.lines("opened")
    }

    /// The changes of `thread/settings/update`, the first first.
    pub(crate) fn settings(&self) -> Vec<Value> {
        self.lines("settings")
    }

    /// The messages that it was told: `{method, params}` of `turn/start` and `turn/steer`, the first first.
    pub(crate) fn told(&self) -> Vec<Value> {
        self.lines("told")
    }

    /// The processes of commands that it was told to stop.
    pub(crate) fn terminated(&self) -> Vec<Value> {
        self.lines("terminated").into_iter().map(|params| params["processId"].clone()).collect()
    }

    /// How often it has said more than a log keeps, all of which was read but what pipes hold.
    pub(crate) fn floods(&self) -> usize {
        self.lines("flooded").len()
    }

    fn lines(&self, file: &str) -> Vec<Value> {
        let lines = fs::read_to_string(self.0.join(file)).unwrap_or_default();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Lets the turn end that waits, and waits until it does.
    pub(crate) async fn let_end(&self) {
        self.open_gate();
        super::eventually("a turn goes through the gate", || !self.0.join("gate").exists()).await;
    }
}
