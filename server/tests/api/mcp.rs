//! MCP servers in codex's configuration: a slow one and a failing one.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::{EventStream, Session, Setup};

/// Returns a configuration of scripted servers, by name and arguments.
fn config(servers: &[(&str, &[&str])]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/support/mcp_server.mjs");
    let server = |(name, arguments): &(&str, &[&str])| {
        let all: Vec<&str> =
            [script.to_str().unwrap()].into_iter().chain(arguments.iter().copied()).collect();
        // The default of ten seconds can be too short on a busy machine.
        format!("[mcp_servers.{name}]\ncommand = \"node\"\nargs = {all:?}\nstartup_timeout_sec = 120\n")
    };
    servers.iter().map(server).collect()
}

/// Waits until the state shows a server with this status. Returns its entry.
///
/// Each change of the status sends an event.
async fn wait_for_server(session: &Session, events: &mut EventStream, name: &str, status: &str) -> Value {
    loop {
        let state = session.state().await;
        let servers = state["mcpServers"].as_array().unwrap();
        let named = servers.iter().find(|server| server["name"] == name && server["status"] == status);
        if let Some(server) = named {
            return server.clone();
        }
        events.next().await.expect("the stream should continue");
    }
}

#[tokio::test]
async fn state_shows_slow_and_failed_servers_and_turn_can_be_interrupted() {
    let setup = Setup::demo();
    let home = setup.data_dir().join("demo/codex-home");
    let gate = setup.path("gate");
    fs::create_dir_all(&home).unwrap();
    let slow = ["wait", gate.to_str().unwrap()];
    fs::write(home.join("config.toml"), config(&[("slow", &slow), ("broken", &["fail"])])).unwrap();
    let gateway = setup.start().await;
    let session = gateway.create().await;
    let mut events = session.events("").await;
    session.start_turn("!standin slow-command").await;
    let broken = wait_for_server(&session, &mut events, "broken", "failed").await;
    assert!(broken["error"].as_str().unwrap().contains("`broken` failed to start"), "{broken}");
    let slow = wait_for_server(&session, &mut events, "slow", "starting").await;
    assert_eq!(slow["error"], Value::Null);

    gateway.client.post(&session.path("/turn/interrupt")).await.ok();
    let ended = events.notification("turn/completed").await.json();
    assert_eq!(ended["params"]["turn"]["status"], "interrupted", "{ended}");
    assert!(!gate.exists(), "the server is still starting");
    fs::write(&gate, "").unwrap();
    wait_for_server(&session, &mut events, "slow", "ready").await;
    gateway.stop().await;
}
