//! The gateway's own files.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::support::{Gateway, Setup};

#[tokio::test]
async fn database_is_private_and_demo_has_its_own() {
    let gateway = Gateway::fake("normal").await;
    let file = gateway.data_dir().join("gateway.db");
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    gateway.stop().await;

    let demo = Setup::demo().start().await;
    assert!(demo.data_dir().join("demo/gateway.db").is_file(), "the demo has its own");
    assert!(!demo.data_dir().join("gateway.db").exists());
    demo.stop().await;
}

#[tokio::test]
async fn unusable_data_directory_prevents_start_and_is_named() {
    let setup = Setup::fake("normal");
    let file = setup.data_dir().join("file");
    fs::write(&file, "").unwrap();
    let below = file.join("below").to_str().unwrap().to_owned();
    let (status, log) = setup.set("CODEX_GATEWAY_DATA_DIR", &below).start_expecting_failure().await;
    assert!(!status.success() && log.contains(&below) && log.contains("CODEX_GATEWAY_DATA_DIR"), "{log}");

    let setup = Setup::fake("normal");
    let file = setup.data_dir().join("gateway.db");
    fs::write(&file, "not a database at all, but long enough to be looked at as one").unwrap();
    let (status, log) = setup.start_expecting_failure().await;
    assert!(!status.success() && log.contains("gateway.db is damaged"), "{log}");
}
