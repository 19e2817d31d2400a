//! System notifications: while the page is hidden, they report that a turn has ended or a request waits.
//!
//! The user turns them on. On Android a page cannot show notifications itself: there the service worker shows them
//! (`server/src/worker`).

use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Notification, NotificationOptions, NotificationPermission};

use crate::{base_path::address, browser, i18n::texts};

/// The key in the browser's storage for the user's choice.
const STORAGE_KEY: &str = "notify";

/// A notification on the screen.
enum Notice {
    ByPage(Notification),
    /// Shown by the service worker, with this tag.
    ByWorker(String),
}

/// The notification of a conversation, if one is shown. `None` on the server, which has no objects of the browser.
type NoticeSlot = RwSignal<Option<StoredValue<Option<Notice>, LocalStorage>>>;

/// The state of a conversation that notifications report.
#[derive(Clone, Copy)]
pub(crate) struct TurnStatus {
    pub(crate) running: bool,
    /// The number of requests that wait for the user.
    pub(crate) waiting: usize,
}

/// Returns `true` if the user has turned notifications on and the browser permits them.
pub(crate) fn is_on() -> bool {
    browser::stored(STORAGE_KEY).is_some()
        && browser::has_global("Notification")
        && Notification::permission() == NotificationPermission::Granted
}

/// Turns notifications on or off, and asks the browser for permission. Sets `state` to the result.
pub(crate) fn choose(on: bool, state: RwSignal<bool>) {
    if !on {
        browser::store(STORAGE_KEY, "");
        return state.set(false);
    }
    spawn_local(async move {
        if let Ok(answer) = Notification::request_permission() {
            // `is_on` reads the decision.
            let _ = JsFuture::from(answer).await;
        }
        browser::store(STORAGE_KEY, "on");
        state.set(is_on());
    });
}

/// Shows notifications about a conversation until its page is left. `id_and_title` identifies the conversation.
pub(crate) fn follow(
    status: impl Fn() -> TurnStatus + 'static,
    id_and_title: impl Fn() -> (String, Option<String>) + 'static,
) {
    let t = texts();
    let slot = NoticeSlot::new(None);
    Effect::new(move |_| {
        slot.set(Some(StoredValue::new_local(None)));
        let listener = window_event_listener(ev::visibilitychange, move |_| {
            if !browser::is_hidden() {
                replace(slot, None);
            }
        });
        on_cleanup(move || {
            listener.remove();
            replace(slot, None);
        });
    });
    let mut before = TurnStatus { running: false, waiting: 0 };
    Effect::new(move |_| {
        let now = status();
        let has_request = now.waiting > before.waiting;
        let has_ended = before.running && !now.running;
        before = now;
        if (has_request || has_ended) && browser::is_hidden() && is_on() {
            let (id, title) = untrack(&id_and_title);
            let title = title.unwrap_or_else(|| t.untitled().to_owned());
            let body = if has_request { t.request_pending() } else { t.turn_ended() };
            replace(slot, None);
            replace(slot, Some(show(&title, body, &id)));
        }
    });
}

/// Closes the notification that is shown, and records another one.
fn replace(slot: NoticeSlot, notice: Option<Notice>) {
    let Some(value) = slot.try_get_untracked().flatten() else { return };
    match value.try_update_value(|shown| std::mem::replace(shown, notice)).flatten() {
        Some(Notice::ByPage(notification)) => notification.close(),
        Some(Notice::ByWorker(tag)) => browser::post_to_worker(&["seen", &tag]),
        None => {}
    }
}

/// Shows a notification. Notifications of the same tag replace each other.
fn show(title: &str, body: &str, tag: &str) -> Notice {
    let options = NotificationOptions::new();
    options.set_body(body);
    options.set_tag(tag);
    options.set_icon(&address("/assets/icon-192.png"));
    let Ok(notification) = Notification::new_with_options(title, &options) else {
        browser::post_to_worker(&["notify", tag, title, body, &browser::page_address()]);
        return Notice::ByWorker(tag.to_owned());
    };
    let on_click = Closure::once_into_js(|| {
        let _ = window().focus();
    });
    notification.set_onclick(Some(on_click.unchecked_ref()));
    Notice::ByPage(notification)
}
