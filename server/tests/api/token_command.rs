//! `codex-gateway token`

use crate::{auth::SECRET, support::Setup};

#[tokio::test]
async fn it_prints_a_token_that_is_good_here_and_nothing_else() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", SECRET);
    let (good, printed, _) = setup.run(&["token", "--sub", "ada", "--ttl", "1h"]).await;
    let token = printed.trim_end();
    assert!(good && token.split('.').count() == 3 && token.lines().count() == 1, "{printed}");
    let gateway = crate::auth::gateway().await;
    gateway.client.with_token(token).post("/api/sessions").await.ok();
    gateway.stop().await;
}

#[tokio::test]
async fn without_a_secret_there_is_none() {
    let (good, printed, said) = Setup::fake("normal").run(&["token", "--sub", "ada"]).await;
    assert!(!good && printed.is_empty(), "{printed}");
    assert!(said.contains("CODEX_GATEWAY_JWT_SECRET") && said.contains("--jwt-secret"), "{said}");
}

#[tokio::test]
async fn the_secret_can_be_a_flag_and_a_short_one_is_warned_of() {
    let (good, printed, said) = Setup::fake("normal").run(&["token", "--jwt-secret", "short"]).await;
    assert!(good && printed.lines().count() == 1, "{printed}");
    assert!(said.contains("shorter than 32 bytes"), "{said}");
    let (good, printed, said) =
        Setup::fake("normal").run(&["token", "--jwt-secret", SECRET, "--ttl", "soon"]).await;
    assert!(!good && printed.is_empty() && said.contains("--ttl"), "{said}");
}
