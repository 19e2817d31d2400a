//! Codex's own JSON, as far as the fold needs it.
//!
//! Notifications are deserialized in two steps: `{method, params}` with the parameters left as text, then by method.
//! Unknown content is never an error: a method becomes [`Notification::Other`], an item [`Item::Unknown`], an enum
//! value `Other`, and a field is ignored. The types follow `codex app-server generate-ts --experimental` of 0.171.0.

mod item;
mod mcp;
mod notification;
mod parts;
mod settings;
mod status;
mod turn;
mod usage;

pub use item::{
    AgentMessage, CollabAgentToolCall, CommandExecution, ContextCompaction, DynamicToolCall,
    EnteredReviewMode, ExitedReviewMode, FileChange, FunctionCallOutput, HookPrompt, ImageGeneration,
    ImageView, Item, McpToolCall, Plan, Reasoning, Sleep, SubAgentActivity, UnknownItem, UserMessage,
    WebSearch, summary_topic,
};
pub use mcp::{McpServer, McpServerStatus};
pub use notification::{Delta, ErrorNotification, ItemDelta, ItemEvent, Notification};
pub use parts::{
    CommandAction, CommandActionKind, FileUpdateChange, HookPromptFragment, McpToolCallError,
    PatchChangeKind, UserInput,
};
pub use settings::{SandboxPolicy, ThreadSettings, ThreadStatus, parse_approval_policy};
pub use status::{ItemStatus, TurnStatus};
pub use turn::{PlanStep, PlanStepStatus, Turn, TurnError, TurnPlan};
pub use usage::{RateLimit, RateLimits, TokenUsage, TokenUsageBreakdown};
