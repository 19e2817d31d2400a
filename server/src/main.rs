//! `codex-gateway`: parses the command line, and runs the server or a subcommand.

use std::{ffi::OsString, net::SocketAddr, process::ExitCode, time::Duration};

use anyhow::Context;
use codex_gateway::{
    auth::Auth,
    check::{Verdict, check, describe_rule_file},
    cli::{Cli, Command},
    env::{self, CliError, unknown_variables, unknown_warning},
    health_client::check_health,
    init,
    logging::{self, LogFormat},
    print,
    router::router,
    routes::metrics,
    serve::serve,
    state::AppState,
    tokens::MIN_SECRET_BYTES,
};
use codex_gateway_engine::{Sessions, login, rules::codex_home::rule_files};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use tokio::{
    net::TcpListener,
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
};
use tracing_subscriber::filter::LevelFilter;

/// Flags with secret values.
const SECRET_FLAGS: [&str; 3] = ["--jwt-secret", "--metrics-token", "--openai-api-key"];
/// Maximum time from the stop signal to the exit.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(9);

/// How long blocking tasks may run after the shutdown, for example while they wait for a disk.
const RUNTIME_SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    if init::is_process_1() {
        return init::supervise().unwrap_or_else(|error| report_failure(error.into()));
    }
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return report_failure(error.into()),
    };
    let code = runtime.block_on(start());
    // Without a timeout, a blocking read that never ends would keep the process and its lock on the data
    // directory.
    runtime.shutdown_timeout(RUNTIME_SHUTDOWN_TIMEOUT);
    code
}

async fn start() -> ExitCode {
    let cli = env::parse_cli::<Cli>();
    let format = cli.as_ref().map_or_else(|_| LogFormat::default(), |cli| cli.log_format);
    logging::init(LevelFilter::INFO, format);
    // Commands of agents run as the same user. They must not read this process's environment from /proc.
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "other processes of the same user can read the environment of this one");
    }
    let cli = match cli {
        Ok(cli) => cli,
        // clap reports help and version as errors.
        Err(CliError::CommandLine(error)) => error.exit(),
        Err(error) => return report_failure(error.into()),
    };
    if !matches!(cli.command, Some(Command::Check | Command::Health)) {
        warn_about_options(&cli);
    }
    let done = match &cli.command {
        Some(Command::Token(token)) => token
            .run(cli.secret())
            .map_err(Into::into)
            .and_then(|token| Ok(print::out(&format!("{token}\n"))?)),
        Some(Command::Check) => return run_check(cli).await,
        Some(Command::Health) => check_health(cli.host(), cli.port).await.map_err(Into::into),
        None => run(cli).await,
    };
    done.map_or_else(report_failure, |()| ExitCode::SUCCESS)
}

fn report_failure(error: anyhow::Error) -> ExitCode {
    logging::fatal("codex-gateway", &error);
    ExitCode::FAILURE
}

/// Prints the findings of `check`. The exit status says whether one failed.
async fn run_check(cli: Cli) -> ExitCode {
    let findings = check(cli).await;
    for finding in &findings {
        // Findings may contain text from codex. A failed write is ignored, because the exit status still tells
        // the result.
        let _ = print::out(&format!("{}\n", logging::escape(&finding.to_string())));
    }
    let bad = findings.iter().any(|finding| finding.verdict == Verdict::Failed);
    if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Warns about options that work but are probably not intended.
fn warn_about_options(cli: &Cli) {
    for variable in unknown_variables(std::env::vars_os().map(|(name, _)| name)) {
        tracing::warn!("{}", unknown_warning(&variable));
    }
    for flag in SECRET_FLAGS.iter().filter(|_| cli.command.is_none()) {
        let given = |argument: OsString| argument.to_str().is_some_and(|argument| argument.starts_with(flag));
        if std::env::args_os().any(given) {
            tracing::warn!(
                "{flag} is on the command line, where every process of this machine can read it: use the variable"
            );
        }
    }
    if cli.secret().is_some_and(|secret| secret.expose().len() < MIN_SECRET_BYTES) {
        tracing::warn!(
            "CODEX_GATEWAY_JWT_SECRET is shorter than {MIN_SECRET_BYTES} bytes: whoever guesses it can make tokens (try: openssl rand -hex 32)"
        );
    }
}

async fn run(mut cli: Cli) -> anyhow::Result<()> {
    let (config, demo) = cli.configure().await?;
    let listener = listen((cli.host(), cli.port).into()).await?;
    // First of all: with an unusable data directory nothing is started.
    let sessions = Sessions::new(config)?;
    for file in rule_files(&sessions.config().launch) {
        tracing::warn!("rules of codex: {}", describe_rule_file(&file));
    }
    login::login(sessions.config()).await?;

    let auth = Auth::open(cli.secret(), cli.base_path.clone().unwrap_or_default(), sessions.store()).await?;
    let state = AppState::new(&cli, sessions.clone(), auth)?;
    let bound = listener.local_addr().context("cannot determine the listening address")?;
    if !bound.ip().is_loopback() && !state.auth.is_enabled() {
        tracing::warn!(
            "listening on {bound} without CODEX_GATEWAY_JWT_SECRET: everybody who can reach this port can run commands here"
        );
    }
    let metrics_listener = match cli.metrics.metrics_bind {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    // Registered before the program says that it is ready, because a reader of that line may stop the program.
    let mut stop = StopSignals::listen().context("cannot handle signals")?;
    if demo.is_some() {
        print::out(
            "Demo: the model is a stand-in inside this program, not OpenAI's; codex itself is real.\n\
             Set CODEX_GATEWAY_OPENAI_API_KEY or CODEX_GATEWAY_OPENAI_BASE_URL to talk to a real model.\n",
        )?;
    }
    if let Some(listener) = metrics_listener {
        tracing::info!("the metrics are at http://{}/metrics", listener.local_addr()?);
        tokio::spawn(serve(
            listener,
            metrics::standalone(state.clone()),
            state.clone(),
            sessions.stopping().clone(),
        ));
    }
    if let Some(path) = state.base_path.below_root() {
        tracing::info!("pages and API are below {path}/, with a proxy before them");
    }
    print::out(&format!("Codex Gateway is ready: http://{bound}/\n"))?;
    sessions.warm_up();

    let stopping = sessions.stopping().clone();
    let server = tokio::spawn(serve(listener, router(state.clone()), state, stopping.clone()));
    tokio::select! {
        () = stop.next() => tracing::info!("stopping"),
        () = stopping.cancelled() => {}
    }
    let end = async {
        // Streams end with their sessions, and the server ends with its streams.
        sessions.shutdown().await;
        server.await
    };
    tokio::select! {
        ended = end => ended.context("the server failed")?,
        () = tokio::time::sleep(SHUTDOWN_TIMEOUT) => tracing::warn!("some connections did not end in time"),
        () = stop.next() => tracing::warn!("second stop signal; stopping at once"),
    }
    Ok(())
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Signals that stop the gateway. Caught from the creation of this value on.
struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for the next signal.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
