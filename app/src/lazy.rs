//! Parts of the page whose code the browser loads when they are first shown.
//!
//! Functions with `#[wasm_split(chunk, …)]` are the borders: `cargo xtask build` moves what they alone need into the file of
//! their chunk. On the server they are called directly.

use std::pin::Pin;

use futures::FutureExt as _;
use leptos::task::spawn_local_scoped_with_cancellation;
use view::{Node, prelude::*};

#[cfg(feature = "ssr")]
use crate::chunks::note_rendered;
use crate::{
    chunks::{Chunk, ChunkError},
    i18n::texts,
};

type Part = Pin<Box<dyn Future<Output = Result<Node, ChunkError>>>>;

/// Shows the result of a function of a chunk: at once if the chunk is loaded, as on the server, and otherwise when it has
/// come. If it cannot be loaded, that is shown, and how to reload the page. The next call tries again.
pub(crate) fn lazy(chunk: Chunk, part: impl Future<Output = Result<Node, ChunkError>> + 'static) -> Node {
    #[cfg(feature = "ssr")]
    note_rendered(chunk);
    #[cfg(not(feature = "ssr"))]
    let _ = chunk;
    show(Box::pin(part))
}

fn show(mut part: Part) -> Node {
    if let Some(loaded) = part.as_mut().now_or_never() {
        return or_failed(loaded);
    }
    let node = RwSignal::new_local(None);
    // Ends with the place of the part, which may be closed before its code is here.
    spawn_local_scoped_with_cancellation(async move { node.set(Some(part.await)) });
    let shown = move || {
        node.track();
        node.try_update_untracked(Option::take).flatten().map(or_failed)
    };
    view! { {shown} }
}

fn or_failed(loaded: Result<Node, ChunkError>) -> Node {
    loaded.unwrap_or_else(|_| view! { <LoadFailed/> })
}

/// Says that a part of the page could not be loaded.
#[component]
fn LoadFailed() -> impl IntoView {
    let t = texts();
    view! {
        <p class="not-loaded" role="alert">
            {t.error_chunk()} " "
            <a class="link" href="">{t.reload()}</a>
        </p>
    }
}
