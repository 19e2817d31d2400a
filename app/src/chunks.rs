//! The chunks of the WASM module, and which of them a page needs.
//!
//! - A page that the server rendered with the content of a chunk names it, and is hydrated once it is loaded.
//! - Any other chunk is loaded when its content is first shown (`lazy`), or before that while the browser is idle
//!   (`chunk_loader`).

#[cfg(feature = "ssr")]
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

#[cfg(feature = "ssr")]
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use view::{Node, dynamic, fragment};

#[cfg(feature = "ssr")]
use crate::{base_path::address, router::Route};

pub(crate) use leptos::wasm_split::SplitLoaderError as ChunkError;

/// A part of the WASM module that has a file of its own. Functions with `#[wasm_split(name, …)]` are its border.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Chunk {
    /// The content of the dialogs.
    Dialogs,
    /// The page of a conversation.
    Conversation,
    /// What a conversation shows only at times: the bodies of steps, diffs, requests, and the content of the details panel.
    Details,
}

impl Chunk {
    /// All chunks, in the order in which the idle browser loads them.
    #[cfg(feature = "hydrate")]
    pub(crate) const ALL: [Self; 3] = [Self::Dialogs, Self::Conversation, Self::Details];

    /// The chunk's name in `#[wasm_split(name, …)]`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dialogs => "dialogs",
            Self::Conversation => "conversation",
            Self::Details => "details",
        }
    }

    /// Returns the chunk that the page of a route is in. `None` if it is in the main module.
    #[cfg(feature = "ssr")]
    fn of_page(route: &Route) -> Option<Self> {
        match route {
            Route::Conversation(_) | Route::Thread(_) => Some(Self::Conversation),
            Route::Home | Route::Unknown => None,
        }
    }
}

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

    fn of_chunk(&self, chunk: Chunk) -> &[String] {
        self.0.get(chunk.name()).map_or(&[], Vec::as_slice)
    }
}

/// The chunks whose content a page has. A context of the server while it renders the page.
#[cfg(feature = "ssr")]
#[derive(Clone, Default)]
struct RenderedChunks(Arc<Mutex<BTreeSet<Chunk>>>);

/// Notes on the server that the page has content of a chunk.
#[cfg(feature = "ssr")]
pub(crate) fn note_rendered(chunk: Chunk) {
    if let Some(RenderedChunks(chunks)) = use_context() {
        chunks.lock().unwrap_or_else(PoisonError::into_inner).insert(chunk);
    }
}

/// Links that have the browser load the chunks of a page while it reads the document.
///
/// The first part is for the document's head, which is written before the page: it has the chunk of the route. The second
/// part is for the end of the body: it has the other chunks that the page turned out to need.
#[cfg(feature = "ssr")]
pub(crate) fn preload_links(route: &Route, pkg_dir: &str) -> (Node, Node) {
    let files = use_context::<ChunkFiles>().unwrap_or_default();
    let rendered = RenderedChunks::default();
    provide_context(rendered.clone());
    let pkg_dir = pkg_dir.to_owned();
    let links = move |chunk: Chunk| {
        fragment(files.of_chunk(chunk).iter().map(|name| {
            view::element("link")
                .attribute("rel", "preload")
                .attribute("href", address(&format!("/{pkg_dir}/{name}")))
                .attribute("as", "fetch")
                .attribute("type", "application/wasm")
                .attribute("crossorigin", "")
                .attribute("data-chunk", chunk.name())
        }))
    };
    let of_page = Chunk::of_page(route);
    let head = fragment(of_page.map(&links));
    let body = dynamic(move || {
        let rendered = rendered.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        fragment(rendered.into_iter().filter(|chunk| Some(*chunk) != of_page).map(&links))
    });
    (head, body)
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    const FILES: &[u8] =
        br#"{"conversation":["chunk_1.wasm","split_conversation.wasm"],"details":["split_details.wasm"]}"#;

    /// Returns the links in the head and in the body of a page with content of these chunks.
    fn links(route: &Route, files: &[u8], rendered: &[Chunk]) -> [String; 2] {
        Owner::new().with(|| {
            provide_context(ChunkFiles::parse(files).unwrap_or_default());
            let (head, body) = preload_links(route, "pkg");
            rendered.iter().copied().for_each(note_rendered);
            [head.to_html(), body.to_html()]
        })
    }

    #[test]
    fn head_links_the_chunk_of_the_route_and_body_those_of_other_content() {
        let conversation = Route::Conversation("c".into());
        let [head, body] = links(&conversation, FILES, &[Chunk::Conversation, Chunk::Details]);
        assert_eq!(head.matches("<link").count(), 2, "{head}");
        assert!(
            head.contains(r#"href="/pkg/chunk_1.wasm""#) && head.contains(r#"data-chunk="conversation""#)
        );
        assert_eq!(body.matches("<link").count(), 1, "{body}");
        assert!(
            body.contains(r#"href="/pkg/split_details.wasm""#) && body.contains(r#"data-chunk="details""#)
        );
    }

    #[test]
    fn page_without_content_of_a_chunk_has_no_links() {
        let [head, body] = links(&Route::Home, FILES, &[]);
        assert!(!head.contains("<link") && !body.contains("<link"), "{head}{body}");
        let [head, _] = links(&Route::Thread("t".into()), b"{}", &[]);
        assert!(!head.contains("<link"), "no file is known: {head}");
    }

    #[test]
    fn names_are_those_of_all_chunks() {
        assert_eq!(ChunkFiles::parse(FILES).unwrap().names().count(), 3);
    }
}
