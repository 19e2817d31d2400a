//! The top of the log: older entries are loaded when the user scrolls near it.

use leptos::task::spawn_local;
use view::prelude::*;

use super::{
    scroll::Scroll,
    window::{EntryWindow, WindowMove},
};
use crate::{server_fns, signal::RwSignalExt as _, state::Chat};

/// The state of loading older entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum LoadState {
    /// No request is in flight.
    #[default]
    Idle,
    /// A page was requested and is not in the log yet.
    Loading,
    /// The last request failed. Only the user retries.
    Failed,
}

/// Loads older entries from the server.
#[derive(Clone, Copy)]
pub(super) struct OlderLoader {
    chat: Chat,
    window: EntryWindow,
    state: RwSignal<LoadState>,
}

impl OlderLoader {
    /// Creates a loader that loads the next page whenever the user scrolls near the top.
    pub(super) fn new(chat: Chat, scroll: Scroll, window: EntryWindow) -> Self {
        let loader = Self { chat, window, state: RwSignal::new(LoadState::Idle) };
        Effect::new(move |_| {
            if !chat.is_past()
                && scroll.is_near_top()
                && chat.transcript.has_older()
                && !chat.transcript.has_entries_above()
                && loader.state.get_or_default() == LoadState::Idle
            {
                loader.load();
            }
        });
        loader
    }

    /// Returns `true` if a page is being loaded. Tracked.
    pub(super) fn is_loading(self) -> bool {
        self.state.get_or_default() == LoadState::Loading
    }

    /// Mounts older entries that are loaded, or loads the next page.
    fn show_more(self) {
        if untrack(|| self.chat.transcript.has_entries_above()) {
            self.window.request_move(WindowMove::Up);
        } else {
            self.load();
        }
    }

    fn load(self) {
        let Self { chat, state, .. } = self;
        let is_loading = state.get_untracked_or_default() == LoadState::Loading;
        let Some(cursor) = chat.transcript.older().filter(|_| !is_loading) else { return };
        state.set(LoadState::Loading);
        spawn_local(async move {
            match server_fns::read_items(chat.id(), cursor.before.clone(), cursor.cursor.clone()).await {
                Ok(page) => {
                    chat.transcript.prepend(&cursor, page);
                    state.set(LoadState::Idle);
                }
                Err(failure) => {
                    chat.handle_auth_error(&failure);
                    state.set(LoadState::Failed);
                }
            }
        });
    }
}

/// A button that loads older entries, for users who do not scroll. Hidden if no older entries exist.
///
/// A past conversation has no process that could page through its history: a note says how to get one.
#[component]
pub(super) fn OlderEntries(chat: Chat, loader: OlderLoader) -> impl IntoView {
    let t = chat.t;
    if chat.is_past() {
        let note = move || {
            let is_shown = chat.transcript.has_older() && !chat.transcript.has_entries_above();
            is_shown.then(|| view! { <p class="note older">{t.older_after_resuming()}</p> })
        };
        return view! { {note} };
    }
    let button = move || {
        (chat.transcript.has_older() || chat.transcript.has_entries_above())
            .then(|| view! { <LoadOlderButton chat loader/> })
    };
    view! { {button} }
}

/// The button. It stays the same element while it loads, so that it keeps the focus.
#[component]
fn LoadOlderButton(chat: Chat, loader: OlderLoader) -> impl IntoView {
    let t = chat.t;
    let failed = move || (loader.state.get_or_default() == LoadState::Failed).then(|| t.older_not_loaded());
    let label = move || if loader.is_loading() { t.loading_older() } else { t.load_older() };
    view! {
        // The entries below can begin in the middle of a turn: screen readers need a heading above them.
        <h2 class="visually-hidden">{t.older_messages()}</h2>
        <p class="note older">
            <span role="status">{failed}</span>
            <button
                type="button"
                class="link"
                aria-disabled=move || loader.is_loading().to_string()
                on:click=move |_| loader.show_more()
            >
                {label}
            </button>
        </p>
    }
}
