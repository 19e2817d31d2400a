//! The line above the composer that says what is going on.

use super::{
    Chat,
    activity::{activity, starting_servers},
};
use crate::{
    node::{El, ElementExt as _, Node, el, live, many},
    text::{format::clock, hidden::exact_name},
};
use leptos::prelude::*;

/// The line; it keeps its place while there is nothing to say, so that nothing jumps.
pub(crate) fn status_line(chat: Chat) -> El {
    let t = chat.t;
    let passing = move || {
        if chat.stopping.get() {
            Some(t.stopping().to_owned())
        } else if let Some(retrying) = chat.live.meta(|transcript| transcript.retrying.clone()) {
            Some(retrying)
        } else if chat.is_sending() && !chat.running() {
            let words = if chat.is_loading_history() { t.loading_long() } else { t.sending() };
            Some(words.to_owned())
        } else {
            None
        }
    };
    let line = move || {
        if let Some(words) = passing() {
            return many([el("span").class("doing").child(words)]);
        }
        // Entries change without the meta data: the clock, which ticks while a turn runs, makes this look again.
        let now = chat.now.get();
        let Some(doing) = chat.live.meta(|transcript| activity(transcript, t)) else {
            let Some(names) = chat.live.meta(starting_servers) else { return Node::Empty };
            let names = el("code").child(exact_name(&names, t));
            return many([el("span").class("doing").child(t.starting_servers()).child(" ").child(names)]);
        };
        let elapsed = doing.since_ms.and_then(|since| u64::try_from((now - since).max(0) / 1000).ok());
        let target = doing.target.map(|target| el("code").child(exact_name(&target, t)));
        many([
            el("span").class("doing").child(doing.verb).child(" ").child(target),
            // Not told to those who hear the page: it would be said every second.
            el("span").class("clock").attr("aria-hidden", "true").child(elapsed.map(clock)),
            // What waits takes Esc for a no, and an edit for its end.
            el("span")
                .class("hint")
                .child(doing.since_ms.filter(|_| !chat.edit().is_open()).map(|_| t.esc_stops())),
        ])
    };
    el("div")
        .class("live-line")
        .attr("role", "status")
        .live_attr("data-running", move || chat.running().to_string())
        .child(live(line))
}
