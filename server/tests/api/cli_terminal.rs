//! `codex-gateway-cli` on a terminal: questions, interrupts and the state of the terminal.

use std::{fs::File, path::Path, process::Stdio};

use rustix::{
    process::{Pid, Signal, kill_process},
    termios::{LocalModes, tcgetattr},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin, ChildStdout},
};

use super::cli::{Finished, finish};
use crate::support::{Process, Setup, eventually, within};

const PROGRAM: &str = env!("CARGO_BIN_EXE_codex-gateway-cli");
/// Terminal modes of line input with echo.
const LINE_INPUT: LocalModes = LocalModes::ICANON.union(LocalModes::ECHO);
const UP: &str = "\x1b[A";
const DOWN: &str = "\x1b[B";
const CTRL_C: &str = "\x03";
const HIDE_CURSOR: &str = "\x1b[?25l";
const SHOW_CURSOR: &str = "\x1b[?25h";

/// The program on a pseudo-terminal, and its screen output.
struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: ChildStdout,
    shown: String,
    /// Length of `shown` that was already searched.
    searched: usize,
}

impl Terminal {
    fn start(setup: &Setup, prompt: &str) -> Self {
        assert!(Path::new("/usr/bin/script").exists(), "util-linux provides `script`");
        let mut terminal = setup.command_for("/usr/bin/script");
        terminal.env_remove("RUST_LOG").env("TERM", "xterm");
        // `stty` shows the state in which the program leaves the terminal. The trap keeps Ctrl C from ending the shell.
        let script = format!("trap : INT; {PROGRAM} '{prompt}'; status=$?; echo; stty -a; exit $status");
        terminal.args(["-qec", &script, "/dev/null"]);
        terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = terminal.spawn().unwrap();
        let (keys, screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, keys, screen, shown: String::new(), searched: 0 }
    }

    /// Reads more output. Returns `false` at the end.
    async fn read(&mut self) -> bool {
        let mut bytes = [0; 4096];
        let read = self.screen.read(&mut bytes).await.unwrap_or(0);
        self.shown.push_str(&String::from_utf8_lossy(&bytes[..read]));
        read > 0
    }

    /// Waits until the screen shows `word` after the previous match. Returns the text between.
    async fn wait_for(&mut self, word: &str) -> String {
        let found = within(word, async {
            loop {
                if let Some(at) = self.shown[self.searched..].find(word) {
                    return at;
                }
                assert!(self.read().await, "the screen never showed {word}: {}", self.shown);
            }
        });
        let end = found.await;
        let between = self.shown[self.searched..self.searched + end].to_owned();
        self.searched += end + word.len();
        between
    }

    async fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).await.unwrap();
    }

    /// Returns the process of the program.
    fn process(setup: &Setup) -> Process {
        let all = Process::with_env("HOME", setup.home().to_str().unwrap());
        all.into_iter().find(|process| process.command.starts_with(PROGRAM)).unwrap()
    }

    /// Waits until the terminal has these input modes: by lines, with or without echo, or by keys.
    async fn wait_for_modes(&self, setup: &Setup, modes: LocalModes) {
        let terminal = File::open(format!("/proc/{}/fd/0", Self::process(setup).pid)).unwrap();
        eventually(&format!("the terminal has the modes {modes:?}"), || {
            tcgetattr(&terminal).unwrap().local_modes & LINE_INPUT == modes
        })
        .await;
    }

    /// Waits for the program to exit. Returns its exit status and all screen output.
    async fn wait_for_exit(mut self, setup: &Setup) -> (Option<i32>, String) {
        within("the program exits", async { while self.read().await {} }).await;
        let Finished { status, .. } = finish(setup, self.child).await;
        for set in ["icanon", "echo", "isig"] {
            assert!(
                self.shown.split_whitespace().any(|word| word == set),
                "the terminal is not restored: {}",
                self.shown
            );
        }
        assert!(self.shown.rfind(SHOW_CURSOR) >= self.shown.rfind(HIDE_CURSOR), "{:?}", self.shown);
        (status.code(), self.shown)
    }
}

#[tokio::test]
async fn approval_is_asked_on_the_terminal() {
    let setup = Setup::demo();
    let mut terminal = Terminal::start(&setup, "Ask for an approval");
    let choices = terminal.wait_for("No; go on without").await;
    assert!(!choices.contains("❯ Yes, once"), "the preselected choice approves nothing");
    // To the first choice, which approves once. The command consists of two and cannot be approved for good.
    terminal.press(&format!("{UP}\r")).await;
    let (status, shown) = terminal.wait_for_exit(&setup).await;
    assert!(status == Some(0) && shown.contains("allowed"), "{shown}");
}

#[tokio::test]
async fn invalid_answer_is_asked_again() {
    let setup = Setup::fake("asks-questions");
    let mut terminal = Terminal::start(&setup, "Hello");
    for (name, complaint) in [("\r", "! the question \"name\" has no answer"), ("Ada\r", "answered")] {
        terminal.wait_for("Something else").await;
        terminal.press("\r").await;
        terminal.wait_for("The old one").await;
        terminal.wait_for("Name").await;
        terminal.press(name).await;
        terminal.wait_for(complaint).await;
    }
    for (nights, complaint) in [("3.5\r", "! the field \"nights\" does not take that"), ("3\r", "allowed")] {
        terminal.wait_for("Answer it?").await;
        terminal.press("y").await;
        terminal.wait_for("City").await;
        terminal.press("Rome\r").await;
        terminal.wait_for("With breakfast").await;
        terminal.press("y").await;
        terminal.wait_for("second").await;
        terminal.press("\r").await;
        terminal.wait_for("Nights").await;
        terminal.press(nights).await;
        terminal.wait_for(complaint).await;
    }
    let (status, shown) = terminal.wait_for_exit(&setup).await;
    assert!(status == Some(0) && shown.contains("Ada") && shown.contains("\"nights\":3"), "{shown}");
}

#[tokio::test]
async fn request_that_arrived_before_a_gap_is_still_asked() {
    let setup = Setup::fake("asks-during-flood");
    let mut terminal = Terminal::start(&setup, "Hello");
    terminal.wait_for("asks to run: cargo test").await;
    terminal.wait_for("No, and stop").await;
    // Meanwhile the other request arrives, followed by more than the event log keeps.
    eventually("both floods are written", || setup.fake_codex().flood_count() == 2).await;
    terminal.press("\r").await;
    terminal.wait_for("some of what happened is left out").await;
    terminal.wait_for("asks to write below /outside").await;
    terminal.wait_for("No, and stop").await;
    terminal.press("\r").await;
    let (status, shown) = terminal.wait_for_exit(&setup).await;
    assert_eq!(status, Some(0), "{shown}");
}

#[tokio::test]
async fn first_ctrl_c_interrupts_the_turn_and_second_one_exits() {
    let setup = Setup::fake("endless-turn");
    let mut terminal = Terminal::start(&setup, "Hello");
    terminal.wait_for("I was about to say").await;
    terminal.press(CTRL_C).await;
    terminal.wait_for("stopping; once more ends at once").await;
    let (status, shown) = terminal.wait_for_exit(&setup).await;
    assert_eq!(status, Some(130), "{shown}");

    let setup = Setup::fake("late-start");
    let mut terminal = Terminal::start(&setup, "Hello");
    terminal.wait_for("working").await;
    terminal.press(CTRL_C).await;
    terminal.wait_for("stopping; once more ends at once").await;
    terminal.press(CTRL_C).await;
    let (status, shown) = terminal.wait_for_exit(&setup).await;
    assert_eq!(status, Some(130), "{shown}");
}

#[tokio::test]
async fn ctrl_c_at_a_question_interrupts_the_turn() {
    let other = format!("{DOWN}\r");
    // All input is read by keys, except a secret, which is a line: there Ctrl C is a signal.
    let choice = ("asks", &[("No, and stop", "")][..], LocalModes::empty());
    let text = ("asks-questions", &[("Something else", "\r"), ("Name", "")][..], LocalModes::empty());
    let secret = ("asks-questions", &[("Something else", &other[..]), ("Token", "")][..], LocalModes::ICANON);
    for (mode, steps, modes) in [choice, text, secret] {
        let setup = Setup::fake(mode);
        let mut terminal = Terminal::start(&setup, "Hello");
        terminal.wait_for("asks").await;
        for (shown, keys) in steps {
            terminal.wait_for(shown).await;
            terminal.press(keys).await;
        }
        terminal.wait_for_modes(&setup, modes).await;
        terminal.press(CTRL_C).await;
        terminal.wait_for("stopping; once more ends at once").await;
        let (status, shown) = terminal.wait_for_exit(&setup).await;
        assert!(status == Some(130) && shown.contains("not asked any more"), "{mode}: {shown}");
    }
}

#[tokio::test]
async fn terminal_is_restored_when_the_program_is_terminated_at_a_question() {
    let setup = Setup::fake("asks");
    let mut terminal = Terminal::start(&setup, "Hello");
    terminal.wait_for("No, and stop").await;
    terminal.wait_for_modes(&setup, LocalModes::empty()).await;
    let program = Terminal::process(&setup);
    kill_process(Pid::from_raw(program.pid).unwrap(), Signal::TERM).unwrap();
    let (status, shown) = terminal.wait_for_exit(&setup).await;
    assert_eq!(status, Some(143), "{shown}");
}

#[tokio::test]
async fn secret_input_is_not_echoed() {
    let setup = Setup::fake("asks-questions");
    let mut terminal = Terminal::start(&setup, "Hello");
    terminal.wait_for("Something else").await;
    terminal.press(&format!("{DOWN}\r")).await;
    terminal.wait_for("Token").await;
    terminal.wait_for_modes(&setup, LocalModes::ICANON).await;
    terminal.press("hush-hush\r").await;
    terminal.wait_for("Name").await;
    terminal.press("Ada\r").await;
    let before = terminal.wait_for("Answer it?").await;
    assert!(!before.contains("hush"), "{before}");
    terminal.press("n").await;
    let (status, shown) = terminal.wait_for_exit(&setup).await;
    assert!(
        status == Some(0) && shown.contains("hush-hush"),
        "the fake codex shows the received answer: {shown}"
    );
}
