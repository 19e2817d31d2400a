//! Loads the chunks of the WASM module: those of the document at once, the others while the browser is idle.

#[cfg(feature = "hydrate")]
use std::time::Duration;

#[cfg(feature = "hydrate")]
use leptos::{
    prelude::{request_idle_callback_with_handle, set_timeout},
    task::spawn_local,
};

#[cfg(feature = "hydrate")]
use crate::browser;
use crate::{
    cards,
    chunks::{Chunk, ChunkError},
    commands, diff, pages, panel, rules, server_requests,
};

/// The delay before chunks are loaded in browsers that do not report that they are idle (Safari).
#[cfg(feature = "hydrate")]
const IDLE_DELAY: Duration = Duration::from_secs(2);

/// Loads the chunks whose content is in the document, so that the page can be hydrated at once.
///
/// If one cannot be loaded, its part of the page says so.
#[cfg(feature = "hydrate")]
pub(crate) async fn load_rendered() {
    for chunk in Chunk::ALL {
        if browser::find(&format!("link[data-chunk={}]", chunk.name())).is_some() {
            // The document requests all of them in parallel.
            let _ = load(chunk).await;
        }
    }
}

/// Loads the other chunks once the browser is idle.
#[cfg(feature = "hydrate")]
pub(crate) fn prefetch() {
    if request_idle_callback_with_handle(load_all).is_err() {
        set_timeout(load_all, IDLE_DELAY);
    }
}

#[cfg(feature = "hydrate")]
fn load_all() {
    spawn_local(async {
        for chunk in Chunk::ALL {
            // A part that is shown later tries again, and says so if that fails too.
            if load(chunk).await.is_err() {
                return;
            }
        }
    });
}

/// Loads a chunk, unless it is loaded.
///
/// # Errors
/// If a file cannot be loaded. The next call tries again.
#[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "the server has all code"))]
async fn load(chunk: Chunk) -> Result<(), ChunkError> {
    // Each function at the border has its own note of what is loaded. The files are requested once.
    match chunk {
        Chunk::Dialogs => {
            commands::load_palette().await?;
            commands::load_help().await?;
            rules::load_rules().await
        }
        Chunk::Conversation => pages::load_conversation().await,
        Chunk::Details => {
            cards::load_bodies().await?;
            diff::load_diff().await?;
            server_requests::load_requests().await?;
            panel::load_panel().await
        }
    }
}
