//! `codex-gateway check`

use std::net::TcpListener;

use codex_gateway_wire::Content;

use crate::support::{Setup, eventually, snapshot};

/// Runs the command. Returns whether it succeeded, and its output.
async fn check(setup: Setup) -> (bool, String) {
    let (succeeded, printed, _) = setup.run(&["check"]).await;
    (succeeded, printed)
}

/// Runs the command and asserts that exactly the check `about` fails. Returns its line.
async fn failing_line(setup: Setup, about: &str) -> String {
    let (succeeded, printed) = check(setup).await;
    let failures: Vec<&str> = printed.lines().filter(|line| line.starts_with("BAD ")).collect();
    let [line] = failures.as_slice() else { panic!("{printed}") };
    assert!(!succeeded && line.contains(&format!(" {about}: ")), "{printed}");
    (*line).to_owned()
}

#[tokio::test]
async fn check_succeeds_with_valid_configuration() {
    let (succeeded, printed) = check(Setup::fake("normal")).await;
    assert!(succeeded && printed.contains("ok    codex: 0.0.0-fake ("), "{printed}");
    for about in ["configuration", "sign-in", "sandbox", "port", "data directory", "browser files"] {
        assert!(printed.contains(&format!(" {about}: ")), "{printed}");
    }
    let (succeeded, printed) = check(Setup::demo()).await;
    assert!(
        succeeded && printed.contains(" sign-in: no sign-in needed; ") && printed.contains(" can be reached"),
        "{printed}"
    );
}

#[tokio::test]
async fn each_problem_is_reported_with_its_fix() {
    let line = failing_line(Setup::fake("version-fails"), "codex").await;
    assert!(
        line.contains("ended with exit status: 127") && line.contains("CODEX_GATEWAY_CODEX_BIN"),
        "{line}"
    );
    let line = failing_line(Setup::fake("exits-at-start"), "sign-in").await;
    assert!(line.contains("the disk is full"), "{line}");
    let line =
        failing_line(Setup::fake("normal").set("CODEX_GATEWAY_CWD", "/nowhere"), "configuration").await;
    assert!(line.contains("CODEX_GATEWAY_CWD is /nowhere"), "{line}");
    let line =
        failing_line(Setup::fake("normal").set("CODEX_GATEWAY_DATA_DIR", "/dev/null/x"), "data directory")
            .await;
    assert!(
        line.contains("/dev/null/x cannot be written") && line.contains("CODEX_GATEWAY_DATA_DIR"),
        "{line}"
    );
    let unreachable = Setup::fake("normal").set("CODEX_GATEWAY_OPENAI_BASE_URL", "http://127.0.0.1:1/v1");
    let line = failing_line(unreachable, "upstream").await;
    assert!(line.contains("127.0.0.1:1 cannot be reached"), "{line}");

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let line = failing_line(Setup::fake("normal").set("CODEX_GATEWAY_PORT", &port), "port").await;
    assert!(line.contains(&port) && line.contains("in use") && line.contains("CODEX_GATEWAY_PORT"), "{line}");
}

#[tokio::test]
async fn missing_codex_sign_in_is_reported_with_the_login_command() {
    let line = failing_line(Setup::demo().set("CODEX_GATEWAY_DEMO", "0"), "sign-in").await;
    assert!(line.contains("codex login") && line.contains("--demo"), "{line}");
}

/// Returns a demo setup with this codex configuration.
fn with_config(text: &str) -> Setup {
    let setup = Setup::demo();
    let home = setup.data_dir().join("demo/codex-home");
    std::fs::create_dir_all(&home).unwrap();
    std::fs::write(home.join("config.toml"), text).unwrap();
    setup
}

#[tokio::test]
async fn broken_codex_configuration_is_reported_with_file_and_line() {
    for (text, place) in [("model = \"m\"\nfoo = [\n", "config.toml:2:"), ("model = 7\n", "config.toml:1:")] {
        let line = failing_line(with_config(text), "configuration of codex").await;
        assert!(line.contains(place), "{line}");

        let gateway = with_config(text).with_pages().start().await.catalog_loaded().await;
        assert!(
            gateway.log().lines().any(|line| line.contains("ERROR") && line.contains(place)),
            "{}",
            gateway.log()
        );
        let page = gateway.client.get("/").await.text();
        assert!(page.contains(place), "{page}");
        let error = gateway.client.post("/api/sessions").await.expect_error(503, "codex_config");
        assert!(error.contains(place), "{error}");
        gateway.stop().await;
    }
}

#[tokio::test]
async fn mended_codex_configuration_is_noticed_by_the_next_page() {
    let gateway = with_config("model = 7\n").with_pages().start().await.catalog_loaded().await;
    let config = gateway.data_dir().join("demo/codex-home/config.toml");
    let is_reported = async || gateway.client.get("/").await.text().contains("config.toml:1:");
    assert!(is_reported().await && is_reported().await);
    std::fs::write(&config, "").unwrap();
    assert!(!is_reported().await, "no session was started");
    gateway.create().await;
    gateway.stop().await;
}

#[tokio::test]
async fn unknown_codex_setting_is_reported() {
    let (succeeded, printed) = check(with_config("nonsense_key = 1\n")).await;
    let line = printed.lines().find(|line| line.contains(" configuration of codex: ")).unwrap();
    assert!(succeeded && line.starts_with("look ") && line.contains("`nonsense_key`"), "{printed}");

    let gateway = with_config("nonsense_key = 1\n").start().await;
    let session = gateway.create().await;
    session.run_turn("Reply with exactly the single word ready").await;
    let notices = snapshot(&session).await.transcript.entries;
    let matching = notices.iter().filter(|entry| match &entry.content {
        Content::Notice(notice) => notice.message.contains("`nonsense_key`"),
        _ => false,
    });
    assert_eq!(matching.count(), 1, "codex warns twice, and the conversation shows one notice");
    gateway.stop().await;
}

#[tokio::test]
async fn risky_settings_are_warnings_and_not_failures() {
    let setup = Setup::fake("normal")
        .set("CODEX_GATEWAY_HOST", "0.0.0.0")
        .set("CODEX_GATEWAY_SANDBOX", "danger-full-access")
        .set("CODEX_GATEWAY_MAX_SESSION", "3");
    let (succeeded, printed) = check(setup).await;
    assert!(succeeded, "{printed}");
    for text in [
        "everybody who can reach it",
        "commands may do whatever",
        "nearest that is known is CODEX_GATEWAY_MAX_SESSIONS",
    ] {
        assert!(printed.lines().any(|line| line.starts_with("look ") && line.contains(text)), "{printed}");
    }
}

#[tokio::test]
async fn rules_in_codex_home_are_reported_with_their_effect() {
    let setup = Setup::fake("normal");
    let rules = setup.home().join(".codex/rules");
    std::fs::create_dir_all(&rules).unwrap();
    let rule = "prefix_rule(pattern=[\"touch\", \"x\"], decision=\"allow\")\n";
    std::fs::write(rules.join("default.rules"), rule.repeat(2)).unwrap();
    let (succeeded, printed) = check(setup).await;
    let line = printed.lines().find(|line| line.contains(" rules of codex: ")).unwrap();
    assert!(succeeded && line.starts_with("look "), "{printed}");
    for text in ["default.rules has 2 rules", "for every owner", "CODEX_GATEWAY_CODEX_HOME"] {
        assert!(line.contains(text), "{line}");
    }
    let (_, printed) = check(Setup::fake("normal")).await;
    assert!(!printed.contains("rules of codex"), "{printed}");
}

#[tokio::test]
async fn used_metrics_port_is_reported() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let line = failing_line(
        Setup::fake("normal").set("CODEX_GATEWAY_METRICS_BIND", &address),
        "port of the metrics",
    )
    .await;
    assert!(line.contains(&address) && line.contains("set CODEX_GATEWAY_METRICS_BIND"), "{line}");
}

#[tokio::test]
async fn variables_that_codex_configuration_needs_and_does_not_get_are_reported() {
    let setup = Setup::demo();
    let home = setup.path("data/demo/codex-home");
    std::fs::create_dir_all(&home).unwrap();
    let config = r#"
        [model_providers.mine]
        name = "Mine"
        base_url = "http://127.0.0.1:9/v1"
        env_key = "MY_KEY"
        [mcp_servers.a]
        command = "true"
        env_vars = ["A_TOKEN", "PASSED"]
        [mcp_servers.b]
        url = "http://127.0.0.1:9/mcp"
        bearer_token_env_var = "B_TOKEN"
        env_http_headers = { "X-Key" = "IN_FILE" }
        [mcp_servers.off]
        command = "true"
        enabled = false
        env_vars = ["OFF"]
    "#;
    std::fs::write(home.join("config.toml"), config).unwrap();
    std::fs::write(home.join(".env"), "IN_FILE=1\n").unwrap();
    let setup = setup.set("MY_KEY", "1").set("PASSED", "1").set("CODEX_GATEWAY_PASS_ENV", "PASS*");
    let gateway = setup.start().await;
    let (succeeded, printed) = gateway.run(&["check"]).await;
    assert!(succeeded, "no turn needs these variables: {printed}");
    let lines: Vec<&str> = printed.lines().filter(|line| line.contains(" environment: ")).collect();
    let [key, a, b] = lines.as_slice() else { panic!("{printed}") };
    assert!(
        key.starts_with("look ") && key.contains("MY_KEY, which the model provider \"mine\" (env_key)"),
        "{key}"
    );
    assert!(key.contains("not passed on: name it in CODEX_GATEWAY_PASS_ENV"), "{key}");
    assert!(a.contains("A_TOKEN, which the MCP server \"a\" (env_vars)") && a.contains("is not set"), "{a}");
    assert!(b.contains("B_TOKEN, which the MCP server \"b\" (bearer_token_env_var)"), "{b}");
    eventually("the log reports it as well", || gateway.log().contains("codex does not get MY_KEY")).await;
    gateway.stop().await;
}

#[tokio::test]
async fn missing_key_of_active_model_provider_is_a_failure() {
    let home = Setup::demo();
    let codex_home = home.path("home-of-codex");
    std::fs::create_dir_all(&codex_home).unwrap();
    let config = "model_provider = \"mine\"\n[model_providers.mine]\nname = \"Mine\"\n\
                  base_url = \"http://127.0.0.1:9/v1\"\nenv_key = \"MY_KEY\"\n";
    std::fs::write(codex_home.join("config.toml"), config).unwrap();
    let setup = home.set("CODEX_GATEWAY_DEMO", "0").set("CODEX_GATEWAY_CODEX_HOME", &codex_home);
    let line = failing_line(setup.set("MY_KEY", "1"), "environment").await;
    assert!(line.contains("MY_KEY"), "{line}");
}

#[tokio::test]
async fn port_used_by_the_same_gateway_is_not_a_failure() {
    let metrics = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_METRICS_BIND", &metrics).start().await;
    let (succeeded, printed) = gateway.run(&["check"]).await;
    assert!(succeeded, "{printed}");
    for about in [" port: ", " port of the metrics: "] {
        let line = printed.lines().find(|line| line.contains(about)).unwrap();
        assert!(line.starts_with("ok ") && line.contains("in use by this gateway (process "), "{line}");
    }
    let other = Setup::fake("normal").set("CODEX_GATEWAY_PORT", gateway.client.port().to_string());
    let line = failing_line(other, "port").await;
    assert!(line.contains("in use"), "another gateway uses the port: {line}");
    gateway.stop().await;
}
