//! The line above the composer that says what is going on.

use leptos::prelude::*;

use super::{Chat, activity::activity};
use crate::text::format::clock;

/// The line; it keeps its place while there is nothing to say, so that nothing jumps.
pub(crate) fn live_line(chat: Chat) -> AnyView {
    let t = chat.t;
    let passing = Memo::new(move |_| {
        if chat.stopping.get() {
            Some(t.stopping.to_owned())
        } else if let Some(retrying) = chat.live.meta(|transcript| transcript.retrying.clone()) {
            Some(retrying)
        } else if chat.outbox.busy() && !chat.running() {
            Some(t.sending.to_owned())
        } else {
            None
        }
    });
    // Entries change without the meta data: the clock, which ticks while a turn runs, looks again.
    let doing = Memo::new(move |_| {
        chat.now.track();
        chat.live.meta(|transcript| activity(transcript, t))
    });
    let line = move || {
        if let Some(words) = passing.get() {
            return Some(view! { <span class="doing">{words}</span> }.into_any());
        }
        let doing = doing.get()?;
        let seconds = move || {
            let elapsed = doing.since_ms.map(|since| (chat.now.get() - since).max(0) / 1000);
            elapsed.and_then(|seconds| u64::try_from(seconds).ok()).map(clock)
        };
        Some(
            view! {
                <span class="doing">{doing.verb}" "<code>{doing.target}</code></span>
                <span class="clock">{seconds}</span>
                <span class="hint">{t.esc_stops}</span>
            }
            .into_any(),
        )
    };
    view! {
        <div class="live-line" role="status" data-running=move || chat.running().to_string()>
            {line}
        </div>
    }
    .into_any()
}
