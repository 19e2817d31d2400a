//! Threads, stored as files.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use crate::{AppServer, TICK, error, invented, reply, settings::Settings};

/// The thread of a process. It is stored once it has had a turn.
pub(crate) struct Thread {
    pub(crate) id: String,
    dir: PathBuf,
    pub(crate) cwd: Value,
    created: u64,
    preview: Value,
    turns: Vec<Value>,
    /// Number of generated turns before these.
    invented: u64,
}

impl Thread {
    /// Creates a thread.
    pub(crate) fn new(dir: &Path, cwd: &Value) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let created = u64::try_from(now).unwrap_or_default();
        let id = format!("{:08x}-0000-7000-8000-{:012x}", std::process::id(), created & 0xffff_ffff_ffff);
        Self {
            id,
            dir: dir.to_owned(),
            cwd: cwd.clone(),
            created,
            preview: json!(""),
            turns: Vec::new(),
            invented: 0,
        }
    }

    /// Loads a stored thread. An unindexed one is indexed first, which blocks until the gate opens.
    #[expect(clippy::disallowed_methods, reason = "codex does not answer either while it indexes")]
    fn open(dir: &Path, id: &str) -> Option<Self> {
        let stored = load(dir, id)?;
        let thread = Self {
            id: id.to_owned(),
            dir: dir.to_owned(),
            cwd: stored["cwd"].clone(),
            created: stored["createdAt"].as_u64().unwrap_or_default(),
            preview: stored["preview"].clone(),
            turns: stored["turns"].as_array().cloned().unwrap_or_default(),
            invented: stored["invented"].as_u64().unwrap_or_default(),
        };
        let Some(turns) = stored["unindexed"].as_array() else { return Some(thread) };
        while !dir.join("gate").exists() {
            std::thread::sleep(TICK);
        }
        let indexed = Self { turns: turns.clone(), ..thread };
        indexed.save();
        Some(indexed)
    }

    pub(crate) fn begin_turn(&mut self, turn: &str) {
        let turn = json!({ "id": turn, "status": "inProgress", "items": [], "startedAt": 1_795_456_161 });
        self.turns.push(turn);
        self.save();
    }

    /// Stores the current state of an item.
    pub(crate) fn item(&mut self, item: &Value) {
        let Some(turn) = self.turns.last_mut() else { return };
        let Some(items) = turn["items"].as_array_mut() else { return };
        let mut item = item.clone();
        item["startedAtMs"] = json!(1_795_456_161_000_i64);
        item["completedAtMs"] = json!(1_795_456_161_500_i64);
        if self.preview == "" && item["type"] == "userMessage" {
            self.preview = item["content"][0]["text"].clone();
        }
        match items.iter_mut().find(|known| known["id"] == item["id"]) {
            Some(known) => *known = item,
            None => items.push(item),
        }
    }

    pub(crate) fn end_turn(&mut self, status: &str) {
        if let Some(turn) = self.turns.last_mut() {
            turn["status"] = json!(status);
            turn["durationMs"] = json!(5);
        }
        self.save();
    }

    /// Removes a turn and all later ones. Returns `false` if there is no such turn.
    fn revert(&mut self, before: &Value) -> bool {
        let Some(at) = self.turns.iter().position(|turn| turn["id"] == *before) else { return false };
        self.turns.truncate(at);
        self.save();
        true
    }

    fn describe(&self) -> Value {
        json!({
            "id": self.id, "createdAt": self.created, "cwd": self.cwd, "preview": self.preview,
            "name": null, "status": { "type": "idle" }, "turns": self.turns,
            "invented": self.invented,
        })
    }

    fn save(&self) {
        let path = path(&self.dir, &self.id);
        let new = path.with_extension("new");
        let written = fs::create_dir_all(self.dir.join("threads"))
            .and_then(|()| fs::write(&new, self.describe().to_string()))
            .and_then(|()| fs::rename(&new, path));
        if let Err(error) = written {
            eprintln!("fake codex: cannot write the thread: {error}");
        }
    }
}

fn path(dir: &Path, id: &str) -> PathBuf {
    dir.join("threads").join(format!("{id}.json"))
}

/// Loads a stored thread. No turn of it is running, as far as the file shows.
fn load(dir: &Path, id: &str) -> Option<Value> {
    let mut thread: Value = serde_json::from_str(&fs::read_to_string(path(dir, id)).ok()?).ok()?;
    for turn in thread["turns"].as_array_mut()? {
        if turn["status"] == "inProgress" {
            turn["status"] = json!("interrupted");
        }
    }
    thread["status"] = json!({ "type": "notLoaded" });
    Some(thread)
}

/// Returns the id of the process that holds the write lock of a thread, if it is alive.
fn writer(dir: &Path, id: &str) -> Option<String> {
    let pid = fs::read_to_string(path(dir, id).with_extension("writer")).ok()?;
    // A zombie has no command line.
    fs::read(Path::new("/proc").join(&pid).join("cmdline")).is_ok_and(|line| !line.is_empty()).then_some(pid)
}

impl AppServer {
    pub(crate) fn open_thread(&mut self, method: &str, id: &Value, params: &Value) {
        let own = std::process::id().to_string();
        let thread = match params["threadId"].as_str().filter(|_| method == "thread/resume") {
            None => Thread::new(&self.dir, &params["cwd"]),
            Some(thread) if writer(&self.dir, thread).is_some_and(|pid| pid != own) => {
                return error(id, -32600, &format!("thread {thread} already has an active writer"));
            }
            Some(thread) => match Thread::open(&self.dir, thread) {
                Some(thread) => thread,
                None => return error(id, -32600, &format!("no rollout found for thread id {thread}")),
            },
        };
        self.thread = thread;
        let lock = path(&self.dir, &self.thread.id).with_extension("writer");
        let written = fs::create_dir_all(self.dir.join("threads")).and_then(|()| fs::write(lock, own));
        if let Err(error) = written {
            eprintln!("fake codex: cannot lock the thread: {error}");
        }
        self.record("opened", params);
        self.settings = Settings::of(params);
        let mut described = self.thread.describe();
        described["turns"] = json!([]);
        reply(id, self.settings.reply(described, &params["cwd"]));
    }

    /// Handles `thread/revert`.
    pub(crate) fn revert(&mut self, id: &Value, params: &Value) {
        if !self.thread.revert(&params["beforeTurnId"]) {
            return error(id, -32600, "turn not found");
        }
        let mut described = self.thread.describe();
        described["turns"] = json!([]);
        reply(id, json!({ "thread": described }));
    }

    /// Appends a line to a record for the test.
    pub(crate) fn record(&self, file: &str, params: &Value) {
        let path = self.dir.join(file);
        let before = fs::read_to_string(&path).unwrap_or_default();
        if let Err(error) = fs::write(&path, format!("{before}{params}\n")) {
            eprintln!("fake codex: cannot write a record: {error}");
        }
    }

    /// Records that this process has left a request unanswered.
    pub(crate) fn record_unanswered(&self) {
        if let Err(error) = fs::write(self.dir.join(format!("unanswered-{}", std::process::id())), "") {
            eprintln!("fake codex: cannot write a record: {error}");
        }
    }

    pub(crate) fn read_thread(&self, id: &Value, params: &Value) {
        let thread = params["threadId"].as_str().unwrap_or_default();
        let with_turns = params["includeTurns"] == true;
        let mut found = match load(&self.dir, thread) {
            _ if thread == self.thread.id && self.thread.turns.is_empty() && with_turns => {
                return error(id, -32601, "list_turns is not supported yet");
            }
            _ if thread == self.thread.id => self.thread.describe(),
            Some(found) => found,
            None => return error(id, -32600, &format!("thread not loaded: {thread}")),
        };
        if !with_turns {
            found["turns"] = json!([]);
        }
        reply(id, json!({ "thread": found, "readState": null }));
    }
}

/// Answers `thread/list`, newest first. A cursor names the last thread of the previous page.
///
/// `supports_ids` is `false` for versions that ignore `includedThreadIds`.
pub(crate) fn list(dir: &Path, id: &Value, params: &Value, supports_ids: bool) {
    let before = match params["cursor"].as_str().map(|cursor| cursor.split_once('|')) {
        None => u64::MAX,
        Some(Some((created, _))) if created.parse::<u64>().is_ok() => created.parse().unwrap_or_default(),
        Some(_) => return error(id, -32600, &format!("invalid cursor: {}", params["cursor"])),
    };
    let files = fs::read_dir(dir.join("threads")).into_iter().flatten().flatten();
    let ids = files.filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".json")?.to_owned()));
    let mut threads: Vec<Value> = ids.filter_map(|id| load(dir, &id)).collect();
    let created = |thread: &Value| thread["createdAt"].as_u64().unwrap_or_default();
    threads.retain(|thread| created(thread) < before && params["archived"] != true);
    if let Some(included) = params["includedThreadIds"].as_array().filter(|_| supports_ids) {
        if included.len() > 100 {
            return error(id, -32602, "includedThreadIds accepts at most 100 entries");
        }
        threads.retain(|thread| included.contains(&thread["id"]));
    }
    threads.sort_by_key(|thread| std::cmp::Reverse(created(thread)));
    let limit = params["limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(25);
    let more = threads.len() > limit;
    threads.truncate(limit);
    for thread in &mut threads {
        thread["turns"] = json!([]);
    }
    let cursor =
        |thread: &Value| format!("{}|{}", created(thread), thread["id"].as_str().unwrap_or_default());
    let next = threads.last().filter(|_| more).map(cursor);
    let states = threads
        .iter()
        .filter_map(|thread| Some((thread["id"].as_str()?.to_owned(), json!({ "firstUnread": null }))));
    let states: serde_json::Map<String, Value> = states.collect();
    let backwards = threads.first().map(cursor);
    reply(
        id,
        json!({ "data": threads, "readStates": states, "nextCursor": next, "backwardsCursor": backwards }),
    );
}

/// Answers `thread/turns/list`, newest first. A cursor is the number of turns on the previous pages.
pub(crate) fn turns(dir: &Path, id: &Value, params: &Value) {
    let Some(thread) = load(dir, params["threadId"].as_str().unwrap_or_default()) else {
        return error(id, -32600, "thread not found");
    };
    let number = |value: &Value| value.as_u64().and_then(|n| usize::try_from(n).ok());
    let skip = params["cursor"].as_str().and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let limit = number(&params["limit"]).unwrap_or(25);
    let mut turns = thread["turns"].as_array().cloned().unwrap_or_default();
    let invented = number(&thread["invented"]).unwrap_or(0);
    let more = turns.len() + invented > skip + limit;
    let older = (0..invented).rev().map(invented::turn);
    if params["sortDirection"] == "asc" {
        // No test asks for generated turns in this order.
        turns.reverse();
    }
    let page: Vec<Value> = turns.into_iter().rev().chain(older).skip(skip).take(limit).collect();
    reply(id, json!({ "data": page, "nextCursor": more.then(|| (skip + limit).to_string()) }));
}
