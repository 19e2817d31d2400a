//! The entries of a conversation: each is a line that says what was done, and most can be opened.
//!
//! [`head`] and [`body`] know all kinds; each kind has a file of its own. What is not known has its JSON.

mod agent;
mod command;
mod copy;
mod file_change;
mod json;
mod misc;
mod notice;
mod plan;
mod question;
mod reasoning;
mod request;
mod tool;

use codex_gateway_wire::{Content, Entry, Item, Phase, diff::LineCounts};
use leptos::prelude::untrack;
use view::{Node, view};

pub(crate) use codex_gateway_wire::shell::unwrap_shell_command;
pub(crate) use copy::CopyButton;
pub(crate) use file_change::changes_view;
pub(crate) use json::json_view;

use self::{command::CommandBody, plan::PlanBody};
use crate::{
    i18n::Texts,
    icon::Icon,
    markdown::{self, AlertLabels, MarkdownLabels, MarkdownText},
    state::EntryRef,
};

/// The line of an entry: icon, verb, target, result, duration.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Head {
    pub(crate) icon: Icon,
    pub(crate) verb: &'static str,
    pub(crate) target: Target,
    /// How it ended, where that is not plain.
    pub(crate) result: String,
    /// Lines added and removed.
    pub(crate) lines: Option<LineCounts>,
    pub(crate) tone: Tone,
    /// How long it took, in milliseconds.
    pub(crate) took_ms: Option<u64>,
    /// Whether there is more to see.
    pub(crate) opens: bool,
}

/// What something was done to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target {
    /// In words.
    Words(String),
    /// As one types it.
    Code(String),
}

/// How a line wants to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Quiet,
    Failed,
    NeedsYou,
}

impl Tone {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Failed => "failed",
            Self::NeedsYou => "needs-you",
        }
    }
}

impl Head {
    fn new(icon: Icon, verb: &'static str) -> Self {
        Self {
            icon,
            verb,
            target: Target::Words(String::new()),
            result: String::new(),
            lines: None,
            tone: Tone::Quiet,
            took_ms: None,
            opens: true,
        }
    }

    fn words(self, target: impl Into<String>) -> Self {
        Self { target: Target::Words(target.into()), ..self }
    }

    fn code(self, target: impl Into<String>) -> Self {
        Self { target: Target::Code(target.into()), ..self }
    }

    fn result(self, result: impl Into<String>) -> Self {
        Self { result: result.into(), ..self }
    }

    fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    fn took(self, took_ms: Option<u64>) -> Self {
        Self { took_ms, ..self }
    }

    fn opens(self, opens: bool) -> Self {
        Self { opens, ..self }
    }
}

/// The line of an entry; `cwd` is the directory that paths are told from.
pub(crate) fn head(entry: &Entry, cwd: &str, t: &Texts) -> Head {
    let running = entry.phase == Phase::Running;
    let head = match &entry.content {
        Content::Plan(plan) => plan::head(plan, t),
        Content::Notice(notice) => notice::head(notice, t),
        Content::Request(request) => request::head(request, t),
        Content::Question(question) => question::head(question, t),
        Content::Item(item) => match item {
            Item::CommandExecution(command) => command::head(command, entry.phase, t),
            Item::FileChange(change) => file_change::head(change, entry.phase, cwd, t),
            Item::Reasoning(reasoning) => reasoning::head(reasoning, running, t),
            Item::McpToolCall(call) => tool::mcp_head(call, running, t),
            Item::DynamicToolCall(call) => tool::dynamic_head(call, running, t),
            Item::FunctionCallOutput(output) => tool::output_head(output, t),
            Item::WebSearch(search) => misc::web_search(search, t),
            Item::ImageView(image) => misc::image_view(image, cwd, t),
            Item::ImageGeneration(image) => misc::image_generation(image, cwd, t),
            Item::Sleep(sleep) => misc::sleep(sleep, t),
            Item::HookPrompt(prompt) => misc::hook_prompt(prompt, t),
            Item::ContextCompaction(_) => misc::compaction(t),
            Item::EnteredReviewMode(review) => misc::review(review, t),
            Item::CollabAgentToolCall(call) => agent::call_head(call, t),
            Item::SubAgentActivity(activity) => agent::activity_head(activity, t),
            Item::Unknown(item) => Head::new(Icon::Question, t.unknown()).code(&item.kind),
            // These speak for themselves: the conversation shows them without a line.
            Item::UserMessage(_) | Item::AgentMessage(_) | Item::Plan(_) | Item::ExitedReviewMode(_) => {
                Head::new(Icon::Info, "").opens(false)
            }
        },
    };
    let took = entry.started_at_ms.zip(entry.completed_at_ms);
    let took = took.and_then(|(from, to)| u64::try_from(to - from).ok());
    Head { took_ms: head.took_ms.or(took), ..head }
}

/// What an entry shows when it is opened; kept up to date.
pub(crate) fn body(entry: EntryRef, t: &'static Texts) -> Node {
    /// Which body an entry has.
    type Body = fn(EntryRef, &'static Texts) -> Node;
    let body: Option<Body> = untrack(|| {
        entry.read(|entry| -> Body {
            match &entry.content {
                Content::Plan(_) => |entry, _| view! { <PlanBody entry/> },
                Content::Notice(_) => notice::body,
                Content::Request(_) => request::body,
                Content::Question(_) => question::body,
                Content::Item(item) => match item {
                    Item::CommandExecution(_) => |entry, t| view! { <CommandBody entry t/> },
                    Item::FileChange(_) => file_change::body,
                    Item::Reasoning(_) => reasoning::body,
                    Item::McpToolCall(_) | Item::DynamicToolCall(_) | Item::FunctionCallOutput(_) => {
                        tool::body
                    }
                    Item::HookPrompt(_) | Item::EnteredReviewMode(_) => misc::text_body,
                    Item::ImageView(_) | Item::ImageGeneration(_) => misc::image_body,
                    Item::CollabAgentToolCall(_) | Item::SubAgentActivity(_) => agent::body,
                    Item::WebSearch(_) => misc::search_body,
                    Item::Unknown(_) => json::unknown_body,
                    Item::Sleep(_)
                    | Item::ContextCompaction(_)
                    | Item::UserMessage(_)
                    | Item::AgentMessage(_)
                    | Item::Plan(_)
                    | Item::ExitedReviewMode(_) => |_, _| Node::Empty,
                },
            }
        })
    });
    body.map_or(Node::Empty, |body| body(entry, t))
}

/// Markdown as the model wrote it.
pub(crate) fn markdown_view(text: MarkdownText, t: &'static Texts) -> Node {
    let alerts = AlertLabels {
        note: t.alert_note(),
        tip: t.alert_tip(),
        important: t.alert_important(),
        warning: t.alert_warning(),
        caution: t.alert_caution(),
    };
    let labels = MarkdownLabels { copy: t.copy(), copied: t.copied(), plain: t.plain_text(), alerts };
    markdown::markdown_view(text, labels)
}

/// The part of an entry that a card shows; nothing if the entry has become of another kind.
macro_rules! of_kind {
    ($entry:expr, $pattern:pat => $value:expr) => {
        $entry
            .read(|entry| match &entry.content {
                $pattern => Some($value),
                _ => None,
            })
            .flatten()
    };
}
use of_kind;
