//! Notifications of codex.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{
    item::Item,
    mcp::McpServer,
    parts::FileUpdateChange,
    settings::{ThreadSettings, ThreadStatus},
    turn::{Turn, TurnError, TurnPlan},
    usage::{RateLimits, TokenUsage},
};
use crate::{
    ids::{ItemId, ThreadId, TurnId},
    lenient_deserialize,
};

/// A notification of codex, as far as [`crate::Transcript::apply`] uses it.
#[derive(Clone, Debug, PartialEq)]
pub enum Notification {
    /// `turn/started`
    TurnStarted(ThreadId, Turn),
    /// `turn/completed`, whatever the turn's status
    TurnCompleted(ThreadId, Turn),
    /// `item/started`
    ItemStarted(ItemEvent),
    /// `item/completed`: its item replaces the one that the deltas have built
    ItemCompleted(ItemEvent),
    /// Any of the notifications that carry a delta of an item
    ItemDelta(ItemDelta),
    /// `turn/plan/updated`
    PlanUpdated(TurnPlan),
    /// `thread/tokenUsage/updated`
    TokenUsage(ThreadId, TokenUsage),
    /// `account/rateLimits/updated`: the limits that have changed
    RateLimits(RateLimits),
    /// `thread/status/changed`
    ThreadStatus(ThreadId, ThreadStatus),
    /// `thread/name/updated`
    ThreadName(ThreadId, Option<String>),
    /// `thread/settings/updated`: the new settings of the thread
    Settings(ThreadId, ThreadSettings),
    /// `model/rerouted`: the new model of the thread
    Model(ThreadId, String),
    /// `error`: an error in a turn
    Error(ErrorNotification),
    /// `warning`, `configWarning` and similar: a human-readable message about one thread or all threads
    Warning(Option<ThreadId>, String),
    /// `mcpServer/startupStatus/updated`: the startup status of an MCP server, for one thread or all threads
    McpServer(Option<ThreadId>, McpServer),
    /// Any other notification
    Other,
}

/// The start or the completion of an item.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemEvent {
    /// The item's thread.
    pub thread_id: ThreadId,
    /// The item's turn.
    pub turn_id: TurnId,
    /// The item.
    pub item: Item,
    /// The time of the start or completion, in Unix milliseconds.
    pub at_ms: Option<i64>,
}

/// A delta of an item.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemDelta {
    /// The item's thread.
    pub thread_id: ThreadId,
    /// The item.
    pub item_id: ItemId,
    /// The delta.
    pub delta: Delta,
}

/// The content of a delta.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// Text to append to a message or a plan.
    Text(String),
    /// Output to append to that of a command.
    Output(String),
    /// Text to append to the n-th part of a reasoning summary.
    Summary(usize, String),
    /// Text to append to the n-th part of the full reasoning.
    Reasoning(usize, String),
    /// The complete changes of a patch so far.
    Changes(Vec<FileUpdateChange>),
    /// The newest progress message of a tool call.
    Progress(String),
}

/// `error`: an error in a turn.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorNotification {
    /// The error.
    pub error: TurnError,
    /// Whether codex retries by itself, so that the turn continues.
    pub will_retry: bool,
    /// The thread.
    pub thread_id: ThreadId,
    /// The turn.
    pub turn_id: TurnId,
}
lenient_deserialize!(ErrorNotification { error, will_retry, thread_id, turn_id });

struct RateLimitParams {
    rate_limits: RateLimits,
}
lenient_deserialize!(RateLimitParams { rate_limits });

struct TurnParams {
    thread_id: ThreadId,
    turn: Turn,
}
lenient_deserialize!(TurnParams { thread_id; turn });

struct ItemParams {
    thread_id: ThreadId,
    turn_id: TurnId,
    item: Item,
    started_at_ms: Option<i64>,
    completed_at_ms: Option<i64>,
}
lenient_deserialize!(ItemParams { thread_id, turn_id, started_at_ms, completed_at_ms; item });

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeltaParams {
    thread_id: ThreadId,
    item_id: ItemId,
    #[serde(default)]
    delta: String,
    #[serde(default)]
    message: String,
    #[serde(default, alias = "summaryIndex")]
    content_index: usize,
    #[serde(default)]
    changes: Vec<FileUpdateChange>,
}

struct ThreadParams {
    thread_id: ThreadId,
    token_usage: TokenUsage,
    status: ThreadStatus,
    thread_name: Option<String>,
    thread_settings: ThreadSettings,
    to_model: String,
}
lenient_deserialize!(ThreadParams { thread_id, token_usage, status, thread_name, thread_settings, to_model });

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WarningParams {
    #[serde(default)]
    thread_id: Option<ThreadId>,
    #[serde(alias = "summary")]
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct McpServerParams {
    #[serde(default)]
    thread_id: Option<ThreadId>,
}

impl Notification {
    /// Parses a notification. Unexpected parameters become [`Notification::Other`]: clients get the notification
    /// unchanged in any case.
    pub fn parse(method: &str, params: &RawValue) -> Self {
        Self::parse_known(method, params).unwrap_or(Self::Other)
    }

    fn parse_known(method: &str, params: &RawValue) -> Option<Self> {
        let delta = |to_delta: fn(DeltaParams) -> Delta| {
            let mut params: DeltaParams = read(params)?;
            let (thread_id, item_id) =
                (std::mem::take(&mut params.thread_id), std::mem::take(&mut params.item_id));
            Some(Self::ItemDelta(ItemDelta { thread_id, item_id, delta: to_delta(params) }))
        };
        Some(match method {
            "item/agentMessage/delta" | "item/plan/delta" => delta(|p| Delta::Text(p.delta))?,
            "item/commandExecution/outputDelta" => delta(|p| Delta::Output(p.delta))?,
            "item/reasoning/summaryTextDelta" | "item/reasoning/summaryPartAdded" => {
                delta(|p| Delta::Summary(p.content_index, p.delta))?
            }
            "item/reasoning/textDelta" => delta(|p| Delta::Reasoning(p.content_index, p.delta))?,
            "item/fileChange/patchUpdated" => delta(|p| Delta::Changes(p.changes))?,
            "item/mcpToolCall/progress" => delta(|p| Delta::Progress(p.message))?,
            "item/started" => Self::ItemStarted(item_event(params, |p| p.started_at_ms)?),
            "item/completed" => Self::ItemCompleted(item_event(params, |p| p.completed_at_ms)?),
            "turn/started" => read(params).map(|p: TurnParams| Self::TurnStarted(p.thread_id, p.turn))?,
            "turn/completed" => read(params).map(|p: TurnParams| Self::TurnCompleted(p.thread_id, p.turn))?,
            "turn/plan/updated" => Self::PlanUpdated(read(params)?),
            "error" => Self::Error(read(params)?),
            "thread/tokenUsage/updated" => {
                read(params).map(|p: ThreadParams| Self::TokenUsage(p.thread_id, p.token_usage))?
            }
            "account/rateLimits/updated" => {
                read(params).map(|p: RateLimitParams| Self::RateLimits(p.rate_limits))?
            }
            "thread/status/changed" => {
                read(params).map(|p: ThreadParams| Self::ThreadStatus(p.thread_id, p.status))?
            }
            "thread/name/updated" => {
                read(params).map(|p: ThreadParams| Self::ThreadName(p.thread_id, p.thread_name))?
            }
            "thread/settings/updated" => {
                read(params).map(|p: ThreadParams| Self::Settings(p.thread_id, p.thread_settings))?
            }
            "model/rerouted" => read(params).map(|p: ThreadParams| Self::Model(p.thread_id, p.to_model))?,
            "warning" | "guardianWarning" | "configWarning" | "deprecationNotice" => {
                read(params).map(|p: WarningParams| Self::Warning(p.thread_id, p.message))?
            }
            "mcpServer/startupStatus/updated" => {
                let McpServerParams { thread_id } = read(params)?;
                Self::McpServer(thread_id, read(params)?)
            }
            _ => Self::Other,
        })
    }

    /// The notification's thread. `None` if it concerns all threads, or is [`Notification::Other`].
    pub fn thread_id(&self) -> Option<&ThreadId> {
        match self {
            Self::TurnStarted(thread, _)
            | Self::TurnCompleted(thread, _)
            | Self::TokenUsage(thread, _)
            | Self::ThreadStatus(thread, _)
            | Self::ThreadName(thread, _)
            | Self::Settings(thread, _)
            | Self::Model(thread, _) => Some(thread),
            Self::ItemStarted(event) | Self::ItemCompleted(event) => Some(&event.thread_id),
            Self::ItemDelta(delta) => Some(&delta.thread_id),
            Self::PlanUpdated(plan) => Some(&plan.thread_id),
            Self::Error(error) => Some(&error.thread_id),
            Self::Warning(thread, _) | Self::McpServer(thread, _) => thread.as_ref(),
            Self::RateLimits(_) | Self::Other => None,
        }
    }
}

fn read<T: DeserializeOwned>(params: &RawValue) -> Option<T> {
    serde_json::from_str(params.get()).ok()
}

fn item_event(params: &RawValue, at: fn(&ItemParams) -> Option<i64>) -> Option<ItemEvent> {
    let params: ItemParams = read(params)?;
    let at_ms = at(&params);
    Some(ItemEvent { thread_id: params.thread_id, turn_id: params.turn_id, item: params.item, at_ms })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::turn::{ApprovalPolicy, SandboxMode};

    fn parse(method: &str, params: &str) -> Notification {
        Notification::parse(method, serde_json::from_str(params).unwrap())
    }

    #[test]
    fn delta_has_item_id_and_text() {
        let delta =
            parse("item/agentMessage/delta", r#"{"threadId":"t","turnId":"u","itemId":"i","delta":"Hel"}"#);
        let Notification::ItemDelta(delta) = delta else { panic!("{delta:?}") };
        assert_eq!((delta.item_id.as_str(), delta.delta), ("i", Delta::Text("Hel".into())));
    }

    #[test]
    fn summary_delta_has_part_index() {
        let params = r#"{"threadId":"t","turnId":"u","itemId":"i","delta":"x","summaryIndex":2}"#;
        let Notification::ItemDelta(delta) = parse("item/reasoning/summaryTextDelta", params) else {
            panic!()
        };
        assert_eq!(delta.delta, Delta::Summary(2, "x".into()));
    }

    #[test]
    fn error_that_codex_retries_is_marked() {
        let params = r#"{"error":{"message":"Reconnecting... 1/5","codexErrorInfo":{"responseStreamDisconnected":{"httpStatusCode":null}},"additionalDetails":null},"willRetry":true,"threadId":"t","turnId":"u"}"#;
        let Notification::Error(error) = parse("error", params) else { panic!() };
        assert!(error.will_retry);
        assert_eq!(error.error.message, "Reconnecting... 1/5");
    }

    #[test]
    fn settings_are_converted_and_unknown_values_are_none() {
        let params = r#"{"threadId":"t","threadSettings":{"model":"m","effort":"low","approvalPolicy":"never",
            "sandboxPolicy":{"type":"workspaceWrite","writableRoots":[],"networkAccess":false}}}"#;
        let Notification::Settings(_, settings) = parse("thread/settings/updated", params) else { panic!() };
        let expected = ThreadSettings {
            model: "m".into(),
            effort: Some("low".into()),
            sandbox: Some(SandboxMode::WorkspaceWrite),
            approval_policy: Some(ApprovalPolicy::Never),
        };
        assert_eq!(settings, expected);
        let params = r#"{"threadId":"t","threadSettings":{"model":"m","effort":null,
            "approvalPolicy":{"granular":{}},"sandboxPolicy":{"type":"hovering"}}}"#;
        let Notification::Settings(_, settings) = parse("thread/settings/updated", params) else { panic!() };
        assert_eq!(settings, ThreadSettings { model: "m".into(), ..ThreadSettings::default() });
    }

    #[test]
    fn unknown_method_or_unexpected_params_are_other() {
        assert_eq!(parse("moon/landed", "{}"), Notification::Other);
        assert_eq!(parse("turn/started", r#"{"turn":7}"#), Notification::Other);
        assert_eq!(parse("item/started", "null"), Notification::Other);
    }
}
