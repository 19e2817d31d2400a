//! What a request is about, in a line.

use codex_gateway_wire::UserRequest;

use crate::cards::unwrap_shell_command;

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A command, as one types it.
    Command(String),
    /// A host that is to be connected to.
    Host(String),
    /// In words, the agent's or a server's own.
    Words(String),
    /// It does not say.
    Nothing,
}

/// What a request is about.
pub(crate) fn subject(request: &UserRequest) -> Subject {
    let summary = &request.summary;
    if let Some(host) = &summary.host {
        return Subject::Host(host.clone());
    }
    if let Some(line) = &summary.command {
        return Subject::Command(unwrap_shell_command(line));
    }
    if let (Some(tool), Some(server)) = (&summary.tool, &summary.server) {
        return Subject::Command(format!("{server}.{}", tool.name));
    }
    let question = || Some(summary.fields.first()?.label.clone());
    let words = summary.reason.clone().or_else(question);
    words.map_or(Subject::Nothing, Subject::Words)
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::request::{FormField, RequestKind, RequestSummary};

    use super::*;

    fn about(summary: RequestSummary) -> Subject {
        subject(&UserRequest {
            id: "r".into(),
            kind: RequestKind::Command,
            method: String::new(),
            params: codex_gateway_wire::Json::default(),
            summary,
            available_decisions: Vec::new(),
            created_at: codex_gateway_wire::Timestamp::default(),
            deadline: None,
        })
    }

    #[test]
    fn a_request_is_about_its_host_its_command_its_reason_or_its_question() {
        let text = |text: &str| Some(text.to_owned());
        let words = |text: &str| Subject::Words(text.to_owned());
        let command = RequestSummary {
            command: text("bash -lc 'cargo test'"),
            reason: text("why"),
            ..RequestSummary::default()
        };
        assert_eq!(about(command.clone()), Subject::Command("cargo test".to_owned()));
        assert_eq!(
            about(RequestSummary { host: text("a.example"), ..command }),
            Subject::Host("a.example".to_owned())
        );
        assert_eq!(
            about(RequestSummary { reason: text("It is outside."), ..RequestSummary::default() }),
            words("It is outside.")
        );
        let question = FormField { label: "Which?".to_owned(), ..FormField::default() };
        assert_eq!(
            about(RequestSummary { fields: vec![question], ..RequestSummary::default() }),
            words("Which?")
        );
        assert_eq!(about(RequestSummary::default()), Subject::Nothing);
    }
}
