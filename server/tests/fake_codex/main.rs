//! A program that stands where codex should, and misbehaves as a test wants it to.
//!
//! A test links to it from a directory of its own and writes a [`Mode`] into the file `mode` there. It is read
//! when the process starts and at every turn, so a test can change it under way. A turn that waits, waits for
//! the file `gate` beside it. Threads that have had a turn are files in `threads`, for all processes to see. Such a
//! file may say that so many turns came before those that are in it: they are `invented`. Turns that are `unindexed`
//! are told only after a process has opened the thread, which takes until the gate opens.

mod changes;
mod counting;
mod invented;
mod items;
mod mode;
mod requests;
mod settings;
mod threads;
mod turn;

use std::{
    collections::HashMap,
    env,
    io::{self, BufRead, Read, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    time::Duration,
};

use mode::Mode;
use serde_json::{Value, json};

/// How often a process that waits looks whether it may go on, and how fast one prints that prints for ever.
const TICK: Duration = Duration::from_millis(5);
/// How much a turn says before it begins something that nobody wants any more.
const DELTAS: usize = 200;
/// Says that this process already ignores SIGTERM.
const IGNORING: &str = "--ignoring-sigterm";

fn main() -> ExitCode {
    let mut arguments: Vec<String> = env::args().collect();
    let link = PathBuf::from(arguments.remove(0));
    let dir = link.parent().unwrap_or(Path::new(".")).to_owned();
    let mode = Mode::read(&dir);
    if arguments.iter().any(|argument| argument == "--version") {
        return version(mode);
    }
    if arguments.iter().any(|argument| argument == "login") {
        return login(&dir, &arguments);
    }
    match mode {
        Mode::Exits => {
            eprintln!("fake codex: the disk is full");
            return ExitCode::from(1);
        }
        // It takes the word for a prompt, and finds no terminal.
        Mode::Ancient => {
            eprintln!("Error: No such device or address (os error 6)");
            return ExitCode::from(1);
        }
        Mode::Races if has_raced(&dir) => {
            eprintln!("Error: failed to initialize sqlite state runtime under /home/.codex");
            return ExitCode::from(1);
        }
        Mode::Stubborn if !arguments.iter().any(|argument| argument == IGNORING) => {
            return ignore_sigterm(&link, &arguments);
        }
        Mode::Orphan => leave_orphan(),
        _ => {}
    }
    Fake::new(dir).run(mode)
}

fn version(mode: Mode) -> ExitCode {
    if mode == Mode::Broken {
        eprintln!("fake codex: a library is missing");
        return ExitCode::from(127);
    }
    println!("codex-cli {}", mode.version());
    ExitCode::SUCCESS
}

/// Whether this process is one of the first two.
fn has_raced(dir: &Path) -> bool {
    ["raced-1", "raced-2"].iter().any(|name| std::fs::File::create_new(dir.join(name)).is_ok())
}

/// Takes a key on standard input, and writes down what it was given, and how.
fn login(dir: &Path, arguments: &[String]) -> ExitCode {
    let mut input = String::new();
    let read = io::stdin().read_to_string(&mut input);
    let saw = json!({ "arguments": arguments, "input": input });
    if read.is_err() || std::fs::write(dir.join("login"), saw.to_string()).is_err() {
        return ExitCode::FAILURE;
    }
    if input.contains("revoked") {
        eprintln!("the key {} was revoked", input.trim());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Becomes this program again, with SIGTERM ignored: a disposition that outlives the change.
fn ignore_sigterm(link: &Path, arguments: &[String]) -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "a process that misbehaves is what this is for")]
    let mut shell = Command::new("sh");
    let error =
        shell.args(["-c", r#"trap '' TERM; exec "$0" "$@""#]).arg(link).args(arguments).arg(IGNORING).exec();
    eprintln!("fake codex: no shell: {error}");
    ExitCode::FAILURE
}

/// Leaves a process in a session of its own, out of the reach of signals to our group.
fn leave_orphan() {
    #[expect(clippy::disallowed_methods, reason = "a process that misbehaves is what this is for")]
    let mut orphan = Command::new("setsid");
    let ignores = "trap '' HUP INT QUIT TERM; exec sleep 600";
    if let Err(error) = orphan.args(["sh", "-c", ignores]).spawn() {
        eprintln!("fake codex: no orphan: {error}");
    }
}

/// One `app-server`.
struct Fake {
    dir: PathBuf,
    lines: Receiver<Value>,
    thread: threads::Thread,
    settings: settings::Settings,
    turns: u64,
    steers: u64,
    /// How often each method was asked for.
    asked: HashMap<String, u32>,
    running: Running,
}

/// What has become of the turn.
enum Running {
    Nothing,
    /// Accepted, but not begun: it waits for the gate.
    Accepted(String),
    /// Begun; it goes on until it is interrupted.
    Begun(String),
    /// Ended, and a command of it runs on.
    InBackground(String),
    /// Begun; it waits for the gate.
    Waiting(String),
    /// Begun; it says one number after another.
    Counting(String, counting::Counting),
    /// Begun; it asks one thing after another.
    Asking(String, requests::Asking),
}

impl Fake {
    fn new(dir: PathBuf) -> Self {
        let (sender, lines) = sync_channel(64);
        std::thread::spawn(move || {
            for line in io::stdin().lock().lines() {
                let Ok(line) = line else { return };
                let message = serde_json::from_str(&line).unwrap_or_else(|error| {
                    eprintln!("fake codex: no message: {error}: {line}");
                    std::process::exit(70)
                });
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let thread = threads::Thread::new(&dir, &Value::Null);
        let settings = settings::Settings::of(&Value::Null);
        Self {
            dir,
            lines,
            thread,
            settings,
            turns: 0,
            steers: 0,
            asked: HashMap::new(),
            running: Running::Nothing,
        }
    }

    /// Serves until its input ends.
    fn run(mut self, mode: Mode) -> ExitCode {
        loop {
            match self.lines.recv_timeout(TICK) {
                Ok(_) if matches!(mode, Mode::Silent | Mode::Deaf | Mode::Garbage) => self.note_unanswered(),
                Ok(message) => self.message(&message),
                Err(RecvTimeoutError::Timeout) if mode == Mode::Garbage => print("this is no message\n"),
                Err(RecvTimeoutError::Timeout) if matches!(self.running, Running::Counting(..)) => {
                    self.count_on();
                }
                Err(RecvTimeoutError::Timeout) => self.look_at_gate(),
                Err(RecvTimeoutError::Disconnected) if matches!(mode, Mode::Deaf | Mode::Stubborn) => loop {
                    std::thread::park();
                },
                Err(RecvTimeoutError::Disconnected) => return ExitCode::SUCCESS,
            }
        }
    }

    fn message(&mut self, message: &Value) {
        let Some(id) = message.get("id") else { return };
        let Some(method) = message["method"].as_str() else { return self.answered(message) };
        let params = &message["params"];
        let count = self.asked.entry(method.to_owned()).or_default();
        *count += 1;
        let mode = Mode::read(&self.dir);
        if mode == Mode::Overloaded && *count <= 2 {
            return error(id, -32001, "Server overloaded; retry later");
        }
        match method {
            "initialize" => reply(
                id,
                json!({ "userAgent": mode.user_agent(), "platformFamily": "unix", "platformOs": "linux" }),
            ),
            "account/read" => reply(id, json!({ "account": null, "requiresOpenaiAuth": false })),
            "config/read" => reply(id, json!({ "config": {}, "origins": {} })),
            "model/list" => reply(id, json!({ "data": settings::models(), "nextCursor": null })),
            "thread/start" | "thread/resume" => self.open_thread(method, id, params),
            "thread/list" | "thread/read" if mode == Mode::DiesReading => {
                eprintln!("fake codex: the page is torn");
                std::process::exit(4)
            }
            "thread/list" | "thread/read" if mode == Mode::SilentReading => self.note_unanswered(),
            "thread/list" => threads::list(&self.dir, id, params, mode != Mode::Before171),
            "thread/read" => self.read_thread(id, params),
            "thread/turns/list" => threads::turns(&self.dir, id, params),
            "thread/revert" if mode == Mode::Reverts => self.revert(id, params),
            "turn/start" => self.turn(mode, id, params),
            "turn/steer" => self.steer(mode, id, params),
            "thread/settings/update" => {
                self.note("settings", params);
                reply(id, json!({}));
                self.change_settings(params);
            }
            "turn/interrupt" => {
                if let (Mode::BeginsStopped, Running::Begun(turn)) = (mode, &self.running) {
                    let turn = turn.clone();
                    for _ in 0..DELTAS {
                        self.delta("item/agentMessage/delta", &turn, &format!("{turn}-cut"), " more");
                    }
                    self.started(&turn, &items::background(&turn));
                }
                self.interrupt(id);
            }
            "thread/backgroundTerminals/terminate" => {
                self.note("terminated", params);
                reply(id, json!({}));
            }
            _ => error(
                id,
                -32600,
                &format!(
                    "Invalid request: unknown variant `{method}`, expected one of `initialize`, `thread/start`"
                ),
            ),
        }
    }

    fn interrupt(&mut self, id: &Value) {
        match std::mem::replace(&mut self.running, Running::Nothing) {
            Running::Begun(turn)
            | Running::Waiting(turn)
            | Running::Asking(turn, _)
            | Running::Counting(turn, _) => {
                reply(id, json!({}));
                self.end(&turn, "interrupted");
            }
            before => {
                self.running = before;
                error(id, -32600, "no active turn to interrupt");
            }
        }
    }

    fn look_at_gate(&mut self) {
        if !self.dir.join("gate").exists() {
            return;
        }
        match &self.running {
            Running::Accepted(turn) => {
                let turn = turn.clone();
                self.begin(&turn);
                self.running = Running::Begun(turn);
            }
            Running::Waiting(turn) => {
                let turn = turn.clone();
                // Whoever opened it sees that it was used.
                let _ = std::fs::remove_file(self.dir.join("gate"));
                self.running = Running::Nothing;
                self.say_text(&turn, "Done.");
                self.end(&turn, "completed");
            }
            Running::Asking(turn, _) if self.change_later(turn) => {
                // Whoever opened it sees that it was used.
                let _ = std::fs::remove_file(self.dir.join("gate"));
            }
            Running::Asking(..) => self.go_on(),
            Running::InBackground(turn) => {
                let turn = turn.clone();
                self.running = Running::Nothing;
                self.end_background(&turn);
            }
            Running::Nothing | Running::Begun(_) | Running::Counting(..) => {}
        }
    }
}

fn reply(id: &Value, result: Value) {
    say(&json!({ "id": id, "result": result }));
}

fn error(id: &Value, code: i64, message: &str) {
    say(&json!({ "id": id, "error": { "code": code, "message": message } }));
}

fn notify(method: &str, params: &Value) {
    say(&json!({ "method": method, "params": params, "emittedAtMs": 1_795_456_161_109_i64 }));
}

fn say(message: &Value) {
    print(&format!("{message}\n"));
}

/// Prints, whatever it is. When nobody reads any more, this program ends.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}
