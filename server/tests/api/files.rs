//! `/api/sessions/{id}/files`: finding files in the session's directory; and the branch on the first screen.

use std::{fs, os::unix::fs::symlink};

use serde_json::{Value, json};

use crate::support::{Gateway, Setup};

fn paths(files: &Value) -> Vec<&str> {
    files.as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect()
}

/// A gateway whose workspace holds some files.
async fn gateway() -> Gateway {
    let setup = Setup::fake("normal");
    let workspace = setup.path("workspace");
    for file in ["src/main.rs", "src/lib.rs", "target/main.o", "sub/main.txt"] {
        let path = workspace.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    fs::write(workspace.join(".gitignore"), "/target\n").unwrap();
    let outside = setup.path("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("main-secret"), "").unwrap();
    symlink(&outside, workspace.join("out")).unwrap();
    setup.start().await
}

#[tokio::test]
async fn files_are_found_in_the_sessions_directory_alone() {
    let gateway = gateway().await;
    let session = gateway.create().await;
    let find = async |query: &str| session.client.get(&session.path(&format!("/files?{query}"))).await;
    let found = find("query=main").await.ok();
    assert_eq!(paths(&found["files"]), ["src/main.rs", "sub/main.txt"]);
    assert_eq!((&found["ok"], &found["complete"]), (&json!(true), &json!(true)));
    assert_eq!(found["files"][0], json!({ "path": "src/main.rs", "directory": false }));
    assert_eq!(paths(&find("query=main&limit=1").await.ok()["files"]), ["src/main.rs"]);
    assert_eq!(paths(&find("").await.ok()["files"])[..3], [".gitignore", "src", "sub"]);
    for nothing in
        ["query=secret", "query=..%2Foutside", "query=%2Fetc%2Fpasswd", "query=%00", "query=target"]
    {
        assert_eq!(paths(&find(nothing).await.ok()["files"]), [""; 0], "{nothing}");
    }
    for bad in ["limit=0", "limit=201", "limit=x", &format!("query={}", "x".repeat(300))] {
        find(bad).await.refused(400, "bad_query");
    }

    let below = gateway.create_with(&gateway.client, &json!({ "cwd": "sub" })).await;
    let found = below.client.get(&below.path("/files?query=main")).await.ok();
    assert_eq!(paths(&found["files"]), ["main.txt"], "told from where the session works");
    // An agent that can write above it may put a link in its place.
    fs::remove_dir_all(gateway.workspace().join("sub")).unwrap();
    symlink(gateway.workspace().join("../outside"), gateway.workspace().join("sub")).unwrap();
    below.client.get(&below.path("/files?query=main")).await.refused(403, "outside_workspaces");
    gateway.stop().await;
}

#[tokio::test]
async fn the_page_finds_files_with_a_session_and_before_there_is_one() {
    let gateway = gateway().await;
    let session = gateway.create_with(&gateway.client, &json!({ "cwd": "src" })).await;
    let find = async |id: Value, query: &str| {
        gateway.client.post_json("/_fn/files", &json!({ "id": id, "query": query })).await
    };
    assert_eq!(paths(&find(json!(session.id), "main").await.ok()), ["main.rs"]);
    assert_eq!(paths(&find(Value::Null, "main").await.ok()), ["src/main.rs", "sub/main.txt"]);
    assert_eq!(paths(&find(Value::Null, &"x".repeat(60_000)).await.ok()), [""; 0]);
    assert_eq!(find(json!("nobody's"), "main").await.status, 404);
    gateway.stop().await;
}

#[tokio::test]
async fn the_first_screen_names_the_branch() {
    let gateway = Gateway::fake("normal").await;
    let branch = async || {
        gateway.client.post_json("/_fn/home", &json!({})).await.ok()["workspaces"][0]["branch"].clone()
    };
    // Wherever the tests run: this is what is nearest.
    let git = gateway.workspace().join(".git");
    fs::create_dir(&git).unwrap();
    assert_eq!(branch().await, Value::Null);
    fs::write(git.join("HEAD"), "ref: refs/heads/feature/<b>\n").unwrap();
    assert_eq!(branch().await, "feature/<b>");
    gateway.stop().await;
}
