//! The panel's frame and tabs.

use leptos::wasm_split::wasm_split;
use view::{Node, prelude::*};
use web_sys::KeyboardEvent;

use super::{changes::ChangesTab, events::EventsTab, plan::PlanTab, usage::UsageTab};
use crate::{
    browser,
    chunks::{Chunk, ChunkError},
    folder_trust::FolderTrustStatus,
    i18n::Texts,
    icon::{Icon, IconButton},
    lazy::lazy,
    signal::RwSignalExt as _,
    state::{Chat, Panel, PanelTab},
};

/// The button that opens and closes the panel.
#[component]
pub(crate) fn DetailsButton(panel: Panel, t: &'static Texts) -> impl IntoView {
    view! {
        <IconButton
            label=t.details()
            mark=Icon::Panel
            press=move || panel.toggle()
            attr:aria-expanded=move || panel.open.get().to_string()
        />
    }
}

/// The details panel. Empty while it is closed.
#[component]
pub(crate) fn DetailsPanel(chat: Chat) -> impl IntoView {
    view! { {move || chat.panel().open.get().then(|| view! { <OpenPanel chat/> })} }
}

#[component]
fn OpenPanel(chat: Chat) -> impl IntoView {
    let (t, panel) = (chat.t, chat.panel());
    let handle_key = move |event: KeyboardEvent| {
        if event.key() == "Escape" && !browser::is_ime_composing(&event) && !event.default_prevented() {
            event.prevent_default();
            panel.close();
        }
    };
    view! {
        <aside
            class="panel"
            tabindex="-1"
            aria-label=t.details()
            data-split=move || panel.tab.get() == PanelTab::Changes && panel.split.get()
            on:keydown=handle_key
        >
            <header>
                <TabList panel t/>
                <IconButton label=t.close() mark=Icon::Close press=move || panel.close()/>
            </header>
            {lazy(Chunk::Details, panel_content(chat))}
        </aside>
    }
}

#[allow(clippy::unnecessary_wraps, reason = "the chunk may not be loaded, which `wasm_split` returns")]
#[wasm_split(details, wasm_split_path = ::leptos::wasm_split, preload(load_panel), fallible)]
pub(crate) fn panel_content(chat: Chat) -> Result<Node, ChunkError> {
    Ok(view! { <PanelContent chat/> })
}

/// The selected tab, and whether the user trusts the folder.
#[component]
fn PanelContent(chat: Chat) -> impl IntoView {
    let panel = chat.panel();
    let content = move || match panel.tab.get() {
        PanelTab::Changes => view! { <ChangesTab chat/> },
        PanelTab::Plan => view! { <PlanTab chat/> },
        PanelTab::Usage => view! { <UsageTab chat/> },
        PanelTab::Events => view! { <EventsTab chat/> },
    };
    view! {
        <div
            class="content"
            id="panel-content"
            role="tabpanel"
            aria-labelledby=move || panel.tab.get().id()
        >
            {content}
        </div>
        <FolderTrustStatus folder=chat.folder() t=chat.t/>
    }
}

#[component]
fn TabList(panel: Panel, t: &'static Texts) -> impl IntoView {
    let tabs = PanelTab::ALL.map(|tab| {
        let is_selected = move || panel.tab.get() == tab;
        view! {
            <button
                type="button"
                role="tab"
                id=tab.id()
                aria-controls="panel-content"
                aria-selected=move || is_selected().to_string()
                tabindex=move || if is_selected() { "0" } else { "-1" }
                on:click=move |_| panel.tab.set(tab)
            >
                {tab.name(t)}
            </button>
        }
    });
    view! {
        <div
            class="tabs"
            role="tablist"
            aria-label=t.details()
            on:keydown=move |event| select_by_key(panel, &event)
        >
            {tabs.into_iter().collect::<Vec<_>>()}
        </div>
    }
}

/// Selects the next or previous tab by an arrow key.
fn select_by_key(panel: Panel, event: &KeyboardEvent) {
    let step = match event.key().as_str() {
        "ArrowRight" => 1,
        "ArrowLeft" => PanelTab::ALL.len() - 1,
        _ => return,
    };
    event.prevent_default();
    let selected = panel.tab.get_untracked_or_default();
    let index = PanelTab::ALL.iter().position(|tab| *tab == selected).unwrap_or(0);
    let next = PanelTab::ALL[(index + step) % PanelTab::ALL.len()];
    panel.tab.set(next);
    browser::focus(&format!("#{}", next.id()));
}
