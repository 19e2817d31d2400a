//! Token usage and rate limits.

use serde::Serialize;

use crate::lenient_deserialize;

/// The token usage of a thread.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TokenUsage {
    /// The usage since the start of the thread.
    pub total: TokenUsageBreakdown,
    /// The usage of the newest request. Its total is how much of the context window is in use.
    pub last: TokenUsageBreakdown,
    /// The size of the model's context window, in tokens.
    pub model_context_window: Option<u64>,
}
lenient_deserialize!(TokenUsage { total, last, model_context_window });

/// Token counts by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TokenUsageBreakdown {
    /// All tokens.
    pub total_tokens: u64,
    /// Input tokens.
    pub input_tokens: u64,
    /// Input tokens that were read from the cache.
    pub cached_input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Output tokens that were used for reasoning.
    pub reasoning_output_tokens: u64,
}
lenient_deserialize!(TokenUsageBreakdown {
    total_tokens,
    input_tokens,
    cached_input_tokens,
    output_tokens,
    reasoning_output_tokens
});

impl TokenUsageBreakdown {
    /// The difference to an earlier count.
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

/// The rate limits of the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RateLimits {
    /// The limit with the shorter window.
    pub primary: Option<RateLimit>,
    /// The limit with the longer window.
    pub secondary: Option<RateLimit>,
}
lenient_deserialize!(RateLimits { primary, secondary });

/// A rate limit and its usage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RateLimit {
    /// The used share, in percent.
    pub used_percent: i64,
    /// The length of the window, in minutes.
    pub window_duration_mins: Option<i64>,
    /// When the window is reset, in Unix seconds.
    pub resets_at: Option<i64>,
}
lenient_deserialize!(RateLimit { used_percent, window_duration_mins, resets_at });
