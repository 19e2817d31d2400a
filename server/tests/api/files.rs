//! `/api/sessions/{id}/files`: file search in the session's directory. Also the branch on the first screen.

use std::{fs, os::unix::fs::symlink};

use serde_json::{Value, json};

use crate::support::{Gateway, Setup};

fn paths(files: &Value) -> Vec<&str> {
    files.as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect()
}

/// Starts a gateway with some files in its workspace.
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
async fn search_finds_files_only_in_the_session_directory() {
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
        find(bad).await.expect_error(400, "bad_query");
    }

    let below = gateway.create_with(&gateway.client, &json!({ "cwd": "sub" })).await;
    let found = below.client.get(&below.path("/files?query=main")).await.ok();
    assert_eq!(paths(&found["files"]), ["main.txt"], "paths are relative to the session's directory");
    // An agent that can write to the parent may replace the directory by a link.
    fs::remove_dir_all(gateway.workspace().join("sub")).unwrap();
    symlink(gateway.workspace().join("../outside"), gateway.workspace().join("sub")).unwrap();
    below.client.get(&below.path("/files?query=main")).await.expect_error(403, "outside_workspaces");
    gateway.stop().await;
}

#[tokio::test]
async fn page_finds_files_with_and_without_a_session() {
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
async fn first_screen_shows_the_branch() {
    let gateway = Gateway::fake("normal").await;
    let branch = async || {
        gateway.client.post_json("/_fn/home", &json!({})).await.ok()["workspaces"][0]["branch"].clone()
    };
    // The nearest `.git`, in whatever repository the tests run.
    let git = gateway.workspace().join(".git");
    fs::create_dir(&git).unwrap();
    assert_eq!(branch().await, Value::Null);
    fs::write(git.join("HEAD"), "ref: refs/heads/feature/<b>\n").unwrap();
    assert_eq!(branch().await, "feature/<b>");
    gateway.stop().await;
}
