//! Support for `CODEX_GATEWAY_BASE_PATH`. The base path is stripped before routing, so the routes do not depend
//! on it. Proxies that strip the path themselves work as well.

use axum::{
    Router,
    http::{Uri, uri::PathAndQuery},
    response::Redirect,
    routing::get,
};
use codex_gateway_app::BasePath;

use crate::state::AppState;

/// Removes the base path from a URI, if the URI has it.
pub fn strip(base: &BasePath, uri: &mut Uri) {
    if let Some(own) = without_base(base, uri) {
        let mut parts = std::mem::take(uri).into_parts();
        parts.path_and_query = Some(own);
        // A valid URI with another valid path cannot fail.
        *uri = Uri::from_parts(parts).unwrap_or_default();
    }
}

fn without_base(base: &BasePath, uri: &Uri) -> Option<PathAndQuery> {
    let rest = uri.path_and_query()?.as_str().strip_prefix(base.below_root()?)?;
    rest.starts_with('/').then(|| rest.parse().ok()).flatten()
}

/// Redirects the base path itself to its first page: `/codex` to `/codex/`.
pub fn router(base: &BasePath) -> Router<AppState> {
    let Some(path) = base.below_root() else { return Router::new() };
    let first_page = base.address("/").into_owned();
    Router::new().route(path, get(async move || Redirect::temporary(&first_page)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(base: &str, uri: &str) -> String {
        let mut uri = uri.parse().unwrap();
        strip(&base.parse().unwrap(), &mut uri);
        uri.to_string()
    }

    #[test]
    fn base_path_is_stripped_once_and_as_whole_segments() {
        for (uri, own) in [
            ("/codex/", "/"),
            ("/codex/c/a?x=/codex/", "/c/a?x=/codex/"),
            ("/codex/codex/c/a", "/codex/c/a"),
            ("http://ex.org/codex/api/info", "http://ex.org/api/info"),
            ("/codex//a", "//a"),
            ("/codex", "/codex"),
            ("/codex?x", "/codex?x"),
            ("/codexes/a", "/codexes/a"),
            ("/c/a", "/c/a"),
            ("/CODEX/c/a", "/CODEX/c/a"),
            ("*", "*"),
        ] {
            assert_eq!(stripped("/codex", uri), own, "{uri}");
        }
        assert_eq!(stripped("/a/b", "/a/b/c/x"), "/c/x");
    }

    #[test]
    fn empty_base_path_strips_nothing() {
        for uri in ["/", "/codex/c/a", "//a"] {
            assert_eq!(stripped("", uri), uri);
        }
    }
}
