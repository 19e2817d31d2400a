//! Where a session works and what it may do there: chosen when it is made, and kept.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Gateway, Setup};

fn keys(opened: &Value) -> (&Value, &Value, &Value) {
    (&opened["cwd"], &opened["sandbox"], &opened["approvalPolicy"])
}

#[tokio::test]
async fn options_stay_with_the_session_for_all_of_its_processes() {
    let gateway = Gateway::fake("normal").await;
    let own = gateway.workspace().join("own");
    fs::create_dir(&own).unwrap();
    let body = json!({ "cwd": own, "sandbox": "read-only", "approvalPolicy": "never" });
    let session = gateway.create_with(&gateway.client, &body).await;
    assert_eq!(session.reply["state"]["cwd"], json!(own));
    session.turn("Hello").await;
    let first = session.state().await["threadId"].clone();
    session.client.post(&session.path("/thread/new")).await.ok();
    session.client.post_json(&session.path("/thread/resume"), &json!({ "threadId": first })).await.ok();
    gateway.codex().set_mode("dies");
    session.fatal_turn().await;
    gateway.codex().set_mode("normal");
    session.turn("Hello again").await;

    let opened = gateway.codex().opened();
    assert_eq!(opened.len(), 4, "start, new, resume, and resume after the crash");
    for opened in &opened {
        assert_eq!(keys(opened), (&json!(own), &json!("read-only"), &json!("never")));
    }
    assert!(gateway.codex().settings().is_empty(), "none gets more than that afterwards");
    assert_eq!((&opened[2]["threadId"], &opened[3]["threadId"]), (&first, &first));
    gateway.stop().await;
}

#[tokio::test]
async fn effort_and_title_are_the_threads_from_its_beginning() {
    let gateway = Gateway::demo().await;
    let body = json!({ "effort": "high", "title": "  Spring cleaning " });
    let session = gateway.create_with(&gateway.client, &body).await;
    assert_eq!(session.reply["state"]["effort"], "high");
    session.turn("Reply with exactly the single word ready").await;
    assert_eq!(session.state().await["effort"], "high");
    let listed = gateway.client.get("/api/sessions").await.ok();
    assert_eq!(listed["sessions"][0]["title"], "Spring cleaning");
    gateway.client.delete(&session.path("")).await.ok();
    let threads = gateway.client.get("/api/threads").await.ok();
    assert_eq!(threads["threads"][0]["name"], "Spring cleaning", "{threads}");
    for wrong in ["hardest", "HIGH"] {
        let body = json!({ "effort": wrong });
        gateway.client.post_json("/api/sessions", &body).await.refused(400, "bad_effort");
    }
    assert_eq!(gateway.client.get("/api/sessions").await.ok()["sessions"], json!([]));
    gateway.stop().await;
}

#[tokio::test]
async fn without_options_a_session_has_what_the_operator_allows() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_SANDBOX", "danger-full-access").start().await;
    let session = gateway.create().await;
    let opened = gateway.codex().opened();
    let cwd = json!(gateway.workspace());
    // Opened with a sandbox that may write, codex would record the folder as trusted.
    assert_eq!(keys(&opened[0]), (&cwd, &json!("read-only"), &json!("on-request")));
    assert_eq!(gateway.codex().settings()[0]["sandboxPolicy"], json!({ "type": "dangerFullAccess" }));
    assert_eq!(session.reply["state"]["sandbox"], "danger-full-access");
    gateway.stop().await;
}

#[tokio::test]
async fn a_directory_must_be_inside_a_workspace() {
    let places = tempfile::tempdir().unwrap();
    let places = places.path().canonicalize().unwrap();
    let [one, two, outside] = ["one", "two", "outside"].map(|name| places.join(name));
    for place in [&one, &two, &outside] {
        fs::create_dir(place).unwrap();
    }
    fs::create_dir(two.join("sub")).unwrap();
    std::os::unix::fs::symlink(&outside, one.join("link")).unwrap();
    let roots = format!("{}:{}", one.display(), two.display());
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_WORKSPACES", &roots).start().await.settled().await;
    let client = &gateway.client;

    let session = gateway.create_with(client, &json!({ "cwd": two.join("sub/../sub") })).await;
    assert_eq!(session.reply["state"]["cwd"], json!(two.join("sub")));
    for bad in [&outside, &one.join("link"), &places, &one.join("../outside"), &gateway.workspace()] {
        let reply = client.post_json("/api/sessions", &json!({ "cwd": bad })).await;
        reply.refused(403, "outside_workspaces");
    }
    for bad in [one.join("missing"), two.join("sub/missing/deeper")] {
        client.post_json("/api/sessions", &json!({ "cwd": bad })).await.refused(400, "bad_cwd");
    }
    client.post_json("/api/sessions", &json!({ "cwd": 7 })).await.refused(400, "bad_body");
    assert_eq!(gateway.codexes().len(), 1, "what is refused starts no process");
    gateway.stop().await;
}

#[tokio::test]
async fn nobody_gets_more_than_the_operator_allows() {
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
        let error = client.post_json("/api/sessions", &body).await.refused(403, "over_ceiling");
        assert!(error.contains("read-only") || error.contains("never"), "{error}");
    }
    for body in
        [json!({ "sandbox": "none" }), json!({ "approvalPolicy": "untrusted" }), json!({ "sandbox": 1 })]
    {
        client.post_json("/api/sessions", &body).await.refused(400, "bad_body");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn commands_run_in_the_chosen_directory() {
    let gateway = Gateway::demo().await;
    let own = gateway.workspace().join("own");
    fs::create_dir(&own).unwrap();
    let session = gateway.create_with(&gateway.client, &json!({ "cwd": "own" })).await;
    session.turn("!standin command").await;
    let transcript = session.state().await["transcript"].clone();
    let command =
        transcript.as_array().unwrap().iter().find(|entry| entry["source"] == "commandExecution").unwrap();
    assert!(command["text"].as_str().unwrap().contains(own.to_str().unwrap()), "{command}");
    gateway.stop().await;
}

#[tokio::test]
async fn a_thread_that_goes_on_does_so_where_it_was_unless_that_is_gone_or_another_place_is_asked_for() {
    let gateway = Gateway::demo().await;
    let own = gateway.workspace().join("own");
    fs::create_dir(&own).unwrap();
    let session = gateway.create_with(&gateway.client, &json!({ "cwd": own })).await;
    session.turn("Hello").await;
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
async fn a_directory_that_has_become_a_link_is_not_followed() {
    let gateway = Gateway::fake("normal").await;
    let own = gateway.workspace().join("own");
    fs::create_dir(&own).unwrap();
    let session = gateway.create_with(&gateway.client, &json!({ "cwd": own })).await;
    fs::rename(&own, gateway.workspace().join("moved")).unwrap();
    session.client.post(&session.path("/thread/new")).await.refused(400, "bad_cwd");
    std::os::unix::fs::symlink("/", &own).unwrap();
    session.client.post(&session.path("/thread/new")).await.refused(403, "outside_workspaces");
    fs::remove_file(&own).unwrap();
    fs::rename(gateway.workspace().join("moved"), &own).unwrap();
    session.client.post(&session.path("/thread/new")).await.ok();
    gateway.stop().await;
}
