//! `codex-gateway-cli` on a terminal: who is there is asked.

use std::{fs::File, path::Path, process::Stdio};

use rustix::{
    process::{Pid, Signal, kill_process},
    termios::{LocalModes, tcgetattr},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin, ChildStdout},
};

use super::cli::{Done, done};
use crate::support::{Process, Setup, eventually, within};

const PROGRAM: &str = env!("CARGO_BIN_EXE_codex-gateway-cli");
/// A terminal whose lines are read, and shown as they are typed.
const LINES: LocalModes = LocalModes::ICANON.union(LocalModes::ECHO);
const UP: &str = "\x1b[A";
const DOWN: &str = "\x1b[B";
const CTRL_C: &str = "\x03";
const HIDE_CURSOR: &str = "\x1b[?25l";
const SHOW_CURSOR: &str = "\x1b[?25h";

/// The program on a terminal, and what that shows.
struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: ChildStdout,
    shown: String,
    /// Up to where it was looked at.
    seen: usize,
}

impl Terminal {
    fn start(setup: &Setup, prompt: &str) -> Self {
        assert!(Path::new("/usr/bin/script").exists(), "util-linux has it");
        let mut terminal = setup.command_of("/usr/bin/script");
        terminal.env_remove("RUST_LOG").env("TERM", "xterm");
        // What it has made of the terminal is told after it. Nobody but the program is interrupted by a key.
        let script = format!("trap : INT; {PROGRAM} '{prompt}'; status=$?; echo; stty -a; exit $status");
        terminal.args(["-qec", &script, "/dev/null"]);
        terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = terminal.spawn().unwrap();
        let (keys, screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, keys, screen, shown: String::new(), seen: 0 }
    }

    /// Reads more; whether there was any.
    async fn read(&mut self) -> bool {
        let mut bytes = [0; 4096];
        let read = self.screen.read(&mut bytes).await.unwrap_or(0);
        self.shown.push_str(&String::from_utf8_lossy(&bytes[..read]));
        read > 0
    }

    /// Waits until it shows this, after what was waited for before; what stands between.
    async fn shows(&mut self, word: &str) -> String {
        let found = within(word, async {
            loop {
                if let Some(at) = self.shown[self.seen..].find(word) {
                    return at;
                }
                assert!(self.read().await, "it never showed {word}: {}", self.shown);
            }
        });
        let end = found.await;
        let between = self.shown[self.seen..self.seen + end].to_owned();
        self.seen += end + word.len();
        between
    }

    async fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).await.unwrap();
    }

    /// The program.
    fn process(setup: &Setup) -> Process {
        let all = Process::with("HOME", setup.home().to_str().unwrap());
        all.into_iter().find(|process| process.command.starts_with(PROGRAM)).unwrap()
    }

    /// Waits until the program reads in this way: by lines, and whether they are shown; else by keys.
    async fn reads(&self, setup: &Setup, modes: LocalModes) {
        let terminal = File::open(format!("/proc/{}/fd/0", Self::process(setup).pid)).unwrap();
        eventually(&format!("it reads as {modes:?}"), || {
            tcgetattr(&terminal).unwrap().local_modes & LINES == modes
        })
        .await;
    }

    /// Waits for the end of the program: its exit status, and all that was shown.
    async fn end(mut self, setup: &Setup) -> (Option<i32>, String) {
        within("the program ends", async { while self.read().await {} }).await;
        let Done { status, .. } = done(setup, self.child).await;
        for set in ["icanon", "echo", "isig"] {
            assert!(
                self.shown.split_whitespace().any(|word| word == set),
                "the terminal is as it was: {}",
                self.shown
            );
        }
        assert!(self.shown.rfind(SHOW_CURSOR) >= self.shown.rfind(HIDE_CURSOR), "{:?}", self.shown);
        (status.code(), self.shown)
    }
}

#[tokio::test]
async fn a_person_at_a_terminal_is_asked() {
    let setup = Setup::demo();
    let mut terminal = Terminal::start(&setup, "Ask for an approval");
    let choices = terminal.shows("No; go on without").await;
    assert!(!choices.contains("❯ Yes, once"), "what Enter alone chooses allows nothing");
    // To the first one, which allows it once. (The command is two in one, which cannot be allowed always.)
    terminal.press(&format!("{UP}\r")).await;
    let (status, shown) = terminal.end(&setup).await;
    assert!(status == Some(0) && shown.contains("allowed"), "{shown}");
}

#[tokio::test]
async fn what_does_not_fit_is_asked_again() {
    let setup = Setup::fake("asks-for-words");
    let mut terminal = Terminal::start(&setup, "Hello");
    for (name, complaint) in [("\r", "! the question \"name\" has no answer"), ("Ada\r", "answered")] {
        terminal.shows("Something else").await;
        terminal.press("\r").await;
        terminal.shows("The old one").await;
        terminal.shows("Name").await;
        terminal.press(name).await;
        terminal.shows(complaint).await;
    }
    for (nights, complaint) in [("3.5\r", "! the field \"nights\" does not take that"), ("3\r", "allowed")] {
        terminal.shows("Answer it?").await;
        terminal.press("y").await;
        terminal.shows("City").await;
        terminal.press("Rome\r").await;
        terminal.shows("With breakfast").await;
        terminal.press("y").await;
        terminal.shows("second").await;
        terminal.press("\r").await;
        terminal.shows("Nights").await;
        terminal.press(nights).await;
        terminal.shows(complaint).await;
    }
    let (status, shown) = terminal.end(&setup).await;
    assert!(status == Some(0) && shown.contains("Ada") && shown.contains("\"nights\":3"), "{shown}");
}

#[tokio::test]
async fn a_question_is_asked_though_it_came_while_nobody_looked() {
    let setup = Setup::fake("asks-in-flood");
    let mut terminal = Terminal::start(&setup, "Hello");
    terminal.shows("asks to run: cargo test").await;
    terminal.shows("No, and stop").await;
    // Meanwhile the other one comes, and more than is kept after it.
    eventually("all is said", || setup.fake_codex().floods() == 2).await;
    terminal.press("\r").await;
    terminal.shows("some of what happened is left out").await;
    terminal.shows("asks to write below /outside").await;
    terminal.shows("No, and stop").await;
    terminal.press("\r").await;
    let (status, shown) = terminal.end(&setup).await;
    assert_eq!(status, Some(0), "{shown}");
}

#[tokio::test]
async fn the_first_interrupt_stops_the_turn_and_a_second_one_the_program() {
    let setup = Setup::fake("hangs");
    let mut terminal = Terminal::start(&setup, "Hello");
    terminal.shows("I was about to say").await;
    terminal.press(CTRL_C).await;
    terminal.shows("stopping; once more ends at once").await;
    let (status, shown) = terminal.end(&setup).await;
    assert_eq!(status, Some(130), "{shown}");

    let setup = Setup::fake("late-start");
    let mut terminal = Terminal::start(&setup, "Hello");
    terminal.shows("working").await;
    terminal.press(CTRL_C).await;
    terminal.shows("stopping; once more ends at once").await;
    terminal.press(CTRL_C).await;
    let (status, shown) = terminal.end(&setup).await;
    assert_eq!(status, Some(130), "{shown}");
}

#[tokio::test]
async fn to_interrupt_a_question_is_to_stop_the_turn() {
    let other = format!("{DOWN}\r");
    // All is read key by key, only a secret is a line: there the key is a signal at once.
    let choice = ("asks", &[("No, and stop", "")][..], LocalModes::empty());
    let text = ("asks-for-words", &[("Something else", "\r"), ("Name", "")][..], LocalModes::empty());
    let secret = ("asks-for-words", &[("Something else", &other[..]), ("Token", "")][..], LocalModes::ICANON);
    for (mode, steps, modes) in [choice, text, secret] {
        let setup = Setup::fake(mode);
        let mut terminal = Terminal::start(&setup, "Hello");
        terminal.shows("asks").await;
        for (shown, keys) in steps {
            terminal.shows(shown).await;
            terminal.press(keys).await;
        }
        terminal.reads(&setup, modes).await;
        terminal.press(CTRL_C).await;
        terminal.shows("stopping; once more ends at once").await;
        let (status, shown) = terminal.end(&setup).await;
        assert!(status == Some(130) && shown.contains("not asked any more"), "{mode}: {shown}");
    }
}

#[tokio::test]
async fn who_is_asked_gets_the_terminal_back_when_the_program_is_ended() {
    let setup = Setup::fake("asks");
    let mut terminal = Terminal::start(&setup, "Hello");
    terminal.shows("No, and stop").await;
    terminal.reads(&setup, LocalModes::empty()).await;
    let program = Terminal::process(&setup);
    kill_process(Pid::from_raw(program.pid).unwrap(), Signal::TERM).unwrap();
    let (status, shown) = terminal.end(&setup).await;
    assert_eq!(status, Some(143), "{shown}");
}

#[tokio::test]
async fn a_secret_is_not_shown() {
    let setup = Setup::fake("asks-for-words");
    let mut terminal = Terminal::start(&setup, "Hello");
    terminal.shows("Something else").await;
    terminal.press(&format!("{DOWN}\r")).await;
    terminal.shows("Token").await;
    terminal.reads(&setup, LocalModes::ICANON).await;
    terminal.press("hush-hush\r").await;
    terminal.shows("Name").await;
    terminal.press("Ada\r").await;
    let before = terminal.shows("Answer it?").await;
    assert!(!before.contains("hush"), "{before}");
    terminal.press("n").await;
    let (status, shown) = terminal.end(&setup).await;
    assert!(status == Some(0) && shown.contains("hush-hush"), "what the fake one was told: {shown}");
}
