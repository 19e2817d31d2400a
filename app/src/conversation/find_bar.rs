//! The find bar above the log.

use view::prelude::*;
use web_sys::KeyboardEvent;

use super::find::Find;
use crate::{
    browser,
    icon::{Icon, IconButton},
    search_field::SearchField,
};

/// The find bar; nothing while it is closed.
#[component]
pub(super) fn FindBar(find: Find) -> impl IntoView {
    view! { {move || find.is_open.get().then(|| view! { <OpenFindBar find/> })} }
}

#[component]
fn OpenFindBar(find: Find) -> impl IntoView {
    let t = find.chat.t;
    let position = move || match find.matches.get() {
        _ if find.is_busy.get() => t.searching().to_owned(),
        None => String::new(),
        Some(matches) if matches.matches.is_empty() => t.no_results().to_owned(),
        Some(matches) => {
            let more = if matches.next.is_some() { "+" } else { "" };
            (t.match_position)(find.current.get() + 1, format!("{}{more}", matches.matches.len()))
        }
    };
    let excerpt = move || {
        let current = find.current.get();
        let found = find.matches.get()?.matches.into_iter().nth(current)?;
        Some(view! { <p class="excerpt">{found.excerpt}</p> })
    };
    view! {
        <div class="find" role="search">
            <SearchField
                label=t.find_in_conversation()
                placeholder=t.find_placeholder()
                search=move |text| find.set_text(text)
                handle_key=move |event| on_keydown(find, &event)
                attr:enterkeyhint="search"
            />
            <span class="match-position" role="status">{position}</span>
            <IconButton label=t.previous_match() mark=Icon::Up press=move || find.go_back()/>
            <IconButton
                label=t.next_match()
                mark=Icon::Up
                press=move || find.go_forward()
                attr:class="icon-button newer"
            />
            <IconButton label=t.close() mark=Icon::Close press=move || find.close()/>
            {excerpt}
        </div>
    }
}

/// Steps through the matches on Enter. Esc is handled for the whole conversation: it closes an open edit first.
fn on_keydown(find: Find, event: &KeyboardEvent) {
    if browser::is_ime_composing(event) || event.key() != "Enter" {
        return;
    }
    if event.shift_key() {
        find.go_forward();
    } else {
        find.go_back();
    }
    event.prevent_default();
}
