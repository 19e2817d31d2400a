//! What the `.codex` directory of a workspace says runs outside of the sandbox: only where the operator trusts it.

use std::fs;

use serde_json::json;

use crate::support::{Gateway, Process, Setup, eventually};

/// A gateway whose workspace has a project in it that names an MCP server; where that would leave its mark.
async fn with_project(setup: Setup) -> (Gateway, std::path::PathBuf) {
    let gateway = setup.start().await.settled().await;
    let project = gateway.workspace().join("project");
    let mark = gateway.workspace().join("mark");
    fs::create_dir_all(project.join(".codex")).unwrap();
    let server = format!("[mcp_servers.x]\ncommand = \"touch\"\nargs = [{:?}]\n", mark.to_str().unwrap());
    fs::write(project.join(".codex/config.toml"), server).unwrap();
    (gateway, mark)
}

#[tokio::test]
async fn nothing_of_a_project_runs_by_itself() {
    let (gateway, mark) = with_project(Setup::demo()).await;
    let session = gateway.create_with(&gateway.client, &json!({ "cwd": "project" })).await;
    session.turn("Reply with exactly the single word ready").await;
    // Nor in a thread that goes on, in another process.
    let mut events = session.live().await;
    gateway.codexes().iter().for_each(Process::kill);
    events.find(|event| event.name == "warning").await;
    session.turn("Reply with exactly the single word again").await;
    assert!(!mark.exists());
    gateway.stop().await;
}

#[tokio::test]
async fn an_operator_may_trust_it() {
    let (gateway, mark) = with_project(Setup::demo().set("CODEX_GATEWAY_TRUST_PROJECTS", "1")).await;
    gateway.create_with(&gateway.client, &json!({ "cwd": "project" })).await;
    eventually("the project's server is started", || mark.exists()).await;
    gateway.stop().await;
}
