//! Items of every kind.

use serde_json::{Value, json};

/// Returns a file change that waits for approval.
pub(crate) fn proposed_change(turn: &str) -> Value {
    json!({
        "type": "fileChange", "id": format!("{turn}-asked"), "status": "inProgress",
        "changes": [{
            "path": "/outside/notes.md", "kind": { "type": "update", "move_path": null },
            "diff": "@@ -1,2 +1,2 @@\n # Notes\n-old\n+new\n",
        }],
    })
}

/// Returns a command that runs on after its turn.
pub(crate) fn background(turn: &str) -> Value {
    json!({
        "type": "commandExecution", "id": format!("{turn}-background"), "command": "bash -lc 'npm run watch'",
        "cwd": "/", "processId": "7", "source": "agent", "status": "inProgress", "commandActions": [],
        "aggregatedOutput": "watching\n", "exitCode": null, "durationMs": null,
    })
}

/// Returns an item of each kind, and one of an unknown kind.
pub(crate) fn every_kind(turn: &str) -> Vec<Value> {
    let mut items = vec![
        json!({ "type": "hookPrompt", "fragments": [{ "text": "Mind the tests.", "hookRunId": "r" }] }),
        json!({ "type": "agentMessage", "text": "**Hello**", "phase": "commentary" }),
        json!({ "type": "functionCallOutput", "name": "lookup", "namespace": null, "output": "found" }),
        json!({ "type": "plan", "text": "1. Look\n2. Leap" }),
        json!({ "type": "reasoning", "summary": ["**Thinking**"], "content": [] }),
        json!({
            "type": "commandExecution", "command": "ls", "cwd": "/", "processId": "1", "source": "agent",
            "status": "completed", "commandActions": [], "aggregatedOutput": "a\nb\n", "exitCode": 0,
            "durationMs": 3,
        }),
        json!({
            "type": "fileChange", "status": "completed",
            "changes": [{ "path": "/a", "kind": { "type": "add" }, "diff": "a\n" }],
        }),
        json!({
            "type": "mcpToolCall", "server": "maps", "tool": "route", "status": "failed",
            "arguments": { "to": "Rome" }, "result": null, "error": { "message": "no road" }, "durationMs": 9,
        }),
        json!({
            "type": "dynamicToolCall", "namespace": null, "tool": "dial", "arguments": [1], "status": "completed",
            "contentItems": [{ "type": "inputText", "text": "rang" }], "success": true, "durationMs": 1,
        }),
        json!({
            "type": "collabAgentToolCall", "tool": "spawnAgent", "status": "completed", "senderThreadId": "a",
            "receiverThreadIds": ["b"], "prompt": "Help.", "agentsStates": {},
        }),
        json!({ "type": "subAgentActivity", "kind": "started", "agentThreadId": "b", "agentPath": "/root/b" }),
        json!({ "type": "webSearch", "query": "rust", "action": { "type": "search", "query": "rust" } }),
        json!({ "type": "imageView", "path": "/image.png" }),
        json!({ "type": "sleep", "durationMs": 250 }),
        json!({ "type": "imageGeneration", "status": "completed", "revisedPrompt": null, "result": "", "savedPath": "/made.png" }),
        json!({ "type": "enteredReviewMode", "review": "the changes" }),
        json!({ "type": "exitedReviewMode", "review": "No findings." }),
        json!({ "type": "contextCompaction" }),
        json!({ "type": "hologram", "beams": [1, 2, 3] }),
    ];
    for (n, item) in items.iter_mut().enumerate() {
        item["id"] = json!(format!("{turn}-item-{n}"));
    }
    items
}
