//! Requests that nobody thought of: schemathesis makes them of the OpenAPI document, and holds what is answered against it.

use std::{env, path::PathBuf, process::Stdio, time::Duration};

use serde_json::json;
use tokio::time::timeout;

use crate::{
    support::{Gateway, Setup},
    threads_read::thread_of,
};

/// How many for each operation, and from which number: a failure can be repeated.
const HOW_MANY: &str = "12";
const SEED: &str = "1";
/// No bug of the server, nothing that is not described, and nothing taken that the document does not allow.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,negative_data_rejection";
/// Longer than any request takes.
const PATIENCE: Duration = Duration::from_secs(140);

/// Where `cargo xtask test unit` installs it.
fn schemathesis() -> PathBuf {
    let executable = env::current_exe().unwrap();
    let target = executable.ancestors().find(|dir| dir.join("debug").is_dir()).unwrap();
    let program = target.join("schemathesis/bin/schemathesis");
    assert!(program.is_file(), "{} is missing: cargo xtask test unit installs it", program.display());
    program
}

/// What ends what it finds has to find its own.
const ENDS: [&str; 4] = ["deleteSession", "deleteThread", "archiveThread", "unarchiveThread"];

#[tokio::test]
async fn are_answered_as_it_is_described() {
    let gateway = Setup::demo().set("CODEX_GATEWAY_MAX_SESSIONS", "6").start().await;
    let session = gateway.create_with(&gateway.client, &json!({ "approvals": "decline" })).await;
    session.turn("Reply with exactly the single word ready").await;
    let (id, thread) = (&session.id, thread_of(&session));
    let config = format!(
        "[[operations]]\n\
         include-path-regex = \"^/api/sessions/[{{]id[}}]/\"\n\
         parameters = {{ \"path.id\" = \"{id}\" }}\n\
         [[operations]]\n\
         include-operation-id = [\"getThread\", \"exportThread\"]\n\
         parameters = {{ \"path.id\" = \"{thread}\" }}\n"
    );
    // An event stream does not end.
    let others =
        ENDS.iter().chain(&["streamEvents", "streamSummaries"]).flat_map(|id| ["--exclude-operation-id", id]);
    run(&gateway, &config, others).await;
    run(&gateway, "", ENDS.iter().flat_map(|id| ["--include-operation-id", id])).await;
    gateway.stop().await;
}

async fn run(gateway: &Gateway, config: &str, operations: impl Iterator<Item = &str>) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("schemathesis.toml"), config).unwrap();
    let address = format!("http://{}", gateway.client.address());
    #[expect(clippy::disallowed_methods, reason = "it is a client, as the others of these tests are")]
    let mut command = tokio::process::Command::new(schemathesis());
    command.args(["run", &format!("{address}/api/openapi.json"), "--url", &address, "--checks", CHECKS]);
    command.args(["-n", HOW_MANY, "--seed", SEED, "--request-timeout", "40", "--no-color"]);
    command.args(operations).current_dir(dir.path()).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await.expect("it should come to its end").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}\n{}", String::from_utf8_lossy(&output.stderr), gateway.log());
    println!("{said}");
}
