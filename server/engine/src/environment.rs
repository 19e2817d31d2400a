//! The environment of codex and of all processes that codex starts: an allow-list of variables, none of them the
//! gateway's own (invariant 9 in `docs/architecture.md`).

mod pass_env;

use std::{
    ffi::{OsStr, OsString},
    fs,
};

use codex_app_server_client::{LaunchConfig, protocol::CodexConfig};
use serde_json::{Map, Value};

use self::pass_env::is_own;
pub use self::pass_env::{PassEnv, PassEnvError};

/// The variables that a subprocess inherits, besides those that `CODEX_GATEWAY_PASS_ENV` names. An allow-list,
/// because the commands that an agent runs inherit codex's environment.
const INHERITED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "COLORTERM",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CODEX_CA_CERTIFICATE",
    "NODE_EXTRA_CA_CERTS",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_RUNTIME_DIR",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "GOPATH",
    "JAVA_HOME",
    "NVM_DIR",
    "PYENV_ROOT",
    "VIRTUAL_ENV",
];

/// The largest `.env` file in codex's home that is read, in bytes.
const MAX_DOTENV_BYTES: u64 = 1024 * 1024;

/// Returns the variables of this process that codex inherits.
pub(crate) fn inherited_variables(pass: &PassEnv) -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| is_inherited(name, pass))
}

fn is_inherited(name: &OsStr, pass: &PassEnv) -> bool {
    name.to_str()
        .is_some_and(|name| INHERITED.contains(&name) || name.starts_with("LC_") || pass.matches(name))
}

/// An environment variable that codex's configuration refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedVariable {
    /// The variable's name.
    pub name: String,
    /// The part of the configuration that refers to it, and the key: `model provider "x" (env_key)`.
    pub by: String,
    /// `true` if the model provider in use needs it. Without it, no turn can succeed.
    pub is_required: bool,
}

/// Why codex does not get a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingReason {
    /// The variable is not set in the gateway's environment.
    Unset,
    /// The variable is set, but `CODEX_GATEWAY_PASS_ENV` does not name it.
    NotPassed,
    /// The variable is one of the gateway's own, which are never passed on.
    Own,
}

impl MissingReason {
    /// Returns a message for people: which variable is missing, why, and what to do.
    pub fn describe(self, variable: &RequestedVariable) -> String {
        let RequestedVariable { name, by, .. } = variable;
        let rest = match self {
            Self::Unset => {
                "it is not set: set it and name it in CODEX_GATEWAY_PASS_ENV, or put it into the file .env of codex's home"
            }
            Self::NotPassed => "it is set and not passed on: name it in CODEX_GATEWAY_PASS_ENV",
            Self::Own => "the gateway never passes on a variable of its own: use another name",
        };
        format!("codex does not get {name}, which the {by} asks for; {rest}")
    }
}

/// Returns the variables that codex's configuration refers to: those of model providers and of enabled MCP servers.
pub(crate) fn requested_variables(config: &CodexConfig) -> Vec<RequestedVariable> {
    let mut found = Vec::new();
    for (name, provider) in objects(&config.model_providers) {
        let is_used = config.model_provider.as_ref() == Some(name);
        let mut add = |variable: &str, key: &str| {
            let by = format!("model provider {name:?} ({key})");
            found.push(RequestedVariable { name: variable.to_owned(), by, is_required: is_used });
        };
        if let Some(variable) = provider.get("env_key").and_then(Value::as_str) {
            add(variable, "env_key");
        }
        for variable in strings(provider.get("env_http_headers")) {
            add(variable, "env_http_headers");
        }
    }
    for (name, server) in objects(&config.mcp_servers) {
        if server.get("enabled") == Some(&Value::Bool(false)) {
            continue;
        }
        let mut add = |variable: &str, key: &str| {
            let by = format!("MCP server {name:?} ({key})");
            found.push(RequestedVariable { name: variable.to_owned(), by, is_required: false });
        };
        for entry in server.get("env_vars").and_then(Value::as_array).into_iter().flatten() {
            // An entry is a name, or a table with a name and the source of the value.
            let is_remote = entry.get("source").is_some_and(|source| source != "local");
            let variable = entry.as_str().or_else(|| entry.get("name")?.as_str());
            if let Some(variable) = variable.filter(|_| !is_remote) {
                add(variable, "env_vars");
            }
        }
        if let Some(variable) = server.get("bearer_token_env_var").and_then(Value::as_str) {
            add(variable, "bearer_token_env_var");
        }
        for variable in strings(server.get("env_http_headers")) {
            add(variable, "env_http_headers");
        }
    }
    found
}

/// Returns the entries of a table that are tables, with their names.
fn objects(table: &Value) -> impl Iterator<Item = (&String, &Map<String, Value>)> {
    table.as_object().into_iter().flatten().filter_map(|(name, entry)| Some((name, entry.as_object()?)))
}

/// Returns the strings in a table.
fn strings(table: Option<&Value>) -> impl Iterator<Item = &str> {
    table.and_then(Value::as_object).into_iter().flat_map(Map::values).filter_map(Value::as_str)
}

/// Returns the requested variables that codex does not get, and why. A variable that is set in the file `.env` in
/// codex's home is not missing, because codex reads that file. Blocks.
pub fn find_missing(
    launch: &LaunchConfig,
    pass_env: &PassEnv,
    requested: &[RequestedVariable],
) -> Vec<(RequestedVariable, MissingReason)> {
    let in_file = dotenv_names(launch);
    let why = |name: &str| match std::env::var_os(name) {
        _ if in_file.iter().any(|own| own == name) => None,
        _ if is_own(name) => Some(MissingReason::Own),
        None => Some(MissingReason::Unset),
        Some(_) if is_inherited(OsStr::new(name), pass_env) => None,
        Some(_) => Some(MissingReason::NotPassed),
    };
    requested.iter().filter_map(|variable| Some((variable.clone(), why(&variable.name)?))).collect()
}

/// Returns the names that the file `.env` in codex's home sets. Names that begin with `CODEX_` are left out, because
/// codex ignores them there.
fn dotenv_names(launch: &LaunchConfig) -> Vec<String> {
    let Some(path) = launch.home().map(|home| home.join(".env")) else { return Vec::new() };
    if !fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() <= MAX_DOTENV_BYTES) {
        return Vec::new();
    }
    let text = fs::read_to_string(path).unwrap_or_default();
    let name = |line: &str| {
        let line = line.trim_start();
        let name = line.strip_prefix("export ").unwrap_or(line).split_once('=')?.0.trim();
        (!name.is_empty() && !name.starts_with('#') && !name.starts_with("CODEX_")).then(|| name.to_owned())
    };
    text.lines().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::CLIENT;

    fn config(config: Value) -> CodexConfig {
        serde_json::from_value(config).unwrap()
    }

    #[test]
    fn variables_of_providers_and_enabled_servers_are_requested() {
        let config = config(json!({
            "model_provider": "mine",
            "model_providers": {
                "mine": { "env_key": "MY_KEY", "env_http_headers": { "X-Team": "TEAM" } },
                "other": { "env_key": "OTHER_KEY", "env_http_headers": null },
                "odd": 3,
            },
            "mcp_servers": {
                "a": { "env_vars": ["A", { "name": "B", "source": "local" }, { "name": "C", "source": "remote" }, 3] },
                "b": { "bearer_token_env_var": "D", "env_http_headers": { "X": "E" } },
                "off": { "enabled": false, "env_vars": ["F"], "bearer_token_env_var": "G" },
            },
        }));
        let found = requested_variables(&config);
        let names: Vec<(&str, bool)> =
            found.iter().map(|variable| (variable.name.as_str(), variable.is_required)).collect();
        let expected = [("MY_KEY", true), ("TEAM", true), ("OTHER_KEY", false)].into_iter();
        let of_servers = ["A", "B", "D", "E"].into_iter().map(|name| (name, false));
        assert_eq!(names, expected.chain(of_servers).collect::<Vec<_>>());
        assert_eq!(found[0].by, "model provider \"mine\" (env_key)");
        assert_eq!(found[5].by, "MCP server \"b\" (bearer_token_env_var)");
    }

    #[test]
    fn configuration_without_providers_and_servers_requests_no_variables() {
        for odd in [json!({}), json!({ "model_providers": null, "mcp_servers": [] })] {
            assert_eq!(requested_variables(&config(odd)), []);
        }
    }

    #[test]
    fn variable_is_missing_unless_it_is_inherited_or_in_the_env_file() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(".env"), "# X=1\nexport IN_FILE=1\n ALSO = 2\nCODEX_NOT=1\n").unwrap();
        let launch = LaunchConfig {
            codex_home: Some(home.path().to_owned()),
            ..LaunchConfig::new("/bin/sh".into(), "/".into(), CLIENT)
        };
        let pass_env = "CARGO_PKG_NAME".parse().unwrap();
        let why = |name: &str| {
            let variable = RequestedVariable { name: name.to_owned(), by: String::new(), is_required: false };
            find_missing(&launch, &pass_env, &[variable]).pop().map(|(_, why)| why)
        };
        for present in ["IN_FILE", "ALSO", "PATH", "CARGO_PKG_NAME"] {
            assert_eq!(why(present), None, "{present}");
        }
        assert_eq!(why("NO_SUCH_VARIABLE"), Some(MissingReason::Unset));
        assert_eq!(why("CARGO_PKG_VERSION"), Some(MissingReason::NotPassed));
        assert_eq!(why("CODEX_GATEWAY_JWT_SECRET"), Some(MissingReason::Own));
        assert_eq!(why("CODEX_NOT"), Some(MissingReason::Unset));
    }
}
