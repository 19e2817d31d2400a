//! What a request asks for, if a rule can allow it.

use std::path::Path;

use codex_gateway_wire::{Json, Rule, ThreadId, request::Decision, rule::RuleKind};
use serde_json::Value;

use super::{breadth, command_line};
use crate::server_requests::Method;

/// The maximum length of a host name, in bytes.
const MAX_HOST_BYTES: usize = 253;

/// The network protocols in codex's requests.
const PROTOCOLS: [&str; 4] = ["http", "https", "socks5Tcp", "socks5Udp"];

/// Fields of a request that do not change what it asks for.
const NEUTRAL_FIELDS: [&str; 10] = [
    "availableDecisions",
    "command",
    "commandActions",
    "cwd",
    "itemId",
    "proposedExecpolicyAmendment",
    "proposedNetworkPolicyAmendments",
    "reason",
    "startedAtMs",
    "turnId",
];

/// What a request asks for. Requests that no rule can allow have no subject, and a person is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Running a simple command outside of the sandbox. Has the words of the command.
    Command(Vec<String>),
    /// Connecting to a host.
    Network { host: String, protocol: String },
}

/// What a rule allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// Commands that begin with these words.
    Command(Vec<String>),
    /// Connections to a host.
    Network { host: String, protocol: String },
}

impl Subject {
    /// Reads the subject of a request. `thread` is the session's own thread, and `cwd` its working directory.
    ///
    /// `None` unless all of these are true:
    ///
    /// - the request is about a new command or a connection: not about input for a running command, and not a
    ///   checkpoint for people
    /// - the request comes from the session's own thread. What a sub-agent may do is not known here.
    /// - the command is simple and runs on this machine, in the session's own directory
    /// - the request asks for nothing else: no permissions, and no fields that this version does not know
    pub(crate) fn read(method: Method, params: &Json, thread: Option<&ThreadId>, cwd: &Path) -> Option<Self> {
        if method != Method::Command {
            return None;
        }
        let params: Value = serde_json::from_str(params.get()).ok()?;
        let is_expected = |(name, value): (&String, &Value)| match name.as_str() {
            _ if value.is_null() => true,
            "kind" => value == "command",
            "threadId" => thread.is_some_and(|thread| value == thread.as_str()),
            "environmentId" => value == "local",
            "networkApprovalContext" => true,
            name => NEUTRAL_FIELDS.contains(&name),
        };
        if params["threadId"].is_null() || !params.as_object()?.iter().all(is_expected) {
            return None;
        }
        let is_cwd = |path: &Value| path.as_str().is_some_and(|path| Some(path) == cwd.to_str());
        let network = &params["networkApprovalContext"];
        if network.is_null() {
            let words = command_line::words(params["command"].as_str()?)?;
            return is_cwd(&params["cwd"]).then_some(Self::Command(words));
        }
        let is_elsewhere = !params["cwd"].is_null() && !is_cwd(&params["cwd"]);
        let is_known = network.as_object()?.keys().all(|key| key == "host" || key == "protocol");
        let (host, protocol) = (network["host"].as_str()?, network["protocol"].as_str()?);
        let fits = is_known && !is_elsewhere && is_host(host) && PROTOCOLS.contains(&protocol);
        fits.then(|| Self::Network { host: host.to_owned(), protocol: protocol.to_owned() })
    }

    /// Returns what a rule made by `decision` would allow. `None` if the gateway cannot keep the rule, because the
    /// rule does not fit the subject, is too broad, or denies.
    pub(crate) fn grant(&self, decision: &Decision) -> Option<Grant> {
        let json: Value = serde_json::from_str(decision.json().get()).ok()?;
        match self {
            Self::Command(command) => {
                let words = json[Decision::ACCEPT_WITH_RULE]["execpolicy_amendment"].as_array()?;
                let words: Option<Vec<String>> =
                    words.iter().map(|word| word.as_str().map(str::to_owned)).collect();
                let words = words.filter(|words| covers(words, command))?;
                (!breadth::is_too_broad(&words, command)).then_some(Grant::Command(words))
            }
            Self::Network { host, protocol } => {
                let rule = &json[Decision::NETWORK_RULE]["network_policy_amendment"];
                let fits = rule["action"] == "allow" && rule["host"] == *host;
                fits.then(|| Grant::Network { host: host.clone(), protocol: protocol.clone() })
            }
        }
    }

    /// Returns `true` if a rule allows this subject.
    pub(super) fn is_covered_by(&self, rule: &Rule) -> bool {
        match (self, rule.kind) {
            (Self::Command(command), RuleKind::Command) => covers(&rule.command, command),
            (Self::Network { host, protocol }, RuleKind::Network) => {
                rule.host.as_ref() == Some(host) && rule.protocol.as_ref() == Some(protocol)
            }
            _ => false,
        }
    }

    /// Removes decisions that would make a rule which the gateway cannot keep.
    pub(crate) fn retain_grantable(subject: Option<&Self>, decisions: &mut Vec<Decision>) {
        decisions.retain(|decision| {
            !decision.makes_rule() || subject.is_some_and(|subject| subject.grant(decision).is_some())
        });
    }
}

/// Returns `true` if a command starts with the words of a rule. A rule of one word covers only that word. After the
/// words of a longer rule, no word may name a path outside of the directory.
fn covers(rule: &[String], command: &[String]) -> bool {
    match rule {
        [] => false,
        [_] => command == rule,
        words => {
            command.strip_prefix(words).is_some_and(|more| !more.iter().any(|word| leaves_directory(word)))
        }
    }
}

/// Returns `true` if a word contains an absolute path or `..`, also as the value of an option. (A symbolic link
/// inside of the directory can lead out as well: this only guards against accidents.)
fn leaves_directory(word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || "_.-+".contains(c);
    let absolute = word.match_indices('/').any(|(at, _)| !word[..at].ends_with(is_name));
    word.contains("..") || absolute || (word.starts_with('-') && word.contains('/'))
}

/// Returns `true` for the name or the address of one host: no pattern, and no look-alike characters.
fn is_host(host: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    !host.is_empty() && host.len() <= MAX_HOST_BYTES && host.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn json_of(value: &Value) -> Json {
        serde_json::from_value(value.clone()).unwrap()
    }

    /// A request of codex 0.171.0.
    fn request() -> Value {
        json!({
            "kind": "command", "threadId": "t", "turnId": "u", "itemId": "i", "startedAtMs": 1,
            "environmentId": "local", "reason": "May I?", "command": "/bin/bash -lc 'cargo test --all'", "cwd": "/w",
            "commandActions": [{ "type": "unknown", "command": "cargo test --all" }],
            "proposedExecpolicyAmendment": ["cargo", "test"],
            "availableDecisions": ["accept", rule(&["cargo", "test"]), "cancel"],
        })
    }

    fn rule(words: &[&str]) -> Value {
        json!({ "acceptWithExecpolicyAmendment": { "execpolicy_amendment": words } })
    }

    fn host_rule(host: &str, action: &str) -> Value {
        json!({ "applyNetworkPolicyAmendment": { "network_policy_amendment": { "host": host, "action": action } } })
    }

    fn read(params: &Value) -> Option<Subject> {
        Subject::read(Method::Command, &json_of(params), Some(&"t".into()), Path::new("/w"))
    }

    /// The subject of the request with one field replaced.
    fn with(name: &str, value: Value) -> Option<Subject> {
        let mut params = request();
        params[name] = value;
        read(&params)
    }

    fn grants(subject: &Subject, decision: Value) -> bool {
        subject.grant(&serde_json::from_value(decision).unwrap()).is_some()
    }

    #[test]
    fn simple_command_of_the_own_thread_in_the_own_directory_has_a_subject() {
        let words = ["cargo", "test", "--all"].map(str::to_owned).to_vec();
        assert_eq!(read(&request()), Some(Subject::Command(words.clone())));
        for (name, value) in [
            ("environmentId", Value::Null),
            ("kind", Value::Null),
            ("additionalPermissions", Value::Null),
            ("approvalId", Value::Null),
            ("later", Value::Null),
        ] {
            assert_eq!(with(name, value), Some(Subject::Command(words.clone())), "{name}");
        }
    }

    #[test]
    fn request_for_anything_else_has_no_subject() {
        for (name, value) in [
            ("kind", json!("writeStdin")),
            ("kind", json!("humanCommand")),
            ("threadId", json!("of a sub-agent")),
            ("threadId", Value::Null),
            ("environmentId", json!("box")),
            ("approvalId", json!("a")),
            ("cwd", json!("/w/sub")),
            ("cwd", json!("/w/")),
            ("cwd", json!("/")),
            ("cwd", Value::Null),
            ("command", Value::Null),
            ("command", json!(["cargo", "test"])),
            ("command", json!("/bin/bash -lc 'cargo test; rm x'")),
            ("additionalPermissions", json!({ "network": { "enabled": true } })),
            ("additionalPermissions", json!({})),
            ("networkApprovalContext", json!({})),
            ("grantRoot", json!("/")),
            ("later", json!(true)),
        ] {
            assert_eq!(with(name, value.clone()), None, "{name}: {value}");
        }
        assert_eq!(Subject::read(Method::Command, &json_of(&request()), None, Path::new("/w")), None);
        for method in [
            Method::OldCommand,
            Method::FileChange,
            Method::Permissions,
            Method::UserInput,
            Method::Elicitation,
        ] {
            assert_eq!(Subject::read(method, &json_of(&request()), Some(&"t".into()), Path::new("/w")), None);
        }
    }

    #[test]
    fn connection_to_a_host_has_a_subject() {
        let network = |host: &str, protocol: &str| {
            with("networkApprovalContext", json!({ "host": host, "protocol": protocol }))
        };
        let found = network("crates.example", "https").unwrap();
        assert_eq!(
            found,
            Subject::Network { host: "crates.example".to_owned(), protocol: "https".to_owned() }
        );
        assert!(grants(&found, host_rule("crates.example", "allow")));
        for decision in [
            host_rule("crates.example", "deny"),
            host_rule("other.example", "allow"),
            host_rule("*", "allow"),
            rule(&["cargo", "test"]),
        ] {
            assert!(!grants(&found, decision.clone()), "{decision}");
        }
        for host in ["", "*.example", "a b", "a\u{202e}b", "ä.example"] {
            assert_eq!(network(host, "https"), None, "{host:?}");
        }
        assert_eq!(network("a.example", "gopher"), None);
        let more = json!({ "host": "a.example", "protocol": "https", "port": 22 });
        assert_eq!(with("networkApprovalContext", more), None);
    }

    #[test]
    fn decision_makes_a_rule_only_if_the_rule_fits_the_command() {
        let command = read(&request()).unwrap();
        assert!(
            grants(&command, rule(&["cargo", "test"])) && grants(&command, rule(&["cargo", "test", "--all"]))
        );
        for decision in [
            rule(&[]),
            rule(&["cargo"]),
            rule(&["cargo", "tes"]),
            rule(&["cargo test"]),
            rule(&["rm"]),
            rule(&["cargo", "test", "--all", "x"]),
            rule(&["bash", "-lc"]),
            json!({ "acceptWithExecpolicyAmendment": { "execpolicy_amendment": ["cargo", 7] } }),
            json!({ "acceptWithExecpolicyAmendment": { "execpolicy_amendment": "cargo" } }),
            host_rule("crates.example", "allow"),
            json!("accept"),
        ] {
            assert!(!grants(&command, decision.clone()), "{decision}");
        }
        let outside =
            with("command", json!("/bin/bash -lc 'cargo test --manifest-path=/x/Cargo.toml'")).unwrap();
        assert!(!grants(&outside, rule(&["cargo", "test"])), "the rule would not cover the command");
        assert!(grants(&outside, rule(&["cargo", "test", "--manifest-path=/x/Cargo.toml"])));
    }

    #[test]
    fn decisions_for_rules_that_cannot_be_kept_are_not_offered() {
        let decisions = || -> Vec<Decision> {
            let all = json!(["accept", rule(&["cargo", "test"]), host_rule("a.example", "allow"), "decline"]);
            serde_json::from_value(all).unwrap()
        };
        let words = |subject: Option<&Subject>| {
            let mut kept = decisions();
            Subject::retain_grantable(subject, &mut kept);
            kept.iter().map(Decision::kind).collect::<Vec<_>>()
        };
        assert_eq!(words(None), ["accept", "decline"]);
        assert_eq!(words(read(&request()).as_ref()), ["accept", "acceptWithExecpolicyAmendment", "decline"]);
    }

    #[test]
    fn rule_of_one_word_covers_only_that_word() {
        let of = |words: &[&str]| Rule {
            id: "r".into(),
            kind: RuleKind::Command,
            command: words.iter().map(|&word| word.to_owned()).collect(),
            host: None,
            protocol: None,
            cwd: "/w".to_owned(),
            sandbox: codex_gateway_wire::api::SandboxMode::ReadOnly,
            session_id: "s".into(),
            created_at: codex_gateway_wire::Timestamp::default(),
        };
        let command = |words: &[&str]| Subject::Command(words.iter().map(|&word| word.to_owned()).collect());
        assert!(command(&["make"]).is_covered_by(&of(&["make"])));
        assert!(!command(&["make", "-f", "/tmp/x"]).is_covered_by(&of(&["make"])));
        assert!(command(&["make", "all", "-j"]).is_covered_by(&of(&["make", "all"])));
        assert!(!command(&["make"]).is_covered_by(&of(&[])), "an empty rule covers nothing");
    }

    #[test]
    fn word_that_leaves_the_directory_is_recognised() {
        for word in [
            "/",
            "/etc/passwd",
            "..",
            "../x",
            "a/../x",
            "--out=/x",
            "--out=../x",
            "-f/x",
            "a:/x",
            "https://a.example",
            "a//b",
        ] {
            assert!(leaves_directory(word), "{word}");
        }
        for word in ["", "-x", "--all", "a", "src/a.rs", "./a", "a::b", "--out=x", "v1.2", "a_/b-/c./d"] {
            assert!(!leaves_directory(word), "{word}");
        }
    }
}
