//! The gateway as process 1, as in a container without an init.

use crate::support::{Setup, eventually};

#[tokio::test]
async fn process_1_reaps_orphans_and_exits_on_sigterm() {
    let gateway = Setup::fake("leaves-orphan").in_pid_namespace().start().await;
    let session = gateway.create().await;
    eventually("the orphan runs", || gateway.is_running("sleep 600")).await;
    // Codex exits and its child is killed. The orphan's parent is then process 1.
    session.delete().await;
    assert!(!gateway.is_running("sleep 600"));
    eventually("the orphan is reaped", || gateway.zombie_count() == 0).await;
    gateway.create().await.run_turn("Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn process_1_exits_with_the_status_of_the_gateway() {
    let (status, log) = Setup::fake("normal")
        .in_pid_namespace()
        .set("CODEX_GATEWAY_CWD", "/nowhere")
        .start_expecting_failure()
        .await;
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("CODEX_GATEWAY_CWD is /nowhere"), "{log}");
}
