//! The built browser files.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{Context, SHA256};
use axum::{
    Router,
    http::{HeaderValue, header},
};
use tower::ServiceBuilder;
use tower_http::{services::ServeDir, set_header::SetResponseHeaderLayer};

use crate::state::AppState;

/// How long a copy is good whose address names its content: a year, which is as long as one can say.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Where the browser files are: as configured, else `site` beside the directory of the executable
/// (`target/debug/codex-gateway` and `target/site`).
///
/// # Errors
/// If the executable's own place cannot be told.
pub fn site_dir(configured: Option<&Path>) -> io::Result<PathBuf> {
    if let Some(dir) = configured {
        return Ok(dir.to_owned());
    }
    let executable = std::env::current_exe()?.canonicalize()?;
    let target = executable.parent().and_then(Path::parent).unwrap_or(Path::new("."));
    Ok(target.join("site"))
}

/// Whether the browser files were built.
pub fn are_built(site: &str) -> bool {
    Path::new(site).join("pkg/codex-gateway.wasm").is_file()
}

/// Names what the built browser files contain: a browser that has the files of that name needs to ask for none of
/// them again.
///
/// # Errors
/// If they cannot be read. Those that are not built have a name as well.
pub fn fingerprint(site: &Path) -> io::Result<String> {
    let mut digest = Context::new(&SHA256);
    for file in ["codex-gateway.css", "codex-gateway.js", "codex-gateway.wasm"] {
        let path = site.join("pkg").join(file);
        let content = if path.is_file() { fs::read(path)? } else { Vec::new() };
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
    let site = Path::new(&*state.leptos.site_root);
    let dir = |path: &Path, caching: &'static str| {
        let caching =
            SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, HeaderValue::from_static(caching));
        let files = ServeDir::new(path)
            .append_index_html_on_directories(false)
            .precompressed_br()
            .precompressed_gzip();
        // The policy of a page is the page's; a worker's script, say, brings its own.
        let policy = SetResponseHeaderLayer::overriding(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("frame-ancestors 'none'"),
        );
        ServiceBuilder::new().layer(caching).layer(policy).service(files)
    };
    Router::new()
        // Their address names their content, so a copy of them is good for ever.
        .nest_service(&format!("/{}", state.leptos.site_pkg_dir), dir(&site.join("pkg"), FOR_EVER))
        .nest_service("/assets", dir(&site.join("assets"), "no-cache"))
}
