//! The built browser files.

use std::io;

use aws_lc_rs::digest::{Context, SHA256};
use axum::{
    Router,
    http::{HeaderValue, header},
};
use codex_gateway_site::Site;
use tower::ServiceBuilder;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::state::AppState;

/// How long a copy is good whose address names its content: a year, which is as long as one can say.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Whether the browser files were built.
pub fn are_built(site: &Site) -> bool {
    site.has("pkg/codex-gateway.wasm")
}

/// Names what the built browser files contain: a browser that has the files of that name needs to ask for none of
/// them again.
///
/// # Errors
/// If they cannot be read. Those that are not built have a name as well.
pub fn fingerprint(site: &Site) -> io::Result<String> {
    let mut digest = Context::new(&SHA256);
    for file in ["codex-gateway.css", "codex-gateway.js", "codex-gateway.wasm"] {
        let content = site.read(&format!("pkg/{file}"))?.unwrap_or_default();
        // Its length tells where the next one begins.
        digest.update(&content.len().to_le_bytes());
        digest.update(&content);
    }
    let digest = digest.finish();
    let beginning = digest.as_ref().first_chunk().copied().map_or(0, u64::from_be_bytes);
    Ok(format!("{beginning:016x}"))
}

/// The routes of the browser files, compressed ones where the client takes them.
pub fn router(state: &AppState) -> Router<AppState> {
    let dir = |folder: &str, caching: &'static str| {
        let caching =
            SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, HeaderValue::from_static(caching));
        // The policy of a page is the page's; a worker's script, say, brings its own.
        let policy = SetResponseHeaderLayer::overriding(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("frame-ancestors 'none'"),
        );
        ServiceBuilder::new().layer(caching).layer(policy).service(state.site.serve(folder))
    };
    Router::new()
        // Their address names their content, so a copy of them is good for ever.
        .nest_service(&format!("/{}", state.leptos.site_pkg_dir), dir("pkg", FOR_EVER))
        .nest_service("/assets", dir("assets", "no-cache"))
}
