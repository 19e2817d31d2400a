//! A gateway of a test's own: the real program, on a port and in directories of its own.

use std::{
    ffi::{OsStr, OsString},
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use super::{Client, Events, Process, contract, eventually, fake::Fake, within};

/// How long a gateway may take to end.
const TO_END: Duration = Duration::from_secs(10);

/// What a gateway is started with.
pub(crate) struct Setup {
    dir: TempDir,
    variables: Vec<(String, OsString)>,
    fake: Option<Fake>,
    /// It is process 1 of a namespace of its own, as in a container without an init.
    is_process_1: bool,
}

impl Setup {
    fn new() -> Self {
        // Not below /tmp, where codex refuses to put its helper binaries, and where a sandbox may write.
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::create_dir(dir.path().join("home")).unwrap();
        fs::create_dir(dir.path().join("data")).unwrap();
        Self { dir, variables: Vec::new(), fake: None, is_process_1: false }
    }

    /// The real codex over the stand-in model.
    pub(crate) fn demo() -> Self {
        let codex = real_codex();
        Self::new().set("CODEX_GATEWAY_DEMO", "1").set("CODEX_GATEWAY_CODEX_BIN", codex.to_str().unwrap())
    }

    /// The real codex over a model of the test's own.
    pub(crate) fn upstream(base_url: &str) -> Self {
        let setup = Self::demo();
        let place = |name: &str| setup.dir.path().join("data/demo").join(name).to_str().unwrap().to_owned();
        let [home, workspace] = [place("codex-home"), place("workspace")];
        fs::create_dir_all(&workspace).unwrap();
        setup
            .set("CODEX_GATEWAY_DEMO", "0")
            .set("CODEX_GATEWAY_OPENAI_BASE_URL", base_url)
            .set("CODEX_GATEWAY_CODEX_HOME", &home)
            .set("CODEX_GATEWAY_CWD", &workspace)
    }

    /// The fake codex.
    pub(crate) fn fake(mode: &str) -> Self {
        let mut setup = Self::new();
        let fake = Fake::new(setup.dir.path().join("fake"), mode);
        let workspace = setup.dir.path().join("workspace");
        fs::create_dir(&workspace).unwrap();
        setup = setup
            .set("CODEX_GATEWAY_CODEX_BIN", fake.executable().to_str().unwrap())
            .set("CODEX_GATEWAY_CWD", workspace.to_str().unwrap());
        Self { fake: Some(fake), ..setup }
    }

    /// Shows pages, which need the browser files: these are as good as any where no browser looks.
    pub(crate) fn with_pages(self) -> Self {
        let site = self.path("site");
        fs::create_dir_all(site.join("pkg")).unwrap();
        fs::write(site.join("pkg/codex-gateway.wasm"), "").unwrap();
        self.set("CODEX_GATEWAY_SITE_DIR", site)
    }

    /// Starts the gateway as process 1 of a namespace.
    pub(crate) fn in_pid_namespace(self) -> Self {
        Self { is_process_1: true, ..self }
    }

    /// Sets an environment variable of the gateway.
    pub(crate) fn set(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Where the gateway keeps its own files.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A place in the directory of this setup.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// The fake codex of this setup.
    pub(crate) fn fake_codex(&self) -> &Fake {
        self.fake.as_ref().expect("the test has the real codex")
    }

    fn command(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_codex-gateway");
        if !self.is_process_1 {
            return self.command_of(program);
        }
        let mut command = self.command_of("unshare");
        if !rustix::process::getuid().is_root() {
            command.arg("--map-root-user");
        }
        command.args(["--pid", "--fork", "--mount-proc", "--kill-child", program]);
        command
    }

    /// A program, with the environment of this setup.
    pub(crate) fn command_of(&self, program: &str) -> Command {
        #[expect(clippy::disallowed_methods, reason = "the test drives the program itself")]
        let mut command = Command::new(program);
        // A codex home below the directory of temporary files has no sandbox, and a checkout may stand there.
        let temporary = self.dir.path().join("tmp");
        fs::create_dir_all(&temporary).unwrap();
        // Nothing of the surroundings but what programs cannot do without.
        command
            .env_clear()
            .env("TMPDIR", temporary)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home());
        command
            .env("RUST_LOG", "info,codex_gateway=debug,codex_gateway_engine=debug")
            .env("CODEX_GATEWAY_HOST", "127.0.0.1")
            .env("CODEX_GATEWAY_PORT", "0")
            // Whoever counts processes counts those of sessions; about the others is `warm`.
            .env("CODEX_GATEWAY_WARM_PROCESSES", "0")
            .env("CODEX_GATEWAY_DATA_DIR", self.data_dir())
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs the program to its end, with arguments: whether it did well, and what it said on each of its outputs.
    pub(crate) async fn run(self, arguments: &[&str]) -> (bool, String, String) {
        let output = within("the program ends", self.command().args(arguments).output()).await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    }

    fn spawn(&self) -> Child {
        let log = fs::File::create(self.dir.path().join("log")).unwrap();
        self.command().stdout(Stdio::piped()).stderr(log).spawn().unwrap()
    }

    /// Starts the gateway and waits until it is ready.
    pub(crate) async fn start(self) -> Gateway {
        contract::prepare();
        let (child, output, address) = self.launch().await;
        Gateway { client: Client::new(address), child, output, setup: self, stopped: false }
    }

    async fn launch(&self) -> (Child, Lines<BufReader<ChildStdout>>, SocketAddr) {
        let mut child = self.spawn();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = async {
            while let Some(line) = output.next_line().await.unwrap() {
                if let Some((_, rest)) = line.split_once("ready: http://") {
                    return rest.trim_end_matches('/').parse().unwrap();
                }
            }
            panic!("the gateway ended: {}", self.log())
        };
        let address: SocketAddr = within("the gateway is ready", ready).await;
        (child, output, address)
    }

    /// Starts a gateway that shall not start: what it says.
    pub(crate) async fn start_badly(self) -> (ExitStatus, String) {
        let mut child = self.spawn();
        let status = within("the gateway ends", child.wait()).await.unwrap();
        (status, self.log())
    }
}

/// A gateway that runs. A test ends it by [`Gateway::stop`] or [`Gateway::kill`].
pub(crate) struct Gateway {
    pub(crate) client: Client,
    child: Child,
    /// Kept so that it can print.
    output: Lines<BufReader<ChildStdout>>,
    setup: Setup,
    stopped: bool,
}

impl Gateway {
    /// The real codex over the stand-in model.
    pub(crate) async fn demo() -> Self {
        Setup::demo().start().await
    }

    /// The fake codex.
    pub(crate) async fn fake(mode: &str) -> Self {
        Setup::fake(mode).start().await
    }

    pub(crate) fn codex(&self) -> &Fake {
        self.setup.fake.as_ref().expect("the test has the real codex")
    }

    /// What the gateway wrote to its log.
    pub(crate) fn log(&self) -> String {
        self.setup.log()
    }

    /// Where the gateway keeps its own files.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.setup.data_dir()
    }

    /// The gateway's database.
    pub(crate) fn database(&self) -> PathBuf {
        // A demo has a directory of its own.
        let below = if self.setup.fake.is_some() { "gateway.db" } else { "demo/gateway.db" };
        self.data_dir().join(below)
    }

    /// The home of the user that it runs as.
    pub(crate) fn home(&self) -> PathBuf {
        self.setup.home()
    }

    /// Where agents work.
    pub(crate) fn workspace(&self) -> PathBuf {
        let below = if self.setup.fake.is_some() { "workspace" } else { "data/demo/workspace" };
        self.setup.dir.path().join(below)
    }

    /// The process that is told to end.
    fn pid(&self) -> Option<i32> {
        let child = self.child.id().and_then(|id| i32::try_from(id).ok());
        if !self.setup.is_process_1 {
            return child;
        }
        // `unshare` waits for it, and takes no signals meanwhile.
        let all = Process::with("HOME", self.setup.home().to_str().unwrap());
        all.into_iter().find(|process| Some(process.parent) == child).map(|process| process.pid)
    }

    /// How many children of process 1 have ended and were not waited for.
    pub(crate) fn zombies(&self) -> usize {
        Process::zombies_of(self.pid().unwrap())
    }

    /// Runs the program with the settings of this gateway, and its port: whether it did well, and what it printed.
    pub(crate) async fn run(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = self.setup.command();
        command.env("CODEX_GATEWAY_PORT", self.client.port().to_string());
        let output = within("the program ends", command.args(arguments).output()).await.unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    }

    /// How much memory the gateway holds, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid().unwrap())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// The processes that descend from the gateway; after its end, those that it left behind.
    pub(crate) fn processes(&self) -> Vec<Process> {
        let own = self.pid();
        let all = Process::with("HOME", self.setup.home().to_str().unwrap());
        all.into_iter().filter(|process| Some(process.pid) != own).collect()
    }

    /// The codex processes that the gateway has started, and not those that codex starts.
    pub(crate) fn codexes(&self) -> Vec<Process> {
        let own = self.pid();
        let is_codex = |process: &Process| {
            Some(process.parent) == own && process.command.split(' ').any(|word| word == "app-server")
        };
        self.processes().into_iter().filter(is_codex).collect()
    }

    /// Whether a process below the gateway runs this command.
    pub(crate) fn runs(&self, command: &str) -> bool {
        self.processes().iter().any(|process| process.command == command)
    }

    /// Waits for the end of the process that fills the catalog, so that all others are sessions'.
    pub(crate) async fn settled(self) -> Self {
        let is_over = || self.log().contains("codex process ended") && self.codexes().is_empty();
        eventually("the catalog is filled", is_over).await;
        self
    }

    pub(crate) async fn create(&self) -> Session {
        self.create_with(&self.client, &json!({})).await
    }

    pub(crate) async fn create_with(&self, client: &Client, body: &Value) -> Session {
        Session::new(client, client.post_json("/api/sessions", body).await.ok())
    }

    /// Ends it as an operator does; it must end in time, well, and leave nothing behind.
    pub(crate) async fn stop(mut self) {
        self.signal(Signal::TERM);
        self.ended().await;
    }

    /// Tells it to end.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends it and starts it again, in the same directories.
    pub(crate) async fn restart(&mut self) {
        self.restart_after(|| {}).await;
    }

    /// Ends it, does something, and starts it again, in the same directories.
    pub(crate) async fn restart_after(&mut self, meanwhile: impl FnOnce()) {
        self.terminate();
        self.ended().await;
        meanwhile();
        let (child, output, address) = self.setup.launch().await;
        (self.child, self.output, self.client, self.stopped) = (child, output, Client::new(address), false);
    }

    /// Kills it and starts it again at once, in the same directories.
    pub(crate) async fn kill_and_start(&mut self) {
        self.signal(Signal::KILL);
        self.child.wait().await.unwrap();
        let (child, output, address) = self.setup.launch().await;
        (self.child, self.output, self.client, self.stopped) = (child, output, Client::new(address), false);
    }

    /// Waits for its end after [`Gateway::terminate`]: in time, well, and with nothing left behind.
    pub(crate) async fn ended(&mut self) {
        self.exited().await;
        assert_eq!(self.processes(), [], "left behind");
    }

    /// Waits for its end after [`Gateway::terminate`]: in time, and well.
    pub(crate) async fn exited(&mut self) {
        self.stopped = true;
        let status = timeout(TO_END, self.child.wait()).await;
        let status = status.unwrap_or_else(|_| panic!("the gateway did not end within {TO_END:?}")).unwrap();
        assert!(status.success(), "the gateway ended with {status}");
    }

    /// Kills it, and waits until nothing is left of what it started.
    pub(crate) async fn kill(mut self) {
        self.stopped = true;
        self.signal(Signal::KILL);
        self.child.wait().await.unwrap();
        eventually("its processes end with it", || self.processes().is_empty()).await;
    }

    fn signal(&self, signal: Signal) {
        let pid = self.pid().and_then(Pid::from_raw).expect("the gateway should run");
        kill_process(pid, signal).unwrap();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.child.start_kill();
            for process in self.processes() {
                process.kill();
            }
            let log = self.log();
            let from = log.floor_char_boundary(log.len().saturating_sub(16 * 1024));
            eprintln!("the end of the gateway's log:\n{}", &log[from..]);
        } else {
            assert!(self.stopped, "a test must stop its gateway");
        }
    }
}

/// A session of a gateway, as a client knows it.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) id: String,
    /// What the session was made with.
    pub(crate) reply: Value,
}

impl Session {
    pub(crate) fn new(client: &Client, reply: Value) -> Self {
        Self { client: client.clone(), id: reply["sessionId"].as_str().unwrap().to_owned(), reply }
    }

    /// Another handle on the same session.
    pub(crate) fn again(&self) -> Self {
        Self { client: self.client.clone(), id: self.id.clone(), reply: self.reply.clone() }
    }

    /// The same session as this gateway knows it: one that was started anew.
    pub(crate) fn on(&self, gateway: &Gateway) -> Self {
        Self { client: gateway.client.clone(), ..self.again() }
    }

    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/api/sessions/{}{rest}", self.id)
    }

    /// A new connection to its stream.
    pub(crate) async fn events(&self, query: &str) -> Events {
        self.events_with(query, &self.client).await
    }

    /// A connection that goes on after an event.
    pub(crate) async fn events_after(&self, id: &str) -> Events {
        self.events_with("", &self.client.with("last-event-id", id)).await
    }

    pub(crate) async fn events_with(&self, query: &str, client: &Client) -> Events {
        let response =
            within("the stream opens", client.open("GET", &self.path(&format!("/events{query}")), &[])).await;
        assert_eq!(response.status, 200);
        Events::new(response)
    }

    /// A connection that is past its first `session` and `state`.
    pub(crate) async fn live(&self) -> Events {
        let mut events = self.events("").await;
        events.expect("session").await;
        events.expect("state").await;
        events
    }

    pub(crate) async fn start_turn(&self, prompt: &str) -> Value {
        self.client.post_json(&self.path("/turn"), &json!({ "prompt": prompt })).await.ok()
    }

    /// A whole turn: its events, the last one its `state`.
    pub(crate) async fn turn(&self, prompt: &str) -> Vec<super::Event> {
        let mut events = self.live().await;
        self.start_turn(prompt).await;
        events.turn().await
    }

    /// A turn whose process dies, up to the state after it.
    pub(crate) async fn fatal_turn(&self) {
        let mut events = self.live().await;
        self.start_turn("Goodbye").await;
        events.find(|event| event.name == "warning").await;
        events.expect("state").await;
    }

    pub(crate) async fn state(&self) -> Value {
        self.client.get(&self.path("/state")).await.ok()["state"].clone()
    }

    pub(crate) async fn delete(&self) {
        self.client.delete(&self.path("")).await.ok();
    }
}

/// The native codex: named by the environment, or installed by `npm ci`.
pub(crate) fn real_codex() -> PathBuf {
    if let Some(named) = std::env::var_os("CODEX_GATEWAY_CODEX_BIN") {
        return named.into();
    }
    let launcher = Path::new(env!("CARGO_MANIFEST_DIR")).join("../node_modules/.bin/codex");
    assert!(launcher.exists(), "these tests need codex: run `npm ci`, or name it in CODEX_GATEWAY_CODEX_BIN");
    launcher
}
