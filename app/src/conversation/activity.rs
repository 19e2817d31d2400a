//! What the agent does right now, in a few words.

use codex_gateway_wire::{
    Content, Entry, Item, Phase, Transcript, TurnId,
    codex::{McpServerStatus, PlanStepStatus},
};

use crate::{cards::command_summary, i18n::Texts, state::waited_ms};

/// How many of the newest entries are searched for a running step.
const MAX_SEARCHED_ENTRIES: usize = 20;

/// What the agent does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Activity {
    pub(super) verb: &'static str,
    /// The object of the verb, such as a command or a tool, in code font.
    pub(super) target: Option<String>,
    /// The step of the plan that is in progress: "2/4 Test rounding".
    pub(super) plan_step: Option<String>,
    /// The start of the activity, in Unix milliseconds, moved on by the time in which the turn waited for the user.
    /// `None` while the agent waits for the user.
    pub(super) since_ms: Option<i64>,
}

/// Returns what the agent does. `None` if no turn runs.
pub(super) fn activity(transcript: &Transcript, t: &Texts) -> Option<Activity> {
    let turn = transcript.active_turn()?;
    if transcript.pending_requests().next().is_some() {
        return Some(Activity { verb: t.waiting_for_you(), target: None, plan_step: None, since_ms: None });
    }
    let is_running_step =
        |entry: &&Entry| entry.turn_id.as_ref() == Some(&turn.id) && entry.phase == Phase::Running;
    let step = transcript.entries.iter().rev().take(MAX_SEARCHED_ENTRIES).find(is_running_step);
    let waited_ms = i64::try_from(waited_ms(newest_entries(transcript, &turn.id))).unwrap_or_default();
    let turn_since_ms = turn.started_at.map(|seconds| seconds * 1000 + waited_ms);
    let (verb, target) = match step.map(|step| &step.content) {
        Some(Content::Item(item)) => match item {
            Item::CommandExecution(command) => {
                let cwd = transcript.cwd.as_deref().unwrap_or_default();
                let (verb, target, _) = command_summary(command, true, cwd, t);
                (verb, Some(target))
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
    let plan_step = plan_step(transcript, &turn.id);
    Some(Activity { verb, target, plan_step, since_ms: step_since_ms.or(turn_since_ms) })
}

/// Returns the entries of the running turn, newest first. The entries of other turns are not visited: this runs each second.
fn newest_entries<'a>(transcript: &'a Transcript, turn: &'a TurnId) -> impl Iterator<Item = &'a Entry> {
    // An entry without a turn, such as a notice, may stand between those of the turn.
    let is_of_turn = move |entry: &&Entry| entry.turn_id.as_ref().is_none_or(|own| own == turn);
    transcript.entries.iter().rev().take_while(is_of_turn)
}

/// Returns the step of a turn's plan that is in progress, with its number. `None` if there is no such step.
fn plan_step(transcript: &Transcript, turn: &TurnId) -> Option<String> {
    let plan = newest_entries(transcript, turn).find_map(|entry| match &entry.content {
        Content::Plan(plan) => Some(&plan.plan),
        _ => None,
    })?;
    let at = plan.iter().position(|step| step.status == PlanStepStatus::InProgress)?;
    Some(format!("{}/{} {}", at + 1, plan.len(), plan[at].step))
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
        let working = Activity { verb: t.working(), target: None, plan_step: None, since_ms: Some(100_000) };
        assert_eq!(activity(&transcript, t), Some(working));

        let server =
            |status: &str| format!(r#"{{"threadId":"t","name":"tracker","status":"{status}","error":null}}"#);
        apply(&mut transcript, "mcpServer/startupStatus/updated", &server("starting"));
        let starting = Activity {
            verb: t.starting_servers(),
            target: Some("tracker".to_owned()),
            plan_step: None,
            since_ms: Some(100_000),
        };
        assert_eq!(activity(&transcript, t), Some(starting));
        apply(&mut transcript, "mcpServer/startupStatus/updated", &server("ready"));
        assert_eq!(activity(&transcript, t).map(|activity| activity.verb), Some(t.working()));

        let plan = r#"{"threadId":"t","turnId":"u","explanation":null,"plan":[
            {"step":"Look","status":"completed"},{"step":"Test rounding","status":"inProgress"},
            {"step":"Report","status":"pending"}]}"#;
        apply(&mut transcript, "turn/plan/updated", plan);

        let item = r#"{"type":"commandExecution","id":"c","command":"bash -lc 'cargo test'"}"#;
        let params = format!(r#"{{"threadId":"t","turnId":"u","item":{item},"startedAtMs":105000}}"#);
        apply(&mut transcript, "item/started", &params);
        let running = Activity {
            verb: t.running(),
            target: Some("cargo test".to_owned()),
            plan_step: Some("2/3 Test rounding".to_owned()),
            since_ms: Some(105_000),
        };
        assert_eq!(activity(&transcript, t), Some(running));

        let ended = r#"{"threadId":"t","turn":{"id":"u","status":"completed"}}"#;
        apply(&mut transcript, "turn/completed", ended);
        assert_eq!(activity(&transcript, t), None);
    }
}
