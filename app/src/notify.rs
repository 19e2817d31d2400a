//! Notifications of the system, for those who asked for them: while nobody looks at the page, it says that a turn has
//! ended, or that something waits.
//!
//! On a phone pages may not notify; there the worker does it for them (`server/src/worker`).

use std::cell::Cell;

use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Notification, NotificationOptions, NotificationPermission};

use crate::{base_path::address, browser, i18n::texts};

/// Under which this browser remembers that it is wanted.
const STORED: &str = "notify";

thread_local! {
    /// What is told now. (Of the page's one thread: a server, which has many, never tells anything.)
    static SHOWN: Cell<Option<Shown>> = const { Cell::new(None) };
}

/// A notification that is there.
enum Shown {
    ByPage(Notification),
    /// With this tag.
    ByWorker(String),
}

/// How things stand in a conversation.
#[derive(Clone, Copy)]
pub(crate) struct TurnStatus {
    pub(crate) running: bool,
    /// How much waits for the user.
    pub(crate) waiting: usize,
}

/// Whether the reader wants to be told, and the browser lets us.
pub(crate) fn is_on() -> bool {
    browser::stored(STORED).is_some()
        && browser::has("Notification")
        && Notification::permission() == NotificationPermission::Granted
}

/// Asks the browser whether we may, and remembers that it is wanted; or that it is not. `state` says how it ended.
pub(crate) fn choose(on: bool, state: RwSignal<bool>) {
    if !on {
        browser::store(STORED, "");
        return state.set(false);
    }
    spawn_local(async move {
        if let Ok(answer) = Notification::request_permission() {
            // What it has decided is looked at below.
            let _ = JsFuture::from(answer).await;
        }
        browser::store(STORED, "on");
        state.set(is_on());
    });
}

/// Tells of what happens in a conversation, for as long as its page is there. `about` is its id and its title.
pub(crate) fn follow(
    standing: impl Fn() -> TurnStatus + 'static,
    about: impl Fn() -> (String, Option<String>) + 'static,
) {
    let t = texts();
    Effect::new(move |_| {
        let listener = window_event_listener(ev::visibilitychange, move |_| {
            if !browser::hidden() {
                take_back();
            }
        });
        on_cleanup(move || {
            listener.remove();
            take_back();
        });
    });
    let mut before = TurnStatus { running: false, waiting: 0 };
    Effect::new(move |_| {
        let now = standing();
        let asks = now.waiting > before.waiting;
        let ended = before.running && !now.running;
        before = now;
        if (asks || ended) && browser::hidden() && is_on() {
            let (tag, title) = untrack(&about);
            let words = if asks { t.codex_waits() } else { t.turn_ended() };
            take_back();
            SHOWN.set(Some(show(&title.unwrap_or_else(|| t.untitled().to_owned()), words, &tag)));
        }
    });
}

/// Takes back what was told: it has been seen, or something newer is.
fn take_back() {
    match SHOWN.take() {
        Some(Shown::ByPage(notification)) => notification.close(),
        Some(Shown::ByWorker(tag)) => browser::post_to_worker(&["seen", &tag]),
        None => {}
    }
}

/// One at a time for each conversation.
fn show(title: &str, words: &str, tag: &str) -> Shown {
    let options = NotificationOptions::new();
    options.set_body(words);
    options.set_tag(tag);
    options.set_icon(&address("/assets/icon-192.png"));
    let Ok(notification) = Notification::new_with_options(title, &options) else {
        browser::post_to_worker(&["notify", tag, title, words, &browser::page_address()]);
        return Shown::ByWorker(tag.to_owned());
    };
    let focus = Closure::once_into_js(|| {
        let _ = window().focus();
    });
    notification.set_onclick(Some(focus.unchecked_ref()));
    Shown::ByPage(notification)
}
