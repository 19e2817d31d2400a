//! What was used: tokens, and the account's limits.

use serde::Serialize;

use crate::read_fields;

/// How many tokens a thread has used.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
