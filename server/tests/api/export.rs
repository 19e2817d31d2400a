//! `/api/threads/{id}/export`: a whole thread as a file.

use serde_json::{Value, json};

use crate::{support::Gateway, threads_read::thread_of};

#[tokio::test]
async fn a_thread_is_had_as_a_file_while_a_session_is_in_it_and_afterwards() {
    let gateway = Gateway::demo().await.settled().await;
    let session = gateway.create().await;
    session.turn("Reply with exactly the single word marmalade").await;
    session.turn("!standin command, patch").await;
    let path = format!("/api/threads/{}/export", thread_of(&session));
    let mut before = Vec::new();
    for live in [true, false] {
        if !live {
            session.delete().await;
        }
        let markdown = gateway.client.get(&path).await;
        assert_eq!(markdown.status, 200);
        let header = |name: &str| markdown.headers[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/markdown; charset=utf-8");
        assert_eq!(
            header("content-disposition"),
            "attachment; filename=\"reply-with-exactly-the-single-word-marmalade.md\""
        );
        let text = markdown.text();
        assert!(text.starts_with("# Reply with exactly"), "{text}");
        for part in [
            "## User\n\nReply with exactly the single word marmalade\n",
            "## Codex\n\nmarmalade\n",
            "```sh\n",
            "```diff\n",
        ] {
            assert!(text.contains(part), "{part:?}: {text}");
        }
        let json = gateway.client.get(&format!("{path}?format=json")).await;
        assert!(json.headers["content-disposition"].to_str().unwrap().ends_with("marmalade.json\""));
        let whole = json.ok();
        assert_eq!(whole["thread"]["id"], json!(thread_of(&session)));
        let texts: Vec<&Value> =
            whole["turns"].as_array().unwrap().iter().map(|turn| &turn["status"]).collect();
        assert_eq!(texts, ["completed", "completed"]);
        assert_eq!(whole["turns"][0]["items"][1]["text"], "marmalade");
        before.push((text.clone(), whole["turns"].clone()));
    }
    assert_eq!(before[0], before[1]);
    let empty = gateway.create().await;
    let of_nothing = format!("/api/threads/{}/export?format=json", thread_of(&empty));
    assert_eq!(gateway.client.get(&of_nothing).await.ok()["turns"], json!([]));
    gateway.client.get(&format!("{path}?format=pdf")).await.refused(400, "bad_query");
    gateway.stop().await;
}

#[tokio::test]
async fn a_long_thread_is_had_page_by_page_in_order() {
    let gateway = Gateway::fake("normal").await;
    let turns: Vec<Value> = (0..50)
        .map(|turn| {
            let item = json!({ "type": "agentMessage", "id": format!("m{turn}"), "text": format!("Number {turn}.") });
            json!({ "id": format!("turn-{turn}"), "status": "completed", "items": [item] })
        })
        .collect();
    let thread = "00000000-0000-0000-0000-00000000cafe";
    gateway.codex().put_thread(thread, 1, &json!(turns));
    let whole = gateway.client.get(&format!("/api/threads/{thread}/export?format=json")).await.ok();
    assert_eq!(whole["turns"], json!(turns));
    let text = gateway.client.get(&format!("/api/threads/{thread}/export")).await.text();
    let numbers: Vec<&str> =
        text.split("Number ").skip(1).map(|rest| rest.split('.').next().unwrap()).collect();
    assert_eq!(numbers, (0..50).map(|n| n.to_string()).collect::<Vec<_>>());
    gateway.stop().await;
}
