//! Unsupported codex versions: the error names the version, the requirement and the fix.

use serde_json::{Value, json};

use crate::support::{Gateway, Session, Setup, eventually};

/// Asserts that a message names the version, the program, the requirement and the fix.
#[track_caller]
fn assert_explains(message: &str, version: &str, program: &str) {
    for words in [
        version,
        program,
        "is too old",
        "needs 0.1",
        "npm install -g @openai/codex@latest",
        "CODEX_GATEWAY_CODEX_BIN",
    ] {
        assert!(message.contains(words), "{words}: {message}");
    }
}

#[tokio::test]
async fn unsupported_codex_is_reported_by_api_readiness_and_log() {
    for (mode, version) in [("no-app-server", "codex 0.20.0"), ("unsupported", "codex 0.110.0")] {
        let gateway = Gateway::fake(mode).await;
        let program = gateway.fake_codex().executable();
        let program = program.to_str().unwrap();
        assert_explains(
            &gateway.client.post("/api/sessions").await.expect_error(503, "codex_too_old"),
            version,
            program,
        );
        let ready = gateway.client.get("/readyz").await;
        assert_eq!(ready.status, 503);
        assert_explains(ready.json()["error"].as_str().unwrap(), version, program);
        eventually("the log of the start reports it", || gateway.log().contains("codex cannot be used"))
            .await;
        let log = gateway.log();
        assert_explains(
            log.lines().find(|line| line.contains("codex cannot be used")).unwrap(),
            version,
            program,
        );
        eventually("no process is left", || gateway.processes().is_empty()).await;

        // A supported version works without a restart of the gateway.
        gateway.fake_codex().set_mode("normal");
        gateway.create().await.run_turn("Hello").await;
        gateway.stop().await;
    }
}

/// Returns the thread id and the texts of a session.
async fn conversation(session: &Session) -> (Value, Vec<Value>) {
    let state = session.state().await;
    let texts = state["transcript"].as_array().unwrap().iter().map(|entry| entry["text"].clone()).collect();
    (state["threadId"].clone(), texts)
}

#[tokio::test]
async fn session_survives_downgrade_to_unsupported_codex() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    let session = gateway.create().await;
    session.run_turn("Hello").await;
    let mut events = session.subscribe().await;
    gateway.codex_processes()[0].kill();
    events.find(|event| event.name == "warning").await;
    let before = conversation(&session).await;
    gateway.fake_codex().set_mode("unsupported");
    let body = json!({ "prompt": "Hello" });
    session.client.post_json(&session.path("/turn"), &body).await.expect_error(503, "codex_too_old");
    assert_eq!(conversation(&session).await, before);
    gateway.fake_codex().set_mode("normal");
    session.run_turn("Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn check_reports_unsupported_codex_once() {
    for (mode, version) in [("no-app-server", "codex 0.20.0"), ("unsupported", "codex 0.110.0")] {
        let setup = Setup::fake(mode);
        let program = setup.fake_codex().executable();
        let (good, printed, _) = setup.run(&["check"]).await;
        let bad: Vec<&str> = printed.lines().filter(|line| line.starts_with("BAD ")).collect();
        let [line] = bad.as_slice() else { panic!("{printed}") };
        assert!(!good && line.contains(" codex: "), "{printed}");
        assert_explains(line, version, program.to_str().unwrap());
    }
}

/// Of two 0.142.0 processes that start at the same time in a new home, one exits.
#[tokio::test]
async fn codex_that_exits_in_a_startup_race_is_restarted() {
    let gateway = Gateway::fake("normal").await.catalog_loaded().await;
    gateway.fake_codex().set_mode("startup-race");
    gateway.create().await.run_turn("Hello").await;
    gateway.stop().await;
}
