//! Modal dialogs, on the browser's own `<dialog>`: it keeps the focus inside, closes with Esc and returns the focus.

use leptos::task::{spawn_local, tick};
use view::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{EventTarget, HtmlDialogElement, MouseEvent};

use crate::{
    i18n::texts,
    icon::{Icon, IconButton},
};

/// Opens and closes a [`Dialog`](fn@Dialog).
#[derive(Clone, Copy)]
pub(crate) struct DialogHandle {
    id: &'static str,
    is_open: RwSignal<bool>,
}

impl DialogHandle {
    /// Creates the handle of a closed dialog, whose element has this id.
    pub(crate) fn new(id: &'static str) -> Self {
        Self { id, is_open: RwSignal::new(false) }
    }

    /// Opens the dialog in place of any other, or closes it if it is open.
    pub(crate) fn toggle(self) {
        let Some(dialog) = find(&format!("dialog#{}", self.id)) else { return };
        let was_open = dialog.open();
        close_all();
        if was_open {
            return;
        }
        // All of this happens before the next key is handled, which is for the dialog.
        spawn_local(async move {
            // The event that the dialog was closed may be yet to come: the content of that time is removed first.
            self.is_open.set(false);
            tick().await;
            self.is_open.set(true);
            tick().await;
            // The content is rendered, so that the browser finds what to focus.
            let _ = dialog.show_modal();
        });
    }
}

/// A modal dialog. Its content is built each time that it opens.
#[component]
pub(crate) fn Dialog(
    dialog: DialogHandle,
    label: &'static str,
    class: &'static str,
    children: ChildrenFn,
) -> impl IntoView {
    let is_open = dialog.is_open;
    let close_on_backdrop = |event: MouseEvent| {
        // The content covers the whole element: only a click on the backdrop has the element itself as its target.
        if event.target() == event.current_target() {
            close_all();
        }
    };
    view! {
        <dialog
            id=dialog.id
            aria-label=label
            class=class
            on:close=move |event| is_open.set(is_dialog_open(event.target()))
            on:click=close_on_backdrop
        >
            {move || is_open.get().then(|| children())}
        </dialog>
    }
}

/// The title of a dialog, with a button that closes it.
#[component]
pub(crate) fn DialogHead(title: &'static str) -> impl IntoView {
    view! {
        <div class="head">
            <h2>{title}</h2>
            <IconButton label=texts().close() mark=Icon::Close press=close_all/>
        </div>
    }
}

/// Closes the open dialog, if there is one.
pub(crate) fn close_all() {
    if let Some(dialog) = find("dialog[open]") {
        dialog.close();
    }
}

/// Returns `true` if the target of an event is a dialog that is open, because it was opened again before the event.
fn is_dialog_open(target: Option<EventTarget>) -> bool {
    target.and_then(|target| target.dyn_into::<HtmlDialogElement>().ok()).is_some_and(|dialog| dialog.open())
}

fn find(selector: &str) -> Option<HtmlDialogElement> {
    document().query_selector(selector).ok().flatten()?.dyn_into().ok()
}
