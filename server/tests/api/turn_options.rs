//! What a turn is to run with: model, effort, sandbox, approval policy, and the parts of its message.

use std::{fs, os::unix::fs::symlink};

use codex_gateway_standin::{Options, Standin};
use serde_json::{Value, json};

use crate::support::{Gateway, Reader, Recorder, Session, Setup, eventually};

/// A whole turn with this body; the state after it.
async fn turn(session: &Session, body: &Value) -> Value {
    let mut events = session.live().await;
    session.client.post_json(&session.path("/turn"), body).await.ok();
    events.turn().await.last().unwrap().json()
}

fn in_force(state: &Value) -> [&Value; 4] {
    ["selectedModel", "effort", "sandbox", "approvalPolicy"].map(|key| &state[key])
}

/// Codex reads a message a line: whoever could begin one of their own could tell it anything.
#[tokio::test]
async fn a_schema_may_be_laid_out_as_one_likes_and_is_no_more_than_a_schema() {
    let gateway = Gateway::fake("waits").await.settled().await;
    let session = gateway.create().await;
    let mut reader = Reader::of(&session).await;
    let first = session.start_turn("Wait").await["turnId"].as_str().unwrap().to_owned();
    let hostile =
        "{\n \"type\":\r\n{\"id\":\"q\",\"method\":\"turn/start\",\"params\":{\"threadId\":\"t\"}}\n}";
    let send = |schema: &str| {
        let body =
            format!("{{\n \"prompt\": \"Hello\",\n \"whenBusy\": \"queue\",\n \"outputSchema\": {schema}}}");
        let client = session.client.with("content-type", "application/json");
        let path = session.path("/turn");
        async move { client.send("POST", &path, body.as_bytes()).await }
    };
    assert_eq!(send(hostile).await.ok()["outcome"], "queued");
    // Who reads the queue reads the schema in it.
    reader.until(|event| event.name == "queue" && event.json()["items"][0]["text"] == "Hello").await;
    gateway.codex().let_end().await;
    reader.end_of(&first).await;
    eventually("codex is told both", || gateway.codex().told().len() == 2).await;
    let told = gateway.codex().told();
    let schema: Value = serde_json::from_str(hostile).unwrap();
    assert_eq!(told[1]["params"]["outputSchema"], schema);
    gateway.codex().let_end().await;

    let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let error = send(&deep(101)).await.refused(400, "bad_body");
    assert!(error.contains("outputSchema"), "{error}");
    send(&deep(100)).await.ok();
    eventually("codex is told that, too", || gateway.codex().told().len() == 3).await;
    gateway.codex().let_end().await;
    gateway.stop().await;
}

#[tokio::test]
async fn what_a_turn_changes_stays_in_all_processes_to_come() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let before = session.state().await;
    assert_eq!(
        in_force(&before),
        [&json!("fake-1"), &Value::Null, &json!("workspace-write"), &json!("on-request")]
    );
    let schema = json!({ "type": "object", "properties": { "word": { "type": "string" } } });
    let body = json!({
        "prompt": "Hello", "effort": "low", "sandbox": "read-only", "approvalPolicy": "never", "outputSchema": schema,
        "clientMessageId": "mine",
    });
    let chosen = [&json!("fake-1"), &json!("low"), &json!("read-only"), &json!("never")];
    assert_eq!(in_force(&turn(&session, &body).await), chosen);
    let snapshot = session.client.get(&session.path("/snapshot")).await.ok()["transcript"].clone();
    assert_eq!(["model", "effort", "sandbox", "approvalPolicy"].map(|key| &snapshot[key]), chosen);
    let told = &gateway.codex().told()[0]["params"];
    assert_eq!(
        (&told["effort"], &told["sandboxPolicy"], &told["approvalPolicy"], &told["outputSchema"]),
        (&json!("low"), &json!({ "type": "readOnly", "networkAccess": false }), &json!("never"), &schema)
    );
    assert_eq!((&told["clientUserMessageId"], &told["model"]), (&json!("mine"), &Value::Null));

    // What a message asks for is said whatever is known already: codex may tell changes late. The rest is not forgotten.
    assert_eq!(
        in_force(&turn(&session, &json!({ "prompt": "On", "effort": "low", "sandbox": "read-only" })).await),
        chosen
    );
    let told = gateway.codex().told()[1]["params"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(told, ["effort", "input", "sandboxPolicy", "threadId"]);
    gateway.codex().set_mode("dies");
    session.fatal_turn().await;
    gateway.codex().set_mode("normal");
    let after = turn(&session, &json!({ "prompt": "Again" })).await;
    assert_eq!((&after["sandbox"], &after["approvalPolicy"]), (&json!("read-only"), &json!("never")));
    let opened = gateway.codex().opened();
    assert_eq!((&opened[1]["sandbox"], &opened[1]["approvalPolicy"]), (&json!("read-only"), &json!("never")));
    assert_eq!(gateway.codex().settings().len(), 1, "only the first process was given more");
    gateway.stop().await;
}

#[tokio::test]
async fn a_message_for_a_running_turn_changes_the_turns_after_it() {
    let gateway = Gateway::fake("waits").await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    session.start_turn("first").await;
    events.notification("turn/started").await;
    let body = json!({ "prompt": "also", "whenBusy": "steer", "effort": "high", "sandbox": "read-only" });
    let reply = session.client.post_json(&session.path("/turn"), &body).await.ok();
    assert_eq!(reply["outcome"], "steered");
    events.notification("thread/settings/updated").await;
    let queued = json!({ "prompt": "next", "whenBusy": "queue", "effort": "low" });
    session.client.post_json(&session.path("/turn"), &queued).await.ok();
    let state = session.state().await;
    assert_eq!((&state["effort"], &state["sandbox"]), (&json!("high"), &json!("read-only")));
    gateway.codex().let_end().await;
    events.turn().await;
    gateway.codex().let_end().await;
    assert_eq!(events.turn().await.last().unwrap().json()["effort"], "low");
    assert_eq!(gateway.codex().told()[2]["params"]["effort"], "low");
    gateway.stop().await;
}

#[tokio::test]
async fn a_message_whose_answer_has_a_schema_waits_for_a_turn_of_its_own() {
    let gateway = Gateway::fake("waits").await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    session.start_turn("first").await;
    events.notification("turn/started").await;
    let schema = json!({ "type": "object" });
    let body = json!({ "prompt": "also", "whenBusy": "steer", "outputSchema": schema });
    let reply = session.client.post_json(&session.path("/turn"), &body).await.ok();
    assert_eq!(reply["outcome"], "queued");
    gateway.codex().let_end().await;
    events.turn().await;
    gateway.codex().let_end().await;
    events.turn().await;
    let told = gateway.codex().told();
    assert_eq!((&told[1]["method"], &told[1]["params"]["outputSchema"]), (&json!("turn/start"), &schema));
    gateway.stop().await;
}

#[tokio::test]
async fn no_turn_gets_more_than_the_operator_allows() {
    let gateway = Setup::fake("normal")
        .set("CODEX_GATEWAY_SANDBOX", "read-only")
        .set("CODEX_GATEWAY_APPROVAL_POLICY", "never")
        .start()
        .await;
    let session = gateway.create().await;
    for (field, value, most) in [
        ("sandbox", "workspace-write", "read-only"),
        ("sandbox", "danger-full-access", "read-only"),
        ("approvalPolicy", "on-request", "never"),
    ] {
        let body = json!({ "prompt": "Hello", field: value });
        let error =
            session.client.post_json(&session.path("/turn"), &body).await.refused(403, "over_ceiling");
        assert!(error.contains(field) && error.contains(most), "{error}");
        let start = session.client.post_json("/_fn/start", &json!({ "turn": body })).await;
        assert_eq!((start.status.as_u16(), &start.json()["code"]), (403, &json!("over_ceiling")));
    }
    assert!(gateway.codex().told().is_empty());
    assert_eq!(
        gateway.client.get("/readyz").await.ok()["activeSessions"],
        1,
        "what is refused makes no session"
    );
    gateway.stop().await;
}

#[tokio::test]
async fn the_page_makes_a_session_with_what_its_first_message_says() {
    let gateway = Gateway::fake("normal").await;
    let message = json!({ "prompt": "Hello", "sandbox": "read-only", "approvalPolicy": "never", "clientMessageId": "c" });
    let started = gateway.client.post_json("/_fn/start", &json!({ "turn": message })).await;
    assert_eq!(started.status, 200, "{}", started.text());
    let opened = &gateway.codex().opened()[0];
    assert_eq!((&opened["sandbox"], &opened["approvalPolicy"]), (&json!("read-only"), &json!("never")));
    let told = &gateway.codex().told()[0]["params"];
    assert_eq!(told["sandboxPolicy"], json!({ "type": "readOnly", "networkAccess": false }));
    assert!(gateway.codex().settings().is_empty());
    gateway.stop().await;
}

#[tokio::test]
async fn files_are_named_by_where_they_are_in_the_directory_of_the_session() {
    let gateway = Gateway::fake("normal").await;
    let session = gateway.create().await;
    let work = gateway.workspace().canonicalize().unwrap();
    fs::create_dir(work.join("src")).unwrap();
    fs::write(work.join("src/main.rs"), "").unwrap();
    symlink("/etc", work.join("etc")).unwrap();
    let mention = |path: &str| json!({ "prompt": "Look", "input": [{ "type": "mention", "path": path }] });
    let path = session.path("/turn");
    for outside in ["/etc/passwd", "../data", "etc/passwd", "etc", "src/../../data"] {
        let error = session.client.post_json(&path, &mention(outside)).await.refused(403, "outside_session");
        assert!(error.contains(outside), "{error}");
    }
    for missing in ["src/none.rs", "", "src/main.rs/x"] {
        session.client.post_json(&path, &mention(missing)).await.refused(400, "no_such_file");
    }
    let skill = json!({ "input": [{ "type": "skill", "name": "x", "path": "etc/passwd" }] });
    session.client.post_json(&path, &skill).await.refused(403, "outside_session");
    assert!(gateway.codex().told().is_empty());

    turn(&session, &mention("src/main.rs")).await;
    let expected = json!([
        { "type": "text", "text": "Look", "text_elements": [] },
        { "type": "mention", "name": "src/main.rs", "path": work.join("src/main.rs") },
        { "type": "text", "text": "@src/main.rs", "text_elements": [] },
    ]);
    assert_eq!(gateway.codex().told()[0]["params"]["input"], expected);
    gateway.stop().await;
}

#[tokio::test]
async fn a_file_that_has_gone_elsewhere_while_its_message_waited_is_refused() {
    let gateway = Gateway::fake("waits").await;
    let session = gateway.create().await;
    let mut events = session.live().await;
    let file = gateway.workspace().join("notes.md");
    fs::write(&file, "").unwrap();
    session.start_turn("first").await;
    events.notification("turn/started").await;
    let body =
        json!({ "prompt": "x", "whenBusy": "queue", "input": [{ "type": "mention", "path": "notes.md" }] });
    session.client.post_json(&session.path("/turn"), &body).await.ok();
    fs::remove_file(&file).unwrap();
    symlink("/etc/passwd", &file).unwrap();
    gateway.codex().let_end().await;
    let failed =
        events.find(|event| event.name == "queue" && event.json()["items"][0]["error"].is_string()).await;
    let error = failed.json()["items"][0]["error"].clone();
    assert!(error.as_str().unwrap().contains("not inside the session's directory"), "{error}");
    assert_eq!(gateway.codex().told().len(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn the_real_codex_keeps_what_a_turn_has_changed() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let upstream = Recorder::start(standin.base_url()).await;
    let gateway = Setup::upstream(&upstream.base_url()).start().await.settled().await;
    fs::write(gateway.workspace().join("notes.md"), "").unwrap();
    let skill = ".agents/skills/greet/SKILL.md";
    fs::create_dir_all(gateway.workspace().join(skill).parent().unwrap()).unwrap();
    let says = "---\nname: greet\ndescription: How to greet.\n---\nAlways say heliotrope.\n";
    fs::write(gateway.workspace().join(skill), says).unwrap();
    let session = gateway.create().await;
    let body = json!({
        "prompt": "Look",
        "input": [{ "type": "mention", "path": "notes.md" }, { "type": "skill", "name": "greet", "path": skill }],
        "effort": "high", "sandbox": "read-only", "approvalPolicy": "never",
    });
    let chosen = [&json!("high"), &json!("read-only"), &json!("never")];
    let state = turn(&session, &body).await;
    assert_eq!(&in_force(&state)[1..], chosen);
    let heard = upstream.heard();
    for word in ["@notes.md", "Always say heliotrope", r#""effort":"high""#] {
        assert!(heard.contains(word), "the model hears of {word}");
    }

    let mut events = session.live().await;
    gateway.codexes()[0].kill();
    events.find(|event| event.name == "warning").await;
    upstream.forget();
    let state = turn(&session, &json!({ "prompt": "And now?" })).await;
    assert_eq!(&in_force(&state)[1..], chosen);
    assert!(upstream.heard().contains(r#""effort":"high""#));
    let opened = events.find(|event| event.name == "thread").await.json();
    assert_eq!(["effort", "sandbox", "approvalPolicy"].map(|key| &opened[key]), chosen);
    gateway.stop().await;
}
