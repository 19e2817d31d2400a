//! The time until a request is declined because nobody has answered.

use view::prelude::*;

use crate::{
    i18n::Texts,
    text::format::{clock, duration},
};

/// A shorter time than this is shown to the second.
const SECONDS_SHOWN_BELOW_MS: u64 = 3_600_000;

/// The time until the deadline.
#[component]
pub(super) fn Countdown(deadline_ms: i64, now_ms: RwSignal<i64>, t: &'static Texts) -> impl IntoView {
    let remaining = move || {
        let ms = (deadline_ms - now_ms.get()).max(0).unsigned_abs();
        (t.declines_in)(if ms < SECONDS_SHOWN_BELOW_MS { clock(ms / 1000) } else { duration(ms, t) })
    };
    // The text changes each second: screen readers must not announce it.
    view! {
        <p class="countdown" role="timer" aria-live="off">
            {remaining}
        </p>
    }
}
