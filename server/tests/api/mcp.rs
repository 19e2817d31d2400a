//! MCP servers of codex's configuration: one that starts slowly, and one that fails.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::{Events, Session, Setup};

/// The configuration of servers that are `server` with some arguments.
fn config(servers: &[(&str, &[&str])]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/support/mcp_server.mjs");
    let server = |(name, arguments): &(&str, &[&str])| {
        let all: Vec<&str> =
            [script.to_str().unwrap()].into_iter().chain(arguments.iter().copied()).collect();
        format!("[mcp_servers.{name}]\ncommand = \"node\"\nargs = {all:?}\n")
    };
    servers.iter().map(server).collect()
}

/// Waits until codex tells that the start of a server has come so far.
async fn started(events: &mut Events, name: &str, status: &str) {
    loop {
        let event = events.next().await.expect("the stream goes on");
        let data = event.json();
        let is_start = data["method"] == "mcpServer/startupStatus/updated";
        if is_start && data["params"]["name"] == name && data["params"]["status"] == status {
            return;
        }
    }
}

async fn server(session: &Session, name: &str) -> Value {
    let state = session.state().await["state"].clone();
    let servers = state["mcpServers"].as_array().unwrap();
    servers.iter().find(|server| server["name"] == name).unwrap_or_else(|| panic!("{state}")).clone()
}

#[tokio::test]
async fn servers_that_start_slowly_or_fail_are_named_in_the_state_and_a_turn_can_be_stopped_meanwhile() {
    let setup = Setup::demo();
    let home = setup.data_dir().join("demo/codex-home");
    let gate = setup.path("gate");
    fs::create_dir_all(&home).unwrap();
    let slow = ["wait", gate.to_str().unwrap()];
    fs::write(home.join("config.toml"), config(&[("slow", &slow), ("broken", &["fail"])])).unwrap();
    let gateway = setup.start().await;
    let session = gateway.create().await;
    let mut events = session.events("since=0:0").await;
    session.start_turn("!standin slow-command").await;
    started(&mut events, "broken", "failed").await;

    let broken = server(&session, "broken").await;
    assert_eq!(broken["status"], "failed");
    assert!(broken["error"].as_str().unwrap().contains("`broken` failed to start"), "{broken}");
    let slow = server(&session, "slow").await;
    assert_eq!((&slow["status"], &slow["error"]), (&"starting".into(), &Value::Null));

    let state = gateway.client.post(&session.path("/turn/interrupt")).await.ok()["state"].clone();
    assert_eq!(state["activeTurn"], false, "{state}");
    fs::write(&gate, "").unwrap();
    started(&mut events, "slow", "ready").await;
    assert_eq!(server(&session, "slow").await["status"], "ready");
    gateway.stop().await;
}
