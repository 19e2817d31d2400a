//! Parts of the page whose code the browser loads when they are first shown.
//!
//! Functions with `#[wasm_split(chunk, …)]` are the borders: `cargo xtask build` moves what they alone need into the file of
//! their chunk. On the server they are called directly.

#[cfg(feature = "ssr")]
use std::{collections::BTreeMap, sync::Arc};

use futures::FutureExt as _;
use leptos::task::spawn_local;
use view::{Node, prelude::*};

use crate::i18n::texts;
#[cfg(feature = "ssr")]
use crate::router::Route;

pub(crate) use leptos::wasm_split::SplitLoaderError as ChunkError;

/// The files of each chunk, by the chunk's name. `cargo xtask build` lists them in `pkg/chunks.json`.
#[cfg(feature = "ssr")]
#[derive(Clone, Debug, Default)]
pub struct ChunkFiles(Arc<BTreeMap<String, Vec<String>>>);

#[cfg(feature = "ssr")]
impl ChunkFiles {
    /// Reads the content of `chunks.json`.
    ///
    /// # Errors
    /// If it is not an object of lists of file names.
    pub fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json).map(|files| Self(Arc::new(files)))
    }

    /// Returns the names of the files of all chunks. A file that several chunks need is there several times.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.values().flatten().map(String::as_str)
    }

    /// Returns the files that the page needs before it can be hydrated.
    pub(crate) fn of_page(&self, route: &Route) -> &[String] {
        chunk_of(route).and_then(|chunk| self.0.get(chunk)).map_or(&[], Vec::as_slice)
    }
}

/// Returns the chunk that the page is in. `None` if it is in the main module.
#[cfg(feature = "ssr")]
fn chunk_of(route: &Route) -> Option<&'static str> {
    match route {
        Route::Conversation(_) | Route::Thread(_) => Some("conversation"),
        Route::Home | Route::Unknown => None,
    }
}

/// Shows the result of a function of another chunk: at once if the chunk is loaded, as on the server, and otherwise
/// when it has come. If it cannot be loaded, that is shown, and how to reload the page.
pub(crate) fn lazy(part: impl Future<Output = Result<Node, ChunkError>> + 'static) -> Node {
    let mut part = Box::pin(part);
    if let Some(loaded) = part.as_mut().now_or_never() {
        return loaded.unwrap_or_else(|_| failed());
    }
    let node = RwSignal::new_local(None);
    spawn_local(async move { node.set(Some(part.await)) });
    let shown = move || {
        node.track();
        node.try_update_untracked(Option::take).flatten().map(|loaded| loaded.unwrap_or_else(|_| failed()))
    };
    view! { {shown} }
}

fn failed() -> Node {
    view! { <LoadFailed/> }
}

/// Says that a part of the page could not be loaded.
#[component]
fn LoadFailed() -> impl IntoView {
    let t = texts();
    view! {
        <p class="not-loaded" role="alert">
            {t.part_not_loaded()} " "
            <a class="link" href="">{t.reload()}</a>
        </p>
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn only_conversations_need_a_chunk() {
        let files =
            ChunkFiles::parse(br#"{"conversation":["chunk_1.wasm","split_conversation.wasm"]}"#).unwrap();
        assert_eq!(
            files.of_page(&Route::Conversation("c".into())),
            ["chunk_1.wasm", "split_conversation.wasm"]
        );
        assert!(files.of_page(&Route::Home).is_empty());
        assert!(ChunkFiles::default().of_page(&Route::Thread("t".into())).is_empty());
        assert_eq!(files.names().count(), 2);
    }
}
