//! A scripted replacement of codex that misbehaves on demand.
//!
//! A test links to the program from its own directory, which holds the control files:
//!
//! - `mode` is the [`Mode`]. It is read at start and at every request, so that a test can change it while a process runs.
//! - `gate` is what some modes wait for. The gate is open while the file exists.
//! - `threads` has a file for each thread that has had a turn, shared by all processes. Its member `invented` is a number
//!   of generated turns before the stored ones. Turns in `unindexed` are returned only after a process has opened the
//!   thread, which takes until the gate opens.
//! - `received`, `opened`, `settings`, `terminated` and `flooded` record requests and output for the test.

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

/// Interval at which the process checks the gate, and at which some modes print.
const TICK: Duration = Duration::from_millis(5);
/// Number of deltas that [`Mode::CommandOnInterrupt`] sends before its command.
const DELTAS_ON_INTERRUPT: usize = 200;
/// Argument of a process that already ignores SIGTERM.
const IGNORES_SIGTERM: &str = "--ignoring-sigterm";

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
        Mode::ExitsAtStart => {
            eprintln!("fake codex: the disk is full");
            return ExitCode::from(1);
        }
        // Such a version takes `app-server` for a prompt, and finds no terminal.
        Mode::NoAppServer => {
            eprintln!("Error: No such device or address (os error 6)");
            return ExitCode::from(1);
        }
        Mode::StartupRace if is_among_first_two(&dir) => {
            eprintln!("Error: failed to initialize sqlite state runtime under /home/.codex");
            return ExitCode::from(1);
        }
        Mode::IgnoresSigterm if !arguments.iter().any(|argument| argument == IGNORES_SIGTERM) => {
            return ignore_sigterm(&link, &arguments);
        }
        Mode::LeavesOrphan => leave_orphan(),
        _ => {}
    }
    AppServer::new(dir).run(mode)
}

fn version(mode: Mode) -> ExitCode {
    if mode == Mode::VersionFails {
        eprintln!("fake codex: a library is missing");
        return ExitCode::from(127);
    }
    println!("codex-cli {}", mode.version());
    ExitCode::SUCCESS
}

/// Returns `true` for the first two processes.
fn is_among_first_two(dir: &Path) -> bool {
    ["raced-1", "raced-2"].iter().any(|name| std::fs::File::create_new(dir.join(name)).is_ok())
}

/// Reads a key from standard input, and records the arguments and the key.
fn login(dir: &Path, arguments: &[String]) -> ExitCode {
    let mut input = String::new();
    let read = io::stdin().read_to_string(&mut input);
    let record = json!({ "arguments": arguments, "input": input });
    if read.is_err() || std::fs::write(dir.join("login"), record.to_string()).is_err() {
        return ExitCode::FAILURE;
    }
    if input.contains("revoked") {
        eprintln!("the key {} was revoked", input.trim());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Executes this program again with SIGTERM ignored, a disposition that `exec` keeps.
fn ignore_sigterm(link: &Path, arguments: &[String]) -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "the process misbehaves on purpose")]
    let mut shell = Command::new("sh");
    let error = shell
        .args(["-c", r#"trap '' TERM; exec "$0" "$@""#])
        .arg(link)
        .args(arguments)
        .arg(IGNORES_SIGTERM)
        .exec();
    eprintln!("fake codex: no shell: {error}");
    ExitCode::FAILURE
}

/// Starts a process in a new session, which signals to this process group do not reach.
fn leave_orphan() {
    #[expect(clippy::disallowed_methods, reason = "the process misbehaves on purpose")]
    let mut orphan = Command::new("setsid");
    let ignores = "trap '' HUP INT QUIT TERM; exec sleep 600";
    if let Err(error) = orphan.args(["sh", "-c", ignores]).spawn() {
        eprintln!("fake codex: no orphan: {error}");
    }
}

/// An `app-server` process.
struct AppServer {
    dir: PathBuf,
    lines: Receiver<Value>,
    thread: threads::Thread,
    settings: settings::Settings,
    turns: u64,
    steers: u64,
    /// Number of requests by method.
    request_counts: HashMap<String, u32>,
    turn: TurnState,
}

/// State of the current turn.
enum TurnState {
    Idle,
    /// Accepted but not started. Waits for the gate.
    Accepted(String),
    /// Runs until it is interrupted.
    Endless(String),
    /// Completed, with a command that still runs.
    InBackground(String),
    /// Started. Waits for the gate.
    Waiting(String),
    /// Sends one number per tick.
    Counting(String, counting::Counting),
    /// Waits for the answers to server requests.
    Asking(String, requests::Asking),
}

impl AppServer {
    fn new(dir: PathBuf) -> Self {
        let (sender, lines) = sync_channel(64);
        std::thread::spawn(move || {
            for line in io::stdin().lock().lines() {
                let Ok(line) = line else { return };
                let message = serde_json::from_str(&line).unwrap_or_else(|error| {
                    eprintln!("fake codex: not a message: {error}: {line}");
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
            request_counts: HashMap::new(),
            turn: TurnState::Idle,
        }
    }

    /// Serves requests until the end of the input.
    fn run(mut self, mode: Mode) -> ExitCode {
        loop {
            match self.lines.recv_timeout(TICK) {
                Ok(_) if matches!(mode, Mode::Silent | Mode::SilentUntilSigterm | Mode::Garbage) => {
                    self.record_unanswered();
                }
                Ok(message) => self.handle(&message),
                Err(RecvTimeoutError::Timeout) if mode == Mode::Garbage => print("this is no message\n"),
                Err(RecvTimeoutError::Timeout) if matches!(self.turn, TurnState::Counting(..)) => {
                    self.count_next();
                }
                Err(RecvTimeoutError::Timeout) => self.check_gate(),
                Err(RecvTimeoutError::Disconnected)
                    if matches!(mode, Mode::SilentUntilSigterm | Mode::IgnoresSigterm) =>
                {
                    loop {
                        std::thread::park();
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return ExitCode::SUCCESS,
            }
        }
    }

    fn handle(&mut self, message: &Value) {
        let Some(id) = message.get("id") else { return };
        let Some(method) = message["method"].as_str() else { return self.handle_answer(message) };
        let params = &message["params"];
        let count = self.request_counts.entry(method.to_owned()).or_default();
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
            "thread/list" | "thread/read" if mode == Mode::ExitsOnRead => {
                eprintln!("fake codex: the page is torn");
                std::process::exit(4)
            }
            "thread/list" | "thread/read" if mode == Mode::SilentOnRead => self.record_unanswered(),
            "thread/list" => threads::list(&self.dir, id, params, mode != Mode::Before171),
            "thread/read" => self.read_thread(id, params),
            "thread/turns/list" => threads::turns(&self.dir, id, params),
            "thread/revert" if mode == Mode::Reverts => self.revert(id, params),
            "turn/start" => self.start_turn(mode, id, params),
            "turn/steer" => self.steer(mode, id, params),
            "thread/settings/update" => {
                self.record("settings", params);
                reply(id, json!({}));
                self.change_settings(params);
            }
            "turn/interrupt" => {
                if let (Mode::CommandOnInterrupt, TurnState::Endless(turn)) = (mode, &self.turn) {
                    let turn = turn.clone();
                    for _ in 0..DELTAS_ON_INTERRUPT {
                        self.delta("item/agentMessage/delta", &turn, &format!("{turn}-cut"), " more");
                    }
                    self.started(&turn, &items::background(&turn));
                }
                self.interrupt(id);
            }
            "thread/backgroundTerminals/terminate" => {
                self.record("terminated", params);
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
        match std::mem::replace(&mut self.turn, TurnState::Idle) {
            TurnState::Endless(turn)
            | TurnState::Waiting(turn)
            | TurnState::Asking(turn, _)
            | TurnState::Counting(turn, _) => {
                reply(id, json!({}));
                self.end(&turn, "interrupted");
            }
            other => {
                self.turn = other;
                error(id, -32600, "no active turn to interrupt");
            }
        }
    }

    fn check_gate(&mut self) {
        if !self.dir.join("gate").exists() {
            return;
        }
        match &self.turn {
            TurnState::Accepted(turn) => {
                let turn = turn.clone();
                self.begin(&turn);
                self.turn = TurnState::Endless(turn);
            }
            TurnState::Waiting(turn) => {
                let turn = turn.clone();
                // Tells the test that the turn has passed.
                let _ = std::fs::remove_file(self.dir.join("gate"));
                self.turn = TurnState::Idle;
                self.send_message(&turn, "Done.");
                self.end(&turn, "completed");
            }
            TurnState::Asking(turn, _) if self.replace_changes(turn) => {
                // Tells the test that the turn has passed.
                let _ = std::fs::remove_file(self.dir.join("gate"));
            }
            TurnState::Asking(..) => self.finish_asking(),
            TurnState::InBackground(turn) => {
                let turn = turn.clone();
                self.turn = TurnState::Idle;
                self.end_background(&turn);
            }
            TurnState::Idle | TurnState::Endless(_) | TurnState::Counting(..) => {}
        }
    }
}

fn reply(id: &Value, result: Value) {
    send(&json!({ "id": id, "result": result }));
}

fn error(id: &Value, code: i64, message: &str) {
    send(&json!({ "id": id, "error": { "code": code, "message": message } }));
}

fn notify(method: &str, params: &Value) {
    send(&json!({ "method": method, "params": params, "emittedAtMs": 1_795_456_161_109_i64 }));
}

fn send(message: &Value) {
    print(&format!("{message}\n"));
}

/// Prints text. Exits when the other end of the pipe is closed.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}
