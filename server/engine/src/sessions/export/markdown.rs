//! A thread as Markdown: its messages, and its other items in short.

use codex_app_server_client::protocol::HistoricalTurn;
use codex_gateway_wire::{
    Item,
    codex::{CommandExecution, FileChange, UserMessage},
};

/// Returns the beginning of the file.
pub(super) fn head(title: Option<&str>) -> String {
    format!("# {}\n", title.unwrap_or("Conversation"))
}

/// Appends a turn.
pub(super) fn turn(out: &mut String, historical: &HistoricalTurn) {
    let items = historical.items.iter().filter_map(|item| serde_json::from_str::<Item>(item.get()).ok());
    for item in items {
        write_item(out, &item);
    }
    if let Some(error) = &historical.turn.error {
        paragraph(out, &format!("> **Failed:** {}", error.message.replace('\n', "\n> ")));
    }
}

fn write_item(out: &mut String, item: &Item) {
    match item {
        Item::UserMessage(message) => user(out, message),
        Item::AgentMessage(message) => section(out, "Codex", &message.text),
        Item::Plan(plan) => section(out, "Plan", &plan.text),
        Item::ExitedReviewMode(review) => section(out, "Review", &review.review),
        Item::Reasoning(reasoning) => {
            let thoughts = reasoning.summary.join("\n\n");
            if !thoughts.trim().is_empty() {
                paragraph(out, &format!("> {}", thoughts.trim().replace('\n', "\n> ")));
            }
        }
        Item::CommandExecution(command) => self::command(out, command),
        Item::FileChange(change) => self::change(out, change),
        Item::McpToolCall(call) => {
            paragraph(out, &format!("*Tool:* {}", code(&format!("{}.{}", call.server, call.tool))));
            fence(out, "json", call.arguments.get());
        }
        Item::DynamicToolCall(call) => {
            paragraph(out, &format!("*Tool:* {}", code(&call.tool)));
            fence(out, "json", call.arguments.get());
        }
        Item::WebSearch(search) => paragraph(out, &format!("*Web search:* {}", code(&search.query))),
        Item::ImageView(image) => paragraph(out, &format!("*Image:* {}", code(&image.path))),
        Item::ContextCompaction(_) => paragraph(out, "*The conversation so far was summed up.*"),
        Item::Unknown(item) => {
            paragraph(out, &format!("*{}*", code(&item.kind)));
            fence(out, "json", item.raw.get());
        }
        Item::EnteredReviewMode(_)
        | Item::HookPrompt(_)
        | Item::FunctionCallOutput(_)
        | Item::CollabAgentToolCall(_)
        | Item::SubAgentActivity(_)
        | Item::Sleep(_)
        | Item::ImageGeneration(_) => paragraph(out, &format!("*{}*", code(item.kind()))),
    }
}

fn user(out: &mut String, message: &UserMessage) {
    section(out, "User", &message.text());
    for part in message.content.iter().filter(|part| part.text.is_none()) {
        let name = part.name.as_ref().or(part.path.as_ref()).unwrap_or(&part.kind);
        paragraph(out, &format!("*Attached:* {}", code(name)));
    }
}

fn command(out: &mut String, command: &CommandExecution) {
    fence(out, "sh", &command.command);
    let output = &command.aggregated_output;
    if !output.is_empty() {
        let gap = match output.omitted() {
            0 => String::new(),
            omitted => format!("\n… {omitted} bytes are left out …\n"),
        };
        fence(out, "text", &[output.head(), &gap, output.tail()].concat());
    }
    if let Some(status) = command.exit_code.filter(|status| *status != 0) {
        paragraph(out, &format!("*Exit status {status}*"));
    }
}

fn change(out: &mut String, change: &FileChange) {
    for file in &change.changes {
        paragraph(out, &format!("*File, {}:* {}", file.kind.kind, code(&file.path)));
        fence(out, if file.kind.kind == "update" { "diff" } else { "" }, &file.diff);
    }
}

fn section(out: &mut String, heading: &str, text: &str) {
    paragraph(out, &format!("## {heading}"));
    paragraph(out, text.trim_end());
}

fn paragraph(out: &mut String, text: &str) {
    out.push('\n');
    out.push_str(text);
    out.push('\n');
}

/// Returns a text in code marks that are longer than any in the text.
fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let marks = "`".repeat(longest_run(&text) + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{marks}{space}{text}{space}{marks}")
}

/// Appends a code block whose fence is longer than any in the text.
fn fence(out: &mut String, lang: &str, text: &str) {
    let marks = "`".repeat((longest_run(text) + 1).max(3));
    let line = if text.ends_with('\n') { "" } else { "\n" };
    paragraph(out, &format!("{marks}{lang}\n{text}{line}{marks}"));
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(items: &str) -> String {
        let json =
            format!(r#"{{"id":"u","status":"failed","items":[{items}],"error":{{"message":"a\nb"}}}}"#);
        let mut out = String::new();
        turn(&mut out, &serde_json::from_str(&json).unwrap());
        out
    }

    #[test]
    fn turn_is_written_as_markdown() {
        let text = written(
            r#"{"type":"userMessage","id":"1","content":[{"type":"text","text":"Hi"},{"type":"localImage","path":"/a.png"}]},
            {"type":"commandExecution","id":"2","command":"ls","cwd":"/","status":"failed","aggregatedOutput":"no\n","exitCode":2},
            {"type":"fileChange","id":"3","status":"completed","changes":[{"path":"a","kind":{"type":"update"},"diff":"-a\n+b"}]},
            {"type":"agentMessage","id":"4","text":"Done.\n"}"#,
        );
        assert_eq!(
            text,
            "\n## User\n\nHi\n\n*Attached:* `/a.png`\n\n```sh\nls\n```\n\n```text\nno\n```\n\n*Exit status 2*\n\n*File, update:* `a`\n\
             \n```diff\n-a\n+b\n```\n\n## Codex\n\nDone.\n\n> **Failed:** a\n> b\n"
        );
    }

    #[test]
    fn code_marks_are_longer_than_any_in_the_text() {
        let text = written(
            r#"{"type":"commandExecution","id":"2","command":"echo '````'","cwd":"/","status":"completed"}"#,
        );
        assert!(text.contains("`````sh\necho '````'\n`````\n"), "{text}");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
    }

    #[test]
    fn unknown_and_minor_items_are_named() {
        let text =
            written(r#"{"type":"hologram","id":"1","deep":[1]},{"type":"sleep","id":"2","durationMs":1}"#);
        assert!(
            text.contains("*`hologram`*") && text.contains(r#"{"type":"hologram","id":"1","deep":[1]}"#),
            "{text}"
        );
        assert!(text.contains("*`sleep`*"), "{text}");
    }
}
