//! A gateway for one test: the real program, on a free port and in its own directories.

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

use super::{Client, EventStream, Process, contract, eventually, fake_codex::FakeCodex, within};

/// How long a gateway may take to exit.
const EXIT_TIMEOUT: Duration = Duration::from_secs(10);

/// The directories and the environment of a gateway that is not started yet.
pub(crate) struct Setup {
    dir: TempDir,
    variables: Vec<(String, OsString)>,
    fake: Option<FakeCodex>,
    /// Runs the gateway as process 1 of a PID namespace, as in a container without an init.
    is_process_1: bool,
}

impl Setup {
    fn new() -> Self {
        // Not below /tmp: codex refuses to put its helper binaries there, and a sandbox may write there.
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::create_dir(dir.path().join("home")).unwrap();
        fs::create_dir(dir.path().join("data")).unwrap();
        Self { dir, variables: Vec::new(), fake: None, is_process_1: false }
    }

    /// Uses the real codex with the mock model of demo mode.
    pub(crate) fn demo() -> Self {
        let codex = real_codex();
        Self::new().set("CODEX_GATEWAY_DEMO", "1").set("CODEX_GATEWAY_CODEX_BIN", codex.to_str().unwrap())
    }

    /// Uses the real codex with the model at this base URL.
    pub(crate) fn upstream(base_url: &str) -> Self {
        let setup = Self::demo();
        let demo_dir =
            |name: &str| setup.dir.path().join("data/demo").join(name).to_str().unwrap().to_owned();
        let [home, workspace] = [demo_dir("codex-home"), demo_dir("workspace")];
        fs::create_dir_all(&workspace).unwrap();
        setup
            .set("CODEX_GATEWAY_DEMO", "0")
            .set("CODEX_GATEWAY_OPENAI_BASE_URL", base_url)
            .set("CODEX_GATEWAY_CODEX_HOME", &home)
            .set("CODEX_GATEWAY_CWD", &workspace)
    }

    /// Uses the fake codex in this mode.
    pub(crate) fn fake(mode: &str) -> Self {
        let mut setup = Self::new();
        let fake = FakeCodex::new(setup.dir.path().join("fake"), mode);
        let workspace = setup.dir.path().join("workspace");
        fs::create_dir(&workspace).unwrap();
        setup = setup
            .set("CODEX_GATEWAY_CODEX_BIN", fake.executable().to_str().unwrap())
            .set("CODEX_GATEWAY_CWD", workspace.to_str().unwrap());
        Self { fake: Some(fake), ..setup }
    }

    /// Serves pages, which need browser files. Empty ones suffice without a browser.
    pub(crate) fn with_pages(self) -> Self {
        let site = self.path("site");
        fs::create_dir_all(site.join("pkg")).unwrap();
        fs::write(site.join("pkg/codex-gateway.wasm"), "").unwrap();
        self.set("CODEX_GATEWAY_SITE_DIR", site)
    }

    /// Starts the gateway as process 1 of a PID namespace.
    pub(crate) fn in_pid_namespace(self) -> Self {
        Self { is_process_1: true, ..self }
    }

    /// Sets an environment variable of the gateway.
    pub(crate) fn set(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Returns the directory of the gateway's own files.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Returns a path in the directory of this test.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// Returns the fake codex. Panics if the test uses the real one.
    pub(crate) fn fake_codex(&self) -> &FakeCodex {
        self.fake.as_ref().expect("the test uses the real codex")
    }

    fn command(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_codex-gateway");
        if !self.is_process_1 {
            return self.command_for(program);
        }
        let mut command = self.command_for("unshare");
        if !rustix::process::getuid().is_root() {
            command.arg("--map-root-user");
        }
        command.args(["--pid", "--fork", "--mount-proc", "--kill-child", program]);
        command
    }

    /// Returns a command with the environment of this setup.
    pub(crate) fn command_for(&self, program: &str) -> Command {
        #[expect(clippy::disallowed_methods, reason = "the test drives the program itself")]
        let mut command = Command::new(program);
        // Codex runs without a sandbox if its home is below the temporary directory, where a checkout may be.
        let temporary = self.dir.path().join("tmp");
        fs::create_dir_all(&temporary).unwrap();
        // Only those variables of the test's environment that programs need.
        command
            .env_clear()
            .env("TMPDIR", temporary)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home());
        command
            .env(
                "RUST_LOG",
                "info,codex_gateway=debug,codex_gateway_engine=debug,codex_app_server_client=debug",
            )
            .env("CODEX_GATEWAY_HOST", "127.0.0.1")
            .env("CODEX_GATEWAY_PORT", "0")
            // Tests count the processes of sessions. The process pool has its own tests: `process_pool`.
            .env("CODEX_GATEWAY_WARM_PROCESSES", "0")
            .env("CODEX_GATEWAY_DATA_DIR", self.data_dir())
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs the program until it exits. Returns whether it succeeded, its standard output and its standard error.
    pub(crate) async fn run(self, arguments: &[&str]) -> (bool, String, String) {
        let output = within("the program exits", self.command().args(arguments).output()).await.unwrap();
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
            panic!("the gateway exited: {}", self.log())
        };
        let address: SocketAddr = within("the gateway is ready", ready).await;
        (child, output, address)
    }

    /// Starts a gateway that must exit by itself. Returns its status and its log.
    pub(crate) async fn start_expecting_failure(self) -> (ExitStatus, String) {
        let mut child = self.spawn();
        let status = within("the gateway exits", child.wait()).await.unwrap();
        (status, self.log())
    }
}

/// A running gateway. A test must end it with [`Gateway::stop`] or [`Gateway::kill`].
pub(crate) struct Gateway {
    pub(crate) client: Client,
    child: Child,
    /// Kept open so that the gateway can print.
    output: Lines<BufReader<ChildStdout>>,
    setup: Setup,
    stopped: bool,
}

impl Gateway {
    /// Starts a gateway with the real codex and the mock model.
    pub(crate) async fn demo() -> Self {
        Setup::demo().start().await
    }

    /// Starts a gateway with the fake codex in this mode.
    pub(crate) async fn fake(mode: &str) -> Self {
        Setup::fake(mode).start().await
    }

    /// Returns the fake codex. Panics if the test uses the real one.
    pub(crate) fn fake_codex(&self) -> &FakeCodex {
        self.setup.fake_codex()
    }

    /// Returns the log of the gateway so far.
    pub(crate) fn log(&self) -> String {
        self.setup.log()
    }

    /// Returns the directory of the gateway's own files.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.setup.data_dir()
    }

    /// Returns the path of the gateway's database.
    pub(crate) fn database(&self) -> PathBuf {
        // Demo mode has its own data directory.
        let below = if self.setup.fake.is_some() { "gateway.db" } else { "demo/gateway.db" };
        self.data_dir().join(below)
    }

    /// Returns the value of `HOME`.
    pub(crate) fn home(&self) -> PathBuf {
        self.setup.home()
    }

    /// Returns the default working directory of sessions.
    pub(crate) fn workspace(&self) -> PathBuf {
        let below = if self.setup.fake.is_some() { "workspace" } else { "data/demo/workspace" };
        self.setup.dir.path().join(below)
    }

    /// Returns the process that receives signals: the gateway itself.
    fn pid(&self) -> Option<i32> {
        let child = self.child.id().and_then(|id| i32::try_from(id).ok());
        if !self.setup.is_process_1 {
            return child;
        }
        // The child is `unshare`, which ignores signals while it waits for the gateway.
        let all = Process::with_env("HOME", self.setup.home().to_str().unwrap());
        all.into_iter().find(|process| Some(process.parent) == child).map(|process| process.pid)
    }

    /// Returns the number of children of process 1 that have exited and were not reaped.
    pub(crate) fn zombie_count(&self) -> usize {
        Process::count_zombies_of(self.pid().unwrap())
    }

    /// Runs the program with the settings and the port of this gateway.
    ///
    /// Returns whether it succeeded, and its standard output.
    pub(crate) async fn run(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = self.setup.command();
        command.env("CODEX_GATEWAY_PORT", self.client.port().to_string());
        let output = within("the program exits", command.args(arguments).output()).await.unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    }

    /// Returns the resident memory of the gateway, in bytes.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid().unwrap())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Returns all processes that the gateway or its descendants have started.
    ///
    /// After its exit, these are the processes that it left behind.
    pub(crate) fn processes(&self) -> Vec<Process> {
        let own = self.pid();
        let all = Process::with_env("HOME", self.setup.home().to_str().unwrap());
        all.into_iter().filter(|process| Some(process.pid) != own).collect()
    }

    /// Returns the codex processes that the gateway has started, without their children.
    pub(crate) fn codex_processes(&self) -> Vec<Process> {
        let own = self.pid();
        let is_codex = |process: &Process| {
            Some(process.parent) == own && process.command.split(' ').any(|word| word == "app-server")
        };
        self.processes().into_iter().filter(is_codex).collect()
    }

    /// Returns `true` if a descendant of the gateway has exactly this command line.
    pub(crate) fn is_running(&self, command: &str) -> bool {
        self.processes().iter().any(|process| process.command == command)
    }

    /// Waits until the process that loads the model catalog has exited.
    ///
    /// All codex processes after that belong to sessions.
    pub(crate) async fn catalog_loaded(self) -> Self {
        let is_loaded = || self.log().contains("codex process ended") && self.codex_processes().is_empty();
        eventually("the catalog is loaded", is_loaded).await;
        self
    }

    pub(crate) async fn create(&self) -> Session {
        self.create_with(&self.client, &json!({})).await
    }

    pub(crate) async fn create_with(&self, client: &Client, body: &Value) -> Session {
        Session::new(client, client.post_json("/api/sessions", body).await.ok())
    }

    /// Stops the gateway with SIGTERM. Asserts a clean exit in time that leaves no process behind.
    pub(crate) async fn stop(mut self) {
        self.signal(Signal::TERM);
        self.wait_for_clean_exit().await;
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Stops the gateway and starts it in the same directories.
    pub(crate) async fn restart(&mut self) {
        self.restart_after(|| {}).await;
    }

    /// Stops the gateway, runs `meanwhile`, and starts the gateway in the same directories.
    pub(crate) async fn restart_after(&mut self, meanwhile: impl FnOnce()) {
        self.terminate();
        self.wait_for_clean_exit().await;
        meanwhile();
        let (child, output, address) = self.setup.launch().await;
        (self.child, self.output, self.client, self.stopped) = (child, output, Client::new(address), false);
    }

    /// Kills the gateway and starts it at once in the same directories.
    pub(crate) async fn kill_and_restart(&mut self) {
        self.signal(Signal::KILL);
        self.child.wait().await.unwrap();
        let (child, output, address) = self.setup.launch().await;
        (self.child, self.output, self.client, self.stopped) = (child, output, Client::new(address), false);
    }

    /// After [`Gateway::terminate`]: asserts a clean exit in time that leaves no process behind.
    pub(crate) async fn wait_for_clean_exit(&mut self) {
        self.wait_for_exit().await;
        assert_eq!(self.processes(), [], "processes are left behind");
    }

    /// After [`Gateway::terminate`]: asserts a successful exit in time.
    pub(crate) async fn wait_for_exit(&mut self) {
        self.stopped = true;
        let status = timeout(EXIT_TIMEOUT, self.child.wait()).await;
        let status =
            status.unwrap_or_else(|_| panic!("the gateway did not exit within {EXIT_TIMEOUT:?}")).unwrap();
        assert!(status.success(), "the gateway exited with {status}");
    }

    /// Kills the gateway, and waits until all processes that it started are gone.
    pub(crate) async fn kill(mut self) {
        self.stopped = true;
        self.signal(Signal::KILL);
        self.child.wait().await.unwrap();
        eventually("its processes exit", || self.processes().is_empty()).await;
    }

    fn signal(&self, signal: Signal) {
        let pid = self.pid().and_then(Pid::from_raw).expect("the gateway should be running");
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

/// A client's view of a session.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) id: String,
    /// The reply to the request that created the session.
    pub(crate) reply: Value,
}

impl Session {
    pub(crate) fn new(client: &Client, reply: Value) -> Self {
        Self { client: client.clone(), id: reply["sessionId"].as_str().unwrap().to_owned(), reply }
    }

    /// Returns the same session at the address of this restarted gateway.
    pub(crate) fn via(&self, gateway: &Gateway) -> Self {
        Self { client: gateway.client.clone(), ..self.clone() }
    }

    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/api/sessions/{}{rest}", self.id)
    }

    /// Opens an event stream of the session.
    pub(crate) async fn events(&self, query: &str) -> EventStream {
        self.events_with(query, &self.client).await
    }

    /// Opens an event stream that resumes after an event, named in `Last-Event-ID`.
    pub(crate) async fn events_after(&self, id: &str) -> EventStream {
        self.events_with("", &self.client.with_header("last-event-id", id)).await
    }

    pub(crate) async fn events_with(&self, query: &str, client: &Client) -> EventStream {
        let response =
            within("the stream opens", client.open("GET", &self.path(&format!("/events{query}")), &[])).await;
        assert_eq!(response.status, 200);
        EventStream::new(response)
    }

    /// Opens an event stream and skips the initial `session` and `state`.
    pub(crate) async fn subscribe(&self) -> EventStream {
        let mut events = self.events("").await;
        events.expect("session").await;
        events.expect("state").await;
        events
    }

    pub(crate) async fn start_turn(&self, prompt: &str) -> Value {
        self.client.post_json(&self.path("/turn"), &json!({ "prompt": prompt })).await.ok()
    }

    /// Runs a turn to its end. Returns its events, the last of which is a `state`.
    pub(crate) async fn run_turn(&self, prompt: &str) -> Vec<super::Event> {
        let mut events = self.subscribe().await;
        self.start_turn(prompt).await;
        events.rest_of_turn().await
    }

    /// Runs a turn whose process dies, and waits for the `state` that follows.
    pub(crate) async fn run_crashing_turn(&self) {
        let mut events = self.subscribe().await;
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

/// Returns the real codex: named by the environment, or installed by `npm ci`.
pub(crate) fn real_codex() -> PathBuf {
    if let Some(named) = std::env::var_os("CODEX_GATEWAY_CODEX_BIN") {
        return named.into();
    }
    let launcher = Path::new(env!("CARGO_MANIFEST_DIR")).join("../node_modules/.bin/codex");
    assert!(launcher.exists(), "these tests need codex: run `npm ci`, or name it in CODEX_GATEWAY_CODEX_BIN");
    launcher
}
