//! The server function that highlights code.

use leptos::{server, server_fn::codec::Json};

#[cfg(feature = "ssr")]
use super::ServerContext;
use super::{ApiError, GatewayClient};

/// How long a request of the browser waits for its highlights.
#[cfg(feature = "ssr")]
const REQUEST_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// Returns the token runs of code blocks. Each source is a language, a line break, and the code.
///
/// The runs of a block are empty if it is not highlighted.
#[server(prefix = "/_fn", endpoint = "highlight", input = Json, output = Json, client = GatewayClient)]
pub async fn highlight_code(sources: Vec<String>) -> Result<Vec<String>, ApiError> {
    Ok(ServerContext::current()?.highlight(sources).await)
}

#[cfg(feature = "ssr")]
impl ServerContext {
    /// Returns the token runs of each source: a language, a line break, and the code.
    async fn highlight(&self, sources: Vec<String>) -> Vec<String> {
        use codex_gateway_engine::Snippet;
        use codex_gateway_wire::highlight::MAX_SNIPPETS;

        let snippet = |source: &String| {
            let (lang, code) = source.split_once('\n').unwrap_or_default();
            Snippet { lang: lang.to_owned(), code: code.to_owned() }
        };
        let snippets = sources.iter().take(MAX_SNIPPETS).map(snippet).collect();
        let found = self.sessions.highlighter().highlight(snippets, REQUEST_TIMEOUT).await;
        found.into_iter().map(|runs| runs.as_deref().unwrap_or_default().to_owned()).collect()
    }
}
