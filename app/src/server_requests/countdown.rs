//! The time until a request is declined because nobody has answered.

use view::prelude::*;

use crate::{i18n::Texts, text::format::clock};

/// A deadline that is farther away is not shown: it would only alarm.
const SHOWN_BELOW_MS: u64 = 3_600_000;

/// The time until the deadline, in its last hour.
#[component]
pub(super) fn Countdown(deadline_ms: i64, now_ms: RwSignal<i64>, t: &'static Texts) -> impl IntoView {
    let remaining = move || {
        let ms = (deadline_ms - now_ms.get()).max(0).unsigned_abs();
        (ms < SHOWN_BELOW_MS).then(|| (t.declines_in)(clock(ms / 1000)))
    };
    // The text changes each second: screen readers must not announce it.
    view! {
        <p class="countdown" role="timer" aria-live="off">
            {remaining}
        </p>
    }
}
