//! The documented `state.transcript`: the conversation as text.

use codex_gateway_wire::{
    Content, Entry, Item, Phase, Transcript,
    api::{Role, TextEntry},
    codex::PlanStepStatus,
};

/// Maximum number of entries.
const MAX_ENTRIES: usize = 100;
/// Maximum number of bytes of a command's output.
const OUTPUT_BYTES: usize = 4 * 1024;

/// Returns the newest entries as text, oldest first.
pub(super) fn entries(transcript: &Transcript) -> Vec<TextEntry> {
    let skip = transcript.entries.len().saturating_sub(MAX_ENTRIES);
    transcript.entries.iter().skip(skip).map(entry).collect()
}

fn entry(entry: &Entry) -> TextEntry {
    let (role, source, text) = match &entry.content {
        Content::Item(item) => {
            let (role, text) = item_text(item);
            (role, item.kind().to_owned(), text)
        }
        Content::Plan(plan) => {
            let step = |step: &codex_gateway_wire::codex::PlanStep| {
                let mark = if step.status == PlanStepStatus::Completed { 'x' } else { ' ' };
                format!("[{mark}] {}", step.step)
            };
            (Role::System, "turnPlan".to_owned(), plan.plan.iter().map(step).collect::<Vec<_>>().join("\n"))
        }
        Content::Notice(notice) => (Role::System, "warning".to_owned(), notice.message.clone()),
        Content::Question(question) => {
            (Role::System, "serverRequest".to_owned(), question.request.method.clone())
        }
        Content::Request(request) => (Role::System, "serverRequest".to_owned(), request.method.clone()),
    };
    TextEntry {
        id: entry.id.to_string(),
        role,
        text,
        status: status(entry).to_owned(),
        source,
        created_at: entry.started_at_ms.or(entry.completed_at_ms),
    }
}

fn status(entry: &Entry) -> &'static str {
    match (entry.phase, &entry.content) {
        (Phase::Interrupted, _) => "interrupted",
        (Phase::Running, _) => "inProgress",
        (Phase::Done, Content::Item(Item::CommandExecution(command))) => command.status.as_str(),
        (Phase::Done, Content::Item(Item::FileChange(change))) => change.status.as_str(),
        (Phase::Done, Content::Item(Item::McpToolCall(call))) => call.status.as_str(),
        (Phase::Done, _) => "completed",
    }
}

fn item_text(item: &Item) -> (Role, String) {
    let text = match item {
        Item::UserMessage(message) => return (Role::User, message.text()),
        Item::AgentMessage(message) => return (Role::Assistant, message.text.clone()),
        Item::Plan(plan) => plan.text.clone(),
        Item::Reasoning(reasoning) => reasoning.summary.join("\n"),
        Item::CommandExecution(command) => {
            let output = &command.aggregated_output;
            let newest = if output.tail().is_empty() { output.head() } else { output.tail() };
            let from = newest.ceil_char_boundary(newest.len().saturating_sub(OUTPUT_BYTES));
            format!("$ {}\n{}", command.command, &newest[from..])
        }
        Item::FileChange(change) => {
            let line =
                |c: &codex_gateway_wire::codex::FileUpdateChange| format!("{} {}", c.kind.kind, c.path);
            change.changes.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        Item::McpToolCall(call) => format!("{}.{}", call.server, call.tool),
        Item::DynamicToolCall(call) => call.tool.clone(),
        Item::CollabAgentToolCall(call) => call.tool.clone(),
        Item::SubAgentActivity(activity) => format!("{} {}", activity.kind, activity.agent_path),
        Item::WebSearch(search) => search.query.clone(),
        Item::ImageView(image) => image.path.clone(),
        Item::ImageGeneration(image) => image.saved_path.clone().unwrap_or_default(),
        Item::EnteredReviewMode(review) => review.review.clone(),
        Item::ExitedReviewMode(review) => review.review.clone(),
        Item::HookPrompt(hook) => {
            hook.fragments.iter().map(|fragment| fragment.text.as_str()).collect::<Vec<_>>().join("\n")
        }
        Item::FunctionCallOutput(output) => output.name.clone(),
        Item::Sleep(_) | Item::ContextCompaction(_) => item.kind().to_owned(),
        Item::Unknown(item) => item.raw.get().to_owned(),
    };
    (Role::System, text)
}
