//! A turn and its plan.

use serde::Serialize;

use super::status::TurnStatus;
use crate::{
    ids::{ThreadId, TurnId},
    json::Json,
    lenient_deserialize,
    string_enum::string_enum,
};

/// A turn, without its items.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Turn {
    /// The turn's id.
    pub id: TurnId,
    /// The turn that this one is a part of: a review runs in a turn of its own, and its items belong to the root. The
    /// turn's own id if it is a part of none; versions before 0.171.0 omit it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_turn_id: Option<TurnId>,
    /// The turn's status.
    pub status: TurnStatus,
    /// Why the turn failed.
    pub error: Option<TurnError>,
    /// When the turn started, in Unix seconds.
    pub started_at: Option<i64>,
    /// The turn's duration in milliseconds.
    pub duration_ms: Option<u64>,
}
lenient_deserialize!(Turn { id, root_turn_id, status, error, started_at, duration_ms });

/// An error in a turn.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TurnError {
    /// Human-readable text.
    pub message: String,
    /// Codex's classification of the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codex_error_info: Option<Json>,
    /// Further human-readable text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_details: Option<String>,
}
lenient_deserialize!(TurnError { message, codex_error_info, additional_details });

/// `turn/plan/updated`: the complete plan of a turn.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TurnPlan {
    /// The plan's thread.
    pub thread_id: ThreadId,
    /// The plan's turn.
    pub turn_id: TurnId,
    /// The agent's explanation of the plan or of the change.
    pub explanation: Option<String>,
    /// The steps in order.
    pub plan: Vec<PlanStep>,
}
lenient_deserialize!(TurnPlan { thread_id, turn_id, explanation, plan });

/// A step of a plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanStep {
    /// The description of the step.
    pub step: String,
    /// The status of the step.
    pub status: PlanStepStatus,
}
lenient_deserialize!(PlanStep { step, status });

string_enum! {
    /// The status of a step of a plan.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum PlanStepStatus {
        /// Not started.
        #[default]
        Pending = "pending",
        /// Running.
        InProgress = "inProgress",
        /// Completed.
        Completed = "completed",
        /// A value that this version does not know.
        Other = "other",
    }
    other = Other
}
