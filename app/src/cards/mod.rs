//! The steps of a conversation: each has a header of one line, and most have a body below it.
//!
//! [`entry_header`] and [`EntryBody`] choose by the kind of the entry; each kind has a file of its own. The body of an
//! unknown kind is its JSON.

mod agent;
mod command;
mod field;
mod file_change;
mod header;
mod markdown;
mod misc;
mod notice;
mod plan;
mod question;
mod reasoning;
mod request;
mod request_title;
mod tool;

use codex_gateway_wire::{Content, Entry, Item, Phase};
use leptos::wasm_split::wasm_split;
use view::{Node, prelude::*};

pub(crate) use command::summary as command_summary;
pub(crate) use field::JsonField;
pub(crate) use file_change::FileChanges;
pub(crate) use header::{EntryHeader, Target, Tone};
pub(crate) use markdown::Markdown;
pub(crate) use plan::PlanBody;

use self::{
    agent::AgentBody,
    command::CommandBody,
    field::UnknownBody,
    file_change::FileChangeBody,
    misc::{ImageBody, TextBody, WebSearchBody},
    notice::NoticeBody,
    question::QuestionBody,
    reasoning::ReasoningBody,
    request::RequestBody,
    tool::ToolBody,
};
use crate::{
    chunks::{Chunk, ChunkError},
    i18n::Texts,
    icon::Icon,
    lazy::lazy,
    state::EntryRef,
};

/// Returns the header of an entry. Paths are shown relative to `cwd`.
pub(crate) fn entry_header(entry: &Entry, cwd: &str, t: &Texts) -> EntryHeader {
    let running = entry.phase == Phase::Running;
    let header = match &entry.content {
        Content::Plan(plan) => plan::header(plan, t),
        Content::Notice(notice) => notice::header(notice, t),
        Content::Request(request) => request::header(request, t),
        Content::Question(question) => question::header(question, t),
        Content::Item(item) => match item {
            Item::CommandExecution(command) => command::header(command, entry.phase, cwd, t),
            Item::FileChange(change) => file_change::header(change, entry.phase, cwd, t),
            Item::Reasoning(reasoning) => reasoning::header(reasoning, running, t),
            Item::McpToolCall(call) => tool::mcp_header(call, running, t),
            Item::DynamicToolCall(call) => tool::dynamic_header(call, running, t),
            Item::FunctionCallOutput(output) => tool::output_header(output, t),
            Item::WebSearch(search) => misc::web_search_header(search, t),
            Item::ImageView(image) => misc::image_view_header(image, cwd, t),
            Item::ImageGeneration(image) => misc::image_generation_header(image, cwd, t),
            Item::Sleep(sleep) => misc::sleep_header(sleep, t),
            Item::HookPrompt(prompt) => misc::hook_prompt_header(prompt, t),
            Item::ContextCompaction(_) => misc::compaction_header(t),
            Item::EnteredReviewMode(review) => misc::review_header(review, t),
            Item::CollabAgentToolCall(call) => agent::call_header(call, t),
            Item::SubAgentActivity(activity) => agent::activity_header(activity, t),
            Item::Unknown(item) => EntryHeader::new(Icon::Question, t.unknown_kind()).code(&item.kind),
            // Only a prompt of codex's own is a step.
            Item::UserMessage(message) => misc::instructions_header(message, t),
            // The conversation shows the text of these without a header.
            Item::AgentMessage(_) | Item::Plan(_) | Item::ExitedReviewMode(_) => {
                EntryHeader::new(Icon::Info, "").expandable(false)
            }
        },
    };
    let elapsed = entry.started_at_ms.zip(entry.completed_at_ms);
    let elapsed_ms = elapsed.and_then(|(from, to)| u64::try_from(to - from).ok());
    EntryHeader { duration_ms: header.duration_ms.or(elapsed_ms), ..header }
}

/// The body of an entry, which follows the entry's changes.
#[component]
pub(crate) fn EntryBody(entry: EntryRef, t: &'static Texts) -> impl IntoView {
    let is_reasoning =
        entry.read(|entry| matches!(entry.content, Content::Item(Item::Reasoning(_)))) == Some(true);
    if is_reasoning {
        return view! { <ReasoningBody entry t/> };
    }
    lazy(Chunk::Details, entry_body(entry, t))
}

/// The body of an entry that is not Markdown. The code of Markdown is in the chunk of the messages, and needs no other.
#[allow(clippy::unnecessary_wraps, reason = "the chunk may not be loaded, which `wasm_split` returns")]
#[wasm_split(details, wasm_split_path = ::leptos::wasm_split, preload(load_bodies), fallible)]
pub(crate) fn entry_body(entry: EntryRef, t: &'static Texts) -> Result<Node, ChunkError> {
    type Body = fn(EntryRef, &'static Texts) -> Node;
    // The body is chosen while the entry is lent, and built afterwards: it reads the entry too.
    let body = entry.read(|entry| -> Body {
        match &entry.content {
            Content::Plan(_) => |entry, _| view! { <PlanBody entry/> },
            Content::Notice(_) => |entry, t| view! { <NoticeBody entry t/> },
            Content::Request(_) => |entry, t| view! { <RequestBody entry t/> },
            Content::Question(_) => |entry, t| view! { <QuestionBody entry t/> },
            Content::Item(item) => match item {
                Item::CommandExecution(_) => |entry, t| view! { <CommandBody entry t/> },
                Item::FileChange(_) => |entry, t| view! { <FileChangeBody entry t/> },
                Item::McpToolCall(_) | Item::DynamicToolCall(_) | Item::FunctionCallOutput(_) => {
                    |entry, t| view! { <ToolBody entry t/> }
                }
                Item::HookPrompt(_) | Item::EnteredReviewMode(_) | Item::UserMessage(_) => {
                    |entry, t| view! { <TextBody entry t/> }
                }
                Item::ImageView(_) | Item::ImageGeneration(_) => |entry, t| view! { <ImageBody entry t/> },
                Item::CollabAgentToolCall(_) | Item::SubAgentActivity(_) => {
                    |entry, t| view! { <AgentBody entry t/> }
                }
                Item::WebSearch(_) => |entry, t| view! { <WebSearchBody entry t/> },
                Item::Unknown(_) => |entry, t| view! { <UnknownBody entry t/> },
                Item::Sleep(_)
                | Item::ContextCompaction(_)
                | Item::AgentMessage(_)
                | Item::Plan(_)
                | Item::Reasoning(_)
                | Item::ExitedReviewMode(_) => |_, _| view! {},
            },
        }
    });
    Ok(view! { {body.map(|body| body(entry, t))} })
}

/// Reads the part of an entry that a card shows. `None` if the entry is gone, or is of another kind by now.
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
