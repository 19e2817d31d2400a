//! Prints the whole conversation, of which only a part is mounted or even loaded.

use leptos::{ev, prelude::*, task::spawn_local};

use crate::{
    server_fns,
    signal::RwSignalExt as _,
    state::{Chat, VisibleRange},
};

/// Mounts all loaded entries while the browser prints.
pub(super) fn show_all_while_printing(chat: Chat) {
    let range_before: RwSignal<Option<VisibleRange>> = RwSignal::new(None);
    Effect::new(move |_| {
        let before_print = ev::Custom::<web_sys::Event>::new("beforeprint");
        let before_print = window_event_listener(before_print, move |_| {
            range_before.set(Some(chat.transcript.visible_range()));
            chat.transcript.show(VisibleRange::default());
        });
        let after_print = ev::Custom::<web_sys::Event>::new("afterprint");
        let after_print = window_event_listener(after_print, move |_| {
            if let Some(range) = range_before.take_untracked() {
                chat.transcript.show(range);
            }
        });
        on_cleanup(move || {
            before_print.remove();
            after_print.remove();
        });
    });
}

/// Loads all older entries and opens the browser's print dialog.
pub(super) fn print(chat: Chat) {
    spawn_local(async move {
        while let Some(cursor) = chat.transcript.older().filter(|_| !chat.is_past()) {
            match server_fns::read_items(chat.id(), cursor.before.clone(), cursor.cursor.clone()).await {
                Ok(page) => chat.transcript.prepend(&cursor, page),
                // A part of the conversation is not printed in place of all of it.
                Err(failure) => return chat.say_failed(&failure),
            }
            // The page was rejected because the thread has changed. The next request would return the same page.
            if chat.transcript.older() == Some(cursor) {
                break;
            }
        }
        let _ = window().print();
    });
}
