//! The built browser files.

use std::{
    io,
    path::{Path, PathBuf},
};

use axum::{
    Router,
    http::{HeaderValue, header},
};
use tower::ServiceBuilder;
use tower_http::{services::ServeDir, set_header::SetResponseHeaderLayer};

use crate::state::AppState;

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

/// The routes of the browser files, compressed ones where the client takes them.
pub fn router(state: &AppState) -> Router<AppState> {
    let site = Path::new(&*state.leptos.site_root);
    let dir = |path: &Path| {
        // Names are not hashed yet: a browser asks each time whether its copy is still good.
        let fresh =
            SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        let files = ServeDir::new(path)
            .append_index_html_on_directories(false)
            .precompressed_br()
            .precompressed_gzip();
        // The policy of a page is the page's; a worker's script, say, brings its own.
        let policy = SetResponseHeaderLayer::overriding(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("frame-ancestors 'none'"),
        );
        ServiceBuilder::new().layer(fresh).layer(policy).service(files)
    };
    Router::new()
        .nest_service("/pkg", dir(&site.join("pkg")))
        .nest_service("/assets", dir(&site.join("assets")))
}
