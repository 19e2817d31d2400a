//! The built browser files.

use std::io;

use aws_lc_rs::digest::{Context, SHA256};
use axum::{
    Router,
    http::{HeaderValue, header},
};
use codex_gateway_app::ChunkFiles;
use codex_gateway_site::Site;
use tower::ServiceBuilder;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::state::AppState;

/// `Cache-Control` of files whose URL contains their content hash. One year is the maximum of the header.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Returns `true` if the browser files were built.
pub fn are_built(site: &Site) -> bool {
    site.has("pkg/codex-gateway.wasm")
}

/// Returns the files of the chunks of the WASM module. There are none without browser files.
///
/// # Errors
/// If the list cannot be read, or is not one.
pub fn chunk_files(site: &Site) -> io::Result<ChunkFiles> {
    match site.read("pkg/chunks.json")? {
        Some(json) => ChunkFiles::parse(&json).map_err(io::Error::other),
        None => Ok(ChunkFiles::default()),
    }
}

/// Returns a hash of the built browser files. It is a part of their URL, so that browsers can cache them
/// forever.
///
/// # Errors
/// If a file cannot be read. A missing file is hashed as an empty one.
pub fn fingerprint(site: &Site, chunks: &ChunkFiles) -> io::Result<String> {
    let mut digest = Context::new(&SHA256);
    let main = ["codex-gateway.css", "codex-gateway.js", "codex-gateway.wasm"];
    for file in main.into_iter().chain(chunks.names()) {
        let content = site.read(&format!("pkg/{file}"))?.unwrap_or_default();
        // The length marks where the next file begins.
        digest.update(&content.len().to_le_bytes());
        digest.update(&content);
    }
    let digest = digest.finish();
    let prefix = digest.as_ref().first_chunk().copied().map_or(0, u64::from_be_bytes);
    Ok(format!("{prefix:016x}"))
}

/// Returns the routes of the browser files. Precompressed files are sent to clients that accept them.
pub fn router(state: &AppState) -> Router<AppState> {
    let dir = |folder: &str, caching: &'static str| {
        let caching =
            SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, HeaderValue::from_static(caching));
        // Only pages have their own policy. A worker's script needs none from here.
        let policy = SetResponseHeaderLayer::overriding(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("frame-ancestors 'none'"),
        );
        ServiceBuilder::new().layer(caching).layer(policy).service(state.site.serve(folder))
    };
    Router::new()
        // The URL contains the content hash, so a cached copy never becomes stale.
        .nest_service(&format!("/{}", state.leptos.site_pkg_dir), dir("pkg", IMMUTABLE))
        .nest_service("/assets", dir("assets", "no-cache"))
}
