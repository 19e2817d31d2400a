//! The details panel beside a conversation: what changed, the plan, the usage, the events as they come.
//!
//! - `changes`, `plan`, `usage`, `events`: what its tabs show

mod changes;
mod events;
mod plan;
mod usage;

use codex_gateway_wire::TurnId;
use leptos::prelude::*;
use leptos::prelude::{document, request_animation_frame, untrack};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

pub(crate) use crate::state::EventRecorder;

use crate::{
    browser,
    conversation::Chat,
    i18n::Texts,
    icon::{Icon, icon},
    node::{El, ElementExt as _, Node, el, live, many},
    project,
    signal::RwSignalExt as _,
};

/// Where it is remembered how diffs are read.
const SPLIT: &str = "diff-split";
/// Marks what the focus goes back to.
const OPENER: &str = "data-opener";

/// What the panel shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tab {
    #[default]
    Changes,
    Plan,
    Usage,
    Events,
}

impl Tab {
    const ALL: [Self; 4] = [Self::Changes, Self::Plan, Self::Usage, Self::Events];

    fn name(self, t: &Texts) -> &'static str {
        match self {
            Self::Changes => t.changes(),
            Self::Plan => t.plan(),
            Self::Usage => t.usage(),
            Self::Events => t.events(),
        }
    }

    fn id(self) -> &'static str {
        match self {
            Self::Changes => "tab-changes",
            Self::Plan => "tab-plan",
            Self::Usage => "tab-usage",
            Self::Events => "tab-events",
        }
    }
}

/// The panel of a conversation: whether it is open, and what it shows.
#[derive(Clone, Copy)]
pub(crate) struct Panel {
    open: RwSignal<bool>,
    tab: RwSignal<Tab>,
    /// The turn whose changes are shown; the newest without.
    turn: RwSignal<Option<TurnId>>,
    /// The changes of the whole conversation are shown.
    whole: RwSignal<bool>,
    /// How many comments on lines are being written: what one writes about stays as it is.
    pub(crate) comments: RwSignal<usize>,
    /// Diffs are read side by side, where there is room.
    pub(crate) split: RwSignal<bool>,
    /// The events that are kept meanwhile.
    pub(crate) recorder: EventRecorder,
}

impl Panel {
    pub(crate) fn new() -> Self {
        let split = RwSignal::new(false);
        Effect::new(move |_| split.set_if_changed(browser::stored(SPLIT).is_some()));
        Self {
            open: RwSignal::new(false),
            tab: RwSignal::new(Tab::default()),
            turn: RwSignal::new(None),
            whole: RwSignal::new(false),
            comments: RwSignal::new(0),
            split,
            recorder: EventRecorder::new(),
        }
    }

    /// Opens it, or closes it.
    pub(crate) fn toggle(self) {
        if self.open.get_untracked_or_default() {
            self.close();
        } else {
            self.show();
        }
    }

    /// Shows what a turn has changed.
    pub(crate) fn show_changes(self, turn: Option<TurnId>) {
        self.turn.set(turn);
        self.whole.set(false);
        self.tab.set(Tab::Changes);
        self.show();
    }

    fn show(self) {
        if !self.open.get_untracked_or_default() {
            if let Some(opener) = document().active_element() {
                let _ = opener.set_attribute(OPENER, "");
            }
            self.open.set(true);
        }
        request_animation_frame(|| focus(".panel"));
    }

    fn close(self) {
        self.open.set(false);
        self.turn.set(None);
        // Where the panel has covered everything, what it goes back to can be reached only once it is gone.
        request_animation_frame(|| {
            focus("[data-opener]");
            if let Some(opener) = document().query_selector("[data-opener]").ok().flatten() {
                let _ = opener.remove_attribute(OPENER);
            }
        });
    }

    fn choose_split(self, split: bool) {
        browser::store(SPLIT, if split { "1" } else { "" });
        self.split.set(split);
    }
}

fn focus(selector: &str) {
    let element = document().query_selector(selector).ok().flatten();
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

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
    let tab = |tab: Tab| {
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
        .child(many(Tab::ALL.map(tab)));
    let content = move || {
        let tab = panel.tab.get();
        untrack(|| match tab {
            Tab::Changes => changes::changes_view(chat),
            Tab::Plan => plan::plan_view(chat),
            Tab::Usage => usage::usage_view(chat),
            Tab::Events => events::events_view(chat),
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
        .live_attr("data-split", move || panel.tab.get() == Tab::Changes && panel.split.get())
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
        "ArrowLeft" => Tab::ALL.len() - 1,
        _ => return,
    };
    event.prevent_default();
    let now = Tab::ALL.iter().position(|tab| *tab == panel.tab.get_untracked_or_default()).unwrap_or(0);
    let next = Tab::ALL[(now + step) % Tab::ALL.len()];
    panel.tab.set(next);
    focus(&format!("#{}", next.id()));
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
