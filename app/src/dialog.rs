//! Modal dialogs, on the browser's own `<dialog>`: it keeps the focus inside, closes with Esc and returns the focus.

use leptos::task::{spawn_local, tick};
use view::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, MouseEvent};

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
        let was_open = self.is_open.get_untracked();
        close_all();
        let Some(dialog) = find(&format!("dialog#{}", self.id)).filter(|_| !was_open) else { return };
        self.is_open.set(true);
        // After the content is rendered, so that the browser finds what to focus, and before the next key is handled, which
        // is for the dialog.
        spawn_local(async move {
            tick().await;
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
            on:close=move |_| is_open.set(false)
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

fn find(selector: &str) -> Option<HtmlDialogElement> {
    document().query_selector(selector).ok().flatten()?.dyn_into().ok()
}
