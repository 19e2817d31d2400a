//! The sidebar: the reader's conversations by day, which can be searched, opened, renamed and deleted. On narrow windows
//! the sidebar is a drawer above the page.
//!
//! - [`conversations`]: the data of the list, kept up to date
//! - `conversation_list`, `conversation_row`, `row_menu`: how the list is shown
//! - `day`: the headings of the list; `read_marks`: which conversations have news
//! - `drawer`: showing and hiding the sidebar

mod conversation_list;
mod conversation_row;
mod conversations;
mod day;
mod drawer;
mod read_marks;
mod row_menu;

use leptos::ev::KeyboardEvent;
use view::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use self::conversation_list::ConversationList;
pub(crate) use self::{
    conversations::{Conversations, row_path},
    drawer::{Backdrop, Drawer, DrawerButton},
};
use crate::{
    browser,
    dialog::DialogHandle,
    i18n::{Texts, texts},
    icon::{Icon, IconButton, icon},
    router::A,
    search_field::SearchField,
};

/// The sidebar.
#[component]
pub(crate) fn Sidebar(
    drawer: Drawer,
    conversations: Conversations,
    /// The dialog that the button of the palette opens.
    palette: DialogHandle,
) -> impl IntoView {
    let t = texts();
    drawer.close_on_navigation();
    drawer.close_on_escape();
    view! {
        <nav class="sidebar" id="sidebar" aria-label=t.conversations()>
            <div class="top">
                <A href="/" attr:class="brand">
                    {icon(Icon::Brand)}
                    <span>"Codex Gateway"</span>
                </A>
                <IconButton label=t.command_palette() mark=Icon::Command press=move || palette.toggle()/>
                <NewChatLink class="icon-button" t/>
            </div>
            <div class="search">
                {icon(Icon::Search)}
                <ConversationSearch drawer conversations t/>
            </div>
            <ConversationList conversations t/>
        </nav>
    }
}

/// The link to the home page, where a conversation is started.
#[component]
pub(crate) fn NewChatLink(class: &'static str, t: &'static Texts) -> impl IntoView {
    view! {
        <A href="/" attr:class=class attr:aria-label=t.new_chat() attr:title=t.new_chat()>
            {icon(Icon::NewChat)}
        </A>
    }
}

/// The field that searches the list.
#[component]
fn ConversationSearch(drawer: Drawer, conversations: Conversations, t: &'static Texts) -> impl IntoView {
    // Escape clears the field first, then leaves it. It must not reach the page, where it interrupts the turn.
    let handle_key = move |event: KeyboardEvent| {
        if event.key() != "Escape" || browser::is_ime_composing(&event) || drawer.is_open.get_untracked() {
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
    view! {
        <SearchField
            label=t.search_conversations()
            placeholder=t.search_conversations()
            search=move |text| conversations.search(text)
            handle_key
            attr:type="search"
        />
    }
}
