//! Directory, sandbox and approval policy of a session: set at creation, and kept for all its processes.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Gateway, Setup};

fn thread_options(opened: &Value) -> (&Value, &Value, &Value) {
    (&opened["cwd"], &opened["sandbox"], &opened["approvalPolicy"])
}

#[tokio::test]
async fn options_apply_to_all_processes_of_a_session() {
    let gateway = Gateway::fake("normal").await;
    let own = gateway.workspace().join("own");
    fs::create_dir(&own).unwrap();
    let body = json!({ "cwd": own, "sandbox": "read-only", "approvalPolicy": "never" });
    let session = gateway.create_with(&gateway.client, &body).await;
    assert_eq!(session.reply["state"]["cwd"], json!(own));
    session.run_turn("Hello").await;
    let first = session.state().await["threadId"].clone();
    session.client.post(&session.path("/thread/new")).await.ok();
    session.client.post_json(&session.path("/thread/resume"), &json!({ "threadId": first })).await.ok();
    gateway.fake_codex().set_mode("exits-in-turn");
    session.run_crashing_turn().await;
    gateway.fake_codex().set_mode("normal");
    session.run_turn("Hello again").await;

    let opened = gateway.fake_codex().opened_threads();
    assert_eq!(opened.len(), 4, "start, new, resume, and resume after the crash");
    for opened in &opened {
        assert_eq!(thread_options(opened), (&json!(own), &json!("read-only"), &json!("never")));
    }
    assert!(gateway.fake_codex().settings_updates().is_empty(), "no thread gets other settings afterwards");
    assert_eq!((&opened[2]["threadId"], &opened[3]["threadId"]), (&first, &first));
    gateway.stop().await;
}

#[tokio::test]
async fn effort_and_title_of_create_apply_to_the_thread() {
    let gateway = Gateway::demo().await;
    let body = json!({ "effort": "high", "title": "  Spring cleaning " });
    let session = gateway.create_with(&gateway.client, &body).await;
    assert_eq!(session.reply["state"]["effort"], "high");
    session.run_turn("Reply with exactly the single word ready").await;
    assert_eq!(session.state().await["effort"], "high");
    let listed = gateway.client.get("/api/sessions").await.ok();
    assert_eq!(listed["sessions"][0]["title"], "Spring cleaning");
    gateway.client.delete(&session.path("")).await.ok();
    let threads = gateway.client.get("/api/threads").await.ok();
    assert_eq!(threads["threads"][0]["name"], "Spring cleaning", "{threads}");
    for wrong in ["hardest", "HIGH"] {
        let body = json!({ "effort": wrong });
        gateway.client.post_json("/api/sessions", &body).await.expect_error(400, "bad_effort");
    }
    assert_eq!(gateway.client.get("/api/sessions").await.ok()["sessions"], json!([]));
    gateway.stop().await;
}

#[tokio::test]
async fn session_without_options_has_the_operator_settings() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_SANDBOX", "danger-full-access").start().await;
    let session = gateway.create().await;
    let opened = gateway.fake_codex().opened_threads();
    let cwd = json!(gateway.workspace());
    // Opened with a sandbox that may write, codex would record the folder as trusted.
    assert_eq!(thread_options(&opened[0]), (&cwd, &json!("read-only"), &json!("on-request")));
    assert_eq!(
        gateway.fake_codex().settings_updates()[0]["sandboxPolicy"],
        json!({ "type": "dangerFullAccess" })
    );
    assert_eq!(session.reply["state"]["sandbox"], "danger-full-access");
    gateway.stop().await;
}

#[tokio::test]
async fn directory_outside_of_the_workspaces_is_rejected() {
    let temp_dir = tempfile::tempdir().unwrap();
    let base = temp_dir.path().canonicalize().unwrap();
    let [one, two, outside] = ["one", "two", "outside"].map(|name| base.join(name));
    for dir in [&one, &two, &outside] {
        fs::create_dir(dir).unwrap();
    }
    fs::create_dir(two.join("sub")).unwrap();
    std::os::unix::fs::symlink(&outside, one.join("link")).unwrap();
    let roots = format!("{}:{}", one.display(), two.display());
    let gateway =
        Setup::fake("normal").set("CODEX_GATEWAY_WORKSPACES", &roots).start().await.catalog_loaded().await;
    let client = &gateway.client;

    let session = gateway.create_with(client, &json!({ "cwd": two.join("sub/../sub") })).await;
    assert_eq!(session.reply["state"]["cwd"], json!(two.join("sub")));
    for bad in [&outside, &one.join("link"), &base, &one.join("../outside"), &gateway.workspace()] {
        let reply = client.post_json("/api/sessions", &json!({ "cwd": bad })).await;
        reply.expect_error(403, "outside_workspaces");
    }
    for bad in [one.join("missing"), two.join("sub/missing/deeper")] {
        client.post_json("/api/sessions", &json!({ "cwd": bad })).await.expect_error(400, "bad_cwd");
    }
    client.post_json("/api/sessions", &json!({ "cwd": 7 })).await.expect_error(400, "bad_body");
    assert_eq!(gateway.codex_processes().len(), 1, "a rejected request starts no process");
    gateway.stop().await;
}

#[tokio::test]
async fn options_above_the_operator_settings_are_rejected() {
    let gateway = Setup::fake("normal")
        .set("CODEX_GATEWAY_SANDBOX", "read-only")
        .set("CODEX_GATEWAY_APPROVAL_POLICY", "never")
        .start()
        .await;
    let client = &gateway.client;
    for body in [
        json!({ "sandbox": "workspace-write" }),
        json!({ "sandbox": "danger-full-access" }),
        json!({ "approvalPolicy": "on-request" }),
    ] {
        let error = client.post_json("/api/sessions", &body).await.expect_error(403, "over_ceiling");
        assert!(error.contains("read-only") || error.contains("never"), "{error}");
    }
    for body in
        [json!({ "sandbox": "none" }), json!({ "approvalPolicy": "untrusted" }), json!({ "sandbox": 1 })]
    {
        client.post_json("/api/sessions", &body).await.expect_error(400, "bad_body");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn commands_run_in_the_directory_of_the_session() {
    let gateway = Gateway::demo().await;
    let own = gateway.workspace().join("own");
    fs::create_dir(&own).unwrap();
    let session = gateway.create_with(&gateway.client, &json!({ "cwd": "own" })).await;
    session.run_turn("!standin command").await;
    let transcript = session.state().await["transcript"].clone();
    let command =
        transcript.as_array().unwrap().iter().find(|entry| entry["source"] == "commandExecution").unwrap();
    assert!(command["text"].as_str().unwrap().contains(own.to_str().unwrap()), "{command}");
    gateway.stop().await;
}

#[tokio::test]
async fn resumed_thread_keeps_its_directory_unless_it_is_missing_or_another_is_requested() {
    let gateway = Gateway::demo().await;
    let own = gateway.workspace().join("own");
    fs::create_dir(&own).unwrap();
    let session = gateway.create_with(&gateway.client, &json!({ "cwd": own })).await;
    session.run_turn("Hello").await;
    let thread = session.reply["state"]["threadId"].clone();
    session.delete().await;
    let cwd_of = async |body: Value| {
        let session = gateway.create_with(&gateway.client, &body).await;
        session.delete().await;
        session.reply["state"]["cwd"].clone()
    };
    assert_eq!(cwd_of(json!({ "resumeThreadId": thread })).await, json!(own));
    let elsewhere = json!({ "resumeThreadId": thread, "cwd": gateway.workspace() });
    assert_eq!(cwd_of(elsewhere).await, json!(gateway.workspace()));
    fs::remove_dir(&own).unwrap();
    assert_eq!(cwd_of(json!({ "resumeThreadId": thread })).await, json!(gateway.workspace()));
    gateway.stop().await;
}

#[tokio::test]
async fn directory_replaced_by_a_link_is_rejected() {
    let gateway = Gateway::fake("normal").await;
    let own = gateway.workspace().join("own");
    fs::create_dir(&own).unwrap();
    let session = gateway.create_with(&gateway.client, &json!({ "cwd": own })).await;
    fs::rename(&own, gateway.workspace().join("moved")).unwrap();
    session.client.post(&session.path("/thread/new")).await.expect_error(400, "bad_cwd");
    std::os::unix::fs::symlink("/", &own).unwrap();
    session.client.post(&session.path("/thread/new")).await.expect_error(403, "outside_workspaces");
    fs::remove_file(&own).unwrap();
    fs::rename(gateway.workspace().join("moved"), &own).unwrap();
    session.client.post(&session.path("/thread/new")).await.ok();
    gateway.stop().await;
}
