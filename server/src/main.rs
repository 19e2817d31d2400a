//! `codex-gateway`: configuration, then the server until it is told to stop.

use std::{ffi::OsString, net::SocketAddr, process::ExitCode, time::Duration};

use anyhow::Context;
use codex_gateway::{
    auth::Auth,
    check::{Verdict, check, describe},
    cli::{Cli, Command},
    health::health,
    init,
    logging::{self, LogFormat},
    print,
    router::router,
    routes::metrics,
    serve::serve,
    state::AppState,
    tokens::SHORTEST_SECRET,
    variables::{self, CliError, unknown, unknown_warning},
};
use codex_gateway_engine::{Sessions, login, rules::home::rule_files};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use tokio::{
    net::TcpListener,
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
};
use tracing_subscriber::filter::LevelFilter;

/// Flags whose values are nobody's business.
const SECRETS: [&str; 3] = ["--jwt-secret", "--metrics-token", "--openai-api-key"];
/// How long the end may take, from the signal to the exit.
const SHUTDOWN: Duration = Duration::from_secs(9);

/// How long work may go on after that which waits for a disk, say, and which nobody waits for.
const LEFT: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    if init::is_process_1() {
        return init::supervise().unwrap_or_else(|error| failed(error.into()));
    }
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(error.into()),
    };
    let code = runtime.block_on(start());
    // Without a limit, a file that never ends would keep the program, and its lock on the data directory.
    runtime.shutdown_timeout(LEFT);
    code
}

async fn start() -> ExitCode {
    let cli = variables::read::<Cli>();
    let format = cli.as_ref().map_or_else(|_| LogFormat::default(), |cli| cli.log_format);
    logging::init(LevelFilter::INFO, format);
    // The commands that agents run are the same user's: they must not read our environment from /proc.
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "this process can be read by others of the same user");
    }
    let cli = match cli {
        Ok(cli) => cli,
        // Help and version are asked for in the same way.
        Err(CliError::Line(error)) => error.exit(),
        Err(error) => return failed(error.into()),
    };
    if !matches!(cli.command, Some(Command::Check | Command::Health)) {
        warn(&cli);
    }
    let done = match &cli.command {
        Some(Command::Token(token)) => token
            .run(cli.secret())
            .map_err(Into::into)
            .and_then(|token| Ok(print::out(&format!("{token}\n"))?)),
        Some(Command::Check) => return checked(cli).await,
        Some(Command::Health) => health(cli.host(), cli.port).await.map_err(Into::into),
        None => run(cli).await,
    };
    done.map_or_else(failed, |()| ExitCode::SUCCESS)
}

fn failed(error: anyhow::Error) -> ExitCode {
    logging::fatal("codex-gateway", &error);
    ExitCode::FAILURE
}

/// Tells what was found, the bad last by its exit status.
async fn checked(cli: Cli) -> ExitCode {
    let findings = check(cli).await;
    for finding in &findings {
        // Some of it is what codex said. The exit status tells in any case.
        let _ = print::out(&format!("{}\n", logging::escaped(&finding.to_string())));
    }
    let bad = findings.iter().any(|finding| finding.verdict == Verdict::Bad);
    if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// What works, and is probably not what was meant.
fn warn(cli: &Cli) {
    for variable in unknown(std::env::vars_os().map(|(name, _)| name)) {
        tracing::warn!("{}", unknown_warning(&variable));
    }
    for flag in SECRETS.iter().filter(|_| cli.command.is_none()) {
        let given = |argument: OsString| argument.to_str().is_some_and(|argument| argument.starts_with(flag));
        if std::env::args_os().any(given) {
            tracing::warn!(
                "{flag} is on the command line, where every process of this machine can read it: use the variable"
            );
        }
    }
    if cli.secret().is_some_and(|secret| secret.expose().len() < SHORTEST_SECRET) {
        tracing::warn!(
            "CODEX_GATEWAY_JWT_SECRET is shorter than {SHORTEST_SECRET} bytes: whoever guesses it can make tokens (try: openssl rand -hex 32)"
        );
    }
}

async fn run(mut cli: Cli) -> anyhow::Result<()> {
    let (config, demo) = cli.configure().await?;
    let listener = listen((cli.host(), cli.port).into()).await?;
    // First of all: with a data directory that cannot be used, nothing is started.
    let sessions = Sessions::new(config)?;
    for file in rule_files(&sessions.config().launch) {
        tracing::warn!("rules of codex: {}", describe(&file));
    }
    login::login(sessions.config()).await?;

    let auth = Auth::open(cli.secret(), cli.base_path.clone().unwrap_or_default(), sessions.store()).await?;
    let state = AppState::new(&cli, sessions.clone(), auth)?;
    let bound = listener.local_addr().context("the address that is listened on is not known")?;
    if !bound.ip().is_loopback() && !state.auth.is_on() {
        tracing::warn!(
            "listening on {bound} without CODEX_GATEWAY_JWT_SECRET: everybody who can reach this port can run commands here"
        );
    }
    let watched = match cli.metrics.metrics_bind {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    // Whoever reads that it is ready may tell it to stop.
    let mut stop = StopSignals::listen().context("signals cannot be listened to")?;
    if demo.is_some() {
        print::out(
            "Demo: the model is a stand-in inside this program, not OpenAI's; codex itself is real.\n\
             Set CODEX_GATEWAY_OPENAI_API_KEY or CODEX_GATEWAY_OPENAI_BASE_URL to talk to a real model.\n",
        )?;
    }
    if let Some(listener) = watched {
        tracing::info!("the metrics are at http://{}/metrics", listener.local_addr()?);
        tokio::spawn(serve(
            listener,
            metrics::alone(state.clone()),
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
        // The streams end with their sessions, and the server with its streams.
        sessions.shutdown().await;
        server.await
    };
    tokio::select! {
        ended = end => ended.context("the server ended badly")?,
        () = tokio::time::sleep(SHUTDOWN) => tracing::warn!("some connections did not end in time"),
        () = stop.next() => tracing::warn!("told again to stop; stopping at once"),
    }
    Ok(())
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// The signals that tell the gateway to stop. From when it is made, none of them is missed.
struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for the next one.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
