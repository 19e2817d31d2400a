//! `codex-gateway check`: checks whether the gateway would work with these settings, and says how to fix what
//! would not.

use std::{fmt, io, net::SocketAddr, path::Path, time::Duration};

use codex_app_server_client::{BridgeError, ConfigWarning, locate::find_on_path, version};
use codex_gateway_app::BasePath;
use codex_gateway_engine::{
    Catalog, Config,
    config::Sandbox,
    environment::{MissingReason, RequestedVariable, find_missing},
    error::{CodexErrorText, describe_too_old},
    rules::codex_home::{RuleFile, rule_files},
    store::data_dir_user,
};
use codex_gateway_site::Site;
use http::{Uri, uri::Scheme};
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::{assets, cli::Cli, env::unknown_variables, health_client::check_health};

/// Maximum time to connect to the upstream.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Result of checking one subject.
#[derive(Debug)]
pub struct Finding {
    /// What was checked.
    pub subject: &'static str,
    /// The verdict.
    pub verdict: Verdict,
    /// What was found; if it is wrong, also how to fix it.
    pub text: String,
}

/// Verdict of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It works.
    Passed,
    /// It works, but is probably not what was intended.
    Warning,
    /// It does not work.
    Failed,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, verdict, text } = self;
        let mark = match verdict {
            Verdict::Passed => "ok",
            Verdict::Warning => "look",
            Verdict::Failed => "BAD",
        };
        write!(f, "{mark:<5} {subject}: {text}")
    }
}

/// Checks everything that a gateway with these options needs. The only side effect is that missing directories
/// are created.
pub async fn check(mut cli: Cli) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, nearest) in unknown_variables(std::env::vars_os().map(|(name, _)| name)) {
        let text = format!("{name} is not known and does nothing; the nearest that is known is {nearest}");
        findings.push(Finding { subject: "variables", verdict: Verdict::Warning, text });
    }
    // Keeps the demo model running during the checks.
    let (config, _demo) = match cli.configure().await {
        Ok(configured) => configured,
        Err(error) => {
            let text = error.to_string();
            findings.push(Finding { subject: "configuration", verdict: Verdict::Failed, text });
            return findings;
        }
    };
    let mut add =
        |subject, (verdict, text): (Verdict, String)| findings.push(Finding { subject, verdict, text });
    add("configuration", (Verdict::Passed, format!("agents work in {}", config.cwd.display())));
    add("codex", check_codex(&config).await);
    let catalog = Catalog::query(&config).await;
    if let Some(warning) = catalog.as_ref().ok().and_then(|catalog| catalog.config_warning.as_ref()) {
        add("configuration of codex", config_warning(warning));
    }
    add("sign-in", check_sign_in(&config, &catalog));
    for (variable, missing) in missing_variables(&config, &catalog) {
        let verdict = if variable.is_required { Verdict::Failed } else { Verdict::Warning };
        add("environment", (verdict, missing.describe(&variable)));
    }
    add("sandbox", check_sandbox(&config));
    for file in rule_files(&config.launch) {
        add("rules of codex", (Verdict::Warning, describe_rule_file(&file)));
    }
    if let Some(url) = &cli.engine.openai_base_url {
        add("upstream", check_upstream(url).await);
    }
    let running = running_gateway(&cli, &config).await;
    add("port", check_port(&cli, running.as_deref()).await);
    if let Some(address) = cli.metrics.metrics_bind {
        let found = check_address(address, "CODEX_GATEWAY_METRICS_BIND", running.as_deref()).await;
        add("port of the metrics", found);
    }
    add("data directory", check_data_dir(&config.data_dir));
    add("browser files", check_browser_files(&cli));
    findings
}

async fn check_codex(config: &Config) -> (Verdict, String) {
    let version = match version::installed_version(&config.launch).await {
        Ok(version) => version,
        Err(error) => {
            return (Verdict::Failed, format!("{error}. Name another one in CODEX_GATEWAY_CODEX_BIN"));
        }
    };
    match version::ensure_supported(&version, &config.launch) {
        Ok(()) => (Verdict::Passed, format!("{version} ({})", config.launch.program.display())),
        Err(error) => (Verdict::Failed, describe_too_old(&error)),
    }
}

/// Returns the variables that codex's configuration requests but codex does not get.
fn missing_variables(
    config: &Config,
    catalog: &Result<Catalog, BridgeError>,
) -> Vec<(RequestedVariable, MissingReason)> {
    let requested = catalog.as_ref().map_or(&[][..], |catalog| &catalog.requested_variables);
    find_missing(&config.launch, &config.pass_env, requested)
}

fn config_warning(warning: &ConfigWarning) -> (Verdict, String) {
    if warning.is_fatal() {
        let text = format!("{}. Codex opens no conversation before the file is mended", warning.text());
        (Verdict::Failed, text)
    } else {
        (Verdict::Warning, warning.text())
    }
}

fn check_sign_in(config: &Config, catalog: &Result<Catalog, BridgeError>) -> (Verdict, String) {
    let is_broken = |catalog: &Catalog| catalog.config_warning.as_ref().is_some_and(ConfigWarning::is_fatal);
    match catalog {
        Ok(catalog) if is_broken(catalog) => {
            (Verdict::Warning, "not looked at: codex cannot read its configuration".to_owned())
        }
        // `check_codex` has already said so.
        Err(BridgeError::TooOld(_)) => (Verdict::Warning, "not looked at: codex is too old".to_owned()),
        Err(error) => {
            (Verdict::Failed, format!("codex app-server cannot be asked: {}", CodexErrorText(error)))
        }
        Ok(catalog) if catalog.account.requires_openai_auth && catalog.account.raw.is_none() => {
            let text = if config.openai_api_key.is_some() {
                return (Verdict::Passed, "at its start, with the configured API key".to_owned());
            } else {
                "codex is not signed in: run `codex login`, or set CODEX_GATEWAY_OPENAI_API_KEY or \
                 CODEX_GATEWAY_OPENAI_BASE_URL; --demo needs neither"
            };
            (Verdict::Failed, text.to_owned())
        }
        Ok(catalog) => {
            (Verdict::Passed, format!("{}; {} models", catalog.account.summary, catalog.models.len()))
        }
    }
}

fn check_sandbox(config: &Config) -> (Verdict, String) {
    if config.sandbox == Sandbox::DangerFullAccess {
        let text = "commands may do whatever this user may (CODEX_GATEWAY_SANDBOX)";
        return (Verdict::Warning, text.to_owned());
    }
    if find_on_path(Path::new("bwrap")).is_some() {
        return (Verdict::Passed, format!("{}, with bubblewrap", config.sandbox.as_str()));
    }
    let text = format!(
        "{}, but there is no bwrap on PATH: codex may not be able to sandbox commands. Install bubblewrap",
        config.sandbox.as_str()
    );
    (Verdict::Warning, text)
}

/// Describes what the rules in a codex rule file mean.
pub fn describe_rule_file(file: &RuleFile) -> String {
    let path = file.path.display();
    let what = match &file.allow_rules {
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

/// Checks whether the upstream accepts connections. Its replies cannot be checked without a key.
async fn check_upstream(url: &str) -> (Verdict, String) {
    let uri: Uri = match url.parse() {
        Ok(uri) => uri,
        Err(error) => return (Verdict::Failed, format!("{url} is no address: {error}")),
    };
    let port = uri.port_u16().unwrap_or(if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 });
    let address = format!("{}:{port}", uri.host().unwrap_or_default());
    let wrong = |error: &dyn fmt::Display| {
        (
            Verdict::Failed,
            format!("{address} cannot be reached: {error}. CODEX_GATEWAY_OPENAI_BASE_URL names it"),
        )
    };
    match timeout(CONNECT_TIMEOUT, TcpStream::connect(&address)).await {
        Ok(Ok(_)) => (Verdict::Passed, format!("{address} can be reached")),
        Ok(Err(error)) => wrong(&error),
        Err(_) => wrong(&format!("no answer within {} s", CONNECT_TIMEOUT.as_secs())),
    }
}

/// Returns a name for the running gateway with these settings, for messages. `None` unless one holds the data
/// directory and answers at the address.
async fn running_gateway(cli: &Cli, config: &Config) -> Option<String> {
    let user = data_dir_user(&config.data_dir)?;
    check_health(cli.host(), cli.port).await.ok()?;
    Some(
        user.process
            .map_or_else(|| "this gateway".to_owned(), |process| format!("this gateway (process {process})")),
    )
}

async fn check_port(cli: &Cli, running: Option<&str>) -> (Verdict, String) {
    let address = SocketAddr::new(cli.host(), cli.port);
    match check_address(address, "CODEX_GATEWAY_PORT or CODEX_GATEWAY_HOST", running).await {
        (Verdict::Passed, free) if !cli.host().is_loopback() && cli.secret().is_none() => {
            let risk = "everybody who can reach it can run commands here";
            (Verdict::Warning, format!("{free}, and without CODEX_GATEWAY_JWT_SECRET {risk}"))
        }
        (Verdict::Passed, free) => match cli.base_path.as_ref().and_then(BasePath::below_root) {
            Some(path) => (Verdict::Passed, format!("{free}; pages and API are below {path}/")),
            None => (Verdict::Passed, free),
        },
        found => found,
    }
}

/// Checks that an address is free, or in use by the running gateway itself. `variables` names the settings to
/// change.
async fn check_address(address: SocketAddr, variables: &str, running: Option<&str>) -> (Verdict, String) {
    match (TcpListener::bind(address).await, running) {
        (Ok(_), _) => (Verdict::Passed, format!("{address} is free")),
        (Err(error), Some(gateway)) if error.kind() == io::ErrorKind::AddrInUse => {
            (Verdict::Passed, format!("{address} is in use by {gateway}, which is running"))
        }
        (Err(error), _) => {
            let text =
                format!("{address} cannot be listened on: {error}. Stop what uses it, or set {variables}");
            (Verdict::Failed, text)
        }
    }
}

fn check_data_dir(dir: &Path) -> (Verdict, String) {
    let try_it = || -> io::Result<()> {
        std::fs::create_dir_all(dir)?;
        tempfile::tempfile_in(dir).map(drop)
    };
    match try_it() {
        Ok(()) => (Verdict::Passed, dir.display().to_string()),
        Err(error) => {
            let text = format!(
                "{} cannot be written: {error}. Make it writable for this user, or set CODEX_GATEWAY_DATA_DIR",
                dir.display()
            );
            (Verdict::Failed, text)
        }
    }
}

fn check_browser_files(cli: &Cli) -> (Verdict, String) {
    match Site::find(cli.site_dir.as_deref()) {
        Ok(site) if assets::are_built(&site) => (Verdict::Passed, site.to_string()),
        Ok(site) => {
            let text = format!(
                "not found in {site}: the API works, but there is no chat page. Build them with `cargo xtask build`, or set \
                 CODEX_GATEWAY_SITE_DIR"
            );
            (Verdict::Warning, text)
        }
        Err(error) => (Verdict::Failed, error.to_string()),
    }
}
