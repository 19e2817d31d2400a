//! The directory from which a test controls the fake codex. See `tests/fake_codex`.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

/// A directory with a link to the fake codex, its control files and its records.
#[derive(Debug)]
pub(crate) struct FakeCodex(PathBuf);

impl FakeCodex {
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
        // Atomically: a concurrent reader sees the old mode or the new one.
        let new = self.0.join("mode.new");
        fs::write(&new, mode).unwrap();
        fs::rename(new, self.0.join("mode")).unwrap();
    }

    /// Sets the approval requests of the next turns in mode `asks-commands`.
    ///
    /// Each element is an object whose members replace those of the default request.
    pub(crate) fn set_commands(&self, commands: &Value) {
        let new = self.0.join("commands.new");
        fs::write(&new, commands.to_string()).unwrap();
        fs::rename(new, self.0.join("commands")).unwrap();
    }

    /// Opens the gate that turns of some modes wait for.
    pub(crate) fn open_gate(&self) {
        fs::write(self.0.join("gate"), "").unwrap();
    }

    /// Returns the arguments and the standard input of `codex login`, as JSON.
    pub(crate) fn login(&self) -> String {
        fs::read_to_string(self.0.join("login")).unwrap()
    }

    /// Writes a thread that no session has created.
    ///
    /// `created` orders the list of threads. Threads of sessions have their creation time in microseconds there.
    pub(crate) fn write_thread(&self, id: &str, created: u64, turns: &Value) {
        let dir = self.0.join("threads");
        fs::create_dir_all(&dir).unwrap();
        let thread = json!({ "id": id, "createdAt": created, "cwd": "/", "preview": "From elsewhere", "turns": turns });
        fs::write(dir.join(format!("{id}.json")), thread.to_string()).unwrap();
    }

    /// Writes a thread of `turns` turns that the fake codex generates when they are read.
    pub(crate) fn write_long_thread(&self, id: &str, turns: usize) {
        let dir = self.0.join("threads");
        fs::create_dir_all(&dir).unwrap();
        let thread = json!({
            "id": id, "createdAt": 1, "cwd": "/", "preview": "From elsewhere", "turns": [], "invented": turns,
        });
        fs::write(dir.join(format!("{id}.json")), thread.to_string()).unwrap();
    }

    /// Writes a thread that is not indexed. The fake codex indexes it when it is opened and the gate is open.
    pub(crate) fn write_unindexed_thread(&self, id: &str, turns: &Value) {
        let dir = self.0.join("threads");
        fs::create_dir_all(&dir).unwrap();
        let thread = json!({
            "id": id, "createdAt": 1, "cwd": "/", "preview": "From elsewhere", "turns": [], "unindexed": turns,
        });
        fs::write(dir.join(format!("{id}.json")), thread.to_string()).unwrap();
    }

    /// Takes the write lock of a thread, as a program outside of the gateway would.
    pub(crate) fn lock_thread(&self, id: &str) {
        fs::write(self.0.join(format!("threads/{id}.writer")), std::process::id().to_string()).unwrap();
    }

    /// Returns the number of processes that left a request unanswered.
    pub(crate) fn unanswered_count(&self) -> usize {
        let names = fs::read_dir(&self.0).unwrap().flatten().map(|file| file.file_name());
        names.filter(|name| name.to_str().unwrap().starts_with("unanswered-")).count()
    }

    /// Returns the parameters of all `thread/start` and `thread/resume` requests, oldest first.
    pub(crate) fn opened_threads(&self) -> Vec<Value> {
        self.records("opened")
    }

    /// Returns the parameters of all `thread/settings/update` requests, oldest first.
    pub(crate) fn settings_updates(&self) -> Vec<Value> {
        self.records("settings")
    }

    /// Returns the received messages, oldest first: `{method, params}` of `turn/start` and `turn/steer`.
    pub(crate) fn received(&self) -> Vec<Value> {
        self.records("received")
    }

    /// Returns the ids of the command processes that the gateway has terminated.
    pub(crate) fn terminated_processes(&self) -> Vec<Value> {
        self.records("terminated").into_iter().map(|params| params["processId"].clone()).collect()
    }

    /// Returns how many floods were written to the end: more than an event log keeps, all of it read but what pipes hold.
    pub(crate) fn flood_count(&self) -> usize {
        self.records("flooded").len()
    }

    fn records(&self, file: &str) -> Vec<Value> {
        let lines = fs::read_to_string(self.0.join(file)).unwrap_or_default();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Lets the waiting turn complete, and waits until it has passed the gate.
    pub(crate) async fn release_turn(&self) {
        self.open_gate();
        super::eventually("the turn passes the gate", || !self.0.join("gate").exists()).await;
    }
}
