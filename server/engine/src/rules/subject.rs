//! What a request asks for, if a rule can allow that.

use std::path::Path;

use codex_gateway_wire::{Json, Rule, ThreadId, request::Decision, rule::RuleKind};
use serde_json::Value;

use super::{breadth, command_line};
use crate::requests::Method;

/// The longest name of a host, in bytes.
const MAX_HOST_BYTES: usize = 253;

/// The protocols that codex asks about.
const PROTOCOLS: [&str; 4] = ["http", "https", "socks5Tcp", "socks5Udp"];

/// The members of a request that change nothing of what it asks for.
const IDLE_MEMBERS: [&str; 10] = [
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

/// What a request asks for, as far as a rule can allow that. All other requests have none, and a person is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// To run a simple command outside of the sandbox: its words.
    Command(Vec<String>),
    /// To reach a host.
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
    /// Reads what codex asks. `thread` is the session's own thread, and `cwd` the directory that it works in.
    ///
    /// `None` unless all of these hold:
    ///
    /// - it is a command that begins, or a connection: no input to one that runs, and no checkpoint for people
    /// - it is the session's own thread that asks. What a sub-agent may do is not known here.
    /// - the command runs on this machine, in the session's own directory, and is simple
    /// - nothing else is asked for with it: no permission, and nothing that this version does not know
    pub(crate) fn read(method: Method, params: &Json, thread: Option<&ThreadId>, cwd: &Path) -> Option<Self> {
        if method != Method::Command {
            return None;
        }
        let params: Value = serde_json::from_str(params.get()).ok()?;
        let known = |(name, value): (&String, &Value)| match name.as_str() {
            _ if value.is_null() => true,
            "kind" => value == "command",
            "threadId" => thread.is_some_and(|thread| value == thread.as_str()),
            "environmentId" => value == "local",
            "networkApprovalContext" => true,
            name => IDLE_MEMBERS.contains(&name),
        };
        if params["threadId"].is_null() || !params.as_object()?.iter().all(known) {
            return None;
        }
        let here = |place: &Value| place.as_str().is_some_and(|place| Some(place) == cwd.to_str());
        let network = &params["networkApprovalContext"];
        if network.is_null() {
            let words = command_line::words(params["command"].as_str()?)?;
            return here(&params["cwd"]).then_some(Self::Command(words));
        }
        let is_elsewhere = !params["cwd"].is_null() && !here(&params["cwd"]);
        let is_known = network.as_object()?.keys().all(|key| key == "host" || key == "protocol");
        let (host, protocol) = (network["host"].as_str()?, network["protocol"].as_str()?);
        let fits = is_known && !is_elsewhere && is_host(host) && PROTOCOLS.contains(&protocol);
        fits.then(|| Self::Network { host: host.to_owned(), protocol: protocol.to_owned() })
    }

    /// The rule that a decision about this would make. `None` if the gateway cannot keep it: it does not fit what is
    /// asked for, would allow anything, or refuses.
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

    /// Returns `true` if a rule allows this.
    pub(super) fn is_covered_by(&self, rule: &Rule) -> bool {
        match (self, rule.kind) {
            (Self::Command(command), RuleKind::Command) => covers(&rule.command, command),
            (Self::Network { host, protocol }, RuleKind::Network) => {
                rule.host.as_ref() == Some(host) && rule.protocol.as_ref() == Some(protocol)
            }
            _ => false,
        }
    }

    /// Takes out the decisions that would make a rule which the gateway cannot keep.
    pub(crate) fn keep_grantable(subject: Option<&Self>, decisions: &mut Vec<Decision>) {
        decisions.retain(|decision| {
            !decision.makes_rule() || subject.is_some_and(|subject| subject.grant(decision).is_some())
        });
    }
}

/// Returns `true` if a command begins with the words of a rule. A rule of one word covers that word alone; what follows
/// the words of a longer one may not name a path that leads out of the directory.
fn covers(rule: &[String], command: &[String]) -> bool {
    match rule {
        [] => false,
        [_] => command == rule,
        words => command.strip_prefix(words).is_some_and(|more| !more.iter().any(|word| leads_out(word))),
    }
}

/// Returns `true` if a word names a path that is absolute or goes up, also as the value of an option. (A link inside of
/// the directory can lead out as well: this is a guard against accidents.)
fn leads_out(word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || "_.-+".contains(c);
    let absolute = word.match_indices('/').any(|(at, _)| !word[..at].ends_with(is_name));
    word.contains("..") || absolute || (word.starts_with('-') && word.contains('/'))
}

/// Returns `true` for the name or the address of one host: no pattern, and nothing that reads differently.
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

    /// What codex 0.171.0 asks.
    fn asked() -> Value {
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

    /// The request with one member otherwise.
    fn with(name: &str, value: Value) -> Option<Subject> {
        let mut params = asked();
        params[name] = value;
        read(&params)
    }

    fn grants(subject: &Subject, decision: Value) -> bool {
        subject.grant(&serde_json::from_value(decision).unwrap()).is_some()
    }

    #[test]
    fn simple_command_of_the_own_thread_in_the_own_directory_is_a_subject() {
        let words = ["cargo", "test", "--all"].map(str::to_owned).to_vec();
        assert_eq!(read(&asked()), Some(Subject::Command(words.clone())));
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
    fn request_that_asks_for_anything_else_is_no_subject() {
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
        assert_eq!(Subject::read(Method::Command, &json_of(&asked()), None, Path::new("/w")), None);
        for method in [
            Method::OldCommand,
            Method::FileChange,
            Method::Permissions,
            Method::UserInput,
            Method::Elicitation,
        ] {
            assert_eq!(Subject::read(method, &json_of(&asked()), Some(&"t".into()), Path::new("/w")), None);
        }
    }

    #[test]
    fn host_with_its_protocol_is_a_subject() {
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
    fn decision_makes_a_rule_only_if_that_fits_the_command() {
        let command = read(&asked()).unwrap();
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
    fn decisions_that_cannot_be_kept_are_not_offered() {
        let decisions = || -> Vec<Decision> {
            let all = json!(["accept", rule(&["cargo", "test"]), host_rule("a.example", "allow"), "decline"]);
            serde_json::from_value(all).unwrap()
        };
        let words = |subject: Option<&Subject>| {
            let mut kept = decisions();
            Subject::keep_grantable(subject, &mut kept);
            kept.iter().map(Decision::word).collect::<Vec<_>>()
        };
        assert_eq!(words(None), ["accept", "decline"]);
        assert_eq!(words(read(&asked()).as_ref()), ["accept", "acceptWithExecpolicyAmendment", "decline"]);
    }

    #[test]
    fn rule_of_one_word_covers_that_word_alone() {
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
        assert!(!command(&["make"]).is_covered_by(&of(&[])), "nothing covers everything");
    }

    #[test]
    fn word_that_leads_out_of_the_directory_is_told() {
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
            assert!(leads_out(word), "{word}");
        }
        for word in ["", "-x", "--all", "a", "src/a.rs", "./a", "a::b", "--out=x", "v1.2", "a_/b-/c./d"] {
            assert!(!leads_out(word), "{word}");
        }
    }
}
