//! The gateway as process 1, as in a container without an init.

use crate::support::{Setup, eventually};

#[tokio::test]
async fn process_1_reaps_orphans_and_ends_when_it_is_told_to() {
    let gateway = Setup::fake("orphan").in_pid_namespace().start().await;
    let session = gateway.create().await;
    eventually("codex has started another process", || gateway.runs("sleep 600")).await;
    // Codex ends, and what it started is killed: process 1 is its parent then.
    session.delete().await;
    assert!(!gateway.runs("sleep 600"));
    eventually("what was killed is reaped", || gateway.zombies() == 0).await;
    gateway.create().await.turn("Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn process_1_ends_with_the_status_of_the_gateway() {
    let (status, log) =
        Setup::fake("normal").in_pid_namespace().set("CODEX_GATEWAY_CWD", "/nowhere").start_badly().await;
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("CODEX_GATEWAY_CWD is /nowhere"), "{log}");
}
