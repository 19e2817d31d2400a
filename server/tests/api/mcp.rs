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
        // By itself codex waits for ten seconds, which a busy machine can take.
        format!("[mcp_servers.{name}]\ncommand = \"node\"\nargs = {all:?}\nstartup_timeout_sec = 120\n")
    };
    servers.iter().map(server).collect()
}

/// Waits until the state says that the start of a server has come so far; each change of it is an event.
async fn server(session: &Session, events: &mut Events, name: &str, status: &str) -> Value {
    loop {
        let state = session.state().await;
        let servers = state["mcpServers"].as_array().unwrap();
        let named = servers.iter().find(|server| server["name"] == name && server["status"] == status);
        if let Some(server) = named {
            return server.clone();
        }
        events.next().await.expect("the stream goes on");
    }
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
    let mut events = session.events("").await;
    session.start_turn("!standin slow-command").await;
    let broken = server(&session, &mut events, "broken", "failed").await;
    assert!(broken["error"].as_str().unwrap().contains("`broken` failed to start"), "{broken}");
    let slow = server(&session, &mut events, "slow", "starting").await;
    assert_eq!(slow["error"], Value::Null);

    gateway.client.post(&session.path("/turn/interrupt")).await.ok();
    let ended = events.notification("turn/completed").await.json();
    assert_eq!(ended["params"]["turn"]["status"], "interrupted", "{ended}");
    assert!(!gate.exists(), "the server is still starting");
    fs::write(&gate, "").unwrap();
    server(&session, &mut events, "slow", "ready").await;
    gateway.stop().await;
}
