//! Below a path of a host (`CODEX_GATEWAY_BASE_PATH`): the routes stay as they are, and the path is removed from requests
//! before they are routed. A proxy may have done so already, so that both kinds of proxies work.

use axum::{
    Router,
    http::{Uri, uri::PathAndQuery},
    response::Redirect,
    routing::get,
};
use codex_gateway_app::BasePath;

use crate::state::AppState;

/// Removes the base from the path of a request, if it is there.
pub fn strip(base: &BasePath, uri: &mut Uri) {
    if let Some(own) = own_part(base, uri) {
        let mut parts = std::mem::take(uri).into_parts();
        parts.path_and_query = Some(own);
        // A URI with another path is as good as it was.
        *uri = Uri::from_parts(parts).unwrap_or_default();
    }
}

fn own_part(base: &BasePath, uri: &Uri) -> Option<PathAndQuery> {
    let rest = uri.path_and_query()?.as_str().strip_prefix(base.below_root()?)?;
    rest.starts_with('/').then(|| rest.parse().ok()).flatten()
}

/// The route of the base itself, whose pages are below it: `/codex` leads to `/codex/`.
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
    fn base_is_removed_once_and_only_as_a_whole() {
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
    fn at_the_root_nothing_is_removed() {
        for uri in ["/", "/codex/c/a", "//a"] {
            assert_eq!(stripped("", uri), uri);
        }
    }
}
