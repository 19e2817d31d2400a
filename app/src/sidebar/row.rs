//! A conversation in the list: where it leads, how it stands, and what can be done with it.

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, KeyboardEvent};

use super::{Conversations, day::Day};
use crate::{
    browser,
    i18n::{Texts, texts},
    icon::{Icon, icon},
    node::{El, ElementExt as _, Node, button, el, link_button, live, many},
    route::{Navigator, Route, conversation_path, link, thread_path},
    server_fns::{self, Row},
};

/// What is being done with a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum RowMode {
    #[default]
    Nothing,
    /// Its menu is open.
    Choosing,
    /// Its name is being changed.
    Naming,
    /// It is about to be deleted: somebody must say so twice.
    Deleting,
    /// What was done did not work; its menu is open.
    Failed,
}

/// A heading (`#` and its place among the days), or a conversation by its key.
pub(super) fn row_view(all: Conversations, navigator: Navigator, key: String) -> Node {
    let t = texts();
    if let Some(day) = key.strip_prefix('#').and_then(|at| Day::ALL.get(at.parse::<usize>().ok()?)) {
        return el("li").class("label").child(day.name(t)).into();
    }
    let doing = RwSignal::new(RowMode::Nothing);
    // Kept beside what is shown, which is made anew whenever the list is read.
    let name = RwSignal::new(String::new());
    let id = RwSignal::new(key);
    let row = move || id.try_with_untracked(|id| all.row(id)).flatten();
    let current = move || row().is_some_and(|row| is_current(&navigator.route(), &row));
    let content = move || {
        let row = row()?;
        Some(match doing.get() {
            RowMode::Naming => name_view(all, row, doing, name, t),
            _ => many([
                many([open_view(&row, all.seen.is_unread(&row), t), options_button(&row, doing, t)]),
                menu_view(all, navigator, row, doing, name, t).into(),
            ]),
        })
    };
    let leave = move |event: KeyboardEvent| {
        if event.key() == "Escape"
            && doing.get_untracked() != RowMode::Nothing
            && !browser::is_ime_composing(&event)
        {
            // It is not for the turn.
            event.prevent_default();
            doing.set(RowMode::Nothing);
            let row = event.current_target().and_then(|row| row.dyn_into::<Element>().ok());
            request_animation_frame(move || {
                focus_part(row, ".row-options");
            });
        }
    };
    el("li")
        .class("conversation")
        .live_attr("data-current", current)
        .on("keydown", leave)
        .child(live(content))
        .into()
}

pub(super) fn is_current(route: &Route, row: &Row) -> bool {
    match route {
        Route::Conversation(id) => row.session.as_ref() == Some(id),
        Route::Thread(id) => row.thread == *id,
        Route::Home | Route::Unknown => false,
    }
}

/// The path of a conversation.
pub(crate) fn path(row: &Row) -> String {
    row.session.as_ref().map_or_else(|| thread_path(&row.thread), conversation_path)
}

fn open_view(row: &Row, news: bool, t: &'static Texts) -> El {
    let name = row.title.clone().unwrap_or_else(|| t.untitled().to_owned());
    let mark = match (row.waiting, row.running) {
        (true, _) => Some(("waiting", t.waits_for_you())),
        (false, true) => Some(("running", t.running_now())),
        (false, false) => news.then_some(("unread", t.unread())),
    };
    let mark = mark.map(|(mark, words)| {
        let words_for_ears = el("span").class("heard").child(words);
        el("span").class("mark").attr("data-mark", mark).attr("title", words).child(words_for_ears)
    });
    link(&path(row), el("span").class("name").child(name.clone()))
        .class("open")
        .attr("data-unread", news)
        .attr("title", name)
        .child(mark)
}

fn options_button(row: &Row, doing: RwSignal<RowMode>, t: &'static Texts) -> El {
    let name = row.title.clone().unwrap_or_else(|| t.untitled().to_owned());
    let toggle = move || {
        doing.set(if doing.get_untracked() == RowMode::Nothing {
            RowMode::Choosing
        } else {
            RowMode::Nothing
        });
    };
    el("button")
        .attr("type", "button")
        .class("icon-button row-options")
        // Each conversation is one stop: from there, an arrow key leads here.
        .attr("tabindex", "-1")
        .attr("aria-label", (t.options_of)(&name))
        .live_attr("aria-expanded", move || (doing.get() != RowMode::Nothing).to_string())
        .on_click(toggle)
        .child(icon(Icon::More))
}

/// Arrow keys go from conversation to conversation, to the options of one, and back.
pub(super) fn pressed(event: &KeyboardEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let row = target
        .filter(|_| !browser::targets_input(event))
        .and_then(|target| target.closest("li").ok().flatten());
    let beside = |step: fn(&Element) -> Option<Element>| {
        let mut next = row.as_ref().and_then(step);
        while let Some(heading) = next.as_ref().filter(|next| next.class_list().contains("label")) {
            next = step(heading);
        }
        next
    };
    let (row, part) = match event.key().as_str() {
        "ArrowDown" => (beside(Element::next_element_sibling), ".open"),
        "ArrowUp" => (beside(Element::previous_element_sibling), ".open"),
        "ArrowRight" => (row, ".row-options"),
        "ArrowLeft" => (row, ".open"),
        _ => return,
    };
    if focus_part(row, part) {
        event.prevent_default();
    }
}

/// Gives a part of a row the focus. Whether it is there.
fn focus_part(row: Option<Element>, part: &str) -> bool {
    let part = row.and_then(|row| row.query_selector(part).ok().flatten());
    part.and_then(|part| part.dyn_into::<HtmlElement>().ok()).is_some_and(|part| part.focus().is_ok())
}

fn menu_view(
    all: Conversations,
    navigator: Navigator,
    row: Row,
    doing: RwSignal<RowMode>,
    name: RwSignal<String>,
    t: &'static Texts,
) -> Option<El> {
    let doing_now = doing.get_untracked();
    let begin_naming = {
        let title = row.title.clone().unwrap_or_default();
        move || {
            name.set(title.clone());
            doing.set(RowMode::Naming);
            request_animation_frame(|| {
                browser::focus(".rename input");
                browser::select_contents(".rename input");
            });
        }
    };
    let choices: [El; 2] = match doing_now {
        RowMode::Choosing | RowMode::Failed => [
            link_button(t.rename(), begin_naming),
            link_button(t.delete(), move || doing.set(RowMode::Deleting)),
        ],
        RowMode::Deleting => [
            link_button(t.delete_for_good(), move || delete(all, navigator, row.clone(), doing))
                .class("link danger"),
            link_button(t.keep(), move || doing.set(RowMode::Nothing)),
        ],
        RowMode::Nothing | RowMode::Naming => return None,
    };
    let failed =
        (doing_now == RowMode::Failed).then(|| el("span").attr("role", "alert").child(t.did_not_work()));
    Some(el("div").class("row-menu").child(failed).child(many(choices)))
}

/// Deletes a conversation, and leaves its page if that is shown.
fn delete(all: Conversations, navigator: Navigator, row: Row, doing: RwSignal<RowMode>) {
    spawn_local(async move {
        if server_fns::delete_conversation(row.thread.clone()).await.is_err() {
            return doing.set(RowMode::Failed);
        }
        all.forget(row.thread.as_str());
        if is_current(&navigator.route_untracked(), &row) {
            navigator.go("/");
        }
    });
}

fn name_view(
    all: Conversations,
    row: Row,
    doing: RwSignal<RowMode>,
    name: RwSignal<String>,
    t: &'static Texts,
) -> Node {
    let save = move || {
        let (written, thread) = (name.get_untracked(), row.thread.clone());
        doing.set(RowMode::Nothing);
        if !written.trim().is_empty() {
            spawn_local(async move {
                if server_fns::rename_conversation(thread, written).await.is_err() {
                    doing.set(RowMode::Failed);
                }
                all.refresh();
            });
        }
    };
    let save_too = save.clone();
    let pressed = move |event: KeyboardEvent| {
        if event.key() == "Enter" && !browser::is_ime_composing(&event) {
            event.prevent_default();
            save();
        }
    };
    let input = el("input")
        .attr("type", "text")
        .attr("aria-label", t.rename())
        .attr("maxlength", "200")
        .attr("value", name.get_untracked())
        .on("input", move |event: Event| name.set(event_target_value(&event)))
        .on("keydown", pressed);
    el("div").class("rename").child(input).child(button(t.save(), save_too)).into()
}
