//! The log: turn after turn, then what was sent and has not come back yet.

use leptos::prelude::request_animation_frame;
use leptos::prelude::*;
use web_sys::{Event, MouseEvent};

use super::{
    Chat,
    find::{Find, find_view},
    older::{OlderLoader, older_view},
    scroll::Scroll,
    turn::group_view,
    unsent::unsent_view,
    window::{Window, newer_view},
};
use crate::{
    icon::{Icon, icon},
    node::{El, ElementExt as _, ElementRef, el, list, live},
    state::GroupKey,
};

pub(crate) fn log_view(chat: Chat) -> El {
    let t = chat.t;
    let (scroller, content) = (ElementRef::new(), ElementRef::new());
    let scroll = Scroll::follow(chat.live, scroller, content);
    let window = Window::follow(chat, scroll);
    // Who sends wants to see what they sent.
    let mut before = None;
    Effect::new(move |_| {
        let sent = chat.outbox.shown(chat.live).len();
        if before.replace(sent).is_some_and(|before| sent > before) {
            request_animation_frame(move || window.to_end());
        }
    });
    let find = Find::offer(chat, scroll);
    let older = OlderLoader::new(chat, scroll, window);
    let latest = move || {
        let label = move || if scroll.unseen() { t.new_messages() } else { t.to_latest() };
        scroll.away().then(|| {
            el("button")
                .attr("type", "button")
                .class("latest")
                .on_click(move || window.to_end())
                .child(icon(Icon::Down))
                .child(el("span").child(live(label)))
        })
    };
    let groups = list(
        move || chat.live.order().iter().map(ToString::to_string).collect(),
        move |key| group_view(chat, GroupKey::from(key)).into(),
    );
    let unsent = list(
        // They stand at the end.
        move || {
            let all = if chat.live.below() { Vec::new() } else { chat.outbox.shown(chat.live) };
            all.into_iter().map(|message| message.client_id).collect()
        },
        move |client_id| unsent_view(chat, client_id).into(),
    );
    let log = el("div")
        .class("log")
        .node_ref(content)
        .attr("role", "log")
        .attr("aria-label", t.conversation())
        .live_attr("aria-busy", move || (chat.running() || older.underway() || window.moving()).to_string())
        .live_attr("data-at", move || chat.live.at().to_string())
        .on("click", move |event: MouseEvent| scroll.clicked(&event))
        .child(older_view(chat, older))
        .child(groups)
        .child(live(move || newer_view(chat, window)))
        .child(unsent);
    let scroller = el("div")
        .class("scroll")
        .node_ref(scroller)
        .attr("tabindex", "-1")
        .on("scroll", move |_: Event| scroll.scrolled())
        .child(log);
    el("div").class("viewport").child(find_view(find)).child(scroller).child(live(latest))
}
