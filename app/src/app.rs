//! The application: which page is shown.

use leptos::task::spawn_local;
use view::prelude::*;

use crate::{
    commands::{Commands, KeyboardHelp, Palette, add_global},
    composer::{InitialText, clear_drafts_of_other_owners, guard_window},
    dialog::DialogHandle,
    markdown::highlight::HighlightCache,
    node::{ElementExt as _, Node, el, live},
    pages::page_view,
    prefs::Prefs,
    route::{Navigator, Route},
    rules::{RulesDialog, RulesDialogHandle},
    server_fns::{PageData, fetch_page, initial_highlights},
    sidebar::{Conversations, Drawer, backdrop_view, sidebar_view},
    signal::RwSignalExt as _,
    state::{FirstMessage, Tabs},
};

/// All pages. The same on the server and in the browser.
#[component]
pub fn App() -> impl IntoView {
    provide_context(Prefs::current().lang);
    provide_context(FirstMessage::new());
    InitialText::provide_if_missing();
    HighlightCache::provide(initial_highlights());
    Effect::new(|_| clear_drafts_of_other_owners());
    Effect::new(|_| guard_window());
    let tabs = Tabs::provide();
    let navigator = Navigator::provide();
    let drawer = Drawer::new();
    provide_context(drawer);
    let commands = Commands::provide();
    let (palette, help) = (DialogHandle::new("palette"), DialogHandle::new("keys"));
    let rules = RulesDialogHandle::provide();
    add_global(commands, navigator, drawer, palette, help, rules);
    let conversations = Conversations::follow(navigator, tabs);
    provide_context(conversations);
    // What the server has read for this page is written into it, and read from there when the page is taken over.
    let first =
        SharedValue::new(|| use_context::<PageData>().unwrap_or_default().sealed()).into_inner().unsealed();
    let is_deferred = first.is_deferred;
    let loaded = RwSignal::new(Some(first));
    let go = move |route: &Route| {
        if navigator.take_renamed(route) {
            return;
        }
        let wanted = route.clone();
        spawn_local(async move {
            let next = fetch_page(wanted.clone()).await;
            // Until it is there the page before it stays; and the reader may have gone elsewhere meanwhile.
            if navigator.route_untracked() == wanted {
                match next.moved_to() {
                    Some(path) => navigator.replace(&path),
                    None => loaded.set(Some(next)),
                }
            }
        });
    };
    if is_deferred {
        Effect::new(move |_| go(&navigator.route_untracked()));
    }
    let route = Memo::new(move |_| navigator.route());
    Effect::watch(move || route.get(), move |route, _, _| go(route), false);
    let page = live(move || {
        loaded.try_with(|_| ());
        loaded.take_untracked().map_or(Node::Empty, |page| page_view(page))
    });
    let frame = el("div").class("frame").live_attr("data-drawer", move || drawer.0.get());
    let frame = frame
        .child(sidebar_view(drawer, conversations, navigator, palette))
        .child(backdrop_view(drawer))
        .child(page)
        .child(view! { <Palette dialog=palette commands navigator/> })
        .child(view! { <KeyboardHelp dialog=help commands/> })
        .child(view! { <RulesDialog handle=rules/> });
    Node::from(frame)
}
