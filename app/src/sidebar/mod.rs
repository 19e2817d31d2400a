//! The sidebar: the reader's conversations by day, to be searched, opened, named and deleted. On a phone it is a
//! drawer.
//!
//! - [`list`]: which conversations there are, kept up to date
//! - `row`: one of them, and what can be done with it
//! - `day`: which day it belongs to; `unread`: what is new in it

mod day;
mod list;
mod row;
mod unread;

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlInputElement, KeyboardEvent};

pub(crate) use self::{list::Conversations, row::path as row_path};
use crate::{
    browser,
    dialog::DialogHandle,
    i18n::texts,
    icon::{Icon, icon},
    node::{El, ElementExt as _, button, el, link_button, list as keyed, live},
    prefs::{Prefs, choose_sidebar},
    route::{Navigator, link},
    signal::RwSignalExt as _,
};

/// Whether the drawer is open, and whether the sidebar is hidden where it is none; a context of all pages.
#[derive(Clone, Copy)]
pub(crate) struct Drawer(pub(crate) RwSignal<bool>, RwSignal<bool>);

impl Drawer {
    pub(crate) fn new() -> Self {
        Self(RwSignal::new(false), RwSignal::new(Prefs::current().sidebar_hidden))
    }

    /// Brings the sidebar, or puts it away.
    pub(crate) fn toggle(self) {
        if browser::has_sidebar_room() {
            self.1.update(|hidden| {
                *hidden = !*hidden;
                choose_sidebar(*hidden);
            });
        } else if self.0.get_untracked() {
            self.close();
        } else {
            browser::push_overlay();
            self.0.set(true);
        }
    }

    /// Puts the drawer away. (Going back does that by itself: the route is told again.)
    fn close(self) {
        if self.0.get_untracked() && !browser::pop_overlay() {
            self.0.set(false);
        }
    }

    /// Whether the sidebar is there that is not always; tracked.
    fn is_there(self) -> bool {
        self.0.get() || !self.1.get()
    }
}

pub(crate) fn sidebar_view(
    drawer: Drawer,
    conversations: Conversations,
    navigator: Navigator,
    palette: DialogHandle,
) -> El {
    let t = texts();
    Effect::new(move |_| {
        navigator.route();
        drawer.0.set_if_changed(false);
    });
    Effect::new(move |_| {
        let listener = window_event_listener(ev::keydown, move |event: KeyboardEvent| {
            if event.key() == "Escape" && drawer.0.get_untracked() && !event.default_prevented() {
                event.prevent_default();
                drawer.close();
            }
        });
        on_cleanup(move || listener.remove());
    });
    let brand = link("/", icon(Icon::Brand)).class("brand").child(el("span").child("Codex Gateway"));
    let new_chat = link("/", icon(Icon::NewChat))
        .class("icon-button")
        .attr("aria-label", t.new_chat())
        .attr("title", t.new_chat());
    let commands = el("button")
        .attr("type", "button")
        .class("icon-button")
        .attr("aria-label", t.palette())
        .attr("title", t.palette())
        .on_click(move || palette.toggle())
        .child(icon(Icon::Command));
    // Esc is for what is written here, not for the turn.
    let leave = move |event: KeyboardEvent| {
        if event.key() != "Escape" || browser::is_ime_composing(&event) || drawer.0.get_untracked() {
            return;
        }
        event.prevent_default();
        let field = event.target().and_then(|field| field.dyn_into::<HtmlInputElement>().ok());
        match field.filter(|field| !field.value().is_empty()) {
            Some(field) => {
                field.set_value("");
                conversations.search(String::new());
            }
            None => browser::focus_composer(),
        }
    };
    let search = el("input")
        .attr("type", "search")
        .attr("placeholder", t.search())
        .attr("aria-label", t.search())
        .attr("autocomplete", "off")
        .unmanaged()
        .on("input", move |event: Event| conversations.search(event_target_value(&event)))
        .on("keydown", leave);
    let rows = keyed(move || conversations.keys(), move |key| row::row_view(conversations, navigator, key));
    let empty = move || {
        let words = match conversations.failed() {
            true => t.list_failed(),
            false if conversations.is_empty() => t.list_empty(),
            false => return None,
        };
        let retry = conversations.failed().then(|| link_button(t.retry(), move || conversations.refresh()));
        Some(el("p").class("note").child(words).child(" ").child(retry))
    };
    let more = move || {
        conversations.has_more().then(|| button(t.list_more(), move || conversations.more()).class("more"))
    };
    el("nav")
        .class("sidebar")
        .attr("id", "sidebar")
        .attr("aria-label", t.conversations())
        .child(el("div").class("top").child(brand).child(commands).child(new_chat))
        .child(el("div").class("search").child(icon(Icon::Search)).child(search))
        .child(
            el("div")
                .class("conversations")
                .child(el("ul").on("keydown", |event: KeyboardEvent| row::pressed(&event)).child(rows))
                .child(live(empty))
                .child(live(more)),
        )
}

/// What the drawer covers; a tap on it closes the drawer.
pub(crate) fn backdrop_view(drawer: Drawer) -> El {
    el("div").class("backdrop").on_click(move || drawer.close())
}

/// Opens the drawer; shown where the sidebar is one.
pub(crate) fn drawer_button() -> El {
    let t = texts();
    let drawer = use_context::<Drawer>();
    el("button")
        .attr("type", "button")
        .class("icon-button drawer-button")
        .attr("aria-label", t.conversations())
        .attr("title", t.conversations())
        .attr("aria-controls", "sidebar")
        .live_attr("aria-expanded", move || drawer.is_some_and(Drawer::is_there).to_string())
        .on_click(move || drawer.iter().for_each(|drawer| drawer.toggle()))
        .child(icon(Icon::Menu))
}
