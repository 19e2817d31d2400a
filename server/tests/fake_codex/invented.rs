//! Conversations as long as one wants, made up turn by turn as they are told.

use serde_json::{Value, json};

/// How many items an invented turn has.
const ITEMS: usize = 4;

/// The turn of that number, which has ended: a question, a command, what it means, and an answer. Every hundredth
/// answer has a word of its own.
pub(crate) fn turn(n: usize) -> Value {
    let id = |part: &str| format!("{n}-{part}");
    let lines: Vec<String> = (0..n % 9).map(|line| format!("line {line} of {n}\n")).collect();
    let lines = lines.concat();
    let rare = if n.is_multiple_of(100) { "\n\nA **needle** is in it." } else { "" };
    let text = "Neither short nor long, so that it takes a line or two of the column. ".repeat(1 + n % 4);
    let items: [Value; ITEMS] = [
        json!({
            "type": "userMessage", "id": id("user"),
            "content": [{ "type": "text", "text": format!("Question {n}"), "text_elements": [] }],
        }),
        json!({
            "type": "commandExecution", "id": id("command"), "command": format!("wc -l part-{n}"), "cwd": "/",
            "status": "completed", "commandActions": [], "aggregatedOutput": lines, "exitCode": 0, "durationMs": 3,
        }),
        json!({ "type": "agentMessage", "id": id("more"), "text": format!("{text}\n\n- one\n- `two`\n") }),
        json!({ "type": "agentMessage", "id": id("answer"), "text": format!("Answer {n}. {text}{rare}") }),
    ];
    json!({ "id": format!("turn-{n}"), "status": "completed", "durationMs": 5, "items": items })
}
