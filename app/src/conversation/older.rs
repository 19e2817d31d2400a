//! The top of the log: older entries are loaded when the reader comes near.

use leptos::{prelude::*, task::spawn_local};

use super::{
    Chat,
    scroll::Scroll,
    window::{Step, Window},
};
use crate::{
    node::{ElementExt as _, Node, el, live, many},
    server_fns,
    signal::RwSignalExt as _,
};

/// How the loading of older entries fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Loading {
    /// Nothing is asked for.
    #[default]
    Idle,
    /// A page is on its way, or about to be shown.
    Underway,
    /// The last attempt failed; the next one is the reader's.
    Failed,
}

/// The loading of older entries.
#[derive(Clone, Copy)]
pub(super) struct OlderLoader {
    window: Window,
    state: RwSignal<Loading>,
}

impl OlderLoader {
    pub(super) fn new(chat: Chat, scroll: Scroll, window: Window) -> Self {
        let older = Self { window, state: RwSignal::new(Loading::Idle) };
        Effect::new(move |_| {
            if !chat.is_past()
                && scroll.near_top()
                && chat.live.has_older()
                && !chat.live.above()
                && older.state.get() == Loading::Idle
            {
                older.load(chat);
            }
        });
        older
    }

    /// Whether a page is on its way; tracked.
    pub(super) fn underway(self) -> bool {
        self.state.get() == Loading::Underway
    }

    /// Brings what is older into the page, from the server if it is not loaded.
    fn more(self, chat: Chat) {
        if untrack(|| chat.live.above()) { self.window.go(Step::Up) } else { self.load(chat) }
    }

    fn load(self, chat: Chat) {
        let state = self.state;
        let Some(place) = chat.live.older().filter(|_| state.get_untracked_or_default() != Loading::Underway)
        else {
            return;
        };
        state.set(Loading::Underway);
        spawn_local(async move {
            match server_fns::items(chat.id(), place.before.clone(), place.cursor.clone()).await {
                Ok(page) => {
                    chat.live.prepend(&place, page);
                    state.set(Loading::Idle);
                }
                Err(failure) => {
                    chat.handle_auth_error(&failure);
                    state.set(Loading::Failed);
                }
            }
        });
    }
}

/// A button while there are older entries, for those who do not scroll. It stays the same one while it works, so
/// that the focus does. Where no session is, no codex is there to page: the reader is told how to get one.
pub(super) fn older_view(chat: Chat, older: OlderLoader) -> Node {
    let t = chat.t;
    if chat.is_past() {
        return live(move || {
            let here = chat.live.has_older() && !chat.live.above();
            here.then(|| el("p").class("note older").child(t.older_once_resumed()))
        });
    }
    live(move || {
        (chat.live.has_older() || chat.live.above()).then(|| {
            let failed = move || (older.state.get() == Loading::Failed).then_some(t.older_failed());
            let label = move || if older.underway() { t.loading_older() } else { t.load_older() };
            let button = el("button")
                .attr("type", "button")
                .class("link")
                .live_attr("aria-disabled", move || older.underway().to_string())
                .on_click(move || older.more(chat))
                .child(live(label));
            let failed = el("span").attr("role", "status").child(live(failed));
            let way = el("p").class("note older").child(failed).child(button);
            // What follows may be in the middle of a turn: who goes from heading to heading needs one above.
            many([el("h2").class("heard").child(t.older()), way])
        })
    })
}
