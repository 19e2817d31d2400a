//! A turn, and its plan.

use serde::Serialize;

use super::status::TurnStatus;
use crate::{
    ids::{ThreadId, TurnId},
    json::Json,
    read_fields,
    words::words,
};

/// A turn, without its items.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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

/// `turn/plan/updated`: the plan of a turn, whole each time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
