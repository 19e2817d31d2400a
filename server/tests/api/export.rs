//! `/api/threads/{id}/export`: a complete thread as a file.

use serde_json::{Value, json};

use crate::{support::Gateway, threads_read::thread_id};

#[tokio::test]
async fn export_of_a_thread_is_the_same_during_and_after_its_session() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn("Reply with exactly the single word marmalade").await;
    session.run_turn("!standin command, patch").await;
    let path = format!("/api/threads/{}/export", thread_id(&session));
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
        let exported = json.ok();
        assert_eq!(exported["thread"]["id"], json!(thread_id(&session)));
        let texts: Vec<&Value> =
            exported["turns"].as_array().unwrap().iter().map(|turn| &turn["status"]).collect();
        assert_eq!(texts, ["completed", "completed"]);
        assert_eq!(exported["turns"][0]["items"][1]["text"], "marmalade");
        before.push((text.clone(), exported["turns"].clone()));
    }
    assert_eq!(before[0], before[1]);
    let empty = gateway.create().await;
    let of_nothing = format!("/api/threads/{}/export?format=json", thread_id(&empty));
    assert_eq!(gateway.client.get(&of_nothing).await.ok()["turns"], json!([]));
    gateway.client.get(&format!("{path}?format=pdf")).await.expect_error(400, "bad_query");
    gateway.stop().await;
}

#[tokio::test]
async fn export_of_a_long_thread_has_all_turns_in_order() {
    let gateway = Gateway::fake("normal").await;
    let turns: Vec<Value> = (0..50)
        .map(|turn| {
            let item = json!({ "type": "agentMessage", "id": format!("m{turn}"), "text": format!("Number {turn}.") });
            json!({ "id": format!("turn-{turn}"), "status": "completed", "items": [item] })
        })
        .collect();
    let thread = "00000000-0000-0000-0000-00000000cafe";
    gateway.fake_codex().write_thread(thread, 1, &json!(turns));
    let exported = gateway.client.get(&format!("/api/threads/{thread}/export?format=json")).await.ok();
    assert_eq!(exported["turns"], json!(turns));
    let text = gateway.client.get(&format!("/api/threads/{thread}/export")).await.text();
    let numbers: Vec<&str> =
        text.split("Number ").skip(1).map(|rest| rest.split('.').next().unwrap()).collect();
    assert_eq!(numbers, (0..50).map(|n| n.to_string()).collect::<Vec<_>>());
    gateway.stop().await;
}
