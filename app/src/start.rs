//! Starting the page in the browser.
//!
//! The page hydrates the document that the server has rendered. If a proxy or an extension has changed the document, the
//! page is mounted anew.

use std::{cell::RefCell, mem::forget, rc::Rc};

use leptos::{
    mount::{hydrate_from, mount_to},
    prelude::*,
};

use crate::{
    App, chunk_loader,
    composer::{InitialText, typed_text},
    server_fns::PageData,
};

/// Starts the page, once its code is loaded.
pub async fn start() {
    chunk_loader::load_rendered().await;
    let Some(body) = document().body() else { return };
    let root = Rc::new(RefCell::new(None));
    let hydrated_root = Rc::clone(&root);
    let page = hydrate_from(body.clone(), move || {
        hydrated_root.replace(Owner::current());
        App()
    });
    if view::is_document_changed() {
        let typed = typed_text();
        drop(page);
        // Event listeners hold the owner as well, so dropping the page does not dispose its signals.
        if let Some(root) = root.take() {
            root.cleanup();
        }
        remove_all(".frame");
        forget(Owner::new_root(None));
        // The data that the server has written into the document may be changed as well, so the page loads it.
        let app = move || {
            provide_context(PageData::deferred());
            InitialText::provide(typed);
            App()
        };
        mount_to(body, app).forget();
    } else {
        page.forget();
    }
    remove_all(".not-started");
    chunk_loader::prefetch();
}

fn remove_all(selector: &str) {
    while let Some(element) = document().query_selector(selector).ok().flatten() {
        element.remove();
    }
}
