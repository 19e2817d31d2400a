//! Printing: the whole conversation, though the page has a part of it mounted, or loaded.

use leptos::{ev, prelude::*, task::spawn_local};

use super::Chat;
use crate::{server_fns, signal::RwSignalExt as _, state::VisibleRange};

/// Shows all that is loaded while the browser prints, and what was shown before once it has.
pub(super) fn follow(chat: Chat) {
    let before: RwSignal<Option<VisibleRange>> = RwSignal::new(None);
    Effect::new(move |_| {
        let begin = window_event_listener(ev::Custom::<web_sys::Event>::new("beforeprint"), move |_| {
            before.set(Some(chat.live.span()));
            chat.live.show(VisibleRange::default());
        });
        let end = window_event_listener(ev::Custom::<web_sys::Event>::new("afterprint"), move |_| {
            if let Some(span) = before.take_untracked() {
                chat.live.show(span);
            }
        });
        on_cleanup(move || {
            begin.remove();
            end.remove();
        });
    });
}

/// Loads what is older, then prints.
pub(super) fn print(chat: Chat) {
    spawn_local(async move {
        while let Some(place) = chat.live.older().filter(|_| !chat.is_past()) {
            match server_fns::items(chat.id(), place.before.clone(), place.cursor.clone()).await {
                Ok(page) => chat.live.prepend(&place, page),
                // Half a conversation is not what was asked for.
                Err(failure) => return chat.say_failed(&failure),
            }
            if chat.live.older() == Some(place) {
                break;
            }
        }
        let _ = window().print();
    });
}
