//! What the agent does right now, in a few words.

use codex_gateway_wire::{
    Content, Entry, Item, Phase, Transcript, codex::McpServerStatus, shell::unwrap_shell_command,
};

use crate::i18n::Texts;

/// How many of the newest entries are searched for a running step.
const MAX_SEARCHED_ENTRIES: usize = 20;

/// What the agent does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Activity {
    pub(super) verb: &'static str,
    /// The object of the verb, such as a command or a tool, in code font.
    pub(super) target: Option<String>,
    /// The start of the activity, in Unix milliseconds. `None` while the agent waits for the user.
    pub(super) since_ms: Option<i64>,
}

/// Returns what the agent does. `None` if no turn runs.
pub(super) fn activity(transcript: &Transcript, t: &Texts) -> Option<Activity> {
    let turn = transcript.active_turn()?;
    if transcript.pending_requests().next().is_some() {
        return Some(Activity { verb: t.waiting_for_you(), target: None, since_ms: None });
    }
    let is_running_step =
        |entry: &&Entry| entry.turn_id.as_ref() == Some(&turn.id) && entry.phase == Phase::Running;
    let step = transcript.entries.iter().rev().take(MAX_SEARCHED_ENTRIES).find(is_running_step);
    let turn_since_ms = turn.started_at.map(|seconds| seconds * 1000);
    let (verb, target) = match step.map(|step| &step.content) {
        Some(Content::Item(item)) => match item {
            Item::CommandExecution(command) => {
                let line = unwrap_shell_command(&command.command);
                (t.running(), line.trim().lines().next().map(str::to_owned))
            }
            Item::FileChange(_) => (t.editing(), None),
            Item::Reasoning(_) => (t.thinking(), None),
            Item::AgentMessage(_) | Item::Plan(_) => (t.writing(), None),
            Item::McpToolCall(call) => (t.calling(), Some(format!("{}.{}", call.server, call.tool))),
            Item::DynamicToolCall(call) => (t.calling(), Some(call.tool.clone())),
            _ => (t.working(), None),
        },
        // Codex waits a moment for MCP servers that start before it calls the model.
        _ => match starting_servers(transcript) {
            Some(names) => (t.starting_servers(), Some(names)),
            None => (t.working(), None),
        },
    };
    let step_since_ms = step.filter(|_| target.is_some()).and_then(|step| step.started_at_ms);
    Some(Activity { verb, target, since_ms: step_since_ms.or(turn_since_ms) })
}

/// Returns the names of the MCP servers that are starting, joined by commas. `None` if no server is starting.
pub(super) fn starting_servers(transcript: &Transcript) -> Option<String> {
    let starting = transcript.mcp_servers.iter().filter(|server| server.status == McpServerStatus::Starting);
    let names: Vec<&str> = starting.map(|server| server.name.as_str()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::{Event, EventBody, EventName};

    use super::*;
    use crate::i18n::Lang;

    fn apply(transcript: &mut Transcript, method: &str, params: &str) {
        let data = format!(r#"{{"method":"{method}","params":{params}}}"#);
        let body = EventBody::parse(EventName::Notification, &data).unwrap();
        transcript.apply(&Event { seq: transcript.as_of + 1, body });
    }

    #[test]
    fn activity_of_running_command_names_it_and_counts_from_its_start() {
        let t = Lang::En.texts();
        let mut transcript = Transcript::default();
        assert_eq!(activity(&transcript, t), None);

        let turn = r#"{"threadId":"t","turn":{"id":"u","status":"inProgress","startedAt":100}}"#;
        apply(&mut transcript, "turn/started", turn);
        let working = Activity { verb: t.working(), target: None, since_ms: Some(100_000) };
        assert_eq!(activity(&transcript, t), Some(working));

        let server =
            |status: &str| format!(r#"{{"threadId":"t","name":"tracker","status":"{status}","error":null}}"#);
        apply(&mut transcript, "mcpServer/startupStatus/updated", &server("starting"));
        let starting = Activity {
            verb: t.starting_servers(),
            target: Some("tracker".to_owned()),
            since_ms: Some(100_000),
        };
        assert_eq!(activity(&transcript, t), Some(starting));
        apply(&mut transcript, "mcpServer/startupStatus/updated", &server("ready"));
        assert_eq!(activity(&transcript, t).map(|activity| activity.verb), Some(t.working()));

        let item = r#"{"type":"commandExecution","id":"c","command":"bash -lc 'cargo test'"}"#;
        let params = format!(r#"{{"threadId":"t","turnId":"u","item":{item},"startedAtMs":105000}}"#);
        apply(&mut transcript, "item/started", &params);
        let running =
            Activity { verb: t.running(), target: Some("cargo test".to_owned()), since_ms: Some(105_000) };
        assert_eq!(activity(&transcript, t), Some(running));

        let ended = r#"{"threadId":"t","turn":{"id":"u","status":"completed"}}"#;
        apply(&mut transcript, "turn/completed", ended);
        assert_eq!(activity(&transcript, t), None);
    }
}
