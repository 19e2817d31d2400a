//! The gateway's side: its own program, and a client on loopback HTTP.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::Child,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{
    ground::Ground,
    proc,
    sse::{Sse, SseEvent},
    turn::{COMPLETED, Message, Side, Turn},
};

/// A running gateway.
pub(crate) struct Gateway {
    process: Child,
    address: SocketAddr,
}

impl Gateway {
    /// Starts one without warm processes, and waits until it is ready and has nothing more to do.
    pub(crate) fn start(ground: &Ground) -> Result<Self> {
        let gateway = Self::start_with(ground, &[("CODEX_GATEWAY_WARM_PROCESSES", "0")])?;
        gateway.settle()?;
        Ok(gateway)
    }

    /// Starts one with these variables, and waits until it is ready.
    pub(crate) fn start_with(ground: &Ground, variables: &[(&str, &str)]) -> Result<Self> {
        let command = &mut ground.gateway();
        command.envs(variables.iter().copied());
        let mut process = command.spawn().context("the gateway does not start")?;
        let stdout = process.stdout.take().context("the gateway has no output")?;
        let ready = BufReader::new(stdout).lines().find_map(|line| {
            let line = line.ok()?;
            line.strip_prefix("Codex Gateway is ready: http://")?.trim_end_matches('/').parse().ok()
        });
        Ok(Self { process, address: ready.context("the gateway did not get ready")? })
    }

    /// At its start the gateway asks a codex process for its models. Waits until that has come and gone.
    fn settle(&self) -> Result<()> {
        let (start, mut seen) = (Instant::now(), false);
        loop {
            let alone = proc::descendants(self.pid())?.is_empty();
            seen |= !alone;
            if alone && (seen || start.elapsed() > Duration::from_secs(2)) {
                return Ok(());
            }
            ensure!(
                start.elapsed() < Duration::from_secs(20),
                "the gateway keeps a process without a session"
            );
            pause(Duration::from_millis(5));
        }
    }

    /// Waits until so many processes are there and have nothing to do.
    pub(crate) fn rests_with(&self, processes: usize) -> Result<()> {
        let start = Instant::now();
        loop {
            let below = proc::descendants(self.pid())?;
            // One that ends meanwhile does not rest.
            let rest = below.len() == processes && below.iter().all(|pid| proc::rests(*pid).is_ok());
            if rest && proc::descendants(self.pid())? == below {
                return Ok(());
            }
            ensure!(start.elapsed() < Duration::from_secs(20), "there are not {processes} processes");
            pause(Duration::from_millis(10));
        }
    }

    /// How long it takes to create a session, which ends then.
    pub(crate) fn time_create(&self) -> Result<Duration> {
        let start = Instant::now();
        let session = self.create()?;
        let took = start.elapsed();
        session.delete()?;
        Ok(took)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// What it answers to a GET.
    pub(crate) fn get(&self, path: &str) -> Result<Value> {
        Api::new(self.address).call("GET", path, &Value::Null)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Creates a session.
    pub(crate) fn create(&self) -> Result<GatewaySession> {
        let mut api = Api::new(self.address);
        let reply = api.call("POST", "/api/sessions", &json!({}))?;
        let id = reply["sessionId"].as_str().context("a session without an id")?.to_owned();
        Ok(GatewaySession { api, id })
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let _ = self.process.wait();
    }
}

/// A session, with a connection to ask on.
pub(crate) struct GatewaySession {
    api: Api,
    id: String,
}

impl GatewaySession {
    /// The path of its event stream.
    pub(crate) fn events(&self) -> String {
        format!("/api/sessions/{}/events", self.id)
    }

    /// Opens its event stream, and reads it up to now.
    pub(crate) fn follow(self) -> Result<Followed> {
        let mut stream = Sse::open(self.api.address, &self.events())?;
        while stream.next()?.name != "state" {}
        Ok(Followed { session: self, stream })
    }

    /// Sends a prompt, without waiting for the reply.
    pub(crate) fn send_turn(&mut self, prompt: &str) -> Result<()> {
        self.api.send("POST", &format!("/api/sessions/{}/turn", self.id), &json!({"prompt": prompt}))
    }

    /// The reply to the prompt.
    pub(crate) fn turn_reply(&mut self) -> Result<Value> {
        self.api.reply()
    }

    /// Its id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Ends it, and its process.
    pub(crate) fn delete(mut self) -> Result<()> {
        self.api.call("DELETE", &format!("/api/sessions/{}", self.id), &Value::Null).map(drop)
    }
}

/// A session and its one reader.
pub(crate) struct Followed {
    session: GatewaySession,
    stream: Sse,
}

impl Followed {
    /// Reads up to the news that the session has no process any more.
    pub(crate) fn parked(&mut self) -> Result<()> {
        loop {
            let event = self.stream.next()?;
            if event.name == "state" && serde_json::from_slice::<Value>(&event.data)?["ready"] == false {
                return Ok(());
            }
        }
    }

    /// Sends a prompt, and reads up to the first event that it brings about.
    pub(crate) fn wake(&mut self, prompt: &str) -> Result<SseEvent> {
        self.session.send_turn(prompt)?;
        self.stream.next()
    }

    /// Reads to the end of the turn that was begun so.
    pub(crate) fn rest(&mut self) -> Result<()> {
        while !self.stream.next()?.data.starts_with(COMPLETED) {}
        while self.stream.next()?.name != "state" {}
        self.session.turn_reply().map(drop)
    }

    pub(crate) fn delete(self) -> Result<()> {
        self.session.delete()
    }
}

impl Side for Followed {
    /// The bytes are all that came over the stream's socket, HTTP's framing and the final `state` included.
    fn turn(&mut self, prompt: &str) -> Result<Turn> {
        let mut messages = Vec::new();
        let before = self.stream.received;
        let start = Instant::now();
        self.session.send_turn(prompt)?;
        loop {
            let event = self.stream.next()?;
            if event.name != "notification" {
                continue;
            }
            let completed = event.data.starts_with(COMPLETED);
            messages.push(Message { json: event.data, at: event.at });
            if completed {
                break;
            }
        }
        let took = start.elapsed();
        while self.stream.next()?.name != "state" {}
        let bytes = self.stream.received - before;
        self.session.turn_reply()?;
        Ok(Turn { took, bytes, messages })
    }
}

/// Asks for JSON, on a connection for each request.
struct Api {
    address: SocketAddr,
    /// That of the last request.
    socket: Option<BufReader<TcpStream>>,
}

impl Api {
    fn new(address: SocketAddr) -> Self {
        Self { address, socket: None }
    }

    fn call(&mut self, method: &str, path: &str, body: &Value) -> Result<Value> {
        self.send(method, path, body)?;
        self.reply()
    }

    fn send(&mut self, method: &str, path: &str, body: &Value) -> Result<()> {
        // The gateway closes a connection on which nothing is asked for ten seconds.
        let mut socket = connection(self.address)?;
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        socket.write_all(request.as_bytes())?;
        self.socket = Some(BufReader::new(socket));
        Ok(())
    }

    fn reply(&mut self) -> Result<Value> {
        let socket = self.socket.as_mut().context("nothing was asked")?;
        let (mut status, mut length) = (String::new(), 0);
        socket.read_line(&mut status)?;
        loop {
            let mut line = String::new();
            socket.read_line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        socket.read_exact(&mut body)?;
        ensure!(status.starts_with("HTTP/1.1 200"), "{status}{}", String::from_utf8_lossy(&body));
        Ok(serde_json::from_slice(&body)?)
    }
}

fn connection(address: SocketAddr) -> Result<TcpStream> {
    let socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(Duration::from_mins(1)))?;
    Ok(socket)
}

/// Waits, where there is nothing to wait for but other processes.
#[allow(clippy::disallowed_methods, reason = "there is no runtime on this thread")]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}
