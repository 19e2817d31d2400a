//! Temporary files: each session of the real codex has a directory of its own for them, and writes in no other.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Gateway, Session, Setup, eventually};

/// What the command prints that tries to write, in a turn with these settings.
async fn tried(session: &Session, with: &Value) -> String {
    let mut body = json!({ "prompt": "!standin temporary", "wait": true });
    body.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    let reply = session.client.post_json(&session.path("/turn"), &body).await.ok();
    let transcript = session.client.get(&session.path("/snapshot")).await.ok()["transcript"].clone();
    let command = transcript["entries"].as_array().unwrap().iter().rev().find(|entry| {
        entry["content"]["item"]["type"] == "commandExecution" || entry.to_string().contains("can write .")
    });
    command.unwrap_or_else(|| panic!("{reply}")).to_string()
}

fn dir(gateway: &Gateway, session: &Session) -> PathBuf {
    gateway.data_dir().canonicalize().unwrap().join("demo/tmp").join(&session.id)
}

fn assert_writes_in_its_own_only(printed: &str, own: &str) {
    for said in [
        "cannot write /tmp",
        "cannot write /var/tmp",
        "can write .",
        &format!("can write {own}"),
        &format!("made {own}/"),
    ] {
        assert!(printed.contains(said), "{said}: {printed}");
    }
}

#[tokio::test]
async fn session_writes_temporary_files_in_a_directory_of_its_own_that_ends_with_it() {
    let mut gateway = Setup::demo().start().await;
    let (session, other) = (gateway.create().await, gateway.create().await);
    let (path, others) = (dir(&gateway, &session), dir(&gateway, &other));
    assert_writes_in_its_own_only(&tried(&session, &json!({})).await, path.to_str().unwrap());
    assert_writes_in_its_own_only(&tried(&other, &json!({})).await, others.to_str().unwrap());
    assert!(path.join("standin-temporary").exists() && others.join("standin-temporary").exists());
    assert!(!PathBuf::from("/tmp/standin-temporary").exists());

    // A turn that asks for the sandbox by its name gets no more, and neither does the next process.
    gateway.restart().await;
    let session = session.on(&gateway);
    assert!(path.join("standin-temporary").exists(), "the session goes on, and its files do");
    tried(&session, &json!({ "sandbox": "read-only" })).await;
    let again = tried(&session, &json!({ "sandbox": "workspace-write" })).await;
    assert_writes_in_its_own_only(&again, path.to_str().unwrap());

    session.delete().await;
    assert!(!path.exists() && others.exists());
    gateway.stop().await;
}

#[tokio::test]
async fn directory_that_codexs_configuration_names_stays_writable() {
    let setup = Setup::demo();
    let (home, extra) = (setup.path("data/demo/codex-home"), setup.path("extra"));
    for dir in [&home, &extra] {
        std::fs::create_dir_all(dir).unwrap();
    }
    let roots = format!("[sandbox_workspace_write]\nwritable_roots = [{extra:?}, \"/var/tmp\"]\n");
    std::fs::write(home.join("config.toml"), roots).unwrap();
    let gateway = setup.start().await;
    let session = gateway.create().await;
    let printed = tried(&session, &json!({})).await;
    assert!(printed.contains("can write /var/tmp") && printed.contains("cannot write /tmp"), "{printed}");
    std::fs::remove_file("/var/tmp/standin-temporary").unwrap();
    let opened = tried(&session, &json!({ "sandbox": "read-only" })).await;
    assert!(opened.contains("cannot write .") && opened.contains("cannot write /var/tmp"), "{opened}");
    let back = tried(&session, &json!({ "sandbox": "workspace-write" })).await;
    assert!(back.contains("can write /var/tmp") && back.contains("cannot write /tmp"), "{back}");
    std::fs::remove_file("/var/tmp/standin-temporary").unwrap();
    gateway.stop().await;
}

#[tokio::test]
async fn directory_of_a_session_that_expires_is_removed() {
    let gateway = Setup::fake("normal")
        .set("CODEX_GATEWAY_SESSION_TTL_MS", "300")
        .set("CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS", "20")
        .start()
        .await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    let path = gateway.data_dir().join("tmp").join(&session.id);
    let opened = gateway.codex().opened();
    let told = &opened[0]["config"]["shell_environment_policy.set.TMPDIR"];
    assert_eq!(told, path.canonicalize().unwrap().to_str().unwrap());
    events.expect("session-closed").await;
    eventually("the directory is removed", || !path.exists()).await;
    gateway.stop().await;
}
