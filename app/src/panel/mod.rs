//! The details panel beside a conversation: what changed, the plan, the usage, the events as they come.
//!
//! - `changes`, `plan`, `usage`, `events`: what its tabs show

mod changes;
mod events;
mod plan;
mod usage;

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::{
    browser,
    icon::{Icon, icon},
    node::{El, ElementExt as _, Node, el, live, many},
    project,
    signal::RwSignalExt as _,
    state::{Chat, Panel, PanelTab},
};

/// Opens the panel.
pub(crate) fn panel_button(chat: Chat) -> El {
    let t = chat.t;
    el("button")
        .attr("type", "button")
        .class("icon-button")
        .attr("aria-label", t.details())
        .attr("title", t.details())
        .live_attr("aria-expanded", move || chat.panel().open.get().to_string())
        .on_click(move || chat.panel().toggle())
        .child(icon(Icon::Panel))
}

/// The panel, while it is open.
pub(crate) fn panel_view(chat: Chat) -> Node {
    live(move || chat.panel().open.get().then(|| open_view(chat)))
}

fn open_view(chat: Chat) -> El {
    let (t, panel) = (chat.t, chat.panel());
    let tab = |tab: PanelTab| {
        let chosen = move || panel.tab.get() == tab;
        el("button")
            .attr("type", "button")
            .attr("role", "tab")
            .attr("id", tab.id())
            .attr("aria-controls", "panel-content")
            .live_attr("aria-selected", move || chosen().to_string())
            .live_attr("tabindex", move || if chosen() { "0" } else { "-1" })
            .on_click(move || panel.tab.set(tab))
            .child(tab.name(t))
    };
    let close = el("button")
        .attr("type", "button")
        .class("icon-button")
        .attr("aria-label", t.close())
        .attr("title", t.close())
        .on_click(move || panel.close())
        .child(icon(Icon::Close));
    let tabs = el("div")
        .class("tabs")
        .attr("role", "tablist")
        .attr("aria-label", t.details())
        .on("keydown", move |event: KeyboardEvent| move_on(panel, &event))
        .child(many(PanelTab::ALL.map(tab)));
    let content = move || {
        let tab = panel.tab.get();
        untrack(|| match tab {
            PanelTab::Changes => changes::changes_view(chat),
            PanelTab::Plan => plan::plan_view(chat),
            PanelTab::Usage => usage::usage_view(chat),
            PanelTab::Events => events::events_view(chat),
        })
    };
    let content = el("div")
        .class("content")
        .attr("id", "panel-content")
        .attr("role", "tabpanel")
        .live_attr("aria-labelledby", move || panel.tab.get().id())
        .child(live(content));
    el("aside")
        .class("panel")
        .attr("tabindex", "-1")
        .attr("aria-label", t.details())
        .live_attr("data-split", move || panel.tab.get() == PanelTab::Changes && panel.split.get())
        .on("keydown", move |event: KeyboardEvent| {
            if event.key() == "Escape" && !browser::is_ime_composing(&event) && !event.default_prevented() {
                event.prevent_default();
                panel.close();
            }
        })
        .child(el("header").child(tabs).child(close))
        .child(content)
        .child(project::status_view(chat.folder(), t))
}

/// The arrow keys go from tab to tab.
fn move_on(panel: Panel, event: &KeyboardEvent) {
    let step = match event.key().as_str() {
        "ArrowRight" => 1,
        "ArrowLeft" => PanelTab::ALL.len() - 1,
        _ => return,
    };
    event.prevent_default();
    let now = PanelTab::ALL.iter().position(|tab| *tab == panel.tab.get_untracked_or_default()).unwrap_or(0);
    let next = PanelTab::ALL[(now + step) % PanelTab::ALL.len()];
    panel.tab.set(next);
    browser::focus(&format!("#{}", next.id()));
}

/// Two choices, one of which is made.
fn choice(names: [&'static str; 2], second: RwSignal<bool>, choose: fn(Panel, bool), panel: Panel) -> El {
    let segment = |name, is: bool| {
        el("button")
            .attr("type", "button")
            .live_attr("aria-pressed", move || (second.get() == is).to_string())
            .on_click(move || choose(panel, is))
            .child(name)
    };
    let [first, other] = names;
    el("div").class("segments").attr("role", "group").child(segment(first, false)).child(segment(other, true))
}
