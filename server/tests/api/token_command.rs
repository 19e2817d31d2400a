//! `codex-gateway token`

use crate::{auth::SECRET, support::Setup};

#[tokio::test]
async fn token_command_prints_only_a_valid_token() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET);
    let (succeeded, printed, _) = setup.run(&["token", "--sub", "ada", "--ttl", "1h"]).await;
    let token = printed.trim_end();
    assert!(succeeded && token.split('.').count() == 3 && token.lines().count() == 1, "{printed}");
    let gateway = crate::auth::gateway_with_auth().await;
    gateway.client.with_token(token).post("/api/sessions").await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn token_command_fails_without_a_secret() {
    let (succeeded, printed, stderr) = Setup::fake("normal").run(&["token", "--sub", "ada"]).await;
    assert!(!succeeded && printed.is_empty(), "{printed}");
    assert!(stderr.contains("CODEX_GATEWAY_JWT_SECRET") && stderr.contains("--jwt-secret"), "{stderr}");
}

#[tokio::test]
async fn secret_flag_is_accepted_and_short_secret_is_warned_about() {
    let (succeeded, printed, stderr) = Setup::fake("normal").run(&["token", "--jwt-secret", "short"]).await;
    assert!(succeeded && printed.lines().count() == 1, "{printed}");
    assert!(stderr.contains("shorter than 32 bytes"), "{stderr}");
    let (succeeded, printed, stderr) =
        Setup::fake("normal").run(&["token", "--jwt-secret", SECRET, "--ttl", "soon"]).await;
    assert!(!succeeded && printed.is_empty() && stderr.contains("--ttl"), "{stderr}");
}
