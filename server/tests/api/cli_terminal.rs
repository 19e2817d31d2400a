//! `codex-gateway-cli` on a terminal: who is there is asked.

use std::{path::Path, process::Stdio};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin, ChildStdout},
};

use super::cli::{Done, done};
use crate::support::{Setup, eventually, within};

const UP: &str = "\x1b[A";

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
        let program = env!("CARGO_BIN_EXE_codex-gateway-cli");
        assert!(Path::new("/usr/bin/script").exists(), "util-linux has it");
        let mut terminal = setup.command_of("/usr/bin/script");
        terminal.env_remove("RUST_LOG").env("TERM", "xterm");
        terminal.args(["-qec", &format!("{program} '{prompt}'"), "/dev/null"]);
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

    /// Waits for the end of the program: its exit status, and all that was shown.
    async fn end(mut self, setup: &Setup) -> (Option<i32>, String) {
        within("the program ends", async { while self.read().await {} }).await;
        let Done { status, .. } = done(setup, self.child).await;
        (status.code(), self.shown)
    }
}

#[tokio::test]
async fn a_person_at_a_terminal_is_asked() {
    let setup = Setup::demo();
    let mut terminal = Terminal::start(&setup, "Ask for an approval");
    let choices = terminal.shows("No; go on without").await;
    assert!(!choices.contains("❯ Yes, once"), "what Enter alone chooses allows nothing");
    // To the first one, which allows it once.
    terminal.press(&format!("{UP}{UP}\r")).await;
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
        terminal.shows("With breakfast").await;
        terminal.press("y").await;
        terminal.shows("City").await;
        terminal.press("Rome\r").await;
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
