//! How a gateway ends, and how it does not begin.

use std::{os::unix::ffi::OsStrExt, time::Duration};

use futures::future::join_all;
use serde_json::json;
use tokio::{io::AsyncWriteExt, time::timeout};

use crate::support::{Gateway, Setup, eventually};

#[tokio::test]
async fn streams_end_and_so_do_turns() {
    let mut gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let other = gateway.create().await;
    let mut readers = join_all([session.live(), session.live(), other.live()]).await;
    session.start_turn("!standin slow-command").await;
    readers[0].notification("item/commandExecution/outputDelta").await;
    eventually("the command runs", || gateway.runs("sleep 25")).await;

    gateway.terminate();
    for reader in &mut readers {
        let rest = reader.rest().await;
        assert!(rest.iter().all(|event| event.name != "session-closed"), "no session ends: {rest:?}");
    }
    gateway.ended().await;
}

#[tokio::test]
async fn a_gateway_that_is_killed_takes_everything_with_it() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    session.start_turn("!standin slow-command").await;
    events.notification("item/commandExecution/outputDelta").await;
    eventually("the command runs", || gateway.runs("sleep 25")).await;
    gateway.kill().await;
}

#[tokio::test]
async fn a_session_that_is_being_made_is_given_up() {
    let mut gateway = Gateway::fake("normal").await.settled().await;
    gateway.codex().set_mode("deaf");
    let client = gateway.client.clone();
    let create = client.post("/api/sessions");
    tokio::pin!(create);
    assert!(timeout(Duration::from_millis(200), &mut create).await.is_err());
    eventually("its process starts", || gateway.codexes().len() == 1).await;
    gateway.terminate();
    create.await.refused(503, "shutting_down");
    gateway.ended().await;
}

#[tokio::test]
async fn whoever_waits_for_a_turn_hears_how_it_ended() {
    let mut gateway = Gateway::fake("hangs").await.settled().await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    let (path, body) = (session.path("/turn"), json!({ "prompt": "Hello", "wait": true }));
    let waits = session.client.post_json(&path, &body);
    let stops = async {
        events.notification("item/agentMessage/delta").await;
        // It can be heard before the answer that the turn was accepted: some questions later that has been taken, too.
        for _ in 0..10 {
            session.state().await;
        }
        gateway.terminate();
    };
    let (reply, ()) = tokio::join!(waits, stops);
    let reply = reply.ok();
    let turn = &reply["turn"];
    assert_eq!((&turn["status"], &turn["id"]), (&json!("failed"), &reply["turnId"]));
    assert!(turn["error"]["message"].as_str().unwrap().contains("The gateway was stopped"), "{turn}");
    assert_eq!(
        (&reply["text"], &reply["state"]["activeTurn"]),
        (&json!("I was about to say"), &json!(false))
    );
    gateway.ended().await;
}

#[tokio::test]
async fn what_is_cut_short_is_not_taken_for_a_session_that_is_gone() {
    let mut gateway = Gateway::fake("mute").await.settled().await;
    let session = gateway.create().await;
    let (path, body) = (session.path("/turn"), json!({ "prompt": "Hello" }));
    let sends = session.client.post_json(&path, &body);
    let stops = async {
        eventually("it is told", || !gateway.codex().told().is_empty()).await;
        gateway.terminate();
    };
    let (sent, ()) = tokio::join!(sends, stops);
    sent.refused(503, "shutting_down");
    gateway.ended().await;
}

#[tokio::test]
async fn processes_that_ignore_every_word_do_not_hold_it_up() {
    let gateway = Gateway::fake("stubborn").await;
    join_all((0..4).map(|_| gateway.create())).await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_session_that_is_ending_ends_also_if_nobody_waits_for_it() {
    let setup = Setup::fake("normal").set("CODEX_GATEWAY_WARM_PROCESSES", "0");
    let mut gateway = setup.start().await.settled().await;
    gateway.codex().set_mode("stubborn");
    let session = gateway.create().await;
    let mut events = session.live().await;
    let mut gone = session.client.connect().await;
    let head = format!("DELETE {} HTTP/1.1\r\nHost: localhost\r\n\r\n", session.path(""));
    gone.write_all(head.as_bytes()).await.unwrap();
    events.expect("session-closed").await;
    drop(gone);
    gateway.restart().await;
    gateway.client.get(&session.path("/snapshot")).await.refused(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn a_reader_that_does_not_read_does_not_hold_it_up() {
    let gateway = Gateway::fake("flood").await;
    let session = gateway.create().await;
    let stuck = session.live().await;
    session.turn("Hello").await;
    gateway.stop().await;
    drop(stuck);
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_asked_does_not_hold_it_up() {
    let mut gateway = Gateway::fake("normal").await;
    let silent = gateway.client.connect().await;
    gateway.client.get("/healthz").await.ok();
    gateway.terminate();
    gateway.ended().await;
    assert!(!gateway.log().contains("did not end in time"), "{}", gateway.log());
    drop(silent);
}

#[tokio::test]
async fn told_twice_it_ends_at_once() {
    let mut gateway = Gateway::fake("normal").await.settled().await;
    gateway.codex().set_mode("stubborn");
    gateway.create().await;
    gateway.terminate();
    eventually("the end begins", || gateway.log().contains("stopping")).await;
    gateway.terminate();
    gateway.exited().await;
    eventually("nothing is left", || gateway.processes().is_empty()).await;
}

#[tokio::test]
async fn what_cannot_be_configured_is_named() {
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
        let (status, log) = Setup::fake("normal").set(name, value).start_badly().await;
        assert!(!status.success(), "{name}");
        assert!(log.contains(expected) && log.contains(name) && log.contains(value), "{name}: {log}");
    }
}

#[tokio::test]
async fn an_empty_variable_counts_as_unset() {
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
    gateway.create().await.turn("Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_variable_that_is_unknown_is_told_with_the_nearest() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_MAX_SESSION", "secret-5").start().await;
    let log = gateway.log();
    assert!(log.contains("CODEX_GATEWAY_MAX_SESSION is not known"), "{log}");
    assert!(log.contains("the nearest that is known is CODEX_GATEWAY_MAX_SESSIONS"), "{log}");
    assert!(!log.contains("secret-5"), "{log}");
    gateway.stop().await;
}

#[tokio::test]
async fn a_secret_that_is_no_text_is_not_shown() {
    let secret = std::ffi::OsStr::from_bytes(b"hush\xff");
    let (status, log) = Setup::fake("normal").set("CODEX_GATEWAY_JWT_SECRET", secret).start_badly().await;
    assert!(!status.success());
    assert!(log.contains("CODEX_GATEWAY_JWT_SECRET is ") && !log.contains("hush"), "{log}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let (status, log) = Setup::fake("normal").set("CODEX_GATEWAY_PORT", &port).start_badly().await;
    assert!(!status.success());
    assert!(log.contains(&format!("127.0.0.1:{port}")) && log.contains("in use"), "{log}");
}
