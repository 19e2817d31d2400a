//! The log of the gateway.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::{
    auth::{SECRET, hours_from_now, sign, token_for},
    sign_in::sign_in,
    support::Setup,
};

#[tokio::test]
async fn client_input_cannot_forge_log_lines() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET).start().await;
    let forged = "ada\r\n2026-01-01T00:00:00Z  INFO forged: session=x\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m\u{202e}\u{2028}";
    let token = sign(Algorithm::HS256, &json!({ "sub": forged, "exp": hours_from_now(1) }), SECRET);
    let client = gateway.client.with_token(&token);
    let session = gateway.create_with(&client, &json!({})).await;
    client.post_json(&session.path("/thread/name"), &json!({ "name": forged })).await;
    client.get("/api/sessions/%1b%5b2J%0d%0aforged/state").await.expect_error(404, "not_found");
    client.with_header("last-event-id", "x\u{7f}").get("/api/info").await;
    session.run_turn("Hello").await;
    session.delete().await;
    let log = gateway.log();
    assert!(log.contains("session created") && log.contains("owner=\"ada\\r\\n2026"), "{log}");
    assert!(!log.lines().any(|line| line.starts_with("2026-01-01")), "{log}");
    let is_invisible = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202e}' | '\u{2028}');
    assert!(!log.contains(is_invisible), "{:?}", log.lines().find(|line| line.contains(is_invisible)));
    gateway.stop().await;
}

/// Returns the lines of a JSON log with this message.
fn lines_with_message(log: &str, message: &str) -> Vec<Value> {
    let all =
        log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{line}")));
    all.filter(|line| line["message"] == message).collect()
}

#[tokio::test]
async fn turns_approvals_sign_ins_and_errors_are_logged_without_content() {
    // The last two are texts of the agent.
    const PRIVATE: [&str; 4] = ["hush-prompt", "hush-argument", "Mind the tests", "**Hello**"];
    let setup = Setup::fake("asks-commands")
        .set("CODEX_GATEWAY_JWT_SECRET", SECRET)
        .set("CODEX_GATEWAY_LOG_FORMAT", "json");
    let command = "/bin/bash -lc 'curl -H hush-argument https://example.org'";
    setup.fake_codex().set_commands(&json!([{ "command": command }]));
    let gateway = setup.start().await;
    sign_in(&gateway, "ada").await;
    let bad = gateway.client.post_form("/sign-in", "token=hush-prompt&to=/").await;
    assert_eq!(bad.status, 401);
    gateway.client.with_token("hush-prompt").get("/api/sessions").await.expect_error(401, "unauthorized");

    let ada = gateway.client.with_token(&token_for("ada"));
    let session = gateway.create_with(&ada, &json!({ "approvals": "ask" })).await;
    let mut events = session.subscribe().await;
    session.start_turn("hush-prompt").await;
    let request = events.find(|event| event.name == "request").await.json();
    let path = session.path(&format!("/requests/{}", request["id"].as_str().unwrap()));
    ada.post_json(&path, &json!({ "decision": "decline" })).await.ok();
    events.rest_of_turn().await;
    gateway.fake_codex().set_mode("normal");
    session.run_turn("hush-prompt").await;
    gateway.fake_codex().set_mode("refuses-turns");
    ada.post_json(&session.path("/turn"), &json!({ "prompt": "hush-prompt" })).await;
    let log = gateway.log();

    let is_about = |line: &Value| line["owner"] == "ada" && line["session"] == json!(session.id);
    let started = lines_with_message(&log, "turn started");
    assert!(started.len() == 2 && started.iter().all(is_about), "{started:?}");
    let completed = lines_with_message(&log, "turn completed");
    assert!(completed.len() == 2 && completed.iter().all(is_about), "{completed:?}");
    assert_eq!(completed[1]["turn"], started[1]["turn"]);
    assert!(completed[1]["total_tokens"].is_u64() && completed[1]["status"] == "completed", "{completed:?}");
    let [failed] = lines_with_message(&log, "turn failed before it began").try_into().unwrap();
    assert!(is_about(&failed) && failed["why"].as_str().unwrap().len() > 3, "{failed}");
    let [asked] = lines_with_message(&log, "codex asks the user").try_into().unwrap();
    let [resolved] = lines_with_message(&log, "a request to the user has ended").try_into().unwrap();
    for line in [&asked, &resolved] {
        assert!(is_about(line) && line["kind"] == "command" && line["program"] == "curl", "{line}");
        assert_eq!(
            line["command_sha256"],
            "2852ea223f8ee917e953fda2c89408acdba3fea27b5713e2cf7f3214683f4893"
        );
    }
    assert_eq!((&resolved["outcome"], &resolved["by"]), (&json!("declined"), &json!("user")));
    let [signed_in] = lines_with_message(&log, "signed in").try_into().unwrap();
    assert_eq!((&signed_in["owner"], &signed_in["address"]), (&json!("ada"), &json!("127.0.0.1")));
    assert_eq!(lines_with_message(&log, "sign-in refused: the token is not valid").len(), 1);
    let [refused] = lines_with_message(&log, "request refused").try_into().unwrap();
    assert_eq!(
        (&refused["code"], &refused["span"]["path"]),
        (&json!("unauthorized"), &json!("/api/sessions"))
    );
    for text in PRIVATE {
        assert!(!log.contains(text), "{text}: {:?}", log.lines().find(|line| line.contains(text)));
    }
    gateway.stop().await;
}

#[tokio::test]
async fn turn_of_the_real_codex_is_logged_with_tokens_and_without_output() {
    let gateway = Setup::demo().set("CODEX_GATEWAY_LOG_FORMAT", "json").start().await;
    let session = gateway.create_with(&gateway.client, &json!({ "approvals": "decline" })).await;
    let turn = session.run_turn("!standin command, escalate alone=true").await;
    assert!(turn.iter().any(|event| event.data.contains("step 6 of 6")), "the command ran");
    let log = gateway.log();
    let [completed] = lines_with_message(&log, "turn completed").try_into().unwrap();
    assert!(
        completed["total_tokens"].as_u64() > Some(0) && completed["duration_ms"].as_u64() > Some(0),
        "{completed}"
    );
    let [declined] = lines_with_message(&log, "a request to the user has ended").try_into().unwrap();
    assert_eq!((&declined["program"], &declined["by"]), (&json!("uname"), &json!("policy")));
    for text in ["of 6", "uname -sm", "May I", "!standin"] {
        assert!(!log.contains(text), "{text}: {:?}", log.lines().find(|line| line.contains(text)));
    }
    gateway.stop().await;
}

#[tokio::test]
async fn startup_error_is_logged_as_json() {
    let setup =
        Setup::fake("normal").set("CODEX_GATEWAY_LOG_FORMAT", "json").set("CODEX_GATEWAY_CWD", "/nowhere");
    let (_, log) = setup.start_expecting_failure().await;
    let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert!(last["level"] == "ERROR" && last["message"].as_str().unwrap().contains("/nowhere"), "{last}");
    let (_, log) =
        Setup::fake("normal").set("CODEX_GATEWAY_LOG_FORMAT", "xml").start_expecting_failure().await;
    assert!(log.contains("CODEX_GATEWAY_LOG_FORMAT is \"xml\"; it takes text, json"), "{log}");
}
