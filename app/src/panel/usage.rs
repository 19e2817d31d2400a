//! The tab "Usage": tokens, the model's context window, and the rate limits of the account.

use codex_gateway_wire::codex::{RateLimit, TokenUsageBreakdown};
use view::prelude::*;

use crate::{
    i18n::Texts,
    state::Chat,
    text::format::{duration, grouped},
};

#[component]
pub(super) fn UsageTab(chat: Chat) -> impl IntoView {
    let t = chat.t;
    let content = move || {
        let (usage, last_turn, limits) = chat.transcript.meta(|transcript| {
            let mut turns = transcript.turns.iter().rev();
            let last_turn = turns.find(|turn| turn.tokens.total_tokens > 0).map(|turn| turn.tokens.clone());
            (transcript.usage.clone(), last_turn, transcript.rate_limits.clone())
        });
        let Some(usage) = usage else { return view! { <p class="note">{t.no_usage()}</p> } };
        let window = usage.model_context_window.filter(|window| *window > 0).map(|window| {
            let used = usage.last.total_tokens;
            let text = (t.context_window_used)(&grouped(used), &grouped(window));
            view! { <Gauge percent=(used * 100).div_ceil(window) text/> }
        });
        let limits = limits.map(|limits| {
            let now_ms = chat.now.get_untracked();
            let limits = [limits.primary, limits.secondary].into_iter().flatten();
            let gauges = limits.map(|limit| view! { <RateLimitGauge limit now_ms t/> });
            view! {
                <h3 class="label">{t.rate_limits()}</h3>
                <div class="limits">{gauges.collect::<Vec<_>>()}</div>
            }
        });
        view! {
            {window}
            <TokenTable last_turn=last_turn.unwrap_or_default() total=usage.total t/>
            {limits}
        }
    };
    view! { {content} }
}

/// A bar that shows how much of something is used, with a text.
#[component]
fn Gauge(percent: u64, text: String) -> impl IntoView {
    view! {
        <div class="gauge">
            <p>{text}</p>
            <progress max="100" value=percent.min(100) aria-hidden="true"></progress>
        </div>
    }
}

/// The tokens of the last turn and of the whole conversation, by kind.
#[component]
fn TokenTable(
    last_turn: TokenUsageBreakdown,
    total: TokenUsageBreakdown,
    t: &'static Texts,
) -> impl IntoView {
    let row = |class, label: &'static str, count: fn(&TokenUsageBreakdown) -> u64| {
        view! {
            <tr class=class>
                <th scope="row">{label}</th>
                <td>{grouped(count(&last_turn))}</td>
                <td>{grouped(count(&total))}</td>
            </tr>
        }
    };
    view! {
        <table class="tokens">
            <thead>
                <tr>
                    <th scope="col">{t.tokens()}</th>
                    <th scope="col">{t.last_turn_usage()}</th>
                    <th scope="col">{t.total_usage()}</th>
                </tr>
            </thead>
            <tbody>
                {row("", t.tokens_input(), |tokens| tokens.input_tokens)}
                {row("part", t.tokens_cached(), |tokens| tokens.cached_input_tokens)}
                {row("", t.tokens_output(), |tokens| tokens.output_tokens)}
                {row("part", t.tokens_reasoning(), |tokens| tokens.reasoning_output_tokens)}
                {row("total", t.tokens_total(), |tokens| tokens.total_tokens)}
            </tbody>
        </table>
    }
}

/// A rate limit: its window, how much of it is used, and when it resets.
#[component]
fn RateLimitGauge(limit: RateLimit, now_ms: i64, t: &'static Texts) -> impl IntoView {
    let minutes = limit.window_duration_mins.and_then(|minutes| usize::try_from(minutes).ok());
    let window = minutes.map(|minutes| match minutes {
        minutes if minutes % 1440 == 0 => (t.limit_days)(minutes / 1440),
        minutes if minutes % 60 == 0 => (t.limit_hours)(minutes / 60),
        minutes => (t.limit_period)(&duration(minutes as u64 * 60_000, t)),
    });
    let reset = limit.resets_at.map(|at_seconds| {
        let remaining_ms = u64::try_from(at_seconds * 1000 - now_ms).unwrap_or(0);
        (t.limit_resets)(&duration(remaining_ms, t))
    });
    let parts = [window, Some((t.limit_used)(limit.used_percent)), reset];
    let text = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    view! { <Gauge percent=u64::try_from(limit.used_percent).unwrap_or(0) text/> }
}
