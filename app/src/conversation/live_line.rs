//! The line above the composer that says what is going on.

use leptos::prelude::*;

use super::{Chat, activity::activity};
use crate::{
    node::{El, Node, el, live, many},
    text::format::clock,
};

/// The line; it keeps its place while there is nothing to say, so that nothing jumps.
pub(crate) fn live_line(chat: Chat) -> El {
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
            return many([el("span").class("doing").child(words)]);
        }
        let Some(doing) = doing.get() else { return Node::Nothing };
        let elapsed = move || {
            let elapsed = doing.since_ms.map(|since| (chat.now.get() - since).max(0) / 1000);
            elapsed.and_then(|seconds| u64::try_from(seconds).ok()).map(clock)
        };
        let target = doing.target.map(|target| el("code").child(target));
        many([
            el("span").class("doing").child(doing.verb).child(" ").child(target),
            el("span").class("clock").child(live(elapsed)),
            el("span").class("hint").child(t.esc_stops),
        ])
    };
    el("div")
        .class("live-line")
        .attr("role", "status")
        .live_attr("data-running", move || chat.running().to_string())
        .child(live(line))
}
