//! Temporary files: each session has its own directory, and cannot write to any other.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Gateway, Session, Setup, eventually};

/// Runs a turn with these settings whose command tries to write to several directories. Returns its output.
async fn try_writes(session: &Session, with: &Value) -> String {
    let mut body = json!({ "prompt": "!standin temporary", "wait": true });
    body.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    let reply = session.client.post_json(&session.path("/turn"), &body).await.ok();
    let transcript = session.client.get(&session.path("/snapshot")).await.ok()["transcript"].clone();
    let command = transcript["entries"].as_array().unwrap().iter().rev().find(|entry| {
        entry["content"]["item"]["type"] == "commandExecution" || entry.to_string().contains("can write .")
    });
    command.unwrap_or_else(|| panic!("{reply}")).to_string()
}

fn temp_dir(gateway: &Gateway, session: &Session) -> PathBuf {
    gateway.data_dir().canonicalize().unwrap().join("demo/tmp").join(&session.id)
}

fn assert_writes_only_own_directory(printed: &str, own: &str) {
    for line in [
        "cannot write /tmp",
        "cannot write /var/tmp",
        "can write .",
        &format!("can write {own}"),
        &format!("made {own}/"),
    ] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
}

#[tokio::test]
async fn session_writes_temporary_files_only_in_its_directory_which_is_removed_with_it() {
    let mut gateway = Setup::demo().start().await;
    let (session, other) = (gateway.create().await, gateway.create().await);
    let (path, others) = (temp_dir(&gateway, &session), temp_dir(&gateway, &other));
    assert_writes_only_own_directory(&try_writes(&session, &json!({})).await, path.to_str().unwrap());
    assert_writes_only_own_directory(&try_writes(&other, &json!({})).await, others.to_str().unwrap());
    assert!(path.join("standin-temporary").exists() && others.join("standin-temporary").exists());
    assert!(!PathBuf::from("/tmp/standin-temporary").exists());

    // Naming the sandbox in a turn, or starting another process, gives no further access.
    gateway.restart().await;
    let session = session.via(&gateway);
    assert!(path.join("standin-temporary").exists(), "the files survive a restart");
    try_writes(&session, &json!({ "sandbox": "read-only" })).await;
    let again = try_writes(&session, &json!({ "sandbox": "workspace-write" })).await;
    assert_writes_only_own_directory(&again, path.to_str().unwrap());

    session.delete().await;
    assert!(!path.exists() && others.exists());
    gateway.stop().await;
}

#[tokio::test]
async fn writable_roots_of_codex_configuration_stay_writable() {
    let setup = Setup::demo();
    let (home, extra) = (setup.path("data/demo/codex-home"), setup.path("extra"));
    for dir in [&home, &extra] {
        std::fs::create_dir_all(dir).unwrap();
    }
    let roots = format!("[sandbox_workspace_write]\nwritable_roots = [{extra:?}, \"/var/tmp\"]\n");
    std::fs::write(home.join("config.toml"), roots).unwrap();
    let gateway = setup.start().await;
    let session = gateway.create().await;
    let printed = try_writes(&session, &json!({})).await;
    assert!(printed.contains("can write /var/tmp") && printed.contains("cannot write /tmp"), "{printed}");
    std::fs::remove_file("/var/tmp/standin-temporary").unwrap();
    let opened = try_writes(&session, &json!({ "sandbox": "read-only" })).await;
    assert!(opened.contains("cannot write .") && opened.contains("cannot write /var/tmp"), "{opened}");
    let back = try_writes(&session, &json!({ "sandbox": "workspace-write" })).await;
    assert!(back.contains("can write /var/tmp") && back.contains("cannot write /tmp"), "{back}");
    std::fs::remove_file("/var/tmp/standin-temporary").unwrap();
    gateway.stop().await;
}

#[tokio::test]
async fn directory_of_expired_session_is_removed() {
    let gateway = Setup::fake("normal")
        .set("CODEX_GATEWAY_SESSION_TTL_MS", "300")
        .set("CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS", "20")
        .start()
        .await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    let path = gateway.data_dir().join("tmp").join(&session.id);
    let opened = gateway.fake_codex().opened_threads();
    let tmpdir = &opened[0]["config"]["shell_environment_policy.set.TMPDIR"];
    assert_eq!(tmpdir, path.canonicalize().unwrap().to_str().unwrap());
    events.expect("session-closed").await;
    eventually("the directory is removed", || !path.exists()).await;
    gateway.stop().await;
}
