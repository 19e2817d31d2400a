//! The environment of the real codex and its commands, and conversations that outlive a process.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use codex_gateway_mock_openai::{MockServer, Options};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::{
    auth::{hours_from_now, sign},
    support::{Gateway, Process, RecordingProxy, Setup, eventually},
};

#[tokio::test]
async fn command_environment_has_no_secrets_of_the_gateway() {
    let secret = "hush-hush-hush";
    let setup = Setup::demo()
        .set("CODEX_GATEWAY_METRICS_TOKEN", secret)
        .set("CODEX_GATEWAY_OPENAI_API_KEY", "")
        .set("AWS_SECRET_ACCESS_KEY", secret)
        .set("OPENAI_API_KEY", secret)
        .set("DATABASE_URL", secret)
        .set("LC_MESSAGES", "C");
    let gateway = setup.set("CODEX_GATEWAY_HOST", "127.0.0.1").start().await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    session.start_turn("!standin slow-command").await;
    events.notification("item/commandExecution/outputDelta").await;
    eventually("the command runs", || gateway.is_running("sleep 25")).await;
    let all = gateway.processes();
    let command = all.iter().find(|process| process.command.starts_with("sleep 25")).unwrap();
    assert_eq!(command.environment["LC_MESSAGES"], "C");
    for Process { command, environment, .. } in &all {
        for (name, value) in environment {
            assert!(!value.contains(secret), "{command}: {name}");
            let own = name.starts_with("CODEX_GATEWAY_") && name != "CODEX_GATEWAY_PROCESS";
            assert!(!own, "{command}: {name}={value}");
        }
    }
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn command_environment_has_variables_of_pass_env() {
    let setup = Setup::demo()
        .set("CODEX_GATEWAY_PASS_ENV", "MY_KEY, SSH_*,CODEX_*")
        .set("MY_KEY", "passed-1")
        .set("SSH_AUTH_SOCK", "/run/passed-2")
        .set("MY_KEY_2", "kept-1")
        .set("CODEX_GATEWAY_METRICS_TOKEN", "kept-2");
    let gateway = setup.start().await;
    let session = gateway.create().await;
    let turn = session.run_turn("!standin environment").await;
    let all: String = turn.iter().map(|event| event.data.as_str()).collect();
    assert!(all.contains("that is all"), "the command completed: {all}");
    assert!(all.contains("MY_KEY=passed-1") && all.contains("SSH_AUTH_SOCK=/run/passed-2"), "{all}");
    assert!(!all.contains("kept-"), "{all}");
    gateway.stop().await;
}

#[tokio::test]
async fn pass_env_with_gateway_variable_prevents_start() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_PASS_ENV", "A,CODEX_GATEWAY_JWT_SECRET");
    let (status, log) = setup.start_expecting_failure().await;
    assert!(
        !status.success() && log.contains("CODEX_GATEWAY_PASS_ENV is \"A,CODEX_GATEWAY_JWT_SECRET\""),
        "{log}"
    );
    assert!(log.contains("it takes no variables of the gateway's own"), "{log}");
}

#[tokio::test]
async fn command_cannot_read_secrets_from_proc() {
    const SECRET: &str = "hush-hush-hush-hush-hush-hush-hush";
    let mock_server = MockServer::start(Options::default()).await.unwrap();
    let setup = Setup::upstream(mock_server.base_url())
        .set("CODEX_GATEWAY_JWT_SECRET", SECRET)
        .set("CODEX_GATEWAY_OPENAI_API_KEY", format!("sk-{SECRET}"));
    let gateway = setup.start().await;
    let token = sign(Algorithm::HS256, &json!({ "exp": hours_from_now(1) }), SECRET);
    let session = gateway.create_with(&gateway.client.with_token(&token), &json!({})).await;
    let turn = session.run_turn("!standin environment").await;
    let all: String = turn.iter().map(|event| event.data.as_str()).collect();
    assert!(all.contains("that is all"), "the command completed: {all}");
    // Printed by `env`, and at least once more from /proc.
    assert!(all.matches("CODEX_GATEWAY_PROCESS=").count() > 1, "the command reads /proc: {all}");
    assert!(!all.contains(SECRET), "the command finds no secret");
    gateway.stop().await;
}

/// Returns the permission bits of all users other than the owner.
fn permissions_of_others(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o077
}

#[tokio::test]
async fn created_directories_are_private_to_their_owner() {
    let gateway = Gateway::demo().await;
    let workspace = gateway.workspace();
    assert_eq!(
        (permissions_of_others(&workspace), permissions_of_others(&workspace.with_file_name("codex-home"))),
        (0, 0)
    );
    gateway.stop().await;

    let setup = Setup::fake("normal");
    let home = setup.path("new/codex-home");
    let gateway = setup.set("CODEX_GATEWAY_CODEX_HOME", &home).start().await;
    assert_eq!(permissions_of_others(&home), 0);
    assert!(!gateway.log().contains("other users"), "{}", gateway.log());
    gateway.stop().await;
}

#[tokio::test]
async fn codex_home_readable_by_others_is_warned_about() {
    let setup = Setup::fake("normal");
    let home = setup.path("codex-home");
    fs::create_dir(&home).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o750)).unwrap();
    let gateway = setup.set("CODEX_GATEWAY_CODEX_HOME", &home).start().await;
    assert!(gateway.log().contains("which other users can look into"), "{}", gateway.log());
    assert_eq!(permissions_of_others(&home), 0o050, "the permissions are not changed");
    gateway.stop().await;
}

#[tokio::test]
async fn codex_home_of_the_environment_is_used_unless_the_setting_names_another() {
    for (setting, expected) in [(None, "inherited"), (Some("set"), "set")] {
        let mut setup = Setup::fake("normal");
        for home in ["inherited", "set"] {
            fs::create_dir(setup.path(home)).unwrap();
        }
        let [inherited, expected] = ["inherited", expected].map(|home| setup.path(home));
        setup = setup.set("CODEX_HOME", &inherited);
        if let Some(home) = setting {
            let home = setup.path(home);
            setup = setup.set("CODEX_GATEWAY_CODEX_HOME", home);
        }
        let gateway = setup.start().await;
        gateway.create().await;
        let processes = gateway.codex_processes();
        assert!(!processes.is_empty());
        for process in processes {
            assert_eq!(process.environment.get("CODEX_HOME").map(String::as_str), expected.to_str());
        }
        gateway.stop().await;
    }
}

#[tokio::test]
async fn agent_writes_in_its_directory_with_default_settings() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    assert_eq!(session.reply["state"]["cwd"], json!(gateway.workspace()));
    let turn = session.run_turn("!standin patch").await;
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");
    assert!(turn.iter().all(|event| event.name != "server-request"), "no approval is needed");
    let notes = fs::read_to_string(gateway.workspace().join("standin-notes.md")).unwrap();
    assert!(!notes.is_empty());
    gateway.stop().await;
}

#[tokio::test]
async fn agent_writes_nothing_with_read_only_sandbox() {
    let gateway = Setup::demo()
        .set("CODEX_GATEWAY_SANDBOX", "read-only")
        .set("CODEX_GATEWAY_APPROVAL_POLICY", "never")
        .start()
        .await;
    gateway.create().await.run_turn("!standin patch").await;
    assert!(!gateway.workspace().join("standin-notes.md").exists());
    gateway.stop().await;
}

#[tokio::test]
async fn conversation_continues_after_codex_is_killed_in_a_turn() {
    let mock_server = MockServer::start(Options::default()).await.unwrap();
    let upstream = RecordingProxy::start(mock_server.base_url()).await;
    let setup = Setup::upstream(&upstream.base_url());
    let gateway = setup.start().await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn("My favourite colour is heliotrope. Reply with exactly the single word noted").await;
    let thread = session.state().await["threadId"].clone();
    let mut events = session.subscribe().await;
    session.start_turn("!standin deltas count=100000 pace_us=5000").await;
    events.notification("item/agentMessage/delta").await;
    let [process] = gateway.codex_processes().try_into().unwrap();
    process.kill();

    let warning = events.find(|event| event.name == "warning").await.json();
    assert_eq!(warning["type"], "processExited");
    assert!(warning["message"].as_str().unwrap().contains("signal: 9"), "{warning}");
    let state = events.expect("state").await.json();
    assert_eq!(
        (&state["ready"], &state["activeTurn"], &state["lastTurnStatus"], &state["currentTurnId"]),
        (&json!(false), &json!(false), &json!("failed"), &Value::Null)
    );
    assert_eq!(state["transcript"][1]["text"], "noted", "the transcript is kept");
    eventually("no process is left", || gateway.processes().is_empty()).await;

    upstream.clear();
    session.start_turn("Reply with exactly the single word again").await;
    let turn = events.rest_of_turn().await;
    let state = turn.last().unwrap().json();
    assert_eq!(
        (&state["ready"], &state["threadId"], &state["lastTurnStatus"]),
        (&json!(true), &thread, &json!("completed"))
    );
    let texts: Vec<&Value> =
        state["transcript"].as_array().unwrap().iter().map(|entry| &entry["text"]).collect();
    assert!(texts.contains(&&json!("noted")) && texts.last() == Some(&&json!("again")), "{texts:?}");
    assert!(upstream.recorded().contains("heliotrope"), "the model receives the history");
    gateway.stop().await;
}

#[tokio::test]
async fn command_that_outlives_its_turn_ends_with_its_session() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = gateway.create().await;
    let turn = session.run_turn("!standin background").await;
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");
    eventually("the command outlives its turn", || gateway.is_running("sleep 60")).await;
    session.delete().await;
    assert_eq!(gateway.processes(), [], "no process is left when the session is deleted");
    gateway.stop().await;
}
