//! The page in the browser: taken over as the server wrote it, or mounted anew where the document was changed on its way.

use std::{cell::RefCell, mem::forget, rc::Rc};

use leptos::{
    mount::{hydrate_from, mount_to},
    prelude::*,
};

use crate::{
    App,
    composer::{InitialText, typed_text},
    pages::load_chunk,
    route::Route,
    server_fns::PageData,
};

/// Starts the page, once its code is loaded.
pub async fn start() {
    // If it cannot be loaded, the page says so.
    let _ = load_chunk(&Route::current()).await;
    let Some(body) = document().body() else { return };
    let root = Rc::new(RefCell::new(None));
    let seen = Rc::clone(&root);
    let page = hydrate_from(body.clone(), move || {
        seen.replace(Owner::current());
        App()
    });
    if view::is_document_changed() {
        let typed = typed_text();
        drop(page);
        // Listeners hold it as well: it is not gone with the page.
        if let Some(root) = root.take() {
            root.cleanup();
        }
        remove_all(".frame");
        forget(Owner::new_root(None));
        // What the server has written for the page may be changed as well: it is asked for.
        let anew = move || {
            provide_context(PageData::deferred());
            InitialText::provide(typed);
            App()
        };
        mount_to(body, anew).forget();
    } else {
        page.forget();
    }
    remove_all(".not-started");
}

fn remove_all(selector: &str) {
    while let Some(element) = document().query_selector(selector).ok().flatten() {
        element.remove();
    }
}
