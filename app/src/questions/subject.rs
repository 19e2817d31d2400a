//! What a request is about, in a line.

use codex_gateway_wire::{Json, UserRequest, read_fields};

use crate::cards::command_line;

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A command, as one types it.
    Command(String),
    /// In words, codex's or a server's own.
    Words(String),
    /// It does not say.
    Nothing,
}

/// The parameters that say what a request is about, of all kinds.
#[derive(Default)]
pub(super) struct About {
    command: Json,
    pub(super) cwd: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) message: Option<String>,
    pub(super) grant_root: Option<String>,
    pub(super) server_name: Option<String>,
    pub(super) network_approval_context: Option<Network>,
    pub(super) mode: Option<String>,
    pub(super) url: Option<String>,
    questions: Vec<Text>,
}
read_fields!(About {
    command,
    cwd,
    reason,
    message,
    grant_root,
    server_name,
    network_approval_context,
    mode,
    url,
    questions
});

/// Where a command wants to connect to.
#[derive(Default)]
pub(super) struct Network {
    pub(super) host: String,
    pub(super) protocol: String,
}
read_fields!(Network { host, protocol });

#[derive(Default)]
struct Text {
    question: String,
}
read_fields!(Text { question });

impl About {
    pub(super) fn of(request: &UserRequest) -> Self {
        serde_json::from_str(request.params.get()).unwrap_or_default()
    }

    /// The command, as one types it. (In old requests it comes word by word.)
    pub(super) fn command_line(&self) -> Option<String> {
        let text = self.command.get();
        if let Ok(line) = serde_json::from_str::<String>(text) {
            return Some(command_line(&line));
        }
        serde_json::from_str::<Vec<String>>(text).ok().map(|words| words.join(" "))
    }
}

/// What a request is about.
pub(crate) fn subject(request: &UserRequest) -> Subject {
    let about = About::of(request);
    if let Some(network) = about.network_approval_context {
        return Subject::Words(network.host);
    }
    if let Some(line) = about.command_line() {
        return Subject::Command(line);
    }
    let question = about.questions.into_iter().next().map(|text| text.question);
    let words = question.or(about.message).or(about.reason);
    words.filter(|words| !words.is_empty()).map_or(Subject::Nothing, Subject::Words)
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::request::RequestKind;

    use super::*;

    fn about(params: &str) -> Subject {
        subject(&UserRequest {
            id: "r".into(),
            kind: RequestKind::Command,
            method: String::new(),
            params: serde_json::from_str(params).unwrap(),
            available_decisions: Vec::new(),
            created_at: 0,
            deadline: None,
        })
    }

    #[test]
    fn a_request_is_about_its_command_its_host_its_question_or_its_reason() {
        let command = |line: &str| Subject::Command(line.to_owned());
        let words = |text: &str| Subject::Words(text.to_owned());
        assert_eq!(about(r#"{"command":"bash -lc 'cargo test'","reason":"why"}"#), command("cargo test"));
        assert_eq!(about(r#"{"command":["ls","-la"]}"#), command("ls -la"));
        let host = r#"{"command":"curl","networkApprovalContext":{"host":"a.example","protocol":"https"}}"#;
        assert_eq!(about(host), words("a.example"));
        assert_eq!(about(r#"{"questions":[{"question":"Which?"}]}"#), words("Which?"));
        assert_eq!(about(r#"{"message":"Where to?","serverName":"maps"}"#), words("Where to?"));
        assert_eq!(about(r#"{"reason":"It is outside."}"#), words("It is outside."));
        assert_eq!(about(r#"{"reason":null}"#), Subject::Nothing);
        assert_eq!(about("7"), Subject::Nothing);
    }
}
