//! `/api/sessions/{id}/diff`: the file changes of a conversation.

use serde_json::{Value, json};

use crate::support::{Gateway, Session};

const THREAD: &str = "00000000-0000-0000-0000-00000000d1ff";

async fn diff(session: &Session) -> Value {
    session.client.get(&session.path("/diff")).await.ok()
}

/// Returns the files as `kind path +added -removed`.
fn files(changed: &Value) -> Vec<String> {
    let file = |file: &Value| {
        let text = |name: &str| file[name].as_str().unwrap().to_owned();
        format!("{} {} +{} -{}", text("kind"), text("path"), file["added"], file["removed"])
    };
    changed["files"].as_array().unwrap().iter().map(file).collect()
}

#[tokio::test]
async fn changes_of_a_file_are_merged_and_failed_changes_are_ignored() {
    let gateway = Gateway::fake("changes").await;
    let session = gateway.create().await;
    let before = diff(&session).await;
    assert_eq!((&before["ok"], &before["turn"]), (&json!(true), &Value::Null));
    assert_eq!((&before["thread"]["diff"], &before["thread"]["complete"]), (&json!(""), &json!(true)));

    session.run_turn("Change them all").await;
    let changed = diff(&session).await;
    let expected = [
        "update src/server.rs +4 -2",
        "add docs/table.md +500 -0",
        "delete src/old.rs +0 -3",
        "update src/helpers.rs +0 -0",
        "update assets/logo.png +0 -0",
        "update check.py +2 -1",
    ];
    assert_eq!(files(&changed["turn"]), expected);
    assert_eq!(files(&changed["thread"]), expected);
    assert_eq!(changed["turn"]["files"][3]["movePath"], "src/support/helpers.rs");
    let text = changed["turn"]["diff"].as_str().unwrap();
    assert!(text.starts_with("diff --git a/src/server.rs b/src/server.rs\n--- a/src/server.rs\n"), "{text}");
    assert!(text.contains("\n+const RETRIES: u32 = 5;\n") && !text.contains("RETRIES: u32 = 3;"), "{text}");
    assert!(text.contains("\nrename from src/helpers.rs\nrename to src/support/helpers.rs\n"), "{text}");
    assert!(!text.contains("scratch.txt") && !text.contains("refused.txt"), "{text}");
    let snapshot = session.client.get(&session.path("/snapshot")).await.ok();
    assert_eq!(changed["at"], snapshot["at"]);
    gateway.stop().await;
}

#[tokio::test]
async fn diff_covers_the_whole_thread_and_is_truncated_at_its_limit() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    let edit = |n: usize| {
        let change = if n == 0 {
            json!({ "path": "/x.txt", "kind": { "type": "add" }, "diff": "0\n" })
        } else {
            let diff = format!("@@ -1 +1 @@\n-{}\n+{n}\n", n - 1);
            json!({ "path": "/x.txt", "kind": { "type": "update", "move_path": null }, "diff": diff })
        };
        json!({ "type": "fileChange", "id": format!("edit-{n}"), "status": "completed", "changes": [change] })
    };
    let turns: Vec<Value> = (0..45)
        .map(|turn| {
            let items: Vec<Value> = (0..10).map(|n| edit(turn * 10 + n)).collect();
            json!({ "id": format!("turn-{turn}"), "status": "completed", "items": items })
        })
        .collect();
    gateway.fake_codex().write_thread(THREAD, 1, &json!(turns));
    let body = json!({ "resumeThreadId": THREAD, "cwd": gateway.workspace() });
    let session = gateway.create_with(&gateway.client, &body).await;
    let changed = diff(&session).await;
    assert_eq!(changed["threadId"], THREAD);
    assert_eq!(changed["turn"]["id"], "turn-44");
    assert_eq!(files(&changed["turn"]), ["update /x.txt +1 -1"]);
    let thread = &changed["thread"];
    assert_eq!((files(thread), &thread["complete"]), (vec!["add /x.txt +1 -0".to_owned()], &json!(true)));
    assert!(thread["diff"].as_str().unwrap().ends_with("\n@@ -0,0 +1,1 @@\n+449\n"), "{thread}");

    let long = json!({ "path": "/long", "kind": { "type": "add" }, "diff": "x\n".repeat(600_000) });
    let item = json!({ "type": "fileChange", "id": "long", "status": "completed", "changes": [long] });
    let turns = json!([{ "id": "turn-1", "status": "completed", "items": [item] }]);
    let other = THREAD.replace("d1ff", "d1fe");
    gateway.fake_codex().write_thread(&other, 1, &turns);
    let session = gateway.create_with(&gateway.client, &json!({ "resumeThreadId": other })).await;
    let thread = &diff(&session).await["thread"];
    assert_eq!((files(thread), &thread["cut"]), (vec!["add /long +600000 -0".to_owned()], &json!(true)));
    assert!(thread["diff"].as_str().unwrap().len() <= 1024 * 1024);
    gateway.client.get("/api/sessions/nobody/diff").await.expect_error(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn diff_of_the_real_codex_matches_the_file() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    session.run_turn("!standin patch").await;
    session.run_turn("!standin patch").await;
    let changed = diff(&session).await;
    assert_eq!(files(&changed["turn"]), ["update standin-notes.md +2 -0"]);
    let file = std::fs::read_to_string(gateway.workspace().join("standin-notes.md")).unwrap();
    let added: Vec<String> = file.lines().map(|line| format!("+{line}\n")).collect();
    let thread = changed["thread"]["diff"].as_str().unwrap();
    assert!(thread.ends_with(&added.concat()), "{thread}");
    gateway.stop().await;
}
