//! Requests that schemathesis generates from the OpenAPI document, and checks against it.

use std::{env, path::PathBuf, process::Stdio, time::Duration};

use serde_json::json;
use tokio::time::timeout;

use crate::{
    support::{Gateway, Setup},
    threads_read::thread_id,
};

/// Number of requests for each operation.
const REQUESTS_PER_OPERATION: &str = "12";
/// Fixed, so that a failure is reproducible.
const SEED: &str = "1";
/// No server error, no undocumented reply, and no accepted request that the document does not allow.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,negative_data_rejection";
/// Longer than a run takes.
const TIMEOUT: Duration = Duration::from_secs(140);

/// Returns the program that `cargo xtask test unit` installs.
fn schemathesis() -> PathBuf {
    let executable = env::current_exe().unwrap();
    let target = executable.ancestors().find(|dir| dir.join("debug").is_dir()).unwrap();
    let program = target.join("schemathesis/bin/schemathesis");
    assert!(program.is_file(), "{} is missing: cargo xtask test unit installs it", program.display());
    program
}

/// Operations that end a session or a thread. They run without the shared session.
const DESTRUCTIVE: [&str; 4] = ["deleteSession", "deleteThread", "archiveThread", "unarchiveThread"];

#[tokio::test]
async fn generated_requests_get_documented_replies() {
    let gateway = Setup::demo().set("CODEX_GATEWAY_MAX_SESSIONS", "6").start().await;
    let session = gateway.create_with(&gateway.client, &json!({ "approvals": "decline" })).await;
    session.run_turn("Reply with exactly the single word ready").await;
    let (id, thread) = (&session.id, thread_id(&session));
    let config = format!(
        "[[operations]]\n\
         include-path-regex = \"^/api/sessions/[{{]id[}}]/\"\n\
         parameters = {{ \"path.id\" = \"{id}\" }}\n\
         [[operations]]\n\
         include-operation-id = [\"getThread\", \"exportThread\"]\n\
         parameters = {{ \"path.id\" = \"{thread}\" }}\n"
    );
    // Event streams do not end.
    let others = DESTRUCTIVE
        .iter()
        .chain(&["streamEvents", "streamSummaries"])
        .flat_map(|id| ["--exclude-operation-id", id]);
    run(&gateway, &config, others).await;
    run(&gateway, "", DESTRUCTIVE.iter().flat_map(|id| ["--include-operation-id", id])).await;
    gateway.stop().await;
}

async fn run(gateway: &Gateway, config: &str, operations: impl Iterator<Item = &str>) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("schemathesis.toml"), config).unwrap();
    let address = format!("http://{}", gateway.client.address());
    #[expect(clippy::disallowed_methods, reason = "the test runs an external client")]
    let mut command = tokio::process::Command::new(schemathesis());
    command.args(["run", &format!("{address}/api/openapi.json"), "--url", &address, "--checks", CHECKS]);
    command.args(["-n", REQUESTS_PER_OPERATION, "--seed", SEED, "--request-timeout", "40", "--no-color"]);
    command.args(operations).current_dir(dir.path()).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(TIMEOUT, command.output()).await.expect("the program should exit in time").unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{stdout}{}\n{}",
        String::from_utf8_lossy(&output.stderr),
        gateway.log()
    );
    println!("{stdout}");
}
