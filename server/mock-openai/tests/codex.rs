//! Tests with the real codex, which runs the mock server's scenarios with both shapes of tools.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod driver;

use driver::{Codex, MODELS};
use serde_json::{Value, json};

fn accept() -> Value {
    json!({"decision": "accept"})
}

#[tokio::test]
async fn one_turn_can_have_all_kinds_of_steps() {
    let mut codex = Codex::start().await;
    for model in MODELS {
        let thread = codex.thread(model).await;
        let turn = codex.turn(&thread, "!standin reasoning, plan, command, patch, text", accept()).await;
        assert_eq!(turn.status(), "completed", "{model}");

        let summary: String = turn.deltas("item/reasoning/summaryTextDelta").collect();
        let reasoning = turn.items("reasoning").next().unwrap();
        assert_eq!(reasoning["summary"].as_array().unwrap().len(), 2, "{model}");
        assert!(summary.starts_with(reasoning["summary"][0].as_str().unwrap()), "{model}");

        let completed = |params: &Value| {
            params["plan"].as_array().unwrap().iter().filter(|step| step["status"] == "completed").count()
        };
        assert_eq!(turn.all("turn/plan/updated").map(completed).collect::<Vec<_>>(), [0, 1, 2, 3], "{model}");

        let command = turn.items("commandExecution").next().unwrap();
        assert_eq!((&command["status"], &command["exitCode"]), (&json!("completed"), &json!(0)), "{command}");
        assert!(command["aggregatedOutput"].as_str().unwrap().contains("step 6 of 6"), "{command}");
        // The output is streamed while the command runs.
        let live: Vec<&str> = turn.deltas("item/commandExecution/outputDelta").collect();
        assert!(live.len() >= 3 && live.concat().contains("step 6 of 6\n"), "{live:?}");

        assert!(turn.items("fileChange").all(|change| change["status"] == "completed"), "{model}");
        assert_eq!(turn.items("fileChange").count(), 2, "{model}");
        assert!(turn.answer().contains("| Step | Shown as | Real? |"), "{model}");
        assert_eq!(turn.deltas("item/agentMessage/delta").collect::<String>(), turn.answer(), "{model}");
    }
    codex.end().await;
}

#[tokio::test]
async fn file_change_can_be_repeated() {
    let mut codex = Codex::start().await;
    let kinds = |turn: &driver::Turn| {
        let changes = turn
            .items("fileChange")
            .map(|item| item["changes"][0]["kind"]["type"].as_str().unwrap().to_owned());
        changes.collect::<Vec<_>>()
    };
    for model in MODELS {
        let thread = codex.thread(model).await;
        assert_eq!(
            kinds(&codex.turn(&thread, "!standin patch", accept()).await),
            ["add", "update"],
            "{model}"
        );
        assert_eq!(
            kinds(&codex.turn(&thread, "!standin patch", accept()).await),
            ["update", "update"],
            "{model}"
        );
        let notes = codex.work_dir.path().join("standin-notes.md");
        assert_eq!(std::fs::read_to_string(&notes).unwrap().matches("by an update").count(), 3, "{model}");
        std::fs::remove_file(notes).unwrap();
    }
    codex.end().await;
}

#[tokio::test]
async fn escalation_asks_for_approval_and_can_be_declined() {
    let mut codex = Codex::start().await;
    for model in MODELS {
        let thread = codex.thread(model).await;
        let turn = codex.turn(&thread, "!standin escalate", accept()).await;
        assert_eq!(turn.all("item/commandExecution/requestApproval").count(), 1, "{model}");
        assert_eq!(turn.items("commandExecution").next().unwrap()["status"], "completed", "{model}");

        let turn = codex.turn(&thread, "What needs my approval?", json!({"decision": "decline"})).await;
        assert_eq!(turn.items("commandExecution").next().unwrap()["status"], "declined", "{model}");
        assert!(turn.answer().starts_with("You declined"), "{}", turn.answer());
    }
    codex.end().await;
}

#[tokio::test]
async fn question_is_asked_and_answered() {
    let mut codex = Codex::start().await;
    for model in MODELS {
        let thread = codex.thread(model).await;
        let answer = json!({"answers": {"colour": {"answers": ["Green"]}}});
        let turn = codex.turn(&thread, "!standin question", answer).await;
        let asked = turn.all("item/tool/requestUserInput").next().unwrap();
        assert_eq!(asked["questions"][0]["options"].as_array().unwrap().len(), 2, "{model}");
        assert_eq!(turn.status(), "completed", "{model}");
    }
    codex.end().await;
}

#[tokio::test]
async fn prompts_in_natural_language_select_a_scenario() {
    let mut codex = Codex::start().await;
    let thread = codex.thread(MODELS[0]).await;
    let turn = codex.turn(&thread, "Reply with exactly the single word Lighthouse.", accept()).await;
    assert_eq!(turn.answer(), "Lighthouse");

    let turn = codex.turn(&thread, "Show me what you can do", accept()).await;
    assert_eq!(turn.items("fileChange").count(), 2);
    let plan = turn.all("turn/plan/updated").last().unwrap();
    assert!(plan["plan"].as_array().unwrap().iter().all(|step| step["status"] == "completed"), "{plan}");

    let turn = codex.turn(&thread, "Good morning", accept()).await;
    assert!(turn.answer().contains("```text\nGood morning\n```"), "{}", turn.answer());
    codex.end().await;
}

#[tokio::test]
async fn no_delta_is_lost() {
    let mut codex = Codex::start().await;
    let thread = codex.thread(MODELS[0]).await;
    let turn = codex.turn(&thread, "!standin deltas count=5000 size=7", accept()).await;
    assert!(turn.deltas("item/agentMessage/delta").all(|delta| delta.len() == 7));
    assert_eq!(turn.deltas("item/agentMessage/delta").count(), 5000);
    assert_eq!(turn.deltas("item/agentMessage/delta").collect::<String>(), turn.answer());

    let turn = codex.turn(&thread, "!standin deltas count=20 pace_us=2000 stamp=true", accept()).await;
    let stamp = |delta: &str| delta.trim_matches(['⟨', '⟩']).parse::<u128>().unwrap();
    let stamps: Vec<u128> = turn.deltas("item/agentMessage/delta").map(stamp).collect();
    assert_eq!(stamps.len(), 20);
    assert!(stamps.is_sorted(), "{stamps:?}");
    codex.end().await;
}

#[tokio::test]
async fn big_output_keeps_its_colours() {
    let mut codex = Codex::start().await;
    let thread = codex.thread(MODELS[0]).await;
    let turn = codex.turn(&thread, "!standin big-output", accept()).await;
    let output = turn.items("commandExecution").next().unwrap()["aggregatedOutput"].as_str().unwrap();
    assert!(
        output.contains("\u{1b}[36mline 2000\u{1b}[0m"),
        "{}",
        &output[output.len().saturating_sub(200)..]
    );
    codex.end().await;
}

#[tokio::test]
async fn background_command_outlives_its_turn() {
    let mut codex = Codex::start().await;
    for model in MODELS {
        let thread = codex.thread(model).await;
        let turn = codex.turn(&thread, "!standin background", accept()).await;
        assert_eq!(turn.status(), "completed", "{model}");
        assert_eq!(turn.items("commandExecution").count(), 0, "{model}");
        let running = codex.request("thread/backgroundTerminals/list", json!({"threadId": thread})).await;
        assert_eq!(running["data"].as_array().unwrap().len(), 1, "{running}");
    }
    codex.end().await;
}

#[tokio::test]
async fn hanging_response_and_slow_command_can_be_interrupted() {
    let mut codex = Codex::start().await;
    for (prompt, begun) in [
        ("!standin hang", "item/agentMessage/delta"),
        ("!standin slow-command", "item/commandExecution/outputDelta"),
    ] {
        let thread = codex.thread(MODELS[0]).await;
        let turn = codex.start_turn(&thread, prompt).await;
        codex.wait_for(begun).await;
        codex.request("turn/interrupt", json!({"threadId": thread, "turnId": turn})).await;
        let completed = codex.wait_for("turn/completed").await;
        assert_eq!(completed["params"]["turn"]["status"], "interrupted", "{prompt}");
    }
    codex.end().await;
}

#[tokio::test]
async fn failures_are_retried_and_reported() {
    let mut codex = Codex::start().await;
    let thread = codex.thread(MODELS[0]).await;
    let turn = codex.turn(&thread, "!standin flaky times=2, text", accept()).await;
    assert_eq!((turn.status(), codex.mock_server.requests()), ("completed", 3));
    assert!(turn.all("error").all(|error| error["willRetry"] == true));
    assert_eq!(turn.all("error").count(), 2);

    let turn = codex.turn(&thread, "!standin fail status=400", accept()).await;
    assert_eq!((turn.status(), codex.mock_server.requests()), ("failed", 4));

    let turn = codex.turn(&thread, "!standin cut", accept()).await;
    assert_eq!((turn.status(), codex.mock_server.requests()), ("failed", 10));
    assert!(turn.deltas("item/agentMessage/delta").count() >= 6);
    codex.end().await;
}
