//! A request in one line, for the log.

use codex_gateway_wire::{UserRequest, shell::unwrap_shell_command};

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RequestTitle {
    /// A command as it is typed, or a tool as `server.tool`.
    Command(String),
    /// A host that a command wants to connect to.
    Host(String),
    /// The reason of the agent or of an MCP server, or the first question.
    Prose(String),
}

/// Returns the title of a request. `None` if its summary names nothing.
pub(super) fn request_title(request: &UserRequest) -> Option<RequestTitle> {
    let summary = &request.summary;
    if let Some(host) = &summary.host {
        return Some(RequestTitle::Host(host.clone()));
    }
    if let Some(line) = &summary.command {
        return Some(RequestTitle::Command(unwrap_shell_command(line)));
    }
    if let (Some(tool), Some(server)) = (&summary.tool, &summary.server) {
        return Some(RequestTitle::Command(format!("{server}.{}", tool.name)));
    }
    let first_question = || summary.fields.first().map(|field| field.label.clone());
    summary.reason.clone().or_else(first_question).map(RequestTitle::Prose)
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::request::{FormField, RequestKind, RequestSummary};

    use super::*;

    fn title(summary: RequestSummary) -> Option<RequestTitle> {
        request_title(&UserRequest {
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
    fn title_is_the_host_else_the_command_else_the_reason_else_the_first_question() {
        let text = |text: &str| Some(text.to_owned());
        let prose = |text: &str| Some(RequestTitle::Prose(text.to_owned()));
        let command = RequestSummary {
            command: text("bash -lc 'cargo test'"),
            reason: text("why"),
            ..RequestSummary::default()
        };
        assert_eq!(title(command.clone()), Some(RequestTitle::Command("cargo test".to_owned())));
        assert_eq!(
            title(RequestSummary { host: text("a.example"), ..command }),
            Some(RequestTitle::Host("a.example".to_owned()))
        );
        assert_eq!(
            title(RequestSummary { reason: text("It is outside."), ..RequestSummary::default() }),
            prose("It is outside.")
        );
        let question = FormField { label: "Which?".to_owned(), ..FormField::default() };
        assert_eq!(
            title(RequestSummary { fields: vec![question], ..RequestSummary::default() }),
            prose("Which?")
        );
        assert_eq!(title(RequestSummary::default()), None);
    }
}
