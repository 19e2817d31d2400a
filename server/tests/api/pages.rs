//! The pages, as the server renders them.

use futures::future::join_all;
use serde_json::json;

use crate::support::{Gateway, Session, Setup};

const THREAD: &str = "00000000-0000-0000-0000-000000000519";

/// Stands above what is shown as plain text. (The words themselves come with every page.)
const PLAIN: &str = "<span class=\"lang\">Shown as plain text";
/// Stands in a page whose conversation the browser loads.
const DEFERRED: &str = "role=\"status\">Loading the conversation";

/// A conversation in which the agent has said that.
async fn conversation(gateway: &Gateway, text: &str) -> Session {
    let item = json!({ "type": "agentMessage", "id": "answer", "text": text });
    gateway.codex().put_thread(THREAD, 1, &json!([{ "id": "turn", "status": "completed", "items": [item] }]));
    gateway.create_with(&gateway.client, &json!({ "resumeThreadId": THREAD })).await
}

#[tokio::test]
async fn message_that_nests_too_deeply_is_plain_text_on_its_page_and_whole() {
    let gateway = Setup::fake("normal").with_pages().start().await;
    let depth = 2_000;
    let text = format!("*before*\n\n{}a{}\n\n*after*", "![".repeat(depth), "](x)".repeat(depth));
    let session = conversation(&gateway, &text).await;
    let page = gateway.client.get(&format!("/c/{}", session.id)).await;
    assert_eq!(page.status, 200);
    let page = page.text();
    assert!(
        page.contains("<em>before</em>") && page.contains("<em>after</em>"),
        "what is around it has its form"
    );
    assert!(page.contains(PLAIN), "it is said");
    let plain = &text["*before*\n\n".len()..text.len() - "*after*".len()];
    assert!(page.contains(plain), "nothing of it is lost");
    gateway.stop().await;
}

#[tokio::test]
async fn gateway_is_healthy_while_many_large_pages_are_rendered() {
    let gateway = Setup::fake("normal").with_pages().start().await;
    // A message at each limit: it is as much as a page draws.
    let text =
        ["*a* ".repeat(4_000), "\n\n".to_owned(), "a\n\n".repeat(20_000), "![".repeat(100_000)].concat();
    let session = conversation(&gateway, &text).await;
    let path = format!("/c/{}", session.id);
    let mut healthy = 0;
    let pages = {
        let pages = join_all((0..8).map(|_| gateway.client.get(&path)));
        tokio::pin!(pages);
        // The pages are asked for first; each answer about health comes while they are rendered.
        loop {
            tokio::select! {
                biased;
                pages = &mut pages => break pages,
                health = gateway.client.get("/healthz") => {
                    assert_eq!(health.status, 200);
                    healthy += 1;
                }
            }
        }
    };
    assert!(healthy > 0, "health answers before all pages are there");
    for page in pages {
        assert_eq!(page.status, 200);
        // Whole, with what stands at the end of the message, or left to the browser: never half.
        let page = page.text();
        let (is_whole, is_deferred) = (page.contains(PLAIN), page.contains(DEFERRED));
        assert!(page.contains("</html>") && is_whole != is_deferred, "{}", page.len());
    }
    gateway.stop().await;
}
