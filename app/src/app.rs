//! The root component: the page that is shown, and the frame that all pages share.

use leptos::task::spawn_local;
use view::prelude::*;

use crate::{
    commands::{Commands, KeyboardHelp, Palette, add_global},
    composer::{InitialText, clear_drafts_of_other_owners, guard_window},
    dialog::DialogHandle,
    markdown::highlight::{HighlightCache, initial_highlights},
    pages::Page,
    prefs::Prefs,
    router::{NavigateOptions, Route, Router, use_navigate, use_route},
    rules::{RulesDialog, RulesDialogHandle},
    server_fns::{PageData, fetch_page},
    sidebar::{Backdrop, Conversations, Drawer, Sidebar},
    signal::RwSignalExt as _,
    state::{FirstMessage, Tabs},
};

/// The application, on the server and in the browser.
#[component]
pub fn App() -> impl IntoView {
    provide_context(Prefs::current().lang);
    provide_context(FirstMessage::new());
    InitialText::provide_if_missing();
    HighlightCache::provide(initial_highlights());
    Effect::new(|_| clear_drafts_of_other_owners());
    Effect::new(|_| guard_window());
    let tabs = Tabs::provide();
    let router = Router::provide();
    let drawer = Drawer::provide();
    let commands = Commands::provide();
    let (palette, help) = (DialogHandle::new("palette"), DialogHandle::new("keys"));
    let rules = RulesDialogHandle::provide();
    add_global(commands, drawer, palette, help, rules);
    let conversations = Conversations::provide(tabs);
    let next_page = use_page_data(router);
    let page = move || {
        next_page.track();
        next_page.take_untracked().map(|data| view! { <Page data/> })
    };
    view! {
        <div class="frame" data-drawer=drawer.is_open>
            <Sidebar drawer conversations palette/>
            <Backdrop drawer/>
            {page}
            <Palette dialog=palette commands/>
            <KeyboardHelp dialog=help commands/>
            <RulesDialog handle=rules/>
        </div>
    }
}

/// Returns a signal that is set to the data of each page that is to be shown. The page takes the data out of it.
fn use_page_data(router: Router) -> RwSignal<Option<PageData>> {
    // The server writes the data of the first page into the document.
    let first_page =
        SharedValue::new(|| use_context::<PageData>().unwrap_or_default().sealed()).into_inner().unsealed();
    let is_deferred = first_page.is_deferred;
    let next_page = RwSignal::new(Some(first_page));
    let (route, navigate) = (use_route(), use_navigate());
    let load = move |requested: &Route| {
        if router.take_page_kept(requested) {
            return;
        }
        let requested = requested.clone();
        spawn_local(async move {
            // The page before stays until the data has arrived. Meanwhile the reader may have gone to another page.
            let data = fetch_page(requested.clone()).await;
            if route.get_untracked() != requested {
                return;
            }
            match data.moved_to() {
                Some(path) => {
                    navigate(&path, NavigateOptions { replace: true, ..NavigateOptions::default() });
                }
                None => next_page.set(Some(data)),
            }
        });
    };
    if is_deferred {
        Effect::new(move |_| load(&route.get_untracked()));
    }
    let changed_route = Memo::new(move |_| route.get());
    Effect::watch(move || changed_route.get(), move |route, _, _| load(route), false);
    next_page
}
