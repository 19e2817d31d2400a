//! What happens, in lines for people.

use std::collections::HashSet;

use codex_gateway_wire::{
    EventBody, Item, ItemId, Notification, RequestResolved, UserRequest,
    codex::{FileUpdateChange, ItemStatus, PlanStep, PlanStepStatus, TurnPlan, topic},
    diff::{Counts, counts},
    hidden::{Piece, TextKind, escaped, line_count, pieces, push_code},
    request::{Access, Outcome, Summary},
    shell::command_line,
};

/// How much of a command's output is shown, in lines: the beginning, and the end.
const OUTPUT: (usize, usize) = (5, 15);

/// How a line is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Something begins, or was done.
    Work,
    /// More about it.
    Detail,
    /// Something went wrong, or may not be.
    Bad,
    /// Something needs a look.
    Warning,
}

/// A line for people, ready for the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub tone: Tone,
    pub text: String,
}

impl Line {
    /// A line of what somebody or something says.
    pub(crate) fn said(tone: Tone, text: &str) -> Self {
        Self { tone, text: plain(text) }
    }
}

/// What an event says. What the agent says is not among it, nor what those commands printed: that was shown as it came.
pub(crate) fn lines(body: &EventBody, shown: &HashSet<ItemId>) -> Vec<Line> {
    match body {
        EventBody::Notification(Notification::ItemStarted(event)) => started(&event.item),
        EventBody::Notification(Notification::ItemCompleted(event)) => {
            completed(&event.item, shown.contains(event.item.id()))
        }
        EventBody::Notification(Notification::PlanUpdated(plan)) => steps(plan),
        EventBody::Notification(Notification::Error(error)) if error.will_retry => {
            vec![said(Tone::Warning, &format!("{}; trying again", error.error.message))]
        }
        EventBody::Notification(Notification::Warning(_, message)) => {
            vec![said(Tone::Warning, message)]
        }
        EventBody::Warning(warning) => {
            let detail = warning.detail.iter().map(|detail| said(Tone::Detail, detail));
            std::iter::once(said(Tone::Warning, &warning.message)).chain(detail).collect()
        }
        EventBody::Request(request) => asked(request),
        EventBody::RequestResolved(resolved) => vec![answered(resolved)],
        _ => Vec::new(),
    }
}

/// A line of the program's own words. What stands in it of others has been made ready already.
fn line(tone: Tone, text: String) -> Line {
    Line { tone, text }
}

fn said(tone: Tone, text: &str) -> Line {
    Line::said(tone, text)
}

fn started(item: &Item) -> Vec<Line> {
    match item {
        Item::CommandExecution(command) => {
            vec![line(Tone::Work, format!("$ {}", exact_command(&command.command)))]
        }
        Item::McpToolCall(call) => {
            vec![line(
                Tone::Work,
                format!("calling {} of {}", exact_name(&call.tool), exact_name(&call.server)),
            )]
        }
        _ => Vec::new(),
    }
}

fn completed(item: &Item, shown: bool) -> Vec<Line> {
    match item {
        Item::CommandExecution(command) => {
            let printed = &command.aggregated_output;
            let mut lines = if shown { Vec::new() } else { output(printed.head(), printed.tail()) };
            match (command.status, command.exit_code) {
                (ItemStatus::Declined, _) => lines.push(line(Tone::Bad, "was not allowed".to_owned())),
                (_, Some(code)) if code != 0 => lines.push(line(Tone::Bad, format!("ended with {code}"))),
                (ItemStatus::Failed, _) => lines.push(line(Tone::Bad, "failed".to_owned())),
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
            change.changes.iter().map(|one| line(tone, format!("{}{suffix}", changed(one)))).collect()
        }
        Item::McpToolCall(call) => call.error.iter().map(|error| said(Tone::Bad, &error.message)).collect(),
        Item::WebSearch(search) => vec![said(Tone::Work, &format!("searched the web: {}", search.query))],
        Item::Reasoning(reasoning) => {
            let told = |part: &String| said(Tone::Detail, topic(part).unwrap_or(part));
            reasoning.summary.iter().map(told).collect()
        }
        Item::ImageView(image) => vec![line(Tone::Work, format!("looked at {}", exact_name(&image.path)))],
        Item::ContextCompaction(_) => {
            vec![line(Tone::Detail, "summed the conversation up, to make room".to_owned())]
        }
        _ => Vec::new(),
    }
}

/// The beginning and the end of what a command printed.
fn output(head: &str, tail: &str) -> Vec<Line> {
    let all: Vec<&str> = head.lines().chain(tail.lines()).collect();
    let show = |text: &&str| said(Tone::Detail, text);
    if all.len() <= OUTPUT.0 + OUTPUT.1 {
        return all.iter().map(show).collect();
    }
    let left_out = all.len() - OUTPUT.0 - OUTPUT.1;
    let mut lines: Vec<Line> = all[..OUTPUT.0].iter().map(show).collect();
    lines.push(line(Tone::Detail, format!("… {left_out} more lines …")));
    lines.extend(all[all.len() - OUTPUT.1..].iter().map(show));
    lines
}

fn changed(change: &FileUpdateChange) -> String {
    let FileUpdateChange { path, kind, .. } = change;
    let path = exact_name(path);
    let Counts { added, removed } = counts(change);
    match (kind.kind.as_str(), &kind.move_path) {
        ("add", _) => format!("added {path} (+{added})"),
        ("delete", _) => format!("deleted {path}"),
        (_, Some(to)) => format!("moved {path} to {} (+{added} −{removed})", exact_name(to)),
        (_, None) => format!("edited {path} (+{added} −{removed})"),
    }
}

fn steps(plan: &TurnPlan) -> Vec<Line> {
    let step = |step: &PlanStep| {
        let mark = match step.status {
            PlanStepStatus::Completed => "x",
            PlanStepStatus::InProgress => ">",
            PlanStepStatus::Pending | PlanStepStatus::Other => " ",
        };
        said(Tone::Detail, &format!("[{mark}] {}", step.step))
    };
    std::iter::once(line(Tone::Work, "the plan:".to_owned())).chain(plan.plan.iter().map(step)).collect()
}

/// What codex asks.
pub(crate) fn asked(request: &UserRequest) -> Vec<Line> {
    let Summary {
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
    let mut say = |text: String| lines.push(line(Tone::Warning, text));
    if let Some(command) = command {
        let place = cwd.as_ref().map(|cwd| format!(" in {}", exact_name(cwd))).unwrap_or_default();
        say(format!("asks to run: {}{place}", exact_command(command)));
    }
    if let Some(host) = host {
        say(format!("asks to connect to {}", exact_name(host)));
    }
    for change in changes {
        say(format!("asks to change {}", exact_name(&change.path)));
    }
    if let Some(root) = grant_root {
        say(format!("asks to write below {} from here on", exact_name(root)));
    }
    for permission in permissions {
        let what = match permission.access {
            Access::Network => "use the network",
            Access::Read => "read",
            Access::Write => "write",
            Access::Deny => "not touch",
            Access::Other => "do more",
        };
        let target =
            permission.target.as_ref().map(|target| format!(" {}", exact_name(target))).unwrap_or_default();
        say(format!("asks to {what}{target}"));
    }
    if let Some(tool) = tool {
        let server = server.as_deref().unwrap_or_default();
        say(format!("asks to call {} of the MCP server {}", exact_name(&tool.name), exact_name(server)));
        for argument in &tool.arguments {
            say(format!("  {}: {}", exact_name(&argument.name), exact_name(&argument.value)));
        }
    } else if let Some(server) = server {
        say(format!("the MCP server {} asks", exact_name(server)));
    }
    if let Some(url) = url {
        say(format!("asks to follow {}", exact_name(url)));
    }
    for field in fields {
        say(format!("asks: {}", plain(if field.hint.is_empty() { &field.label } else { &field.hint })));
    }
    if let Some(reason) = reason {
        lines.push(said(Tone::Detail, reason));
    }
    if lines.is_empty() {
        lines.push(line(Tone::Warning, format!("asks for {}", request.kind.as_str())));
    }
    lines
}

fn answered(resolved: &RequestResolved) -> Line {
    let (tone, word) = match resolved.outcome {
        Outcome::Accepted => (Tone::Work, "allowed"),
        Outcome::Answered => (Tone::Work, "answered"),
        Outcome::Declined => (Tone::Bad, "declined"),
        Outcome::Cancelled => (Tone::Bad, "declined, and stopped"),
        Outcome::Withdrawn | Outcome::Other => (Tone::Detail, "not asked any more"),
    };
    line(tone, word.to_owned())
}

/// The right-to-left text between these two does not reorder what surrounds it (first strong isolate, pop directional
/// isolate). Terminals that know nothing of directions show neither.
const ISOLATE: (char, char) = ('\u{2068}', '\u{2069}');

/// A command as one types it, with every character of it to be seen.
fn exact_command(command: &str) -> String {
    exact(&command_line(command), TextKind::Code)
}

/// A path, a host, a rule or the name of a tool, with every character of it to be seen.
pub(crate) fn exact_name(name: &str) -> String {
    exact(name, TextKind::Name)
}

fn exact(text: &str, kind: TextKind) -> String {
    let mut exact = String::with_capacity(text.len());
    for piece in pieces(text, kind) {
        match piece {
            Piece::Plain(text) => exact.push_str(text),
            Piece::RightToLeft(text) => {
                exact.push(ISOLATE.0);
                exact.push_str(text);
                exact.push(ISOLATE.1);
            }
            Piece::Hidden(c) => push_code(&mut exact, c),
            Piece::BlankLines(lines) => {
                exact.extend(["… ", &line_count(lines).to_string(), " blank lines …\n"]);
            }
        }
    }
    exact
}

/// A text without what would steer a terminal, or reorder what is read.
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
        lines(&body, &HashSet::new()).into_iter().map(|line| line.text).collect()
    }

    fn item(method: &str, item: &str) -> Vec<String> {
        let data =
            format!(r#"{{"method":"item/{method}","params":{{"threadId":"t","turnId":"u","item":{item}}}}}"#);
        texts(EventName::Notification, &data)
    }

    #[test]
    fn a_command_is_told_with_what_it_printed() {
        let command = |output: &str, code: i64| {
            format!(
                r#"{{"type":"commandExecution","id":"c","command":"make","cwd":"/","status":"completed","exitCode":{code},
                    "aggregatedOutput":{output:?}}}"#
            )
        };
        assert_eq!(item("started", &command("", 0)), ["$ make"]);
        assert_eq!(item("completed", &command("a\nb\n", 2)), ["a", "b", "ended with 2"]);
        let long = (0..100).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
        let told = item("completed", &command(&long, 0));
        assert_eq!((told.len(), told[5].as_str(), told[20].as_str()), (21, "… 80 more lines …", "99"));
    }

    #[test]
    fn changes_of_files_are_counted() {
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
    fn thoughts_are_told_by_their_titles() {
        let reasoning =
            r#"{"type":"reasoning","id":"r","summary":["**Looking around**\n\nI look.","Plain"]}"#;
        assert_eq!(item("completed", reasoning), ["Looking around", "Plain"]);
    }

    #[test]
    fn asked_command_with_hidden_characters_shows_each() {
        let about = Summary {
            command: Some("cat \u{200f}1 > \u{1b}[8mש\r".to_owned()),
            cwd: Some("/w\n".to_owned()),
            ..Summary::default()
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
        assert_eq!(asked(&request), [line(Tone::Warning, shown.to_owned())]);
    }

    #[test]
    fn asked_command_with_many_blank_lines_counts_them() {
        let command = exact_command(&format!("ls{}rm", "\n".repeat(400)));
        assert_eq!(command, "ls\n… 399 blank lines …\nrm");
    }

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(plain("\u{1b}[31mred\u{1b}[0m\u{7}\r\n\tx\u{9b}2J"), "red\n\tx");
    }
}
