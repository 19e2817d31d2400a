//! Until when one can answer.

use crate::{
    conversation::Chat,
    node::{El, ElementExt as _, el, live},
    text::format::{clock, duration},
};
use leptos::prelude::*;

/// Nearer than this it counts down by the second, in milliseconds.
const NEAR: i64 = 3_600_000;

/// Nothing for a request that waits for ever.
pub(super) fn countdown_view(chat: Chat, deadline: Option<i64>) -> Option<El> {
    let deadline = deadline?;
    let t = chat.t;
    let left = move || {
        let left = (deadline - chat.now.get()).max(0);
        let milliseconds = left.unsigned_abs();
        (t.declined_in)(if left < NEAR { clock(milliseconds / 1000) } else { duration(milliseconds, t) })
    };
    // It changes every second: not to be read out.
    Some(el("p").class("countdown").attr("role", "timer").attr("aria-live", "off").child(live(left)))
}
