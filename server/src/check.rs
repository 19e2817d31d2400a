//! `codex-gateway check`: whether it would work here, and what to do where it would not.

use std::{fmt, io, net::SocketAddr, path::Path, time::Duration};

use codex_gateway_app::BasePath;
use codex_gateway_engine::{
    Catalog, Config,
    bridge::{BridgeError, ConfigWarning, locate::on_path},
    config::Sandbox,
    environment::{Missing, RequestedVariable, missing},
    probe,
    rules::home::{RuleFile, rule_files},
    store::data_dir_user,
};
use codex_gateway_site::Site;
use http::{Uri, uri::Scheme};
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::{assets, cli::Cli, health::health, variables::unknown};

/// How long a connection to the upstream may take.
const TO_CONNECT: Duration = Duration::from_secs(5);

/// What was found out about one thing.
#[derive(Debug)]
pub struct Finding {
    /// About what.
    pub about: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// What it is, or what is wrong with it and how to mend it.
    pub text: String,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, and is probably not what was meant.
    Doubtful,
    /// It does not work.
    Bad,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { about, verdict, text } = self;
        let mark = match verdict {
            Verdict::Good => "ok",
            Verdict::Doubtful => "look",
            Verdict::Bad => "BAD",
        };
        write!(f, "{mark:<5} {about}: {text}")
    }
}

/// Looks at everything that a gateway with these options would need. Changes nothing, but that it makes directories
/// which are not there.
pub async fn check(mut cli: Cli) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, nearest) in unknown(std::env::vars_os().map(|(name, _)| name)) {
        let text = format!("{name} is not known and does nothing; the nearest that is known is {nearest}");
        findings.push(Finding { about: "variables", verdict: Verdict::Doubtful, text });
    }
    // The stand-in model is there as long as this is.
    let (config, _demo) = match cli.configure().await {
        Ok(configured) => configured,
        Err(error) => {
            let text = error.to_string();
            findings.push(Finding { about: "configuration", verdict: Verdict::Bad, text });
            return findings;
        }
    };
    let mut add = |about, (verdict, text): (Verdict, String)| findings.push(Finding { about, verdict, text });
    add("configuration", (Verdict::Good, format!("agents work in {}", config.cwd.display())));
    add("codex", codex(&config).await);
    let catalog = probe::catalog(&config).await;
    if let Some(warning) = catalog.as_ref().ok().and_then(|catalog| catalog.config_warning.as_ref()) {
        add("configuration of codex", codex_config(warning));
    }
    add("sign-in", sign_in(&config, &catalog));
    for (variable, missing) in missing_variables(&config, &catalog) {
        let verdict = if variable.is_needed { Verdict::Bad } else { Verdict::Doubtful };
        add("environment", (verdict, missing.describe(&variable)));
    }
    add("sandbox", sandbox(&config));
    for file in rule_files(&config.launch) {
        add("rules of codex", (Verdict::Doubtful, describe(&file)));
    }
    if let Some(url) = &cli.engine.openai_base_url {
        add("upstream", upstream(url).await);
    }
    let running = running(&cli, &config).await;
    add("port", port(&cli, running.as_deref()).await);
    if let Some(address) = cli.metrics.metrics_bind {
        let found = free(address, "CODEX_GATEWAY_METRICS_BIND", running.as_deref()).await;
        add("port of the metrics", found);
    }
    add("data directory", writable(&config.data_dir));
    add("browser files", browser_files(&cli));
    findings
}

async fn codex(config: &Config) -> (Verdict, String) {
    let version = match probe::version(&config.launch).await {
        Ok(version) => version,
        Err(error) => return (Verdict::Bad, format!("{error}. Name another one in CODEX_GATEWAY_CODEX_BIN")),
    };
    match probe::fit(&version, &config.launch) {
        Ok(()) => (Verdict::Good, format!("{version} ({})", config.launch.program.display())),
        Err(error) => (Verdict::Bad, error.to_string()),
    }
}

/// The variables that codex's configuration asks for and that codex does not get.
fn missing_variables(
    config: &Config,
    catalog: &Result<Catalog, BridgeError>,
) -> Vec<(RequestedVariable, Missing)> {
    let requested = catalog.as_ref().map_or(&[][..], |catalog| &catalog.requested_variables);
    missing(&config.launch, requested)
}

fn codex_config(warning: &ConfigWarning) -> (Verdict, String) {
    if warning.is_fatal() {
        let text = format!("{}. Codex opens no conversation before the file is mended", warning.text());
        (Verdict::Bad, text)
    } else {
        (Verdict::Doubtful, warning.text())
    }
}

fn sign_in(config: &Config, catalog: &Result<Catalog, BridgeError>) -> (Verdict, String) {
    let is_broken = |catalog: &Catalog| catalog.config_warning.as_ref().is_some_and(ConfigWarning::is_fatal);
    match catalog {
        Ok(catalog) if is_broken(catalog) => {
            (Verdict::Doubtful, "not looked at: codex cannot read its configuration".to_owned())
        }
        // What there is to be said of it was said.
        Err(BridgeError::TooOld(_)) => (Verdict::Doubtful, "not looked at: codex is too old".to_owned()),
        Err(error) => (Verdict::Bad, format!("codex app-server cannot be asked: {error}")),
        Ok(catalog) if catalog.account.requires_openai_auth && catalog.account.raw.is_none() => {
            let text = if config.openai_api_key.is_some() {
                return (Verdict::Good, "at its start, with the configured API key".to_owned());
            } else {
                "codex is not signed in: run `codex login`, or set CODEX_GATEWAY_OPENAI_API_KEY or \
                 CODEX_GATEWAY_OPENAI_BASE_URL; --demo needs neither"
            };
            (Verdict::Bad, text.to_owned())
        }
        Ok(catalog) => {
            (Verdict::Good, format!("{}; {} models", catalog.account.summary, catalog.models.len()))
        }
    }
}

fn sandbox(config: &Config) -> (Verdict, String) {
    if config.sandbox == Sandbox::DangerFullAccess {
        let text = "commands may do whatever this user may (CODEX_GATEWAY_SANDBOX)";
        return (Verdict::Doubtful, text.to_owned());
    }
    if on_path(Path::new("bwrap")).is_some() {
        return (Verdict::Good, format!("{}, with bubblewrap", config.sandbox.as_str()));
    }
    let text = format!(
        "{}, but there is no bwrap on PATH: codex may not be able to keep commands in. Install bubblewrap",
        config.sandbox.as_str()
    );
    (Verdict::Doubtful, text)
}

/// What a file of rules means that codex has already.
pub fn describe(file: &RuleFile) -> String {
    let path = file.path.display();
    let what = match &file.allowing {
        Ok(1) => format!("{path} has a rule that allows something"),
        Ok(rules) => format!("{path} has {rules} rules that allow something"),
        Err(error) => return format!("{path} cannot be read: {error}. Codex reads its rules from there"),
    };
    format!(
        "{what}: codex runs matching commands outside of the sandbox and asks nobody, for every owner, also in sessions \
         that are read-only, never ask or decline everything. Delete the rules that are not meant for all, or give the \
         gateway a home of its own with CODEX_GATEWAY_CODEX_HOME"
    )
}

/// Whether something listens there. What it answers is seen only with a key.
async fn upstream(url: &str) -> (Verdict, String) {
    let uri: Uri = match url.parse() {
        Ok(uri) => uri,
        Err(error) => return (Verdict::Bad, format!("{url} is no address: {error}")),
    };
    let port = uri.port_u16().unwrap_or(if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 });
    let address = format!("{}:{port}", uri.host().unwrap_or_default());
    let wrong = |error: &dyn fmt::Display| {
        (
            Verdict::Bad,
            format!("{address} cannot be reached: {error}. CODEX_GATEWAY_OPENAI_BASE_URL names it"),
        )
    };
    match timeout(TO_CONNECT, TcpStream::connect(&address)).await {
        Ok(Ok(_)) => (Verdict::Good, format!("{address} can be reached")),
        Ok(Err(error)) => wrong(&error),
        Err(_) => wrong(&format!("no answer within {} s", TO_CONNECT.as_secs())),
    }
}

/// The process of the gateway that runs with these settings, in words: it has the data directory, and answers at the
/// address. `None` if none does.
async fn running(cli: &Cli, config: &Config) -> Option<String> {
    let user = data_dir_user(&config.data_dir)?;
    health(cli.host(), cli.port).await.ok()?;
    Some(
        user.process
            .map_or_else(|| "this gateway".to_owned(), |process| format!("this gateway (process {process})")),
    )
}

async fn port(cli: &Cli, running: Option<&str>) -> (Verdict, String) {
    let address = SocketAddr::new(cli.host(), cli.port);
    match free(address, "CODEX_GATEWAY_PORT or CODEX_GATEWAY_HOST", running).await {
        (Verdict::Good, free) if !cli.host().is_loopback() && cli.secret().is_none() => {
            let risk = "everybody who can reach it can run commands here";
            (Verdict::Doubtful, format!("{free}, and without CODEX_GATEWAY_JWT_SECRET {risk}"))
        }
        (Verdict::Good, free) => match cli.base_path.as_ref().and_then(BasePath::below_root) {
            Some(path) => (Verdict::Good, format!("{free}; pages and API are below {path}/")),
            None => (Verdict::Good, free),
        },
        found => found,
    }
}

/// Whether nothing listens there yet but the gateway with these settings itself; `variables` say where.
async fn free(address: SocketAddr, variables: &str, running: Option<&str>) -> (Verdict, String) {
    match (TcpListener::bind(address).await, running) {
        (Ok(_), _) => (Verdict::Good, format!("{address} is free")),
        (Err(error), Some(gateway)) if error.kind() == io::ErrorKind::AddrInUse => {
            (Verdict::Good, format!("{address} is in use by {gateway}, which is running"))
        }
        (Err(error), _) => {
            let text =
                format!("{address} cannot be listened on: {error}. Stop what uses it, or set {variables}");
            (Verdict::Bad, text)
        }
    }
}

fn writable(dir: &Path) -> (Verdict, String) {
    let try_it = || -> io::Result<()> {
        std::fs::create_dir_all(dir)?;
        tempfile::tempfile_in(dir).map(drop)
    };
    match try_it() {
        Ok(()) => (Verdict::Good, dir.display().to_string()),
        Err(error) => {
            let text = format!(
                "{} cannot be written: {error}. Make it writable for this user, or set CODEX_GATEWAY_DATA_DIR",
                dir.display()
            );
            (Verdict::Bad, text)
        }
    }
}

fn browser_files(cli: &Cli) -> (Verdict, String) {
    match Site::find(cli.site_dir.as_deref()) {
        Ok(site) if assets::are_built(&site) => (Verdict::Good, site.to_string()),
        Ok(site) => {
            let text = format!(
                "they are not in {site}: there is no chat page, but the API. Build them with `cargo xtask build`, or set \
                 CODEX_GATEWAY_SITE_DIR"
            );
            (Verdict::Doubtful, text)
        }
        Err(error) => (Verdict::Bad, error.to_string()),
    }
}
