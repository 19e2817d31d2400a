//! Server-rendered pages of conversations that are large or slow to render.

use futures::future::join_all;
use serde_json::json;

use crate::support::{Gateway, Session, Setup};

const THREAD: &str = "00000000-0000-0000-0000-000000000519";

/// Label of a text that is shown as plain text. The element, because every page has the phrase itself.
const PLAIN: &str = "<span class=\"lang\">Shown as plain text";
/// Text of a page whose conversation is loaded by the browser.
const DEFERRED: &str = "role=\"status\">Loading the conversation";

/// Creates a session whose thread has this agent message.
async fn conversation(gateway: &Gateway, text: &str) -> Session {
    let item = json!({ "type": "agentMessage", "id": "answer", "text": text });
    gateway.fake_codex().write_thread(
        THREAD,
        1,
        &json!([{ "id": "turn", "status": "completed", "items": [item] }]),
    );
    gateway.create_with(&gateway.client, &json!({ "resumeThreadId": THREAD })).await
}

#[tokio::test]
async fn deeply_nested_message_is_rendered_as_complete_plain_text() {
    let gateway = Setup::fake("normal").with_pages().start().await;
    let depth = 2_000;
    let text = format!("*before*\n\n{}a{}\n\n*after*", "![".repeat(depth), "](x)".repeat(depth));
    let session = conversation(&gateway, &text).await;
    let page = gateway.client.get(&format!("/c/{}", session.id)).await;
    assert_eq!(page.status, 200);
    let page = page.text();
    assert!(
        page.contains("<em>before</em>") && page.contains("<em>after</em>"),
        "the text around it is formatted"
    );
    assert!(page.contains(PLAIN), "the page says so");
    let plain = &text["*before*\n\n".len()..text.len() - "*after*".len()];
    assert!(page.contains(plain), "the text is complete");
    gateway.stop().await;
}

#[tokio::test]
async fn health_is_reported_while_large_pages_are_rendered() {
    let gateway = Setup::fake("normal").with_pages().start().await;
    // At each limit of the renderer: the most expensive message.
    let text =
        ["*a* ".repeat(4_000), "\n\n".to_owned(), "a\n\n".repeat(20_000), "![".repeat(100_000)].concat();
    let session = conversation(&gateway, &text).await;
    let path = format!("/c/{}", session.id);
    let mut healthy = 0;
    let pages = {
        let pages = join_all((0..8).map(|_| gateway.client.get(&path)));
        tokio::pin!(pages);
        // The pages are requested first, so each health reply arrives while they are rendered.
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
    assert!(healthy > 0, "the gateway reports its health before all pages are rendered");
    for page in pages {
        assert_eq!(page.status, 200);
        // Either complete to the end of the message, or deferred to the browser.
        let page = page.text();
        let (is_whole, is_deferred) = (page.contains(PLAIN), page.contains(DEFERRED));
        assert!(page.contains("</html>") && is_whole != is_deferred, "{}", page.len());
    }
    gateway.stop().await;
}
