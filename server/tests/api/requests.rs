//! `/api/sessions/{id}/requests`: server requests of codex, their answers, and how they end.

use std::collections::{BTreeMap, BTreeSet};

use codex_gateway_wire::Timestamp;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{Event, EventStream, Gateway, Session, Setup};

/// Creates a session whose server requests wait for a user.
pub(crate) async fn session_that_asks(gateway: &Gateway) -> Session {
    gateway.create_with(&gateway.client, &json!({ "approvals": "ask" })).await
}

/// Starts a turn that sends every request that users answer. Returns its stream and the requests by kind.
async fn start_asking_turn(session: &Session) -> (EventStream, BTreeMap<String, Value>) {
    let mut events = session.subscribe().await;
    session.start_turn("Hello").await;
    let mut requests = BTreeMap::new();
    while requests.len() < 5 {
        let request = events.find(|event| event.name == "request").await.json();
        requests.insert(request["kind"].as_str().unwrap().to_owned(), request);
    }
    (events, requests)
}

async fn list_requests(session: &Session) -> Vec<Value> {
    let list = session.client.get(&session.path("/requests")).await.ok();
    list["requests"].as_array().unwrap().clone()
}

fn request_path(session: &Session, request: &Value) -> String {
    session.path(&format!("/requests/{}", request["id"].as_str().unwrap()))
}

async fn answer(session: &Session, request: &Value, body: &Value) -> Value {
    session.client.post_json(&request_path(session, request), body).await.ok()["resolved"].clone()
}

/// Returns the answers that codex received, by method: the last message of the fake codex.
fn received_answers(turn: &[Event]) -> Value {
    let state = turn.last().unwrap().json();
    let answers =
        state["transcript"].as_array().unwrap().last().unwrap()["text"].as_str().unwrap().to_owned();
    serde_json::from_str(&answers).unwrap()
}

#[tokio::test]
async fn every_request_is_declined_at_once_with_approvals_decline() {
    let gateway = Gateway::fake("asks").await;
    let session = gateway.create_with(&gateway.client, &json!({ "approvals": "decline" })).await;
    let turn = session.run_turn("Hello").await;
    let shown: BTreeMap<String, Value> = turn
        .iter()
        .filter(|event| event.name == "server-request")
        .map(|event| (event.method(), event.json()))
        .collect();
    let declined = |result: Value| (true, true, result);
    let denied = json!({ "decision": { "denied": { "rejection": "The user declined." } } });
    let refused = |method: &str| {
        (
            false,
            false,
            json!({ "code": -32601, "message": format!("{method} is not supported by this client") }),
        )
    };
    let no_tools = json!({
        "contentItems": [{ "type": "inputText", "text": "This client offers no tools." }], "success": false,
    });
    let expected = BTreeMap::from([
        ("item/commandExecution/requestApproval", declined(json!({ "decision": "decline" }))),
        ("item/fileChange/requestApproval", declined(json!({ "decision": "decline" }))),
        ("item/permissions/requestApproval", declined(json!({ "permissions": {}, "scope": "turn" }))),
        ("item/tool/requestUserInput", declined(json!({ "answers": {} }))),
        (
            "mcpServer/elicitation/request",
            declined(json!({ "action": "decline", "content": null, "_meta": null })),
        ),
        ("item/tool/call", (true, false, no_tools)),
        ("applyPatchApproval", declined(denied.clone())),
        ("execCommandApproval", declined(denied)),
        ("account/chatgptAuthTokens/refresh", refused("account/chatgptAuthTokens/refresh")),
        ("attestation/generate", refused("attestation/generate")),
        ("currentTime/read", refused("currentTime/read")),
        ("moon/land", refused("moon/land")),
    ]);
    assert_eq!(shown.len(), expected.len(), "{shown:#?}");
    for (method, (handled, for_people, answer)) in &expected {
        let event = &shown[*method];
        let outcome = if *handled { "result" } else { "error" };
        assert_eq!((&event["handled"], &event[outcome]), (&json!(handled), answer), "{method}");
        let members: Vec<&str> = event.as_object().unwrap().keys().map(String::as_str).collect();
        let documented = ["error", "handled", "method", "params", "result"];
        assert_eq!(
            members.iter().filter(|name| **name != "requestId").copied().collect::<Vec<_>>(),
            documented
        );
        assert_eq!(event["requestId"].is_string(), *for_people, "{method}");
        assert_eq!(&received_answers(&turn)[*method], answer, "what codex received for {method}");
    }
    let of = |name: &str| turn.iter().filter(|event| event.name == name).map(Event::json).collect::<Vec<_>>();
    let ids = |events: &[Value], key: &str| -> BTreeSet<String> {
        events.iter().map(|event| event[key].as_str().unwrap().to_owned()).collect()
    };
    let (requests, ends) = (of("request"), of("request-resolved"));
    assert_eq!((requests.len(), ends.len()), (7, 7), "each request ends exactly once");
    assert_eq!(ids(&requests, "id"), ids(&ends, "id"));
    assert!(ends.iter().all(|end| (&end["outcome"], &end["by"]) == (&json!("declined"), &json!("policy"))));
    assert_eq!(list_requests(&session).await, [] as [Value; 0]);
    gateway.stop().await;
}

#[tokio::test]
async fn request_has_parameters_deadline_and_available_decisions() {
    let gateway = Gateway::fake("asks-together").await;
    let session = session_that_asks(&gateway).await;
    let (_events, requests) = start_asking_turn(&session).await;
    let offered = |kind: &str| requests[kind]["availableDecisions"].clone();
    let rule = json!({ "acceptWithExecpolicyAmendment": { "execpolicy_amendment": ["cargo", "test"] } });
    // Codex offers to allow a host as well, which does not belong to this command.
    assert_eq!(
        offered("command"),
        json!(["accept", rule, "decline", "cancel"]),
        "the gateway adds declining"
    );
    assert_eq!(offered("fileChange"), json!(["accept", "acceptForSession", "decline", "cancel"]));
    assert_eq!(offered("permissions"), json!(["accept", "acceptForSession", "decline"]));
    assert_eq!(offered("userInput"), json!(["decline"]));
    assert_eq!(offered("elicitation"), json!(["accept", "decline", "cancel"]));
    for request in requests.values() {
        let ms = |name: &str| serde_json::from_value::<Timestamp>(request[name].clone()).unwrap().ms();
        assert!(request["createdAt"].is_string(), "{request}");
        assert_eq!(ms("deadline") - ms("createdAt"), 24 * 3600 * 1000);
        assert_eq!(request["params"]["threadId"], session.reply["state"]["threadId"]);
    }
    let list = list_requests(&session).await;
    assert_eq!(list.len(), 5);
    assert!(
        list.iter().all(|request| requests.values().any(|sent| sent == request)),
        "the list has the same requests as the events"
    );
    let state = session.state().await;
    assert_eq!((&state["pendingRequests"], &state["activeTurn"]), (&json!(list), &json!(true)));
    gateway.stop().await;
}

#[tokio::test]
async fn answer_of_each_kind_is_passed_to_codex() {
    let secret = "hush-hush-hush";
    let gateway = Setup::fake("asks-together").set("CODEX_GATEWAY_DEBUG", "1").start().await;
    let session = session_that_asks(&gateway).await;
    let (mut events, requests) = start_asking_turn(&session).await;
    let rule = requests["command"]["availableDecisions"][1].clone();
    let part = json!({ "fileSystem": { "write": ["/b"] } });
    let trip = json!({ "city": "Rome", "nights": 2, "breakfast": true });
    let answers = [
        ("command", json!({ "decision": rule }), "accepted"),
        ("fileChange", json!({ "decision": "acceptForSession" }), "accepted"),
        ("permissions", json!({ "decision": "accept", "permissions": part }), "accepted"),
        ("userInput", json!({ "answers": { "colour": "Red", "password": [secret] } }), "answered"),
        ("elicitation", json!({ "action": "accept", "content": trip }), "accepted"),
    ];
    for (kind, body, outcome) in &answers {
        let resolved = answer(&session, &requests[*kind], body).await;
        assert_eq!(
            (&resolved["id"], &resolved["outcome"], &resolved["by"]),
            (&requests[*kind]["id"], &json!(outcome), &json!("user"))
        );
    }
    let turn = events.rest_of_turn().await;
    let received = received_answers(&turn);
    // Codex does not get the rule, which only the gateway applies.
    assert_eq!(received["item/commandExecution/requestApproval"], json!({ "decision": "accept" }));
    assert_eq!(received["item/fileChange/requestApproval"], json!({ "decision": "acceptForSession" }));
    assert_eq!(received["item/permissions/requestApproval"], json!({ "permissions": part, "scope": "turn" }));
    assert_eq!(
        received["item/tool/requestUserInput"],
        json!({ "answers": { "colour": { "answers": ["Red"] }, "password": { "answers": [secret] } } })
    );
    assert_eq!(
        received["mcpServer/elicitation/request"],
        json!({ "action": "accept", "content": trip, "_meta": null })
    );
    // Only messages of the fake codex may contain the secret.
    let ends = turn.iter().filter(|event| event.name == "request-resolved").count();
    assert_eq!(ends, 5);
    for event in turn.iter().filter(|event| event.name != "state" && event.name != "notification") {
        let said_by_codex = event.name == "raw" && event.data.contains(r#""direction":"in""#);
        assert!(said_by_codex || !event.data.contains(secret), "{event:?}");
    }
    assert_eq!(list_requests(&session).await, [] as [Value; 0]);
    gateway.stop().await;
}

#[tokio::test]
async fn invalid_answer_is_rejected_and_request_stays_pending() {
    let gateway = Gateway::fake("asks-together").await;
    let session = session_that_asks(&gateway).await;
    let (_events, requests) = start_asking_turn(&session).await;
    for (kind, body, code) in [
        ("command", json!({}), "bad_answer"),
        ("command", json!({ "decision": "acceptForSession" }), "bad_answer"),
        (
            "command",
            json!({ "decision": { "acceptWithExecpolicyAmendment": { "execpolicy_amendment": ["rm"] } } }),
            "bad_answer",
        ),
        ("command", json!({ "decison": "accept" }), "bad_body"),
        ("command", json!("accept"), "bad_body"),
        (
            "permissions",
            json!({ "decision": "accept", "permissions": { "fileSystem": { "write": ["/"] } } }),
            "bad_answer",
        ),
        ("userInput", json!({ "answers": {} }), "bad_answer"),
        ("userInput", json!({ "answers": { "colour": "Blue", "password": "" } }), "bad_answer"),
        ("userInput", json!({ "decision": "accept" }), "bad_answer"),
        ("elicitation", json!({ "action": "accept", "content": { "nights": 2 } }), "bad_answer"),
        (
            "elicitation",
            json!({ "action": "accept", "content": { "city": "Rome", "nights": "two" } }),
            "bad_answer",
        ),
    ] {
        session
            .client
            .post_json(&request_path(&session, &requests[kind]), &body)
            .await
            .expect_error(400, code);
    }
    session.client.post(&request_path(&session, &requests["command"])).await.expect_error(400, "bad_body");
    let form = session.client.with_header("content-type", "application/x-www-form-urlencoded");
    form.send("POST", &request_path(&session, &requests["command"]), b"decision=accept")
        .await
        .expect_error(400, "bad_body");
    assert_eq!(list_requests(&session).await.len(), 5);
    gateway.stop().await;
}

#[tokio::test]
async fn exactly_one_of_concurrent_answers_wins() {
    let gateway = Gateway::fake("asks-together").await;
    let session = session_that_asks(&gateway).await;
    let (mut events, requests) = start_asking_turn(&session).await;
    let request = &requests["fileChange"];
    let bodies = ["accept", "decline"].map(|decision| json!({ "decision": decision }));
    let path = request_path(&session, request);
    let replies = join_all((0..12).map(|n| session.client.post_json(&path, &bodies[n % 2]))).await;
    let (won, lost): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 11));
    let outcome = won[0].json()["resolved"]["outcome"].as_str().unwrap().to_owned();
    for reply in lost {
        let message = reply.expect_error(409, "request_ended");
        assert!(message.contains(&format!("{outcome} by a user")), "{message}");
        assert_eq!(reply.json()["resolved"], won[0].json()["resolved"]);
    }
    let resolved = events.find(|event| event.name == "request-resolved").await.json();
    assert_eq!(resolved, won[0].json()["resolved"]);
    session
        .client
        .post_json(&session.path("/requests/no-such"), &bodies[0])
        .await
        .expect_error(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn request_resolved_by_codex_is_withdrawn() {
    let gateway = Gateway::fake("asks-together").await;
    let session = session_that_asks(&gateway).await;
    let (mut events, requests) = start_asking_turn(&session).await;
    let mut others = session.subscribe().await;
    answer(&session, &requests["command"], &json!({ "decision": "accept" })).await;
    // Codex has received the answer.
    others.notification("serverRequest/resolved").await;
    gateway.fake_codex().open_gate();
    let turn = events.rest_of_turn().await;
    let ends: Vec<Value> =
        turn.iter().filter(|event| event.name == "request-resolved").map(Event::json).collect();
    let withdrawn = ends.iter().filter(|end| end["outcome"] == "withdrawn" && end["by"] == "codex");
    assert_eq!((ends.len(), withdrawn.count()), (5, 4));
    let received = received_answers(&turn);
    assert_eq!(received.as_object().unwrap().len(), 1, "withdrawn requests get no answer: {received}");
    let late = session
        .client
        .post_json(&request_path(&session, &requests["permissions"]), &json!({ "decision": "accept" }))
        .await;
    assert!(late.expect_error(409, "request_ended").contains("withdrawn"));
    gateway.stop().await;
}

#[tokio::test]
async fn pending_requests_are_withdrawn_with_turn_process_and_session() {
    let gateway = Gateway::fake("asks-together").await.catalog_loaded().await;
    let session = session_that_asks(&gateway).await;
    let ended_by = async |events: &mut EventStream, by: &str| {
        for _ in 0..5 {
            let end = events.find(|event| event.name == "request-resolved").await.json();
            assert_eq!(
                (&end["outcome"], &end["by"], &end["result"]),
                (&json!("withdrawn"), &json!(by), &Value::Null)
            );
        }
    };

    let (mut events, first) = start_asking_turn(&session).await;
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    ended_by(&mut events, "codex").await;

    let (mut events, second) = start_asking_turn(&session).await;
    let [process] = gateway.codex_processes().try_into().unwrap();
    process.kill();
    ended_by(&mut events, "process").await;

    // A new process restarts its request ids. The gateway's ids are unique.
    let (mut events, third) = start_asking_turn(&session).await;
    let ids: BTreeSet<&str> = [&first, &second, &third]
        .into_iter()
        .flat_map(|all| all.values())
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 15);
    let stale = session
        .client
        .post_json(&request_path(&session, &second["command"]), &json!({ "decision": "accept" }))
        .await;
    assert!(stale.expect_error(409, "request_ended").contains("its process ended"));

    session.delete().await;
    ended_by(&mut events, "session").await;
    assert_eq!(events.rest().await.last().unwrap().name, "session-closed");
    gateway.stop().await;
}

#[tokio::test]
async fn request_is_declined_at_its_deadline() {
    let gateway = Setup::fake("asks-together").set("CODEX_GATEWAY_APPROVAL_TIMEOUT_MS", "300").start().await;
    let session = session_that_asks(&gateway).await;
    let turn = session.run_turn("Hello").await;
    let ends: Vec<Value> =
        turn.iter().filter(|event| event.name == "request-resolved").map(Event::json).collect();
    assert_eq!(ends.len(), 5);
    assert!(ends.iter().all(|end| (&end["outcome"], &end["by"]) == (&json!("declined"), &json!("deadline"))));
    assert_eq!(
        received_answers(&turn)["item/permissions/requestApproval"],
        json!({ "permissions": {}, "scope": "turn" })
    );
    gateway.stop().await;
}

#[tokio::test]
async fn session_with_pending_request_does_not_expire() {
    let gateway = Setup::fake("asks-together")
        .set("CODEX_GATEWAY_SESSION_TTL_MS", "300")
        .set("CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS", "10")
        .set("CODEX_GATEWAY_APPROVAL_TIMEOUT_MS", "600")
        .start()
        .await;
    let session = session_that_asks(&gateway).await;
    let (mut events, _) = start_asking_turn(&session).await;
    let events = events.rest().await;
    let position = |matches: &dyn Fn(&Event) -> bool| events.iter().position(matches).unwrap();
    let declined = position(&|event| event.name == "request-resolved" && event.json()["by"] == "deadline");
    assert!(
        declined < position(&|event| event.name == "session-closed"),
        "the requests end before the session"
    );
    gateway.stop().await;
}

#[tokio::test]
async fn accepting_everything_needs_the_operator_setting() {
    let gateway = Gateway::fake("asks").await;
    let create = async |gateway: &Gateway, approvals: &str| {
        gateway.client.post_json("/api/sessions", &json!({ "approvals": approvals })).await
    };
    let refused = create(&gateway, "accept").await.expect_error(403, "over_ceiling");
    assert!(refused.contains("approvals can be ask at most"), "{refused}");
    create(&gateway, "everything").await.expect_error(400, "bad_body");
    assert_eq!(create(&gateway, "ask").await.ok()["session"]["approvals"], "ask");
    assert_eq!(gateway.create().await.reply["session"]["approvals"], "ask-or-decline");
    gateway.stop().await;

    let gateway = Setup::fake("asks").set("CODEX_GATEWAY_APPROVALS", "decline").start().await;
    create(&gateway, "ask").await.expect_error(403, "over_ceiling");
    assert_eq!(gateway.create().await.reply["session"]["approvals"], "decline");
    gateway.stop().await;

    let gateway = Setup::fake("asks").set("CODEX_GATEWAY_APPROVALS", "accept").start().await;
    let session = gateway.create().await;
    assert_eq!(session.reply["session"]["approvals"], "accept");
    let received = received_answers(&session.run_turn("Hello").await);
    assert_eq!(received["item/commandExecution/requestApproval"], json!({ "decision": "accept" }));
    assert_eq!(received["applyPatchApproval"], json!({ "decision": "approved" }));
    assert_eq!(
        received["item/permissions/requestApproval"]["permissions"]["network"],
        json!({ "enabled": true })
    );
    // Questions and forms need a user even if everything is accepted.
    assert_eq!(received["item/tool/requestUserInput"], json!({ "answers": {} }));
    assert_eq!(received["mcpServer/elicitation/request"]["action"], "decline");
    gateway.stop().await;
}

#[tokio::test]
async fn real_codex_runs_command_outside_sandbox_only_after_approval() {
    let gateway = Gateway::demo().await;
    let session = session_that_asks(&gateway).await;
    let mut events = session.subscribe().await;
    session.start_turn("!standin escalate").await;
    let received = events.until(|event| event.name == "request").await;
    let is_waiting = |event: &Event| {
        event.is_notification("thread/status/changed") && event.data.contains("waitingOnApproval")
    };
    assert!(received.iter().any(is_waiting), "codex reports that it waits");
    let request = received.last().unwrap().json();
    assert_eq!(
        (&request["kind"], &request["method"]),
        (&json!("command"), &json!("item/commandExecution/requestApproval"))
    );
    assert!(request["params"]["command"].as_str().unwrap().contains("uname"), "{request}");
    answer(&session, &request, &json!({ "decision": "accept" })).await;
    let turn = events.rest_of_turn().await;
    let command = completed_item(&turn, "commandExecution");
    assert_eq!((&command["status"], &command["exitCode"]), (&json!("completed"), &json!(0)));

    session.start_turn("!standin escalate").await;
    let request = events.find(|event| event.name == "request").await.json();
    answer(&session, &request, &json!({ "decision": "decline" })).await;
    let turn = events.rest_of_turn().await;
    assert_eq!(completed_item(&turn, "commandExecution")["status"], "declined");
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed", "the turn continues");

    session.start_turn("!standin escalate").await;
    let request = events.find(|event| event.name == "request").await.json();
    answer(&session, &request, &json!({ "decision": "cancel" })).await;
    let turn = events.rest_of_turn().await;
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "interrupted");
    gateway.stop().await;
}

#[tokio::test]
async fn real_codex_receives_answer_to_question() {
    let gateway = Gateway::demo().await;
    let session = session_that_asks(&gateway).await;
    let mut events = session.subscribe().await;
    session.start_turn("!standin question").await;
    let request = events.find(|event| event.name == "request").await.json();
    assert_eq!(request["kind"], "userInput");
    let question = request["params"]["questions"][0]["id"].as_str().unwrap();
    let choice = &request["params"]["questions"][0]["options"][0]["label"];
    answer(&session, &request, &json!({ "answers": { question: choice } })).await;
    let turn = events.rest_of_turn().await;
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");
    gateway.stop().await;
}

#[tokio::test]
async fn interrupt_withdraws_pending_request_of_real_codex() {
    let gateway = Gateway::demo().await;
    let session = session_that_asks(&gateway).await;
    let mut events = session.subscribe().await;
    session.start_turn("!standin escalate").await;
    let request = events.find(|event| event.name == "request").await.json();
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    let end = events.find(|event| event.name == "request-resolved").await.json();
    assert_eq!(
        (&end["id"], &end["outcome"], &end["by"]),
        (&request["id"], &json!("withdrawn"), &json!("codex"))
    );
    gateway.stop().await;
}

fn completed_item(turn: &[Event], kind: &str) -> Value {
    let items = turn.iter().filter(|event| event.is_notification("item/completed"));
    let item = items.map(|event| event.json()["params"]["item"].clone()).find(|item| item["type"] == kind);
    item.unwrap_or_else(|| panic!("no {kind} was completed"))
}

#[tokio::test]
async fn request_of_a_sub_agent_has_its_file_changes() {
    let gateway = Gateway::fake("sub-agent").await;
    let session = session_that_asks(&gateway).await;
    let mut events = session.subscribe().await;
    session.start_turn("Hello").await;
    let request = events.find(|event| event.name == "request").await.json();
    let changes = &request["summary"]["changes"];
    assert_eq!(
        (changes[0]["path"].as_str(), changes.as_array().map(Vec::len)),
        (Some("/outside/notes.md"), Some(1))
    );
    assert!(changes[0]["diff"].as_str().unwrap().contains("\n-old\n+new\n"));
    answer(&session, &request, &json!({ "decision": "decline" })).await;
    events.rest_of_turn().await;
    gateway.stop().await;
}
