//! Notifications: what codex says unasked.

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{
    item::{FileUpdateChange, Item},
    status::TurnStatus,
};
use crate::{
    ids::{ItemId, ThreadId, TurnId},
    json::Json,
    read_fields,
    turn::{ApprovalPolicy, SandboxMode},
    words::words,
};

/// A notification, as far as the fold needs to know it.
#[derive(Clone, Debug, PartialEq)]
pub enum Notification {
    /// `turn/started`
    TurnStarted(ThreadId, Turn),
    /// `turn/completed`: however it ended
    TurnCompleted(ThreadId, Turn),
    /// `item/started`
    ItemStarted(ItemEvent),
    /// `item/completed`: the item it carries is authoritative
    ItemCompleted(ItemEvent),
    /// Any of the notifications that add to an item
    ItemDelta(ItemDelta),
    /// `turn/plan/updated`
    PlanUpdated(TurnPlan),
    /// `thread/tokenUsage/updated`
    TokenUsage(ThreadId, TokenUsage),
    /// `account/rateLimits/updated`: what is said of them now
    RateLimits(RateLimits),
    /// `thread/status/changed`
    ThreadStatus(ThreadId, ThreadStatus),
    /// `thread/name/updated`
    ThreadName(ThreadId, Option<String>),
    /// `thread/settings/updated`: what the thread runs with from here on
    Settings(ThreadId, ThreadSettings),
    /// `model/rerouted`: the model that is used from here on
    Model(ThreadId, String),
    /// `error`: something went wrong in a turn
    Error(ErrorNotification),
    /// `warning`, `configWarning` and the like: a message for people, of a thread or of all
    Warning(Option<ThreadId>, String),
    /// Everything else
    Other,
}

/// An item at one of its ends.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemEvent {
    /// The thread it belongs to.
    pub thread_id: ThreadId,
    /// The turn it belongs to.
    pub turn_id: TurnId,
    /// The item.
    pub item: Item,
    /// When it started or completed, in Unix milliseconds.
    pub at_ms: Option<i64>,
}

/// An addition to an item.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemDelta {
    /// The thread it belongs to.
    pub thread_id: ThreadId,
    /// The item that it is added to.
    pub item_id: ItemId,
    /// What is added.
    pub delta: Delta,
}

/// What is added to an item.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// More text, of a message or a plan.
    Text(String),
    /// More output of a command.
    Output(String),
    /// More of the n-th part of a reasoning's summary.
    Summary(usize, String),
    /// More of the n-th part of the reasoning itself.
    Reasoning(usize, String),
    /// The changes of a patch so far.
    Changes(Vec<FileUpdateChange>),
    /// The newest word on a tool call's progress.
    Progress(String),
}

/// A turn, without its items.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Turn {
    /// The turn's id.
    pub id: TurnId,
    /// How far it has come.
    pub status: TurnStatus,
    /// Why it failed.
    pub error: Option<TurnError>,
    /// When it started, in Unix seconds.
    pub started_at: Option<i64>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
}
read_fields!(Turn { id, status, error, started_at, duration_ms });

/// Why a turn failed, or nearly did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnError {
    /// For people.
    pub message: String,
    /// Codex's own classification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codex_error_info: Option<Json>,
    /// More for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_details: Option<String>,
}
read_fields!(TurnError { message, codex_error_info, additional_details });

/// `error`: something went wrong in a turn.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorNotification {
    /// What.
    pub error: TurnError,
    /// Codex tries again by itself: the turn goes on.
    pub will_retry: bool,
    /// The thread it happened in.
    pub thread_id: ThreadId,
    /// The turn it happened in.
    pub turn_id: TurnId,
}
read_fields!(ErrorNotification { error, will_retry, thread_id, turn_id });

/// `turn/plan/updated`: the plan of a turn, whole each time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnPlan {
    /// The thread it belongs to.
    pub thread_id: ThreadId,
    /// The turn it belongs to.
    pub turn_id: TurnId,
    /// Why the plan is so, or changed.
    pub explanation: Option<String>,
    /// Its steps in order.
    pub plan: Vec<PlanStep>,
}
read_fields!(TurnPlan { thread_id, turn_id, explanation, plan });

/// A step of a plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PlanStep {
    /// What is to do.
    pub step: String,
    /// How far it has come.
    pub status: PlanStepStatus,
}
read_fields!(PlanStep { step, status });

words! {
    /// How far a step of a plan has come.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum PlanStepStatus {
        /// Not begun.
        #[default]
        Pending = "pending",
        /// At work.
        InProgress = "inProgress",
        /// Done.
        Completed = "completed",
        /// A word that this version does not know.
        Other = "other",
    }
    other = Other
}

/// What a thread is doing, in codex's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadStatus {
    /// `idle`, `active`, `systemError`, `notLoaded`, or what comes next.
    #[serde(rename = "type")]
    pub kind: String,
    /// What an active thread waits for: `waitingOnApproval`, `waitingOnUserInput`.
    pub active_flags: Vec<String>,
}
read_fields!(ThreadStatus { kind as "type", active_flags });

/// What a thread runs with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreadSettings {
    /// The model.
    pub model: String,
    /// How hard the model thinks; as it does by itself without.
    pub effort: Option<String>,
    /// What commands may touch; none if the gateway has no word for it.
    pub sandbox: Option<SandboxMode>,
    /// When codex asks; none if the gateway has no word for it.
    pub approval_policy: Option<ApprovalPolicy>,
}

/// How many tokens a thread has used.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenUsage {
    /// Since the thread began.
    pub total: TokenUsageBreakdown,
    /// In the newest request: how full the model's window is.
    pub last: TokenUsageBreakdown,
    /// The size of the model's window, in tokens.
    pub model_context_window: Option<u64>,
}
read_fields!(TokenUsage { total, last, model_context_window });

/// Tokens by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenUsageBreakdown {
    /// All of them.
    pub total_tokens: u64,
    /// Read.
    pub input_tokens: u64,
    /// Of those read, from the cache.
    pub cached_input_tokens: u64,
    /// Written.
    pub output_tokens: u64,
    /// Of those written, in thought.
    pub reasoning_output_tokens: u64,
}
read_fields!(TokenUsageBreakdown {
    total_tokens,
    input_tokens,
    cached_input_tokens,
    output_tokens,
    reasoning_output_tokens
});

impl TokenUsageBreakdown {
    /// What was used since it was so many.
    pub(crate) fn since(&self, before: &Self) -> Self {
        Self {
            total_tokens: self.total_tokens.saturating_sub(before.total_tokens),
            input_tokens: self.input_tokens.saturating_sub(before.input_tokens),
            cached_input_tokens: self.cached_input_tokens.saturating_sub(before.cached_input_tokens),
            output_tokens: self.output_tokens.saturating_sub(before.output_tokens),
            reasoning_output_tokens: self
                .reasoning_output_tokens
                .saturating_sub(before.reasoning_output_tokens),
        }
    }
}

impl std::ops::AddAssign for TokenUsageBreakdown {
    fn add_assign(&mut self, other: Self) {
        self.total_tokens += other.total_tokens;
        self.input_tokens += other.input_tokens;
        self.cached_input_tokens += other.cached_input_tokens;
        self.output_tokens += other.output_tokens;
        self.reasoning_output_tokens += other.reasoning_output_tokens;
    }
}

/// How much of the account's limits is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimits {
    /// The shorter one.
    pub primary: Option<RateLimit>,
    /// The longer one.
    pub secondary: Option<RateLimit>,
}
read_fields!(RateLimits { primary, secondary });

/// How much of a limit is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimit {
    /// How much, in percent.
    pub used_percent: i64,
    /// How long the limit's time is, in minutes.
    pub window_duration_mins: Option<i64>,
    /// When it begins anew, in Unix seconds.
    pub resets_at: Option<i64>,
}
read_fields!(RateLimit { used_percent, window_duration_mins, resets_at });

struct RateLimitParams {
    rate_limits: RateLimits,
}
read_fields!(RateLimitParams { rate_limits });

struct TurnParams {
    thread_id: ThreadId,
    turn: Turn,
}
read_fields!(TurnParams { thread_id; turn });

struct ItemParams {
    thread_id: ThreadId,
    turn_id: TurnId,
    item: Item,
    started_at_ms: Option<i64>,
    completed_at_ms: Option<i64>,
}
read_fields!(ItemParams { thread_id, turn_id, started_at_ms, completed_at_ms; item });

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
read_fields!(ThreadParams { thread_id, token_usage, status, thread_name, thread_settings, to_model });

impl<'de> Deserialize<'de> for ThreadSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let settings = SettingsParams::deserialize(deserializer)?;
        Ok(Self {
            model: settings.model,
            effort: settings.effort,
            sandbox: settings.sandbox_policy.mode(),
            approval_policy: approval_policy(&settings.approval_policy),
        })
    }
}

struct SettingsParams {
    model: String,
    effort: Option<String>,
    sandbox_policy: SandboxPolicy,
    approval_policy: Json,
}
read_fields!(SettingsParams { model, effort, sandbox_policy, approval_policy });

/// What commands may touch, as codex tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SandboxPolicy {
    /// `readOnly`, `workspaceWrite`, `dangerFullAccess`, `externalSandbox`, or what comes next.
    pub kind: String,
}
read_fields!(SandboxPolicy { kind as "type" });

impl SandboxPolicy {
    /// The word that the gateway has for it.
    pub fn mode(&self) -> Option<SandboxMode> {
        match self.kind.as_str() {
            "readOnly" => Some(SandboxMode::ReadOnly),
            "workspaceWrite" => Some(SandboxMode::WorkspaceWrite),
            "dangerFullAccess" => Some(SandboxMode::DangerFullAccess),
            _ => None,
        }
    }
}

/// The word that the gateway has for what codex says of when it asks: a word, or an object.
pub fn approval_policy(policy: &Json) -> Option<ApprovalPolicy> {
    ApprovalPolicy::parse(policy.get().trim_matches('"'))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WarningParams {
    #[serde(default)]
    thread_id: Option<ThreadId>,
    #[serde(alias = "summary")]
    message: String,
}

impl Notification {
    /// Reads a notification. A shape that is not the known one reads as [`Notification::Other`]: it still
    /// reaches the clients as it came.
    pub fn parse(method: &str, params: &RawValue) -> Self {
        Self::known(method, params).unwrap_or(Self::Other)
    }

    fn known(method: &str, params: &RawValue) -> Option<Self> {
        let delta = |of: fn(DeltaParams) -> Delta| {
            let mut params: DeltaParams = read(params)?;
            let (thread_id, item_id) =
                (std::mem::take(&mut params.thread_id), std::mem::take(&mut params.item_id));
            Some(Self::ItemDelta(ItemDelta { thread_id, item_id, delta: of(params) }))
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
            _ => Self::Other,
        })
    }

    /// The thread that the notification is about, where it is about one.
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
            Self::Warning(thread, _) => thread.as_ref(),
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

    fn parse(method: &str, params: &str) -> Notification {
        Notification::parse(method, serde_json::from_str(params).unwrap())
    }

    #[test]
    fn a_delta_names_its_item() {
        let delta =
            parse("item/agentMessage/delta", r#"{"threadId":"t","turnId":"u","itemId":"i","delta":"Hel"}"#);
        let Notification::ItemDelta(delta) = delta else { panic!("{delta:?}") };
        assert_eq!((delta.item_id.as_str(), delta.delta), ("i", Delta::Text("Hel".into())));
    }

    #[test]
    fn a_part_of_a_summary_has_its_index() {
        let params = r#"{"threadId":"t","turnId":"u","itemId":"i","delta":"x","summaryIndex":2}"#;
        let Notification::ItemDelta(delta) = parse("item/reasoning/summaryTextDelta", params) else {
            panic!()
        };
        assert_eq!(delta.delta, Delta::Summary(2, "x".into()));
    }

    #[test]
    fn an_error_that_codex_retries_says_so() {
        let params = r#"{"error":{"message":"Reconnecting... 1/5","codexErrorInfo":{"responseStreamDisconnected":{"httpStatusCode":null}},"additionalDetails":null},"willRetry":true,"threadId":"t","turnId":"u"}"#;
        let Notification::Error(error) = parse("error", params) else { panic!() };
        assert!(error.will_retry);
        assert_eq!(error.error.message, "Reconnecting... 1/5");
    }

    #[test]
    fn settings_are_told_in_the_words_of_the_gateway() {
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
    fn what_is_not_known_or_of_another_shape_is_other() {
        assert_eq!(parse("moon/landed", "{}"), Notification::Other);
        assert_eq!(parse("turn/started", r#"{"turn":7}"#), Notification::Other);
        assert_eq!(parse("item/started", "null"), Notification::Other);
    }
}
