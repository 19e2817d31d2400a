//! What was used: tokens, the model's window, and what the account has left.

use codex_gateway_wire::codex::{RateLimit, TokenUsageBreakdown};
use leptos::prelude::*;

use crate::{
    conversation::Chat,
    i18n::Texts,
    node::{El, ElementExt as _, Node, el, live, many},
    text::format::{duration, grouped},
};

pub(super) fn usage_view(chat: Chat) -> Node {
    let t = chat.t;
    live(move || {
        let (usage, last, limits) = chat.live.meta(|transcript| {
            let last = transcript
                .turns
                .iter()
                .rev()
                .map(|turn| turn.tokens.clone())
                .find(|used| used.total_tokens > 0);
            (transcript.usage.clone(), last, transcript.rate_limits.clone())
        });
        let Some(usage) = usage else { return el("p").class("note").child(t.no_usage()).into() };
        let window = usage.model_context_window.filter(|window| *window > 0).map(|window| {
            let used = usage.last.total_tokens;
            let words = (t.window_used)(&grouped(used), &grouped(window));
            meter((used * 100).div_ceil(window), words)
        });
        let limits = limits.map(|limits| {
            let both = [limits.primary, limits.secondary].into_iter().flatten();
            many([
                el("h3").class("label").child(t.rate_limits()),
                el("div")
                    .class("limits")
                    .child(many(both.map(|limit| limit_view(&limit, chat.now.get_untracked(), t)))),
            ])
        });
        many([window.into(), table(&last.unwrap_or_default(), &usage.total, t).into(), Node::from(limits)])
    })
}

/// How much of something is used, in percent and in words.
fn meter(percent: u64, words: String) -> El {
    let bar = el("progress").attr("max", "100").attr("value", percent.min(100).to_string());
    el("div").class("gauge").child(el("p").child(words)).child(bar.attr("aria-hidden", "true"))
}

fn table(last: &TokenUsageBreakdown, total: &TokenUsageBreakdown, t: &Texts) -> El {
    let row = |class, name: &'static str, of: fn(&TokenUsageBreakdown) -> u64| {
        let cell = |tokens: &TokenUsageBreakdown| el("td").child(grouped(of(tokens)));
        let name = el("th").attr("scope", "row").child(name);
        el("tr").class(class).child(name).child(cell(last)).child(cell(total))
    };
    let head =
        [t.tokens(), t.last_turn(), t.in_total()].map(|name| el("th").attr("scope", "col").child(name));
    let rows = [
        row("", t.tokens_read(), |tokens| tokens.input_tokens),
        row("part", t.tokens_cached(), |tokens| tokens.cached_input_tokens),
        row("", t.tokens_written(), |tokens| tokens.output_tokens),
        row("part", t.tokens_thought(), |tokens| tokens.reasoning_output_tokens),
        row("all", t.tokens_all(), |tokens| tokens.total_tokens),
    ];
    el("table")
        .class("tokens")
        .child(el("thead").child(el("tr").child(many(head))))
        .child(el("tbody").child(many(rows)))
}

fn limit_view(limit: &RateLimit, now: i64, t: &Texts) -> El {
    let span = |ms: i64| duration(u64::try_from(ms).unwrap_or(0), t);
    let minutes = limit.window_duration_mins.and_then(|minutes| usize::try_from(minutes).ok());
    let time = minutes.map(|minutes| match minutes {
        whole if whole % 1440 == 0 => (t.limit_of_days)(whole / 1440),
        whole if whole % 60 == 0 => (t.limit_of_hours)(whole / 60),
        minutes => (t.limit_of)(&duration(minutes as u64 * 60_000, t)),
    });
    let resets = limit.resets_at.map(|at| (t.limit_resets)(&span(at * 1000 - now)));
    let words = [time, Some((t.limit_used)(limit.used_percent)), resets];
    let words: Vec<String> = words.into_iter().flatten().collect();
    meter(u64::try_from(limit.used_percent).unwrap_or(0), words.join(" · "))
}
