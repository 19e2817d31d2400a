//! A conversation in the list: a link to its page, its status, and the button of its menu.

use codex_gateway_wire::ThreadId;
use leptos::ev::KeyboardEvent;
use view::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::{
    conversations::{Conversations, is_shown_at, row_path},
    row_menu::{RenameForm, RowMenu, RowMode},
};
use crate::{
    browser,
    i18n::Texts,
    icon::{Icon, icon},
    router::{A, use_route},
    server_fns::Row,
};

/// The row of a conversation.
#[component]
pub(super) fn ConversationRow(
    conversations: Conversations,
    thread: ThreadId,
    t: &'static Texts,
) -> impl IntoView {
    let route = use_route();
    let mode = RwSignal::new(RowMode::default());
    // What is typed into the form outlives the form, which is made again whenever the list is loaded.
    let new_title = RwSignal::new(String::new());
    let row = move || conversations.row(&thread);
    let is_current = {
        let row = row.clone();
        move || row().is_some_and(|row| is_shown_at(&row, &route.get()))
    };
    let content = move || {
        let row = row()?;
        let mode_now = mode.get();
        Some(if mode_now == RowMode::Renaming {
            view! { <RenameForm conversations row mode new_title t/> }
        } else {
            let menu = (mode_now != RowMode::Link)
                .then(|| view! { <RowMenu conversations row=row.clone() mode new_title t/> });
            view! {
                <ConversationLink is_unread=conversations.read_marks.is_unread(&row) row=row.clone() t/>
                <MenuButton title=title(&row, t) mode t/>
                {menu}
            }
        })
    };
    // Escape closes the menu. It must not reach the page, where it interrupts the turn.
    let on_keydown = move |event: KeyboardEvent| {
        let is_escape = event.key() == "Escape" && !browser::is_ime_composing(&event);
        if is_escape && mode.get_untracked() != RowMode::Link {
            event.prevent_default();
            mode.set(RowMode::Link);
            let row = event.current_target().and_then(|row| row.dyn_into::<Element>().ok());
            request_animation_frame(move || {
                focus_within(row, MENU_BUTTON);
            });
        }
    };
    view! {
        <li class="conversation" data-current=is_current on:keydown=on_keydown>
            {content}
        </li>
    }
}

fn title(row: &Row, t: &'static Texts) -> String {
    row.title.clone().unwrap_or_else(|| t.untitled().to_owned())
}

/// The link to the conversation's page, with a mark that shows its status.
#[component]
fn ConversationLink(row: Row, is_unread: bool, t: &'static Texts) -> impl IntoView {
    let status = match (row.waiting, row.running) {
        (true, _) => Some(("waiting", t.waiting_for_you())),
        (false, true) => Some(("running", t.running_now())),
        (false, false) => is_unread.then_some(("unread", t.unread())),
    };
    let mark = status.map(|(status, label)| {
        view! {
            <span class="mark" data-mark=status title=label>
                <span class="visually-hidden">{label}</span>
            </span>
        }
    });
    let title = title(&row, t);
    let tooltip = title.clone();
    view! {
        <A href=row_path(&row) attr:class="open" attr:data-unread=is_unread attr:title=tooltip>
            <span class="name">{title}</span>
            {mark}
        </A>
    }
}

/// The button that opens and closes the menu.
#[component]
fn MenuButton(title: String, mode: RwSignal<RowMode>, t: &'static Texts) -> impl IntoView {
    let toggle = move |_| {
        mode.update(|mode| *mode = if *mode == RowMode::Link { RowMode::Menu } else { RowMode::Link });
    };
    // The tab key stops once at each conversation. An arrow key moves the focus from the link to the button.
    view! {
        <button
            type="button"
            class="icon-button row-options"
            tabindex="-1"
            aria-label=(t.options_of)(&title)
            aria-expanded=move || (mode.get() != RowMode::Link).to_string()
            on:click=toggle
        >
            {icon(Icon::More)}
        </button>
    }
}

const LINK: &str = ".open";
const MENU_BUTTON: &str = ".row-options";

/// Moves the focus with the arrow keys: up and down between conversations, left and right between the link and the menu
/// button of one.
pub(super) fn on_list_keydown(event: &KeyboardEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let row = target
        .filter(|_| !browser::targets_input(event))
        .and_then(|target| target.closest("li").ok().flatten());
    let neighbour = |step: fn(&Element) -> Option<Element>| {
        let mut next = row.as_ref().and_then(step);
        while let Some(heading) = next.as_ref().filter(|next| next.class_list().contains("label")) {
            next = step(heading);
        }
        next
    };
    let (row, part) = match event.key().as_str() {
        "ArrowDown" => (neighbour(Element::next_element_sibling), LINK),
        "ArrowUp" => (neighbour(Element::previous_element_sibling), LINK),
        "ArrowRight" => (row, MENU_BUTTON),
        "ArrowLeft" => (row, LINK),
        _ => return,
    };
    if focus_within(row, part) {
        event.prevent_default();
    }
}

/// Focuses an element of a row. Returns `true` if there is such an element.
fn focus_within(row: Option<Element>, selector: &str) -> bool {
    let element = row.and_then(|row| row.query_selector(selector).ok().flatten());
    let element = element.and_then(|element| element.dyn_into::<HtmlElement>().ok());
    element.is_some_and(|element| element.focus().is_ok())
}
