//! A minimal client of the real `codex app-server` over stdio.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use codex_gateway_mock_openai::{MockServer, Options};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
    time::timeout,
};

/// One model for each shape of tools.
pub(crate) const MODELS: [&str; 2] = ["gpt-6.1-sol", "gpt-5.5"];

/// The time limit for codex to respond or exit. Much longer than any test takes.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A mock server, and a codex that uses it, with directories of its own.
pub(crate) struct Codex {
    pub(crate) mock_server: MockServer,
    pub(crate) work_dir: TempDir,
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    /// Notifications and requests that arrived before an awaited reply.
    buffered: VecDeque<Value>,
    next_id: u64,
    _home: TempDir,
    _temporary: TempDir,
}

impl Codex {
    pub(crate) async fn start() -> Self {
        let mock_server = MockServer::start(Options::default()).await.unwrap();
        // Codex installs no helper binaries, and so has no sandbox, below the directory of temporary files. That may
        // contain the checkout, so codex gets another one.
        let [home, work_dir, temporary] =
            [(); 3].map(|()| tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap());
        let settings = [
            "model_provider=\"standin\"".to_owned(),
            "model_providers.standin.name=\"Stand-in\"".to_owned(),
            format!("model_providers.standin.base_url=\"{}\"", mock_server.base_url()),
            "model_providers.standin.wire_api=\"responses\"".to_owned(),
            "model_providers.standin.requires_openai_auth=false".to_owned(),
            "model_providers.standin.supports_websockets=false".to_owned(),
            "tools.update_plan.enabled=true".to_owned(),
            "features.default_mode_request_user_input=true".to_owned(),
            "suppress_unstable_features_warning=true".to_owned(),
        ];
        #[allow(clippy::disallowed_methods, reason = "the test drives codex itself")]
        let mut command = tokio::process::Command::new(executable());
        // Commands run in a login shell: without the developer's home, they do not load a slow profile.
        command
            .arg("app-server")
            .env("CODEX_HOME", home.path())
            .env("HOME", home.path())
            .env("TMPDIR", temporary.path())
            .kill_on_drop(true);
        for setting in &settings {
            command.args(["-c", setting]);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut codex = Self {
            mock_server,
            work_dir,
            child,
            stdin,
            lines,
            buffered: VecDeque::new(),
            next_id: 0,
            _home: home,
            _temporary: temporary,
        };
        let client = json!({"name": "standin-test", "title": "Test", "version": "0"});
        codex
            .request("initialize", json!({"clientInfo": client, "capabilities": {"experimentalApi": true}}))
            .await;
        codex.send(json!({"method": "initialized"})).await;
        codex
    }

    /// Starts a thread in the working directory and returns its id.
    pub(crate) async fn thread(&mut self, model: &str) -> String {
        let params = json!({
            "cwd": self.work_dir.path(), "model": model, "sandbox": "workspace-write", "approvalPolicy": "on-request",
        });
        let reply = self.request("thread/start", params).await;
        reply["thread"]["id"].as_str().unwrap().to_owned()
    }

    /// Starts a turn and returns its id.
    pub(crate) async fn start_turn(&mut self, thread: &str, prompt: &str) -> String {
        let params = json!({"threadId": thread, "input": [{"type": "text", "text": prompt}]});
        let reply = self.request("turn/start", params).await;
        reply["turn"]["id"].as_str().unwrap().to_owned()
    }

    /// Runs a whole turn, and answers every request of codex with `answer`.
    pub(crate) async fn turn(&mut self, thread: &str, prompt: &str, answer: Value) -> Turn {
        self.start_turn(thread, prompt).await;
        let mut events = Vec::new();
        loop {
            let event = self.next().await;
            if let Some(id) = event.get("id") {
                self.send(json!({"id": id, "result": answer})).await;
            }
            let completed = event["method"] == "turn/completed";
            events.push(event);
            if completed {
                return Turn(events);
            }
        }
    }

    /// The next notification or request.
    pub(crate) async fn next(&mut self) -> Value {
        match self.buffered.pop_front() {
            Some(event) => event,
            None => self.read().await,
        }
    }

    /// Waits for a notification or request with this method.
    pub(crate) async fn wait_for(&mut self, method: &str) -> Value {
        loop {
            let event = self.next().await;
            if event["method"] == method {
                return event;
            }
        }
    }

    /// Sends a request and returns its result.
    pub(crate) async fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.next_id;
        self.next_id += 1;
        self.send(json!({"id": id, "method": method, "params": params})).await;
        loop {
            let message = self.read().await;
            if message["id"] == id && message.get("method").is_none() {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            self.buffered.push_back(message);
        }
    }

    /// Closes codex's standard input, and waits until codex and its commands have exited.
    pub(crate) async fn end(self) {
        let Self { stdin, mut child, .. } = self;
        drop(stdin);
        timeout(TIMEOUT, child.wait()).await.expect("codex exits when its input is closed").unwrap();
    }

    async fn send(&mut self, message: Value) {
        self.stdin.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    async fn read(&mut self) -> Value {
        let line =
            timeout(TIMEOUT, self.lines.next_line()).await.expect("codex sends a line in time").unwrap();
        serde_json::from_str(&line.expect("codex is running")).unwrap()
    }
}

/// The notifications and requests of a turn.
pub(crate) struct Turn(Vec<Value>);

impl Turn {
    pub(crate) fn status(&self) -> &str {
        self.0.last().unwrap()["params"]["turn"]["status"].as_str().unwrap()
    }

    /// The params of all messages with this method, in order.
    pub(crate) fn all<'a>(&'a self, method: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |event| event["method"] == method).map(|event| &event["params"])
    }

    /// The completed items of this type, in order.
    pub(crate) fn items<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.all("item/completed").map(|params| &params["item"]).filter(move |item| item["type"] == kind)
    }

    /// The text of the agent's last message.
    pub(crate) fn answer(&self) -> &str {
        self.items("agentMessage").last().unwrap()["text"].as_str().unwrap()
    }

    /// The deltas with this method, in order.
    pub(crate) fn deltas<'a>(&'a self, method: &'a str) -> impl Iterator<Item = &'a str> {
        self.all(method).map(|params| params["delta"].as_str().unwrap())
    }
}

/// The native codex executable: `CODEX_GATEWAY_CODEX_BIN`, or the one installed by `npm ci`.
fn executable() -> PathBuf {
    if let Some(named) = std::env::var_os("CODEX_GATEWAY_CODEX_BIN") {
        return named.into();
    }
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../node_modules/@openai");
    let entries =
        |dir: PathBuf| std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    entries(packages)
        .flat_map(|package| entries(package.join("vendor")))
        .map(|target| target.join("bin/codex"))
        .find(|path| path.is_file())
        .expect("these tests need codex: run `npm ci`, or name its native binary in CODEX_GATEWAY_CODEX_BIN")
}
