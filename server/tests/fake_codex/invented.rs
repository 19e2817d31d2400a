//! Generated turns, for threads of any length.

use serde_json::{Value, json};

/// Number of items of a generated turn.
const ITEMS_PER_TURN: usize = 4;

/// Returns the completed turn of this number: a question, a command and two messages.
///
/// The answer of every hundredth turn contains the word "needle".
pub(crate) fn turn(n: usize) -> Value {
    let id = |part: &str| format!("{n}-{part}");
    let lines: Vec<String> = (0..n % 9).map(|line| format!("line {line} of {n}\n")).collect();
    let lines = lines.concat();
    let needle = if n.is_multiple_of(100) { "\n\nA **needle** is in it." } else { "" };
    let text = "Neither short nor long, so that it takes a line or two of the column. ".repeat(1 + n % 4);
    let items: [Value; ITEMS_PER_TURN] = [
        json!({
            "type": "userMessage", "id": id("user"),
            "content": [{ "type": "text", "text": format!("Question {n}"), "text_elements": [] }],
        }),
        json!({
            "type": "commandExecution", "id": id("command"), "command": format!("wc -l part-{n}"), "cwd": "/",
            "status": "completed", "commandActions": [], "aggregatedOutput": lines, "exitCode": 0, "durationMs": 3,
        }),
        json!({ "type": "agentMessage", "id": id("more"), "text": format!("{text}\n\n- one\n- `two`\n") }),
        json!({ "type": "agentMessage", "id": id("answer"), "text": format!("Answer {n}. {text}{needle}") }),
    ];
    json!({ "id": format!("turn-{n}"), "status": "completed", "durationMs": 5, "items": items })
}
