//! Baseline: a client that speaks to `codex app-server` over stdio.

use std::{
    io::{Read, Write},
    process::{Child, ChildStdin, ChildStdout},
    time::{Instant, SystemTime},
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::{
    setup::Setup,
    turn::{COMPLETED, Message, Turn, TurnClient},
};

/// A codex process with a thread.
pub(crate) struct Direct {
    process: Child,
    stdin: Option<ChildStdin>,
    lines: Lines,
    thread: Value,
    last_id: u64,
}

impl Direct {
    /// Starts a process and sends `initialize`.
    pub(crate) fn initialize(setup: &Setup) -> Result<Self> {
        let mut process = setup.codex()?.spawn().context("codex does not start")?;
        let stdin = process.stdin.take();
        let stdout = process.stdout.take().context("codex has no output")?;
        let mut direct = Self { process, stdin, lines: Lines::new(stdout), thread: Value::Null, last_id: 0 };
        let info =
            json!({"name": "codex_gateway", "title": "Codex Gateway", "version": env!("CARGO_PKG_VERSION")});
        let capabilities = json!({"experimentalApi": true, "requestAttestation": false});
        let request =
            direct.request("initialize", &json!({"clientInfo": info, "capabilities": capabilities}))?;
        direct.replies(&[request])?;
        direct.send(&json!({"method": "initialized"}))?;
        Ok(direct)
    }

    /// Starts a process and a thread, with the requests that the gateway sends for a session, concurrently.
    pub(crate) fn open(setup: &Setup) -> Result<Self> {
        let mut direct = Self::initialize(setup)?;
        let account = direct.request("account/read", &json!({"refreshToken": false}))?;
        let models = direct.request("model/list", &json!({}))?;
        direct.open_thread(setup, None, &[account, models])?;
        Ok(direct)
    }

    /// Starts a thread.
    pub(crate) fn start_thread(&mut self, setup: &Setup) -> Result<()> {
        self.open_thread(setup, None, &[])
    }

    /// Resumes a thread.
    pub(crate) fn resume_thread(&mut self, setup: &Setup, thread: &Value) -> Result<()> {
        self.open_thread(setup, Some(thread), &[])
    }

    /// Starts or resumes a thread. Also waits for the replies to the requests in `before`.
    fn open_thread(&mut self, setup: &Setup, thread: Option<&Value>, before: &[u64]) -> Result<()> {
        let mut start =
            json!({"cwd": setup.workspace(), "sandbox": "workspace-write", "approvalPolicy": "on-request"});
        let method = match thread {
            Some(thread) => {
                start["threadId"] = thread.clone();
                start["excludeTurns"] = true.into();
                "thread/resume"
            }
            None => "thread/start",
        };
        let asked = self.request(method, &start)?;
        let mut replies = self.replies(&[before, &[asked]].concat())?;
        self.thread = replies.pop().map(|mut reply| reply["thread"]["id"].take()).unwrap_or_default();
        Ok(())
    }

    /// Returns the id of the thread.
    pub(crate) fn thread_id(&self) -> &Value {
        &self.thread
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    fn send(&mut self, message: &Value) -> Result<()> {
        let line = format!("{message}\n");
        self.stdin.as_mut().context("codex has no input")?.write_all(line.as_bytes())?;
        Ok(())
    }

    fn request(&mut self, method: &str, params: &Value) -> Result<u64> {
        self.last_id += 1;
        self.send(&json!({"id": self.last_id, "method": method, "params": params}))?;
        Ok(self.last_id)
    }

    /// Reads until all of these requests are answered. Returns the results in the order of `ids`.
    fn replies(&mut self, ids: &[u64]) -> Result<Vec<Value>> {
        let mut results = vec![None; ids.len()];
        while results.contains(&None) {
            let mut message: Value = serde_json::from_slice(&self.lines.next()?.json)?;
            let Some(at) = ids.iter().position(|id| message["id"] == *id) else { continue };
            let Some(result) = message.get_mut("result") else { bail!("codex refused: {message}") };
            results[at] = Some(result.take());
        }
        Ok(results.into_iter().flatten().collect())
    }
}

impl TurnClient for Direct {
    fn turn(&mut self, prompt: &str) -> Result<Turn> {
        let mut messages = Vec::new();
        let before = self.lines.bytes_read;
        let start = Instant::now();
        let input = json!([{"type": "text", "text": prompt, "text_elements": []}]);
        self.request("turn/start", &json!({"threadId": self.thread, "input": input}))?;
        loop {
            let message = self.lines.next()?;
            let completed = message.json.starts_with(COMPLETED);
            messages.push(message);
            if completed {
                break;
            }
        }
        Ok(Turn { took: start.elapsed(), bytes: self.lines.bytes_read - before, messages })
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        // Codex exits when its input is closed.
        self.stdin = None;
        let _ = self.process.wait();
    }
}

/// Reads codex's output line by line.
struct Lines {
    stdout: ChildStdout,
    chunk: Box<[u8]>,
    buffer: Vec<u8>,
    /// Start of the next line.
    start: usize,
    /// Number of bytes in all returned lines.
    bytes_read: usize,
    /// When the last bytes arrived.
    at: SystemTime,
}

impl Lines {
    fn new(stdout: ChildStdout) -> Self {
        let chunk = vec![0; 64 * 1024].into_boxed_slice();
        Self { stdout, chunk, buffer: Vec::new(), start: 0, bytes_read: 0, at: SystemTime::UNIX_EPOCH }
    }

    fn next(&mut self) -> Result<Message> {
        loop {
            if let Some(length) = memchr::memchr(b'\n', &self.buffer[self.start..]) {
                let json = self.buffer[self.start..self.start + length].to_vec();
                self.start += length + 1;
                self.bytes_read += length + 1;
                return Ok(Message { json, at: self.at });
            }
            self.buffer.drain(..self.start);
            self.start = 0;
            let count = self.stdout.read(&mut self.chunk)?;
            self.at = SystemTime::now();
            if count == 0 {
                bail!("codex has ended");
            }
            self.buffer.extend_from_slice(&self.chunk[..count]);
        }
    }
}
