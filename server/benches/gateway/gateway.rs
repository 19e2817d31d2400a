//! The gateway's side: its binary, and a client over loopback HTTP.

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
    proc,
    setup::Setup,
    sse::{Sse, SseEvent},
    turn::{COMPLETED, Message, Turn, TurnClient},
};

/// A running gateway.
pub(crate) struct Gateway {
    process: Child,
    address: SocketAddr,
}

impl Gateway {
    /// Starts a gateway without pooled processes, and waits until it is ready and idle.
    pub(crate) fn start(setup: &Setup) -> Result<Self> {
        let gateway = Self::start_with(setup, &[("CODEX_GATEWAY_WARM_PROCESSES", "0")])?;
        gateway.wait_until_settled()?;
        Ok(gateway)
    }

    /// Starts a gateway with these environment variables, and waits until it is ready.
    pub(crate) fn start_with(setup: &Setup, variables: &[(&str, &str)]) -> Result<Self> {
        let command = &mut setup.gateway();
        command.envs(variables.iter().copied());
        let mut process = command.spawn().context("the gateway does not start")?;
        let stdout = process.stdout.take().context("the gateway has no output")?;
        let ready = BufReader::new(stdout).lines().find_map(|line| {
            let line = line.ok()?;
            line.strip_prefix("Codex Gateway is ready: http://")?.trim_end_matches('/').parse().ok()
        });
        Ok(Self { process, address: ready.context("the gateway did not get ready")? })
    }

    /// At its start the gateway queries the models from a codex process. Waits until that process has exited.
    fn wait_until_settled(&self) -> Result<()> {
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

    /// Waits until there are exactly this many processes, all idle.
    pub(crate) fn wait_for_idle_processes(&self, processes: usize) -> Result<()> {
        let start = Instant::now();
        loop {
            let below = proc::descendants(self.pid())?;
            // A process that exits meanwhile is not idle.
            let rest =
                below.len() == processes && below.iter().all(|pid| proc::wait_until_idle(*pid).is_ok());
            if rest && proc::descendants(self.pid())? == below {
                return Ok(());
            }
            ensure!(start.elapsed() < Duration::from_secs(20), "there are not {processes} idle processes");
            pause(Duration::from_millis(10));
        }
    }

    /// Returns the time to create a session. Deletes it afterwards.
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

    /// Returns the reply to a GET request.
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

/// A session, with a connection for requests.
pub(crate) struct GatewaySession {
    api: Api,
    id: String,
}

impl GatewaySession {
    /// Returns the path of its event stream.
    pub(crate) fn events(&self) -> String {
        format!("/api/sessions/{}/events", self.id)
    }

    /// Opens its event stream, and reads it up to the first `state`.
    pub(crate) fn follow(self) -> Result<Followed> {
        let mut stream = Sse::open(self.api.address, &self.events())?;
        while stream.next()?.name != "state" {}
        Ok(Followed { session: self, stream })
    }

    /// Sends a prompt, without waiting for the reply.
    pub(crate) fn send_turn(&mut self, prompt: &str) -> Result<()> {
        self.api.send("POST", &format!("/api/sessions/{}/turn", self.id), &json!({"prompt": prompt}))
    }

    /// Returns the reply to the prompt.
    pub(crate) fn turn_reply(&mut self) -> Result<Value> {
        self.api.reply()
    }

    /// Returns its id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Deletes the session, which ends its process.
    pub(crate) fn delete(mut self) -> Result<()> {
        self.api.call("DELETE", &format!("/api/sessions/{}", self.id), &Value::Null).map(drop)
    }
}

/// A session with one reader.
pub(crate) struct Followed {
    session: GatewaySession,
    stream: Sse,
}

impl Followed {
    /// Reads until the session is parked.
    pub(crate) fn wait_until_parked(&mut self) -> Result<()> {
        loop {
            let event = self.stream.next()?;
            if event.name == "state" && serde_json::from_slice::<Value>(&event.data)?["ready"] == false {
                return Ok(());
            }
        }
    }

    /// Sends a prompt, and reads the first event after it.
    pub(crate) fn wake(&mut self, prompt: &str) -> Result<SseEvent> {
        self.session.send_turn(prompt)?;
        self.stream.next()
    }

    /// Reads to the end of that turn.
    pub(crate) fn read_to_end_of_turn(&mut self) -> Result<()> {
        while !self.stream.next()?.data.starts_with(COMPLETED) {}
        while self.stream.next()?.name != "state" {}
        self.session.turn_reply().map(drop)
    }

    pub(crate) fn delete(self) -> Result<()> {
        self.session.delete()
    }
}

impl TurnClient for Followed {
    /// The bytes include HTTP framing and the final `state`.
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

/// Client for JSON requests. Uses a new connection for each.
struct Api {
    address: SocketAddr,
    /// Connection of the last request.
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
        // An idle connection may have been closed by the gateway.
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
        let socket = self.socket.as_mut().context("no request was sent")?;
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

/// Sleeps on a thread without a runtime, while other processes work.
#[allow(clippy::disallowed_methods, reason = "there is no runtime on this thread")]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}
