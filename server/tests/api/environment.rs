//! What the real codex and its commands find around them, and that their work outlives them.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use codex_gateway_standin::{Options, Standin};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::{
    auth::{hours_from_now, sign},
    support::{Gateway, Process, Recorder, Setup, eventually},
};

#[tokio::test]
async fn a_command_sees_none_of_the_gateways_secrets() {
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
    let mut events = session.live().await;
    session.start_turn("!standin slow-command").await;
    events.notification("item/commandExecution/outputDelta").await;
    eventually("the command runs", || gateway.runs("sleep 25")).await;
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
async fn command_gets_the_variables_that_the_operator_passes() {
    let setup = Setup::demo()
        .set("CODEX_GATEWAY_PASS_ENV", "MY_KEY, SSH_*,CODEX_*")
        .set("MY_KEY", "passed-1")
        .set("SSH_AUTH_SOCK", "/run/passed-2")
        .set("MY_KEY_2", "kept-1")
        .set("CODEX_GATEWAY_METRICS_TOKEN", "kept-2");
    let gateway = setup.start().await;
    let session = gateway.create().await;
    let turn = session.turn("!standin environment").await;
    let all: String = turn.iter().map(|event| event.data.as_str()).collect();
    assert!(all.contains("that is all"), "the command ran to its end: {all}");
    assert!(all.contains("MY_KEY=passed-1") && all.contains("SSH_AUTH_SOCK=/run/passed-2"), "{all}");
    assert!(!all.contains("kept-"), "{all}");
    gateway.stop().await;
}

#[tokio::test]
async fn gateway_does_not_start_with_a_variable_of_its_own_to_pass() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_PASS_ENV", "A,CODEX_GATEWAY_JWT_SECRET");
    let (status, log) = setup.start_badly().await;
    assert!(
        !status.success() && log.contains("CODEX_GATEWAY_PASS_ENV is \"A,CODEX_GATEWAY_JWT_SECRET\""),
        "{log}"
    );
    assert!(log.contains("it takes no variables of the gateway's own"), "{log}");
}

#[tokio::test]
async fn a_command_that_looks_for_secrets_finds_none() {
    const SECRET: &str = "hush-hush-hush-hush-hush-hush-hush";
    let standin = Standin::start(Options::default()).await.unwrap();
    let setup = Setup::upstream(standin.base_url())
        .set("CODEX_GATEWAY_JWT_SECRET", SECRET)
        .set("CODEX_GATEWAY_OPENAI_API_KEY", format!("sk-{SECRET}"));
    let gateway = setup.start().await;
    let token = sign(Algorithm::HS256, &json!({ "exp": hours_from_now(1) }), SECRET);
    let session = gateway.create_with(&gateway.client.with_token(&token), &json!({})).await;
    let turn = session.turn("!standin environment").await;
    let all: String = turn.iter().map(|event| event.data.as_str()).collect();
    assert!(all.contains("that is all"), "the command ran to its end: {all}");
    // Once by `env`, and at least once from /proc.
    assert!(all.matches("CODEX_GATEWAY_PROCESS=").count() > 1, "it has looked: {all}");
    assert!(!all.contains(SECRET), "it has found something");
    gateway.stop().await;
}

/// What everybody but the owner may do with it.
fn others(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o077
}

#[tokio::test]
async fn what_the_gateway_makes_is_its_owners_alone() {
    let gateway = Gateway::demo().await;
    let workspace = gateway.workspace();
    assert_eq!((others(&workspace), others(&workspace.with_file_name("codex-home"))), (0, 0));
    gateway.stop().await;

    let setup = Setup::fake("normal");
    let home = setup.path("new/codex-home");
    let gateway = setup.set("CODEX_GATEWAY_CODEX_HOME", &home).start().await;
    assert_eq!(others(&home), 0);
    assert!(!gateway.log().contains("other users"), "{}", gateway.log());
    gateway.stop().await;
}

#[tokio::test]
async fn a_codex_home_that_others_can_look_into_is_warned_of() {
    let setup = Setup::fake("normal");
    let home = setup.path("codex-home");
    fs::create_dir(&home).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o750)).unwrap();
    let gateway = setup.set("CODEX_GATEWAY_CODEX_HOME", &home).start().await;
    assert!(gateway.log().contains("which other users can look into"), "{}", gateway.log());
    assert_eq!(others(&home), 0o050, "it is left as it is");
    gateway.stop().await;
}

#[tokio::test]
async fn with_the_defaults_an_agent_can_write_in_its_directory() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    assert_eq!(session.reply["state"]["cwd"], json!(gateway.workspace()));
    let turn = session.turn("!standin patch").await;
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");
    assert!(turn.iter().all(|event| event.name != "server-request"), "nothing has to be asked");
    let notes = fs::read_to_string(gateway.workspace().join("standin-notes.md")).unwrap();
    assert!(!notes.is_empty());
    gateway.stop().await;
}

#[tokio::test]
async fn with_a_read_only_sandbox_it_cannot() {
    let gateway = Setup::demo()
        .set("CODEX_GATEWAY_SANDBOX", "read-only")
        .set("CODEX_GATEWAY_APPROVAL_POLICY", "never")
        .start()
        .await;
    gateway.create().await.turn("!standin patch").await;
    assert!(!gateway.workspace().join("standin-notes.md").exists());
    gateway.stop().await;
}

#[tokio::test]
async fn a_conversation_goes_on_after_its_codex_was_killed_in_a_turn() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let upstream = Recorder::start(standin.base_url()).await;
    let setup = Setup::upstream(&upstream.base_url());
    let gateway = setup.start().await.settled().await;
    let session = gateway.create().await;
    session.turn("My favourite colour is heliotrope. Reply with exactly the single word noted").await;
    let thread = session.state().await["threadId"].clone();
    let mut events = session.live().await;
    session.start_turn("!standin deltas count=100000 pace_us=5000").await;
    events.notification("item/agentMessage/delta").await;
    let [process] = gateway.codexes().try_into().unwrap();
    process.kill();

    let warning = events.find(|event| event.name == "warning").await.json();
    assert_eq!(warning["type"], "processExited");
    assert!(warning["message"].as_str().unwrap().contains("signal: 9"), "{warning}");
    let state = events.expect("state").await.json();
    assert_eq!(
        (&state["ready"], &state["activeTurn"], &state["lastTurnStatus"], &state["currentTurnId"]),
        (&json!(false), &json!(false), &json!("failed"), &Value::Null)
    );
    assert_eq!(state["transcript"][1]["text"], "noted", "what was said is still there");
    eventually("nothing of it is left", || gateway.processes().is_empty()).await;

    upstream.forget();
    session.start_turn("Reply with exactly the single word again").await;
    let turn = events.turn().await;
    let state = turn.last().unwrap().json();
    assert_eq!(
        (&state["ready"], &state["threadId"], &state["lastTurnStatus"]),
        (&json!(true), &thread, &json!("completed"))
    );
    let texts: Vec<&Value> =
        state["transcript"].as_array().unwrap().iter().map(|entry| &entry["text"]).collect();
    assert!(texts.contains(&&json!("noted")) && texts.last() == Some(&&json!("again")), "{texts:?}");
    assert!(upstream.heard().contains("heliotrope"), "the model is told the history");
    gateway.stop().await;
}

#[tokio::test]
async fn a_command_that_outlives_its_turn_ends_with_its_session() {
    let gateway = Gateway::demo().await.settled().await;
    let session = gateway.create().await;
    let turn = session.turn("!standin background").await;
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");
    eventually("the command runs on", || gateway.runs("sleep 60")).await;
    session.delete().await;
    assert_eq!(gateway.processes(), [], "nothing is left when the delete answers");
    gateway.stop().await;
}
