//! The page in the browser: taken over as the server wrote it, or mounted anew where the document was changed on its way.

use leptos::{
    mount::{hydrate_from, mount_to},
    prelude::*,
};

use crate::{App, composer::keep_typed, node::is_changed, server_fns::Loaded};

/// Starts the page.
pub fn start() {
    let Some(body) = document().body() else { return };
    let page = hydrate_from(body.clone(), App);
    if is_changed() {
        keep_typed();
        drop(page);
        remove_all("body > .frame");
        // What the server has written for the page may be changed as well: it is asked for.
        let anew = || {
            provide_context(Loaded::deferred());
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
