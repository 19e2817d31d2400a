//! A codex that is too old, or lacks something: it is said which was found, what is needed, and how to mend it.

use serde_json::{Value, json};

use crate::support::{Gateway, Session, Setup, eventually};

/// What must be said of a codex of this version.
fn says_all(said: &str, version: &str, program: &str) {
    for words in [
        version,
        program,
        "is too old",
        "needs 0.1",
        "npm install -g @openai/codex@latest",
        "CODEX_GATEWAY_CODEX_BIN",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[tokio::test]
async fn one_that_is_too_old_is_told_in_clear_words_wherever_one_looks() {
    for (mode, version) in [("ancient", "codex 0.20.0"), ("old", "codex 0.110.0")] {
        let gateway = Gateway::fake(mode).await;
        let program = gateway.codex().executable();
        let program = program.to_str().unwrap();
        says_all(&gateway.client.post("/api/sessions").await.refused(503, "codex_too_old"), version, program);
        let ready = gateway.client.get("/readyz").await;
        assert_eq!(ready.status, 503);
        says_all(ready.json()["error"].as_str().unwrap(), version, program);
        eventually("the start tells it", || gateway.log().contains("codex cannot be used")).await;
        let log = gateway.log();
        says_all(log.lines().find(|line| line.contains("codex cannot be used")).unwrap(), version, program);
        eventually("no process is left", || gateway.processes().is_empty()).await;

        // It is mended without a restart.
        gateway.codex().set_mode("normal");
        gateway.create().await.turn("Hello").await;
        gateway.stop().await;
    }
}

/// The thread of a session, and what was said in it.
async fn said(session: &Session) -> (Value, Vec<Value>) {
    let state = session.state().await;
    let texts = state["transcript"].as_array().unwrap().iter().map(|entry| entry["text"].clone()).collect();
    (state["threadId"].clone(), texts)
}

#[tokio::test]
async fn a_session_outlives_a_codex_that_was_replaced_by_an_old_one() {
    let gateway = Gateway::fake("normal").await.settled().await;
    let session = gateway.create().await;
    session.turn("Hello").await;
    let mut events = session.live().await;
    gateway.codexes()[0].kill();
    events.find(|event| event.name == "warning").await;
    let before = said(&session).await;
    gateway.codex().set_mode("old");
    let body = json!({ "prompt": "Hello" });
    session.client.post_json(&session.path("/turn"), &body).await.refused(503, "codex_too_old");
    assert_eq!(said(&session).await, before);
    gateway.codex().set_mode("normal");
    session.turn("Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn check_tells_it_once() {
    for (mode, version) in [("ancient", "codex 0.20.0"), ("old", "codex 0.110.0")] {
        let setup = Setup::fake(mode);
        let program = setup.fake_codex().executable();
        let (good, printed, _) = setup.run(&["check"]).await;
        let bad: Vec<&str> = printed.lines().filter(|line| line.starts_with("BAD ")).collect();
        let [line] = bad.as_slice() else { panic!("{printed}") };
        assert!(!good && line.contains(" codex: "), "{printed}");
        says_all(line, version, program.to_str().unwrap());
    }
}

/// Of 0.142.0 two processes cannot begin together in a home that is new: the one ends.
#[tokio::test]
async fn one_that_ends_because_another_one_starts_is_started_again() {
    let gateway = Gateway::fake("normal").await.settled().await;
    gateway.codex().set_mode("races");
    gateway.create().await.turn("Hello").await;
    gateway.stop().await;
}
