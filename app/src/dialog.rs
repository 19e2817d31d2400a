//! Dialogs of the page: the browser's own, which keep the focus inside, close with Esc, and give the focus back.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlDialogElement};

use crate::node::{El, ElementExt as _, Node, el, live};

/// A dialog, by its id.
#[derive(Clone, Copy)]
pub(crate) struct Dialog {
    id: &'static str,
    open: RwSignal<bool>,
}

impl Dialog {
    pub(crate) fn new(id: &'static str) -> Self {
        Self { id, open: RwSignal::new(false) }
    }

    /// Opens it above everything; closes it if it is open. In place of any other.
    pub(crate) fn toggle(self) {
        let was_open = self.open.get_untracked();
        close_all();
        let Some(dialog) = find(&format!("dialog#{}", self.id)).filter(|_| !was_open) else { return };
        self.open.set(true);
        // What is in it is there after this.
        request_animation_frame(move || {
            let _ = dialog.show_modal();
        });
    }

    /// Its frame; what is in it is made when it opens.
    pub(crate) fn view<N: Into<Node>>(
        self,
        label: &'static str,
        body: impl Fn() -> N + Send + 'static,
    ) -> El {
        let open = self.open;
        el("dialog")
            .attr("id", self.id)
            .attr("aria-label", label)
            .on("close", move |_: Event| open.set(false))
            .on("click", |event: Event| {
                // On its backdrop: what is in it covers all of the dialog itself.
                if event.target() == event.current_target() {
                    close_all();
                }
            })
            .child(live(move || open.get().then(&body)))
    }
}

/// Closes the dialog that is open.
pub(crate) fn close_all() {
    if let Some(dialog) = find("dialog[open]") {
        dialog.close();
    }
}

fn find(selector: &str) -> Option<HtmlDialogElement> {
    document().query_selector(selector).ok().flatten()?.dyn_into().ok()
}
