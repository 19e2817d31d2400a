//! Shutdown, and configuration errors that prevent a start.

use std::os::unix::ffi::OsStrExt;

use futures::future::join_all;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::support::{Gateway, Setup, eventually, pending_until};

#[tokio::test]
async fn streams_and_turns_end_at_shutdown() {
    let mut gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let other = gateway.create().await;
    let mut readers = join_all([session.subscribe(), session.subscribe(), other.subscribe()]).await;
    session.start_turn("!standin slow-command").await;
    readers[0].notification("item/commandExecution/outputDelta").await;
    eventually("the command runs", || gateway.is_running("sleep 25")).await;

    gateway.terminate();
    for reader in &mut readers {
        let rest = reader.rest().await;
        assert!(rest.iter().all(|event| event.name != "session-closed"), "no session is closed: {rest:?}");
    }
    gateway.wait_for_clean_exit().await;
}

#[tokio::test]
async fn killed_gateway_leaves_no_process_behind() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    session.start_turn("!standin slow-command").await;
    events.notification("item/commandExecution/outputDelta").await;
    eventually("the command runs", || gateway.is_running("sleep 25")).await;
    gateway.kill().await;
}

#[tokio::test]
async fn shutdown_aborts_a_create_request() {
    let mut gateway = Gateway::fake("normal").await.catalog_loaded().await;
    gateway.fake_codex().set_mode("silent-until-sigterm");
    let client = gateway.client.clone();
    let create = client.post("/api/sessions");
    tokio::pin!(create);
    let process = eventually("its process starts", || gateway.codex_processes().len() == 1);
    pending_until(&mut create, process).await;
    gateway.terminate();
    create.await.expect_error(503, "shutting_down");
    gateway.wait_for_clean_exit().await;
}

#[tokio::test]
async fn waiting_request_gets_the_failed_turn_at_shutdown() {
    let mut gateway = Gateway::fake("endless-turn").await.catalog_loaded().await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    let (path, body) = (session.path("/turn"), json!({ "prompt": "Hello", "wait": true }));
    let waiting = session.client.post_json(&path, &body);
    let stop = async {
        events.notification("item/agentMessage/delta").await;
        // The delta can arrive before the gateway has handled the reply to `turn/start`. A few requests later it has.
        for _ in 0..10 {
            session.state().await;
        }
        gateway.terminate();
    };
    let (reply, ()) = tokio::join!(waiting, stop);
    let reply = reply.ok();
    let turn = &reply["turn"];
    assert_eq!((&turn["status"], &turn["id"]), (&json!("failed"), &reply["turnId"]));
    assert!(turn["error"]["message"].as_str().unwrap().contains("The gateway was stopped"), "{turn}");
    assert_eq!(
        (&reply["text"], &reply["state"]["activeTurn"]),
        (&json!("I was about to say"), &json!(false))
    );
    gateway.wait_for_clean_exit().await;
}

#[tokio::test]
async fn request_without_a_result_gets_shutting_down() {
    let mut gateway = Gateway::fake("no-turn-reply").await.catalog_loaded().await;
    let session = gateway.create().await;
    let (path, body) = (session.path("/turn"), json!({ "prompt": "Hello" }));
    let send = session.client.post_json(&path, &body);
    let stop = async {
        eventually("codex receives the message", || !gateway.fake_codex().received().is_empty()).await;
        gateway.terminate();
    };
    let (reply, ()) = tokio::join!(send, stop);
    reply.expect_error(503, "shutting_down");
    gateway.wait_for_clean_exit().await;
}

#[tokio::test]
async fn processes_that_ignore_sigterm_do_not_delay_shutdown() {
    let gateway = Gateway::fake("ignores-sigterm").await;
    join_all((0..4).map(|_| gateway.create())).await;
    gateway.stop().await;
}

#[tokio::test]
async fn delete_completes_after_its_client_disconnects() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_WARM_PROCESSES", "0");
    let mut gateway = setup.start().await.catalog_loaded().await;
    gateway.fake_codex().set_mode("ignores-sigterm");
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    let mut disconnected = session.client.connect().await;
    let head = format!("DELETE {} HTTP/1.1\r\nHost: localhost\r\n\r\n", session.path(""));
    disconnected.write_all(head.as_bytes()).await.unwrap();
    events.expect("session-closed").await;
    drop(disconnected);
    gateway.restart().await;
    gateway.client.get(&session.path("/snapshot")).await.expect_error(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn stuck_reader_does_not_delay_shutdown() {
    let gateway = Gateway::fake("flood").await;
    let session = gateway.create().await;
    let stuck = session.subscribe().await;
    session.run_turn("Hello").await;
    gateway.stop().await;
    drop(stuck);
}

#[tokio::test]
async fn silent_connection_does_not_delay_shutdown() {
    let mut gateway = Gateway::fake("normal").await;
    let silent = gateway.client.connect().await;
    gateway.client.get("/healthz").await.ok();
    gateway.terminate();
    gateway.wait_for_clean_exit().await;
    assert!(!gateway.log().contains("did not end in time"), "{}", gateway.log());
    drop(silent);
}

#[tokio::test]
async fn second_sigterm_ends_the_gateway_at_once() {
    let mut gateway = Gateway::fake("normal").await.catalog_loaded().await;
    gateway.fake_codex().set_mode("ignores-sigterm");
    gateway.create().await;
    gateway.terminate();
    eventually("the shutdown starts", || gateway.log().contains("stopping")).await;
    gateway.terminate();
    gateway.wait_for_exit().await;
    eventually("no process is left", || gateway.processes().is_empty()).await;
}

#[tokio::test]
async fn invalid_setting_prevents_start_and_is_named() {
    let missing = "/no/such/place";
    for (name, value, expected) in [
        ("CODEX_GATEWAY_CODEX_BIN", missing, "CODEX_GATEWAY_CODEX_BIN is /no/such/place"),
        ("CODEX_GATEWAY_CWD", missing, "CODEX_GATEWAY_CWD is /no/such/place"),
        ("CODEX_GATEWAY_OPENAI_BASE_URL", "nonsense", "CODEX_GATEWAY_OPENAI_BASE_URL is \"nonsense\""),
        ("CODEX_GATEWAY_MAX_SESSIONS", "0", "is \"0\"; it takes a whole number from 1 to 10000"),
        ("CODEX_GATEWAY_PORT", "http", "is \"http\"; it takes a port, from 0 to 65535"),
        ("CODEX_GATEWAY_HOST", "here", "is \"here\"; it takes an IP address"),
        (
            "CODEX_GATEWAY_TRUSTED_PROXIES",
            "::1,proxy.example",
            "is \"::1,proxy.example\"; it takes addresses and networks with commas between, as in 127.0.0.0/8,::1 (or \
             none); \"proxy.example\" is neither",
        ),
        ("CODEX_GATEWAY_DEBUG", "maybe", "is \"maybe\"; it takes 0 or 1"),
        ("CODEX_GATEWAY_SESSION_TTL_MS", "-1", "is \"-1\"; it takes a whole number of milliseconds"),
        (
            "CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS",
            "1",
            "it takes a whole number of milliseconds from 10 on",
        ),
        ("CODEX_GATEWAY_PARK_AFTER_MS", "0", "is \"0\"; it takes a whole number of milliseconds from 10 on"),
        ("CODEX_GATEWAY_SANDBOX", "none", "it takes read-only, workspace-write, danger-full-access"),
    ] {
        let (status, log) = Setup::fake("normal").set(name, value).start_expecting_failure().await;
        assert!(!status.success(), "{name}");
        assert!(log.contains(expected) && log.contains(name) && log.contains(value), "{name}: {log}");
    }
}

#[tokio::test]
async fn empty_variable_counts_as_unset() {
    let names = [
        "MAX_SESSIONS",
        "SESSION_TTL_MS",
        "DEBUG",
        "DEMO",
        "SANDBOX",
        "JWT_SECRET",
        "ALLOWED_HOSTS",
        "MODEL",
    ];
    let setup = names
        .iter()
        .fold(Setup::fake("normal"), |setup, name| setup.set(&format!("CODEX_GATEWAY_{name}"), ""));
    let gateway = setup.start().await;
    gateway.create().await.run_turn("Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn unknown_variable_is_logged_with_the_nearest_known() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_MAX_SESSION", "secret-5").start().await;
    let log = gateway.log();
    assert!(log.contains("CODEX_GATEWAY_MAX_SESSION is not known"), "{log}");
    assert!(log.contains("the nearest that is known is CODEX_GATEWAY_MAX_SESSIONS"), "{log}");
    assert!(!log.contains("secret-5"), "{log}");
    gateway.stop().await;
}

#[tokio::test]
async fn secret_that_is_not_unicode_is_not_logged() {
    let secret = std::ffi::OsStr::from_bytes(b"hush\xff");
    let (status, log) =
        Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", secret).start_expecting_failure().await;
    assert!(!status.success());
    assert!(log.contains("CODEX_GATEWAY_JWT_SECRET is ") && !log.contains("hush"), "{log}");
}

#[tokio::test]
async fn used_port_prevents_start_and_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let (status, log) =
        Setup::fake("normal").set("CODEX_GATEWAY_PORT", &port).start_expecting_failure().await;
    assert!(!status.success());
    assert!(log.contains(&format!("127.0.0.1:{port}")) && log.contains("in use"), "{log}");
}
