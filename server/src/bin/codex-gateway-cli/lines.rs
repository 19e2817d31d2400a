//! Formats events as lines for people.

use std::collections::HashSet;

use codex_gateway_wire::{
    EventBody, Item, ItemId, Notification, RequestResolved, UserRequest,
    codex::{FileUpdateChange, ItemStatus, PlanStep, PlanStepStatus, TurnPlan, summary_topic},
    diff::{LineCounts, count_lines},
    hidden_chars::{Piece, TextKind, escaped, line_count, pieces, push_code},
    request::{PermissionAccess, RequestOutcome, RequestSummary},
    shell::unwrap_shell_command,
};

/// Lines of a command's output that are shown: from its start, and from its end.
const MAX_OUTPUT_LINES: (usize, usize) = (5, 15);

/// Style of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Progress: something started or was done.
    Work,
    /// Detail of a previous line.
    Detail,
    /// Failure or refusal.
    Bad,
    /// Warning, or a request to the user.
    Warning,
}

/// A line, safe for the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub tone: Tone,
    pub text: String,
}

impl Line {
    /// Creates a line from untrusted text.
    pub(crate) fn untrusted(tone: Tone, text: &str) -> Self {
        Self { tone, text: plain(text) }
    }
}

/// Formats an event. Omits messages of the agent, and output of the commands in `shown`: both were streamed.
pub(crate) fn event_lines(body: &EventBody, shown: &HashSet<ItemId>) -> Vec<Line> {
    match body {
        EventBody::Notification(Notification::ItemStarted(event)) => item_started_lines(&event.item),
        EventBody::Notification(Notification::ItemCompleted(event)) => {
            item_completed_lines(&event.item, shown.contains(event.item.id()))
        }
        EventBody::Notification(Notification::PlanUpdated(plan)) => plan_steps(plan),
        EventBody::Notification(Notification::Error(error)) if error.will_retry => {
            vec![untrusted_line(Tone::Warning, &format!("{}; trying again", error.error.message))]
        }
        EventBody::Notification(Notification::Warning(_, message)) => {
            vec![untrusted_line(Tone::Warning, message)]
        }
        EventBody::Warning(warning) => {
            let detail = warning.detail.iter().map(|detail| untrusted_line(Tone::Detail, detail));
            std::iter::once(untrusted_line(Tone::Warning, &warning.message)).chain(detail).collect()
        }
        EventBody::Request(request) => request_lines(request),
        EventBody::RequestResolved(resolved) => vec![resolved_line(resolved)],
        _ => Vec::new(),
    }
}

/// Creates a line from the program's own text. Untrusted parts must be escaped already.
fn trusted_line(tone: Tone, text: String) -> Line {
    Line { tone, text }
}

fn untrusted_line(tone: Tone, text: &str) -> Line {
    Line::untrusted(tone, text)
}

fn item_started_lines(item: &Item) -> Vec<Line> {
    match item {
        Item::CommandExecution(command) => {
            vec![trusted_line(Tone::Work, format!("$ {}", reveal_command(&command.command)))]
        }
        Item::McpToolCall(call) => {
            vec![trusted_line(
                Tone::Work,
                format!("calling {} of {}", reveal_name(&call.tool), reveal_name(&call.server)),
            )]
        }
        _ => Vec::new(),
    }
}

fn item_completed_lines(item: &Item, shown: bool) -> Vec<Line> {
    match item {
        Item::CommandExecution(command) => {
            let printed = &command.aggregated_output;
            let mut lines = if shown { Vec::new() } else { output_lines(printed.head(), printed.tail()) };
            match (command.status, command.exit_code) {
                (ItemStatus::Declined, _) => {
                    lines.push(trusted_line(Tone::Bad, "was not allowed".to_owned()));
                }
                (_, Some(code)) if code != 0 => {
                    lines.push(trusted_line(Tone::Bad, format!("ended with {code}")));
                }
                (ItemStatus::Failed, _) => lines.push(trusted_line(Tone::Bad, "failed".to_owned())),
                _ => {}
            }
            lines
        }
        Item::FileChange(change) => {
            let tone = if change.status == ItemStatus::Completed { Tone::Work } else { Tone::Bad };
            let suffix = match change.status {
                ItemStatus::Declined => ": was not allowed",
                ItemStatus::Failed => ": failed",
                _ => "",
            };
            change
                .changes
                .iter()
                .map(|one| trusted_line(tone, format!("{}{suffix}", describe_change(one))))
                .collect()
        }
        Item::McpToolCall(call) => {
            call.error.iter().map(|error| untrusted_line(Tone::Bad, &error.message)).collect()
        }
        Item::WebSearch(search) => {
            vec![untrusted_line(Tone::Work, &format!("searched the web: {}", search.query))]
        }
        Item::Reasoning(reasoning) => {
            let reported = |part: &String| untrusted_line(Tone::Detail, summary_topic(part).unwrap_or(part));
            reasoning.summary.iter().map(reported).collect()
        }
        Item::ImageView(image) => {
            vec![trusted_line(Tone::Work, format!("looked at {}", reveal_name(&image.path)))]
        }
        Item::ContextCompaction(_) => {
            vec![trusted_line(Tone::Detail, "summed the conversation up, to make room".to_owned())]
        }
        _ => Vec::new(),
    }
}

/// Formats the head and the tail of a command's output.
fn output_lines(head: &str, tail: &str) -> Vec<Line> {
    let all: Vec<&str> = head.lines().chain(tail.lines()).collect();
    let show = |text: &&str| untrusted_line(Tone::Detail, text);
    if all.len() <= MAX_OUTPUT_LINES.0 + MAX_OUTPUT_LINES.1 {
        return all.iter().map(show).collect();
    }
    let left_out = all.len() - MAX_OUTPUT_LINES.0 - MAX_OUTPUT_LINES.1;
    let mut lines: Vec<Line> = all[..MAX_OUTPUT_LINES.0].iter().map(show).collect();
    lines.push(trusted_line(Tone::Detail, format!("… {left_out} more lines …")));
    lines.extend(all[all.len() - MAX_OUTPUT_LINES.1..].iter().map(show));
    lines
}

fn describe_change(change: &FileUpdateChange) -> String {
    let FileUpdateChange { path, kind, .. } = change;
    let path = reveal_name(path);
    let LineCounts { added, removed } = count_lines(change);
    match (kind.kind.as_str(), &kind.move_path) {
        ("add", _) => format!("added {path} (+{added})"),
        ("delete", _) => format!("deleted {path}"),
        (_, Some(to)) => format!("moved {path} to {} (+{added} −{removed})", reveal_name(to)),
        (_, None) => format!("edited {path} (+{added} −{removed})"),
    }
}

fn plan_steps(plan: &TurnPlan) -> Vec<Line> {
    let step = |step: &PlanStep| {
        let mark = match step.status {
            PlanStepStatus::Completed => "x",
            PlanStepStatus::InProgress => ">",
            PlanStepStatus::Pending | PlanStepStatus::Other => " ",
        };
        untrusted_line(Tone::Detail, &format!("[{mark}] {}", step.step))
    };
    std::iter::once(trusted_line(Tone::Work, "the plan:".to_owned()))
        .chain(plan.plan.iter().map(step))
        .collect()
}

/// Formats a request of codex.
pub(crate) fn request_lines(request: &UserRequest) -> Vec<Line> {
    let RequestSummary {
        reason,
        command,
        cwd,
        host,
        grant_root,
        server,
        tool,
        url,
        changes,
        permissions,
        fields,
        ..
    } = &request.summary;
    let mut lines = Vec::new();
    let mut say = |text: String| lines.push(trusted_line(Tone::Warning, text));
    if let Some(command) = command {
        let place = cwd.as_ref().map(|cwd| format!(" in {}", reveal_name(cwd))).unwrap_or_default();
        say(format!("asks to run: {}{place}", reveal_command(command)));
    }
    if let Some(host) = host {
        say(format!("asks to connect to {}", reveal_name(host)));
    }
    for change in changes {
        say(format!("asks to change {}", reveal_name(&change.path)));
    }
    if let Some(root) = grant_root {
        say(format!("asks to write below {} from here on", reveal_name(root)));
    }
    for permission in permissions {
        let what = match permission.access {
            PermissionAccess::Network => "use the network",
            PermissionAccess::Read => "read",
            PermissionAccess::Write => "write",
            PermissionAccess::Deny => "not touch",
            PermissionAccess::Other => "do more",
        };
        let target =
            permission.target.as_ref().map(|target| format!(" {}", reveal_name(target))).unwrap_or_default();
        say(format!("asks to {what}{target}"));
    }
    if let Some(tool) = tool {
        let server = server.as_deref().unwrap_or_default();
        say(format!("asks to call {} of the MCP server {}", reveal_name(&tool.name), reveal_name(server)));
        for argument in &tool.arguments {
            say(format!("  {}: {}", reveal_name(&argument.name), reveal_name(&argument.value)));
        }
    } else if let Some(server) = server {
        say(format!("the MCP server {} asks", reveal_name(server)));
    }
    if let Some(url) = url {
        say(format!("asks to follow {}", reveal_name(url)));
    }
    for field in fields {
        say(format!("asks: {}", plain(if field.hint.is_empty() { &field.label } else { &field.hint })));
    }
    if let Some(reason) = reason {
        lines.push(untrusted_line(Tone::Detail, reason));
    }
    if lines.is_empty() {
        lines.push(trusted_line(Tone::Warning, format!("asks for {}", request.kind.as_str())));
    }
    lines
}

fn resolved_line(resolved: &RequestResolved) -> Line {
    let (tone, word) = match resolved.outcome {
        RequestOutcome::Accepted => (Tone::Work, "allowed"),
        RequestOutcome::Answered => (Tone::Work, "answered"),
        RequestOutcome::Declined => (Tone::Bad, "declined"),
        RequestOutcome::Cancelled => (Tone::Bad, "declined, and stopped"),
        RequestOutcome::Withdrawn | RequestOutcome::Other => (Tone::Detail, "not asked any more"),
    };
    trusted_line(tone, word.to_owned())
}

/// Characters around right-to-left text, so that it does not reorder its surroundings (first strong isolate,
/// pop directional isolate). Terminals without bidirectional text show neither.
const ISOLATE: (char, char) = ('\u{2068}', '\u{2069}');

/// Formats a command as typed, with all hidden characters visible.
fn reveal_command(command: &str) -> String {
    reveal(&unwrap_shell_command(command), TextKind::Code)
}

/// Formats a path, host, rule or tool name, with all hidden characters visible.
pub(crate) fn reveal_name(name: &str) -> String {
    reveal(name, TextKind::Name)
}

fn reveal(text: &str, kind: TextKind) -> String {
    let mut revealed = String::with_capacity(text.len());
    for piece in pieces(text, kind) {
        match piece {
            Piece::Plain(text) => revealed.push_str(text),
            Piece::RightToLeft(text) => {
                revealed.push(ISOLATE.0);
                revealed.push_str(text);
                revealed.push(ISOLATE.1);
            }
            Piece::Hidden(c) => push_code(&mut revealed, c),
            Piece::BlankLines(lines) => {
                revealed.extend(["… ", &line_count(lines).to_string(), " blank lines …\n"]);
            }
        }
    }
    revealed
}

/// Removes control sequences, and characters that reorder text.
pub(crate) fn plain(text: &str) -> String {
    let text = escaped(&console::strip_ansi_codes(text), TextKind::Prose);
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::EventName;

    use super::*;

    fn texts(name: EventName, data: &str) -> Vec<String> {
        let body = EventBody::parse(name, data).unwrap();
        event_lines(&body, &HashSet::new()).into_iter().map(|line| line.text).collect()
    }

    fn item(method: &str, item: &str) -> Vec<String> {
        let data =
            format!(r#"{{"method":"item/{method}","params":{{"threadId":"t","turnId":"u","item":{item}}}}}"#);
        texts(EventName::Notification, &data)
    }

    #[test]
    fn command_is_shown_with_head_and_tail_of_its_output() {
        let command = |output: &str, code: i64| {
            format!(
                r#"{{"type":"commandExecution","id":"c","command":"make","cwd":"/","status":"completed","exitCode":{code},
                    "aggregatedOutput":{output:?}}}"#
            )
        };
        assert_eq!(item("started", &command("", 0)), ["$ make"]);
        assert_eq!(item("completed", &command("a\nb\n", 2)), ["a", "b", "ended with 2"]);
        let long = (0..100).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
        let reported = item("completed", &command(&long, 0));
        assert_eq!(
            (reported.len(), reported[5].as_str(), reported[20].as_str()),
            (21, "… 80 more lines …", "99")
        );
    }

    #[test]
    fn file_changes_show_line_counts() {
        let change = r#"{"type":"fileChange","id":"f","status":"completed","changes":[
            {"path":"a","kind":{"type":"add"},"diff":"x\ny\n"},{"path":"b","kind":{"type":"delete"},"diff":"x"},
            {"path":"c","kind":{"type":"update"},"diff":"--- c\n+++ c\n@@ -1 +1 @@\n-x\n+y\n+z\n"},
            {"path":"d","kind":{"type":"update","move_path":"e"},"diff":""}]}"#;
        assert_eq!(
            item("completed", change),
            ["added a (+2)", "deleted b", "edited c (+2 −1)", "moved d to e (+0 −0)"]
        );
    }

    #[test]
    fn reasoning_is_shown_by_title() {
        let reasoning =
            r#"{"type":"reasoning","id":"r","summary":["**Looking around**\n\nI look.","Plain"]}"#;
        assert_eq!(item("completed", reasoning), ["Looking around", "Plain"]);
    }

    #[test]
    fn hidden_characters_of_command_are_shown() {
        let about = RequestSummary {
            command: Some("cat \u{200f}1 > \u{1b}[8mש\r".to_owned()),
            cwd: Some("/w\n".to_owned()),
            ..RequestSummary::default()
        };
        let request = UserRequest {
            id: "r".into(),
            kind: codex_gateway_wire::request::RequestKind::Command,
            method: String::new(),
            params: codex_gateway_wire::Json::default(),
            summary: about,
            available_decisions: Vec::new(),
            created_at: codex_gateway_wire::Timestamp::default(),
            deadline: None,
        };
        let shown = "asks to run: cat [U+200F]1 > [U+001B][8m\u{2068}ש\u{2069}[U+000D] in /w[U+000A]";
        assert_eq!(request_lines(&request), [trusted_line(Tone::Warning, shown.to_owned())]);
    }

    #[test]
    fn blank_lines_of_command_are_counted() {
        let command = reveal_command(&format!("ls{}rm", "\n".repeat(400)));
        assert_eq!(command, "ls\n… 399 blank lines …\nrm");
    }

    #[test]
    fn control_sequences_are_removed() {
        assert_eq!(plain("\u{1b}[31mred\u{1b}[0m\u{7}\r\n\tx\u{9b}2J"), "red\n\tx");
    }
}
