//! The part of codex's own JSON that the gateway folds into a transcript, read tolerantly.
//!
//! Notifications are read in two steps: `{method, params}` with the parameters left as text, then by
//! method. What is not known here passes: a method as [`Notification::Other`], an item as
//! [`Item::Unknown`], a field silently, the value of an enum as its `Other`. (Source: the types that
//! `codex app-server generate-ts --experimental` prints for 0.171.0.)

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
    WebSearch, topic,
};
pub use mcp::{McpServer, McpServerStatus};
pub use notification::{Delta, ErrorNotification, ItemDelta, ItemEvent, Notification};
pub use parts::{FileUpdateChange, HookPromptFragment, McpToolCallError, PatchChangeKind, UserInput};
pub use settings::{SandboxPolicy, ThreadSettings, ThreadStatus, approval_policy};
pub use status::{ItemStatus, TurnStatus};
pub use turn::{PlanStep, PlanStepStatus, Turn, TurnError, TurnPlan};
pub use usage::{RateLimit, RateLimits, TokenUsage, TokenUsageBreakdown};
