//! The limit: a client that speaks to `codex app-server` over its standard input and output.

use std::{
    io::{Read, Write},
    process::{Child, ChildStdin, ChildStdout},
    time::{Instant, SystemTime},
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::{
    ground::Ground,
    turn::{COMPLETED, Message, Side, Turn},
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
    /// Starts a process and greets it.
    pub(crate) fn greet(ground: &Ground) -> Result<Self> {
        let mut process = ground.codex()?.spawn().context("codex does not start")?;
        let stdin = process.stdin.take();
        let stdout = process.stdout.take().context("codex has no output")?;
        let mut direct = Self { process, stdin, lines: Lines::new(stdout), thread: Value::Null, last_id: 0 };
        let info =
            json!({"name": "codex_gateway", "title": "Codex Gateway", "version": env!("CARGO_PKG_VERSION")});
        let capabilities = json!({"experimentalApi": true, "requestAttestation": false});
        let greeting =
            direct.request("initialize", &json!({"clientInfo": info, "capabilities": capabilities}))?;
        direct.replies(&[greeting])?;
        direct.send(&json!({"method": "initialized"}))?;
        Ok(direct)
    }

    /// Starts a process, greets it and opens a thread, asking at once what can be asked at once: what the
    /// gateway does for a session.
    pub(crate) fn open(ground: &Ground) -> Result<Self> {
        let mut direct = Self::greet(ground)?;
        let account = direct.request("account/read", &json!({"refreshToken": false}))?;
        let models = direct.request("model/list", &json!({}))?;
        direct.thread(ground, None, &[account, models])?;
        Ok(direct)
    }

    /// Begins a thread.
    pub(crate) fn begin(&mut self, ground: &Ground) -> Result<()> {
        self.thread(ground, None, &[])
    }

    /// Goes on with a thread.
    pub(crate) fn resume(&mut self, ground: &Ground, thread: &Value) -> Result<()> {
        self.thread(ground, Some(thread), &[])
    }

    /// Begins a thread or goes on with one; what was asked `before` is answered by then, too.
    fn thread(&mut self, ground: &Ground, thread: Option<&Value>, before: &[u64]) -> Result<()> {
        let mut start =
            json!({"cwd": ground.workspace(), "sandbox": "workspace-write", "approvalPolicy": "on-request"});
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

    /// The thread that it is in.
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

    /// Reads until all these requests are answered; the results, in the order of the ids.
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

impl Side for Direct {
    fn turn(&mut self, prompt: &str) -> Result<Turn> {
        let mut messages = Vec::new();
        let before = self.lines.taken;
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
        Ok(Turn { took: start.elapsed(), bytes: self.lines.taken - before, messages })
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        // Codex ends with its input.
        self.stdin = None;
        let _ = self.process.wait();
    }
}

/// What codex prints, line by line.
struct Lines {
    stdout: ChildStdout,
    chunk: Box<[u8]>,
    buffer: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// How many bytes of lines were given out.
    taken: usize,
    /// When the newest bytes came.
    at: SystemTime,
}

impl Lines {
    fn new(stdout: ChildStdout) -> Self {
        let chunk = vec![0; 64 * 1024].into_boxed_slice();
        Self { stdout, chunk, buffer: Vec::new(), start: 0, taken: 0, at: SystemTime::UNIX_EPOCH }
    }

    fn next(&mut self) -> Result<Message> {
        loop {
            if let Some(length) = memchr::memchr(b'\n', &self.buffer[self.start..]) {
                let json = self.buffer[self.start..self.start + length].to_vec();
                self.start += length + 1;
                self.taken += length + 1;
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
