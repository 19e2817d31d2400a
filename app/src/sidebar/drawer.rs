//! Showing and hiding the sidebar: beside the page where there is room, as a drawer above the page elsewhere.

use leptos::ev::{self, KeyboardEvent};
use view::prelude::*;

use crate::{
    browser,
    i18n::texts,
    icon::{Icon, IconButton},
    prefs::{Prefs, choose_sidebar},
    router::use_route,
    signal::RwSignalExt as _,
};

/// Whether the sidebar is shown. A context of all pages.
#[derive(Clone, Copy)]
pub(crate) struct Drawer {
    /// `true` while the drawer is open, in narrow windows.
    pub(crate) is_open: RwSignal<bool>,
    /// `true` if the reader has hidden the sidebar, in wide windows.
    is_sidebar_hidden: RwSignal<bool>,
}

impl Drawer {
    pub(crate) fn provide() -> Self {
        let is_sidebar_hidden = RwSignal::new(Prefs::current().sidebar_hidden);
        let drawer = Self { is_open: RwSignal::new(false), is_sidebar_hidden };
        provide_context(drawer);
        drawer
    }

    /// Shows the sidebar if it is hidden, and hides it if it is shown.
    pub(crate) fn toggle(self) {
        if browser::has_sidebar_room() {
            self.is_sidebar_hidden.update(|is_hidden| {
                *is_hidden = !*is_hidden;
                choose_sidebar(*is_hidden);
            });
        } else if self.is_open.get_untracked() {
            self.close();
        } else {
            browser::push_overlay();
            self.is_open.set(true);
        }
    }

    /// Closes the drawer.
    fn close(self) {
        // The drawer has an entry in the browser's history. Going back notifies the route, which closes the drawer.
        if self.is_open.get_untracked() && !browser::pop_overlay() {
            self.is_open.set(false);
        }
    }

    /// Closes the drawer whenever the reader goes to a page, even to the page that is shown.
    pub(super) fn close_on_navigation(self) {
        let route = use_route();
        Effect::new(move |_| {
            route.track();
            self.is_open.set_if_changed(false);
        });
    }

    /// Closes the drawer when Escape is pressed.
    pub(super) fn close_on_escape(self) {
        Effect::new(move |_| {
            let listener = window_event_listener(ev::keydown, move |event: KeyboardEvent| {
                if event.key() == "Escape" && self.is_open.get_untracked() && !event.default_prevented() {
                    event.prevent_default();
                    self.close();
                }
            });
            on_cleanup(move || listener.remove());
        });
    }

    /// Returns `true` if the drawer is open or the sidebar is not hidden; tracked.
    fn is_shown(self) -> bool {
        self.is_open.get() || !self.is_sidebar_hidden.get()
    }
}

/// The area beside the open drawer. A click on it closes the drawer.
#[component]
pub(crate) fn Backdrop(drawer: Drawer) -> impl IntoView {
    view! { <div class="backdrop" on:click=move |_| drawer.close()></div> }
}

/// The button that shows or hides the sidebar.
#[component]
pub(crate) fn DrawerButton() -> impl IntoView {
    let t = texts();
    let drawer = expect_context::<Drawer>();
    view! {
        <IconButton
            label=t.conversations()
            mark=Icon::Menu
            press=move || drawer.toggle()
            attr:class="icon-button drawer-button"
            attr:aria-controls="sidebar"
            attr:aria-expanded=move || drawer.is_shown().to_string()
        />
    }
}
